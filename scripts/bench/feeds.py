"""What a row and a payload cost the users: `python scripts/bench/feeds.py`, in CPU time, the best of seven.

Faker itself is there for comparison: what the same ten fields cost when they are made while users run.
"""

from __future__ import annotations

import tempfile
import timeit
from collections import deque
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from faker import Faker

from swarm.data import CsvFeed, FakerFeed, sequence, unique
from swarm.data.desk import LeaseDesk, LeasedFeeds

if TYPE_CHECKING:
    from collections.abc import Callable

TEN = (
    "name", "user_name", "email", "phone_number", "street_address", "city", "postcode", "company", "catch_phrase", "job"
)  # fmt: skip


def faker() -> Callable[[], Any]:
    fake = Faker()
    makers = [(field, getattr(fake, field)) for field in TEN]
    return lambda: {field: make() for field, make in makers}


def payloads(template: Any) -> Callable[[], Any]:
    feed = FakerFeed(template)
    feed.prepare()
    return feed.next


def rows(path: Path) -> Callable[[], Any]:
    return CsvFeed(path, policy="cycle").next


def leased_rows(path: Path) -> Callable[[], Any]:
    """A worker's, with the master's part in it, without the way between them."""
    feed = CsvFeed(path, policy="cycle")
    desk = LeaseDesk(lambda: 4)
    said: deque[Any] = deque()
    leased = LeasedFeeds(said.append, lambda: "session")
    source = leased.source_of(feed)
    feed.take_from(source)

    def hear() -> None:
        while said:
            for _, answer in desk.answer("worker", said.popleft()):
                leased.hear(answer)

    source._waiting = 1  # somebody needs the first row
    source._say_what_is_due()
    source._waiting = 0
    hear()

    def take() -> Any:
        if said:
            hear()
        return feed.next()

    return take


def measure(title: str, function: Callable[[], Any], calls: int = 20_000) -> None:
    function()
    best = min(timeit.repeat(function, timer=process_time, number=calls, repeat=7)) / calls
    print(f"{title:40}{best * 1e6:8.2f} µs")


def main() -> None:
    measure("ten fields, Faker itself", faker(), calls=200)
    measure("ten fields", payloads({field: field for field in TEN}))
    two_unique = {"id": sequence(), "email": unique("email")} | {
        field: field for field in TEN if field != "email"
    }
    measure("ten fields, one unique, and a number", payloads(two_unique))
    nested = {field: field for field in TEN[:6]} | {"shop": {field: field for field in TEN[6:]}}
    measure("ten fields, four of them nested", payloads(nested))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "users.csv")
        path.write_text("name,password,city\n" + "".join(f"user{n},secret{n},Bern\n" for n in range(20_000)))
        measure("a row of a CSV file", rows(path))
        measure("a row of a CSV file, leased", leased_rows(path))


if __name__ == "__main__":
    main()
