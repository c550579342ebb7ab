from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import types
import typing
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from swarm.control.messages import (
    MESSAGES,
    Assignment,
    Custom,
    Delta,
    Goodbye,
    Heartbeat,
    Hello,
    Lease,
    Message,
    Pulse,
    Refusal,
    Welcome,
)
from swarm.transport import codec
from swarm.transport.codec import BadMessage, UnsendableError, decode, encode
from swarm.transport.fields import MAX_DEPTH, MAX_TEXT, check_of

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
plain = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
_OF_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=40),
    int: st.integers(0, 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    Any: plain,
    str | None: st.none() | st.text(max_size=20),
    float | None: st.none() | st.floats(allow_nan=False, allow_infinity=False),
    list[Any]: st.lists(plain, max_size=4),
    Mapping[str, int]: st.dictionaries(st.text(max_size=10), st.integers(0, 2**63 - 1), max_size=5),
    Mapping[str, str]: st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=5),
    Mapping[str, Any]: st.dictionaries(st.text(max_size=10), plain, max_size=4),
}
messages: st.SearchStrategy[Message] = st.one_of(
    [
        st.builds(kind, **{name: _OF_TYPE[hint] for name, hint in typing.get_type_hints(kind).items()})
        for kind in MESSAGES.values()
    ]
)


def raw(name: object, values: object) -> bytes:
    return bytes(msgpack.packb([name, values]))


@given(messages)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    assert decode(encode(message)) == message


def test_every_kind_of_message_has_a_check_for_every_field() -> None:
    for kind in MESSAGES.values():
        for hint in typing.get_type_hints(kind).values():
            assert check_of(hint)


def test_a_type_that_no_message_may_have_is_noticed_at_once() -> None:
    with pytest.raises(TypeError, match="a message's field cannot be"):
        check_of(set)


class TestWhateverComes:
    """decode raises BadMessage, or gives a message that could be sent again."""

    def _survives(self, data: bytes) -> None:
        try:
            message = decode(data)
        except BadMessage:
            return
        encode(message)

    @given(st.binary(max_size=200))
    @settings(max_examples=300)
    def test_random_bytes(self, data: bytes) -> None:
        self._survives(data)

    @given(messages, st.data())
    def test_bytes_of_a_message_cut_off_or_changed(self, message: Message, data: st.DataObject) -> None:
        packed = bytearray(encode(message))
        self._survives(bytes(packed[: data.draw(st.integers(0, len(packed)))]))
        for _ in range(data.draw(st.integers(1, 4))):
            packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
        self._survives(bytes(packed))

    @given(
        st.sampled_from(sorted(MESSAGES)), st.dictionaries(st.text(max_size=8) | leaves, plain, max_size=5)
    )
    def test_fields_of_any_names_and_types(self, name: str, values: dict[Any, Any]) -> None:
        self._survives(raw(name, values))

    @given(messages.filter(dataclasses.fields), st.data())
    def test_one_field_of_another_type(self, message: Message, data: st.DataObject) -> None:
        values = {each.name: getattr(message, each.name) for each in dataclasses.fields(message)}
        values[data.draw(st.sampled_from(sorted(values)))] = data.draw(plain)
        self._survives(raw(type(message).__name__, values))

    @given(plain)
    @example([])
    @example(["Quit"])
    @example([["Quit"], {}])
    def test_any_msgpack(self, value: object) -> None:
        self._survives(bytes(msgpack.packb(value)))

    @pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
    def test_the_corpus(self, path: Path) -> None:
        self._survives(bytes.fromhex("".join(path.read_text().split())))


