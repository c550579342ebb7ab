"""The stream: what viewers hear, in which order, and how they catch up."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import gevent
import pytest

from swarm_web.stream import RING, Stream
from tests.web.serving import Served, served, until


def stream_of(**options: Any) -> Stream:
    return Stream(lambda: b'{"all":true}', **options)


def parsed(raw: bytes) -> tuple[str, str, Any]:
    fields = dict(line.split(": ", 1) for line in raw.decode().strip().splitlines())
    return fields.get("id", ""), fields["event"], json.loads(fields["data"])


def taken(stream: Stream, count: int, last: str | None = None) -> list[tuple[str, str, Any]]:
    return [parsed(raw) for raw in islice(stream.follow(last, lambda: True), 1, count + 1)]


def test_a_viewer_begins_with_everything_and_goes_on_with_what_changed() -> None:
    stream = stream_of()
    stream.publish("frame", {"n": 1})
    follower = stream.follow(None, lambda: True)
    assert next(follower) == b"retry: 2000\n\n"
    assert parsed(next(follower)) == (f"{stream.epoch}-1", "full", {"all": True})
    stream.publish("frame", {"n": 2})
    assert parsed(next(follower)) == (f"{stream.epoch}-2", "frame", {"n": 2})
    assert stream.viewers == 1
    follower.close()  # type: ignore[attr-defined]
    assert stream.viewers == 0


def test_who_was_away_gets_the_frames_since() -> None:
    stream = stream_of()
    for number in range(1, 6):
        stream.publish("frame", {"n": number})
    assert taken(stream, 2, f"{stream.epoch}-3") == [
        (f"{stream.epoch}-4", "frame", {"n": 4}),
        (f"{stream.epoch}-5", "frame", {"n": 5}),
    ]


@pytest.mark.parametrize("last", ["-3", "otherone-3", "nonsense", "", "x-²", "x-99999999999999999999"])
def test_who_knows_another_run_begins_anew(last: str) -> None:
    stream = stream_of()
    for number in range(1, 6):
        stream.publish("frame", {"n": number})
    assert taken(stream, 1, last)[0][1] == "full"


def test_who_was_away_too_long_begins_anew() -> None:
    stream = stream_of()
    for number in range(RING + 5):
        stream.publish("frame", {"n": number})
    assert taken(stream, 1, f"{stream.epoch}-3")[0][1] == "full"
    assert len(taken(stream, RING, f"{stream.epoch}-5")) == RING


def test_a_new_epoch_gives_everybody_everything() -> None:
    stream = stream_of()
    stream.publish("frame", {"n": 1})
    follower = stream.follow(stream.identity, lambda: True)
    next(follower)
    stream.begin_epoch()
    stream.publish("frame", {"n": 2})
    assert parsed(next(follower))[1] == "full"


def test_silence_is_broken_by_a_comment() -> None:
    stream = stream_of(keep_alive=0.01)
    follower = stream.follow(None, lambda: True)
    assert list(islice(follower, 3))[-1] == b": keep-alive\n\n"


def test_the_end_of_the_process_ends_the_stream() -> None:
    stream = stream_of()
    follower = stream.follow(None, lambda: True)
    list(islice(follower, 2))
    gevent.spawn(stream.close, "it ends")
    assert [parsed(raw) for raw in follower] == [("", "bye", {"reason": "it ends"})]


def test_who_may_no_longer_look_is_told() -> None:
    stream = stream_of()
    allowed = True
    follower = stream.follow(None, lambda: allowed)
    list(islice(follower, 2))
    allowed = False
    stream.publish("frame", {"n": 1})
    assert [parsed(raw) for raw in follower] == [("", "auth", {"role": None})]


def test_a_frame_is_encoded_once_for_all() -> None:
    stream = stream_of()
    followers = [stream.follow(None, lambda: True) for _ in range(20)]
    for follower in followers:
        list(islice(follower, 2))
    stream.publish("frame", {"n": 1})
    assert {id(next(follower)) for follower in followers} == {id(stream._ring[-1].message)}


def test_frames_have_what_changed(running: Served) -> None:
    with running.events() as events:
        first = next(events)
        assert first[1] == "full"
        frames = list(islice((each for each in events if each[1] == "frame" and each[2].get("total")), 3))
    numbers = [int(identity.rpartition("-")[2]) for identity, _, _ in frames]
    assert numbers == sorted(set(numbers))
    known = set(first[2]["names"]["i"])
    for identity, _, frame in frames:
        assert frame["id"] == identity
        assert set(frame["names"]["i"]) <= known
        assert len({len(column) for column in frame["names"].values()}) == 1
        assert frame["run"]["state"] == "running"
    assert any(frame["history"]["time"] for _, _, frame in frames)
    assert any(frame["heat"]["columns"] for _, _, frame in frames)


def test_a_browser_that_comes_back_misses_nothing(running: Served) -> None:
    with running.events() as events:
        seen = [next(events), next(events)]
    last = seen[-1][0]
    with running.events(Last_Event_ID=last) as events:
        identity, event, _ = next(events)
    assert event == "frame"
    assert int(identity.rpartition("-")[2]) == int(last.rpartition("-")[2]) + 1
    with running.events(f"/api/v1/stream?after={last}") as events:
        assert next(events)[0] == identity


def test_a_new_run_begins_with_everything(fresh: Served) -> None:
    with fresh.events() as events:
        assert next(events)[1] == "full"
        fresh.post("/api/v1/run", {"users": 2, "rate": 100})
        anew = next(data for _, event, data in events if event == "full")
        assert anew["run"]["state"] in ("spawning", "running")


def test_the_server_ends_its_streams() -> None:
    with served() as site, site.events() as events:
        assert next(events)[1] == "full"
        gevent.spawn(site.ui.stop)
        assert "bye" in [event for _, event, _ in events]


def test_many_viewers_are_served_at_once(running: Served) -> None:
    def look(identities: list[str]) -> None:
        with running.events() as events:
            identities += [next(events)[0], next(events)[0]]

    seen: list[list[str]] = [[] for _ in range(20)]
    gevent.joinall([gevent.spawn(look, identities) for identities in seen], timeout=30, raise_error=True)
    assert all(len(identities) == 2 for identities in seen)
    until(lambda: running.ui.recorder.stream.viewers == 0, "the viewers' end")
