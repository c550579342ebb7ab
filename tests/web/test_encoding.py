"""The JSON that a browser gets: whatever names, errors and options users have, it is valid."""

from __future__ import annotations

import decimal
import enum
import json
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_web.encoding import encode, encode_in_turns
from swarm_web.turns import Turns


class Level(enum.Enum):
    HIGH = "high"


class Count(int):
    pass


class Seconds(float):
    pass


class Name(str):
    __slots__ = ()


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Half:
    def __str__(self) -> str:
        return "half \udc80"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("/\udc80", '"/?"'),
        ({"\ud83d": ["\udc80", ("ok", "\udc80")]}, '{"?":["?",["ok","?"]]}'),
        ("é \u2028 </script> \x00 \U0001f41d", '"é \u2028 </script> \\u0000 \U0001f41d"'),
        (float("nan"), "null"),
        ([float("inf"), -float("inf")], "[null,null]"),
        (2**64, "18446744073709551616"),
        (-(2**200), str(-(2**200))),
        (Count(3), "3"),
        (Seconds(1.5), "1.5"),
        (Name("x"), '"x"'),
        ({1: 2, 1.5: 3}, '{"1":2,"1.5":3}'),
        ({Name("x"): 1}, '{"x":1}'),
        (Level.HIGH, '"high"'),
        (decimal.Decimal("1.50"), '"1.50"'),
        (Broken(), '"<Broken>"'),
        (Half(), '"half ?"'),
        (ValueError("no"), '"no"'),
        ([True, False, None, 0.1, 1790000000.123, 12.0], "[true,false,null,0.1,1790000000.123,12.0]"),
    ],
)
def test_odd_values_have_a_form(value: Any, text: str) -> None:
    assert encode(value).decode() == text


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), plain))
def test_plain_values_are_what_any_reader_of_json_makes_of_them(document: dict[str, Any]) -> None:
    assert json.loads(encode(document)) == document
    assert json.loads(encode_in_turns(document)) == document


@given(st.dictionaries(st.text(st.characters()), st.text(st.characters(exclude_categories=()))))
def test_no_text_is_too_broken(document: dict[str, str]) -> None:
    read = json.loads(encode_in_turns(document, Turns()))
    assert list(read.values()) == [text.encode(errors="replace").decode() for text in document.values()]


ROWS = [[number, f"/{number}", {"a": None}] for number in range(120)]
"""More than are encoded at once."""


@pytest.mark.parametrize(
    "document",
    [
        {"rows": ROWS, "numbers": list(range(500)), "empty": [], "none": {}},
        {"table": {"i": ROWS, "name": ["\udc80"] * 60, "more": {"deep": {"rows": ROWS}}}},
        {"table": {1: ROWS, "two": ROWS, None: ROWS}},
        {"text": ["x" * 10] * 200, "odd": [float("nan")] * 60, "pairs": [{"a": n} for n in range(99)]},
    ],
)
def test_tables_are_encoded_in_parts_to_the_same(document: dict[str, Any]) -> None:
    assert encode_in_turns(document) == encode(document)


def test_timers_are_due_between_two_turns() -> None:
    due: list[bool] = []
    gevent.spawn_later(0, due.append, True)
    turns = Turns(seconds=0)
    for _ in range(3):  # the first of them starts the timer
        turns.give_way()
    assert due == [True]


def test_a_turn_that_has_not_lasted_long_goes_on() -> None:
    due: list[bool] = []
    gevent.spawn(due.append, True)
    Turns(seconds=3_600).give_way()
    assert due == []