PULSE = {"session": "s", "sent_at": 1.0, "run": 1, "applied": 2}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no msgpack"),
        (b"\xc1", "no msgpack"),
        (raw("Quit", {"session": "s"}) + b"\0", "no msgpack: ExtraData"),
        (raw("Exec", {}), "the kind 'Exec' is not known"),
        (raw("Message", {}), "the kind 'Message' is not known"),
        (raw(1, {}), "not a pair"),
        (raw("Quit", []), "not a pair"),
        (raw("Quit", {}), "Quit without session"),
        (raw("Quit", {"session": 1}), "Quit.session is a int, not text"),
        (raw("Quit", {"session": b"s"}), "Quit.session is a bytes, not text"),
        (raw("Quit", {"session": "s", "x": 1}), "Quit with a field 'x'"),
        (raw("Quit", {"session": "s" * (MAX_TEXT + 1)}), "more than"),
        (raw("Pulse", {**PULSE, "run": -1}), "Pulse.run is -1, not within"),
        (raw("Pulse", {**PULSE, "run": 2**63}), "not within"),
        (raw("Pulse", {**PULSE, "run": True}), "Pulse.run is a bool, not an integer"),
        (raw("Pulse", {**PULSE, "run": 1.0}), "Pulse.run is a float, not an integer"),
        (raw("Pulse", {**PULSE, "sent_at": float("nan")}), "not a finite number"),
        (raw("Pulse", {**PULSE, "sent_at": float("inf")}), "not a finite number"),
        (raw("Pulse", {**PULSE, "sent_at": 2**63}), "not a number"),
        (raw("Pulse", {**PULSE, "sent_at": None}), "not a number"),
        (raw("Refusal", {"reason": "r", "retry": 1}), "not true or false"),
    ],
)
def test_what_is_wrong_with_bytes_is_said(data: bytes, words: str) -> None:
    with pytest.raises(BadMessage) as refused:
        decode(data)
    assert words in str(refused.value)


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


class TestBounds:
    def test_data_may_be_nested_so_deep_and_no_deeper(self) -> None:
        deepest = Custom("s", 1, "t", _nested(MAX_DEPTH))
        assert decode(encode(deepest)) == deepest
        with pytest.raises(UnsendableError, match="is nested more than 32 deep"):
            encode(Custom("s", 1, "t", _nested(MAX_DEPTH + 1)))
        too_deep = {"session": "s", "number": 1, "type": "t", "data": _nested(MAX_DEPTH + 1)}
        with pytest.raises(BadMessage, match="is nested more than 32 deep"):
            decode(raw("Custom", too_deep))

    def test_a_thousand_levels_are_refused(self) -> None:
        start = raw("Custom", {"session": "s", "number": 1, "type": "t", "data": None})[:-1]
        with pytest.raises(BadMessage):
            decode(start + b"\x91" * 900 + b"\xc0")
        with pytest.raises(BadMessage):
            decode(start + b"\x91" * 100_000 + b"\xc0")

    @pytest.mark.parametrize(
        "head", [b"\xdd", b"\xdf", b"\xc6", b"\xdb"], ids=["list", "map", "bytes", "text"]
    )
    def test_a_huge_length_that_is_only_claimed_is_refused(self, head: bytes) -> None:
        with pytest.raises(BadMessage):
            decode(head + b"\xff\xff\xff\xff" + b"\x00" * 100)

    def test_a_message_is_not_longer_than_the_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(codec, "MAX_MESSAGE", 1000)
        with pytest.raises(UnsendableError, match="over the limit"):
            encode(Custom("s", 1, "t", "x" * 1000))
        with pytest.raises(BadMessage, match="over the limit"):
            decode(b"x" * 1001)

    def test_many_small_lists_in_a_long_message_are_refused_before_memory_is_full(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(codec, "MAX_CONTAINERS", 1000)
        many = {"session": "s", "number": 1, "type": "t", "data": [[]] * 1_100_000}
        with pytest.raises(BadMessage, match="lists and maps"):
            decode(raw("Custom", many))

    def test_data_that_holds_itself_is_refused(self) -> None:
        data: list[Any] = []
        data += [data, data]
        with pytest.raises(UnsendableError):
            encode(Custom("s", 1, "t", data))

    @pytest.mark.parametrize(
        "extension", [msgpack.ExtType(5, b""), msgpack.ExtType(5, b"x"), msgpack.Timestamp(1)]
    )
    def test_msgpacks_extensions_are_refused(self, extension: object) -> None:
        with pytest.raises(BadMessage):
            decode(raw("Custom", {"session": "s", "number": 1, "type": "t", "data": extension}))


class Colour(enum.Enum):
    RED = 1


class Number(enum.IntEnum):
    ONE = 1


class Thing:
    pass


class TestDataOfTheUsersOwn:
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (
                {"when": datetime.datetime(2026, 1, 1)},
                "data['when'] is a datetime, which msgpack cannot carry: send text or numbers",
            ),
            ({"users": [{"id": uuid.UUID(int=1)}]}, "data['users'][0]['id'] is a UUID"),
            (Thing(), "data is a Thing"),
            ({1, 2}, "data is a set, which msgpack cannot carry: send a list"),
            ([frozenset()], "data[0] is a frozenset, which msgpack cannot carry: send a list"),
            (decimal.Decimal(1), "data is a Decimal"),
            ({"c": Colour.RED}, "data['c'] is a Colour"),
            (types.MappingProxyType({}), "data is a mappingproxy, which msgpack cannot carry: send a dict"),
            ([1, 2**64], "data[1] is an integer of more than 64 bits"),
            ({(1, 2): 3}, "data has the key (1, 2), a tuple: use text or numbers for keys"),
            ({2**64: 1}, "data has the key 18446744073709551616, of more than 64 bits"),
            (print, "data is a builtin_function_or_method"),
        ],
    )
    def test_what_cannot_be_sent_is_named_by_place_and_type(self, data: object, words: str) -> None:
        with pytest.raises(UnsendableError) as refused:
            encode(Custom("s", 1, "t", data))
        assert words in str(refused.value)

    @pytest.mark.parametrize(
        ("data", "arrives"),
        [
            ((1, (2, 3)), [1, [2, 3]]),
            (OrderedDict(a=1), {"a": 1}),
            ([Number.ONE], [1]),
            (bytearray(b"x"), b"x"),
            ({1: "a", 2.5: "b", None: "c"}, {1: "a", 2.5: "b", None: "c"}),
            (float("inf"), float("inf")),
            (-(2**63), -(2**63)),
            (2**64 - 1, 2**64 - 1),
        ],
    )
    def test_what_resembles_plain_data_arrives_as_such(self, data: object, arrives: object) -> None:
        message = decode(encode(Custom("s", 1, "t", data)))
        assert isinstance(message, Custom)
        assert message.data == arrives

    def test_half_a_surrogate_pair_does_not_stop_a_message(self) -> None:
        message = decode(encode(Delta("s", 1, 1, 1, False, {"name\udc80": 1})))
        assert isinstance(message, Delta)
        assert message.payload == {"name\\udc80": 1}


