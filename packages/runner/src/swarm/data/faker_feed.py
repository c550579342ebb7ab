"""A feed of fake people, addresses, texts: what Faker makes, at the price of a dictionary.

The rule: nothing of Faker runs while users do. A thousand values of each field are made before, and the payload
with number n is the same on whatever worker: its values are those of column n, and numbers are leased in blocks
as rows are, so no two workers send the same payload.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import gevent
from gevent.lock import RLock

from swarm.data.errors import FeedError
from swarm.data.feed import Feed
from swarm.data.payloads import Columns, Payloads
from swarm.data.template import VALUES, Sequence, Unique, fields_of, is_constant, maker
from swarm.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = get_logger(__name__)

PERSON = {
    "name": "name",
    "user_name": Unique("user_name"),
    "email": Unique("email"),
    "phone_number": "phone_number",
    "address": "address",
    "company": "company",
    "catch_phrase": "catch_phrase",
}
"""The template of a feed that is given none."""

NUMBERS = 1_000
"""Payloads in a row that is leased."""
TURN_VALUES = 25
"""Values that are made before the other greenlets have their turn."""
PROGRESS_S = 2.0

_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}")


class FakerFeed(Feed):
    """Payloads of fake data: `FakerFeed({"user": "user_name", "motto": "catch_phrase"}, locale="ko_KR")`.

    `template` is a dictionary of fields (see `swarm.data.template`), or one field for payloads that are its
    values; without one, payloads are people. `FakerFeed("ko_KR")` are people of Korea. The same `seed` and
    template give the same payloads in the same order; `start` is the number of the first.

    Payloads do not end; `distinct` is how many there are before one may come again (without fields made by
    `unique` and `sequence`, which never do). Each is a dictionary of its own, that may be changed.

    Raises FeedError for a template that is none, when the run is prepared.
    """

    is_of_rows = False

    def __init__(
        self,
        template: Any = None,
        *,
        locale: str | list[str] | None = None,
        seed: int = 0,
        start: int = 0,
        name: str | None = None,
    ) -> None:
        if isinstance(template, str) and _LOCALE.fullmatch(template):
            template, locale = None, template
        self.template = PERSON if template is None else template
        self.locale = locale
        self.start = start
        self._swarm_payloads: Payloads | None = None
        self._swarm_columns = Columns()
        self._swarm_making = RLock()
        self._swarm_number = self._swarm_stop = 0
        self._swarm_make: Callable[[int], Any] = self._swarm_nothing
        super().__init__(name or "the fake data", seed=seed)

    def next(self) -> Any:
        """Return the next payload."""
        number = self._swarm_number
        if number == self._swarm_stop:
            number = self._swarm_next_block()
        self._swarm_number = number + 1
        return self._swarm_make(number)

    def __iter__(self) -> Iterator[Any]:
        """Give one payload after the other, without an end."""
        while True:
            yield self.next()

    @property
    def distinct(self) -> int:
        """How many payloads, one after the other, are different from each other at least."""
        self.prepare()
        return self._swarm_columns.distinct

    @property
    def count(self) -> int | None:
        """None: there is no end."""
        return None

    def rows(self) -> Iterator[Any]:
        """Return the numbers of payloads, in pairs of the first and the one behind the last."""
        first = self.start
        while True:
            yield [first, first + NUMBERS]
            first += NUMBERS

    def check(self) -> None:
        """See whether the template can be made. Raises FeedError when it cannot."""
        fake = self._swarm_faker()
        for path, field in self._swarm_fields():
            self._swarm_one(maker(field, path, fake), path)

    def prepare(self) -> None:
        """Make the values; others have their turn meanwhile. Raises FeedError when they cannot be made."""
        with self._swarm_making:
            if self._swarm_payloads is None:
                self._swarm_compile()

    def restart(self) -> None:
        """Begin again with the first payload, in a local run."""
        super().restart()
        self._swarm_number = self._swarm_stop = 0

    def _swarm_next_block(self) -> int:
        with self._swarm_making:
            if self._swarm_number == self._swarm_stop:  # no other user was faster while this one waited
                self._swarm_begin_block()
        return self._swarm_number

    def _swarm_begin_block(self) -> None:
        self.prepare()
        first, behind = super().next()
        if first != self._swarm_stop or self._swarm_make == self._swarm_nothing:
            self._swarm_make = self._swarm_payloads.run(first)  # type: ignore[union-attr]  # prepared
        self._swarm_number, self._swarm_stop = first, behind

    def _swarm_fields(self) -> list[tuple[str, Any]]:
        fields = fields_of(self.template)
        return [each for each in fields if not is_constant(each[1]) and not isinstance(each[1], Sequence)]

    def _swarm_compile(self) -> None:
        fake = self._swarm_faker()
        fields = self._swarm_fields()
        columns, numbers = Columns(), dict[str, int]()
        told = begun = time.monotonic()
        for done, (path, field) in enumerate(fields):
            fake.seed_instance(f"{self.seed} {path}")
            make = maker(field, path, fake)
            values = []
            for turn in range(VALUES):
                values.append(self._swarm_one(make, path))
                if turn % TURN_VALUES == 0:
                    gevent.sleep(0)
            numbers[path] = columns.add(_around_number(values, path) if isinstance(field, Unique) else values)
            if time.monotonic() - told >= PROGRESS_S:
                told = time.monotonic()
                log.info("making fake data", feed=self.name, fields=f"{done + 1} of {len(fields)}")
        self._swarm_columns = columns
        self._swarm_payloads = Payloads(self.template, columns, numbers)
        log.info(
            "fake data made", feed=self.name, fields=len(fields), values=sum(map(len, columns.values)),
            seconds=round(time.monotonic() - begun, 1),
        )  # fmt: skip

    def _swarm_faker(self) -> Any:
        from faker import Faker

        try:
            return Faker(self.locale)
        except AttributeError as error:
            raise FeedError(
                f"Faker has no locale {self.locale!r}; one is written like 'ko_KR' or 'de_DE'."
            ) from error

    def _swarm_one(self, make: Callable[[], Any], path: str) -> Any:
        try:
            return make()
        except FeedError:
            raise
        except Exception as error:
            # Whatever the provider or the user's function raises, it is this field that cannot be made.
            raise FeedError(
                f"The field {path or 'of the template'} of {self.name} cannot be made: {type(error).__name__}: {error}"
            ) from error

    def _swarm_nothing(self, _number: int) -> Any:
        raise AssertionError("no payload before its block")  # pragma: no cover


def _around_number(values: list[Any], path: str) -> list[Any]:
    """Return the texts before and behind the payload's number."""
    if not all(isinstance(value, str) for value in values):
        raise FeedError(f"The field {path} is to be unique, but is no text: use sequence() for a number.")
    return [(f"{before}.", f"@{host}") if at else (before, "")
            for before, at, host in (value.partition("@") for value in values)]  # fmt: skip
