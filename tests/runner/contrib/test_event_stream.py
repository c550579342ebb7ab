"""Event streams are read by the rules of the HTML standard, whatever pieces they come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm.contrib.event_stream import EventStreamParser, ServerSentEvent


def read(text: str | bytes, *, size: int | None = None) -> list[tuple[str, str, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    parser = EventStreamParser()
    size = size or len(data) or 1
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return [(each.event, each.data, each.id) for piece in pieces for each in parser.feed(piece)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data: hello\n\n", [("message", "hello", "")]),
        ("event: tick\ndata: 1\n\n", [("tick", "1", "")]),
        ("data: a\ndata: b\ndata:  c\n\n", [("message", "a\nb\n c", "")]),
        ("data:no space\n\n", [("message", "no space", "")]),
        ("data\n\ndata\ndata\n\ndata:", [("message", "", ""), ("message", "\n", "")]),
        (": a comment\ndata: x\n:\n\n", [("message", "x", "")]),
        ("unknown: y\ndata: x\nnothing\n\n", [("message", "x", "")]),
        ("data: x: y\n\n", [("message", "x: y", "")]),
        ("event: only\n\ndata: x\n\n", [("message", "x", "")]),
        (
            "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            [("message", "a", "1"), ("message", "b", "1"), ("message", "c", "")],
        ),
        ("id: 1\n\ndata: a\n\n", [("message", "a", "1")]),
        ("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", [("message", "a", "1"), ("message", "b", "1")]),
        ("data: not ended", []),
        ("data: not ended\n", []),
        ("\ufeffdata: x\n\n", [("message", "x", "")]),
        ("\ufeff\ufeffdata: x\n\ndata: y\n\n", [("message", "y", "")]),
        ("data: 안녕\n\n", [("message", "안녕", "")]),
        (b"data: \xff\n\n", [("message", "\ufffd", "")]),
        (
            "data: a\r\rdata: b\r\n\r\ndata: c\n\r\n",
            [("message", "a", ""), ("message", "b", ""), ("message", "c", "")],
        ),
    ],
)
@pytest.mark.parametrize("size", [None, 1, 2, 3])
def test_the_standards_rules(
    text: str | bytes, expected: list[tuple[str, str, str]], size: int | None
) -> None:
    assert read(text, size=size) == expected


def test_the_id_of_an_event_that_did_not_end_is_not_kept() -> None:
    parser = EventStreamParser("7")
    assert parser.feed(b"data: a\n\n") == [ServerSentEvent("message", "a", "7")]
    parser.feed(b"id: 8\ndata: b\n")
    assert parser.last_event_id == "7"
    parser.feed(b"\n")
    assert parser.last_event_id == "8"


@pytest.mark.parametrize(
    ("line", "expected"), [("retry: 250", 250), ("retry: 2.5", None), ("retry:", None), ("retry: ٣", None)]
)
def test_retry_takes_digits_only(line: str, expected: int | None) -> None:
    parser = EventStreamParser()
    parser.feed(f"{line}\n".encode())
    assert parser.retry_ms == expected


@given(
    events=st.lists(
        st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), min_size=1)
    ),
    ends=st.lists(st.sampled_from(["\n", "\r", "\r\n"]), min_size=1),
    size=st.integers(1, 9),
)
def test_what_is_written_is_read(events: list[list[str]], ends: list[str], size: int) -> None:
    lines = [line for event in events for line in [*(f"data: {each}" for each in event), ""]]
    # One kind of line end each, as a CR before an empty line that ends in LF would be one end and not two.
    for end in set(ends):
        text = "".join(line + end for line in lines)
        assert [data for _, data, _ in read(text, size=size)] == ["\n".join(event) for event in events]
