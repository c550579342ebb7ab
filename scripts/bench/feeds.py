"""What a row and a payload cost the users: `python scripts/bench/feeds.py` (pyperf; `--fast` for a first impression).

Faker itself is there for comparison: what the same ten fields cost when they are made while users run.
"""

from __future__ import annotations

import tempfile
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyperf
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
    desk = LeaseDesk()
    said: deque[Any] = deque()
    leased = LeasedFeeds(said.append, lambda: "session")
    source = leased.source_of(feed)
    feed.take_from(source)

    def hear() -> None:
        while said:
            answer = desk.answer("worker", said.popleft(), 4)
            if answer is not None:
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


def main() -> None:
    runner = pyperf.Runner()
    runner.bench_func("ten fields, Faker itself", faker())
    runner.bench_func("ten fields", payloads({field: field for field in TEN}))
    runner.bench_func(
        "nine fields, two of them unique",
        payloads({"id": sequence(), "email": unique("email")} | {field: field for field in TEN[3:]}),
    )
    runner.bench_func(
        "ten fields, four of them nested",
        payloads({field: field for field in TEN[:6]} | {"shop": {field: field for field in TEN[6:]}}),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "users.csv")
        path.write_text("name,password,city\n" + "".join(f"user{n},secret{n},Bern\n" for n in range(100_000)))
        runner.bench_func("a row of a CSV file", rows(path))
        runner.bench_func("a row of a CSV file, leased", leased_rows(path))


if __name__ == "__main__":
    main()
