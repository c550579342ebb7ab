from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm.transport.codec import MAX_MESSAGE, BadMessage
from swarm.transport.parts import MAX_FRAME, Joiner, split

LONG = bytes(range(256)) * (3 * MAX_FRAME // 256)


def part(number: int, index: int, count: int, data: bytes = b"x") -> bytes:
    return b"\1" + struct.pack("<QII", number, index, count) + data


def join(joiner: Joiner, frames: list[bytes], peer: bytes = b"p", now: float = 0.0) -> bytes | None:
    joined = None
    for frame in frames:
        assert joined is None
        joined = joiner.join(peer, frame, now)
    return joined


@given(st.binary(max_size=100))
def test_a_short_message_is_one_frame(data: bytes) -> None:
    frames = split(data, 1)
    assert len(frames) == 1
    assert join(Joiner(), frames) == data


@pytest.mark.parametrize("size", [MAX_FRAME - 1, MAX_FRAME, MAX_FRAME + 1, len(LONG)])
def test_no_frame_is_longer_than_the_limit_and_the_parts_make_the_whole(size: int) -> None:
    frames = split(LONG[:size], 1)
    assert max(map(len, frames)) <= MAX_FRAME
    joiner = Joiner()
    assert join(joiner, frames) == LONG[:size]
    assert joiner.held == 0


def test_the_longest_message_fits() -> None:
    assert join(Joiner(), split(bytes(MAX_MESSAGE), 1)) == bytes(MAX_MESSAGE)


def test_whole_messages_and_other_peers_may_come_between_the_parts() -> None:
    joiner, frames = Joiner(), split(LONG, 1)
    assert join(joiner, frames[:-1]) is None
    assert joiner.join(b"p", b"\0heartbeat", 0.0) == b"heartbeat"
    assert join(joiner, frames, b"q") == LONG
    assert joiner.join(b"p", frames[-1], 0.0) == LONG


def test_a_message_that_was_begun_anew_takes_the_place_of_the_old() -> None:
    joiner = Joiner()
    assert join(joiner, split(LONG, 1)[:2]) is None
    assert join(joiner, split(LONG, 2)) == LONG
    assert joiner.held == 0


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([b""], "neither"),
        ([b"\2x"], "neither"),
        ([b"\1"], "neither"),
        ([part(1, 0, 2, b"")], "neither"),
        ([part(1, 0, 1)], "in 1 parts"),
        ([part(1, 0, 0)], "in 0 parts"),
        ([part(1, 0, 2**32 - 1)], "in 4294967295 parts"),
        ([part(1, 1, 2)], "whose beginning is not here"),
        ([part(1, 0, 3), part(2, 1, 3)], "whose beginning is not here"),
        ([part(1, 0, 3), part(1, 1, 4)], "whose beginning is not here"),
        ([part(1, 0, 3), part(1, 2, 3)], "part 2 where 1 was due"),
        ([part(1, 0, 3), part(1, 1, 3), part(1, 1, 3)], "part 1 where 2 was due"),
    ],
)
def test_what_does_not_fit_is_refused(frames: list[bytes], words: str) -> None:
    with pytest.raises(BadMessage, match=words):
        join(Joiner(), frames)


@given(st.lists(st.binary(max_size=30) | st.builds(part, *[st.integers(0, 4)] * 3), max_size=20))
def test_whatever_comes_raises_nothing_else(frames: list[bytes]) -> None:
    joiner = Joiner()
    for frame in frames:
        with contextlib.suppress(BadMessage):
            joiner.join(b"p", frame, 0.0)
        assert joiner.held >= 0


def test_what_is_held_of_all_peers_is_bounded_and_the_oldest_goes_first() -> None:
    joiner = Joiner(max_bytes=100)
    for peer in (b"a", b"b", b"c"):
        joiner.join(peer, part(1, 0, 2, b"x" * 40), 0.0)
        assert joiner.held <= 100
    assert joiner.join(b"c", part(1, 1, 2), 0.0) == b"x" * 41
    assert joiner.join(b"b", part(1, 1, 2), 0.0) == b"x" * 41
    with pytest.raises(BadMessage, match="beginning is not here"):
        joiner.join(b"a", part(1, 1, 2), 0.0)
    with pytest.raises(BadMessage, match="too much is held"):
        joiner.join(b"a", part(1, 0, 2, b"x" * 101), 0.0)
    assert joiner.held == 0


def test_a_message_that_takes_too_long_is_dropped() -> None:
    joiner = Joiner(patience_s=10)
    joiner.join(b"old", part(1, 0, 2), 0.0)
    joiner.join(b"new", part(1, 0, 2), 5.0)
    assert joiner.expire(11.0) == 1
    assert joiner.held == 1
    assert joiner.join(b"new", part(1, 1, 2), 11.0) == b"xx"