class TestVersions:
    def test_a_field_that_was_left_out_has_its_default(self) -> None:
        old = {"identity": "a", "incarnation": 1, "session": "", "sent_at": 1}
        assert decode(raw("Hello", old)) == Hello("a", 1, "", 1.0)

    @pytest.mark.parametrize("message", [Hello("a", 1, "", 1.0), Refusal("older")])
    def test_what_says_that_versions_differ_may_have_fields_of_a_later_one(self, message: Message) -> None:
        values = {each.name: getattr(message, each.name) for each in dataclasses.fields(message)}
        assert decode(raw(type(message).__name__, {**values, "later": [1]})) == message


def test_whole_seconds_may_be_integers_and_arrive_as_floats() -> None:
    pulse = decode(encode(Pulse("s", 5, 1, 1)))
    assert isinstance(pulse, Pulse)
    assert isinstance(pulse.sent_at, float)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Goodbye(typing.cast(str, None)), "session is a NoneType, not text (in a message Goodbye)"),
        (Assignment("s", 1, 1, "run", {"U": -1}, 1.0), "users['U'] is -1"),
        (Lease("s", "f", 1, 1, [datetime.date(2026, 1, 1)], False), "rows[0] is a date"),
        (
            Welcome("s", 1.0, 1, 1, 1, 1.0, 1.0, {"when": datetime.date(2026, 1, 1)}),
            "options['when'] is a date",
        ),
        (Heartbeat("s", float("nan"), 1, "r", {}, 1, 1, 1, 1), "sent_at is nan"),
    ],
)
def test_a_message_that_would_not_be_taken_is_not_sent(message: Message, words: str) -> None:
    with pytest.raises(UnsendableError) as refused:
        encode(message)
    assert words in str(refused.value)
