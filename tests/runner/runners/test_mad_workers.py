"""Whoever has the secret and is out of its mind: what it sends is counted and dropped, and the run's numbers hold."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swarm.control.messages import (
    Custom,
    CustomReceived,
    Delta,
    Goodbye,
    Heartbeat,
    Hello,
    LeaseRequest,
    Message,
    Pulse,
    Welcome,
)
from swarm.transport.codec import encode
from swarm.transport.parts import split
from swarm.transport.worker_socket import WorkerSocket
from swarm_stats import Registry
from swarm_stats.deltas import cut
from tests.runner.runners.swarm_of_nodes import Nodes, Sampler, wait_until

CORPUS = sorted((Path(__file__).parents[1] / "transport" / "corpus").iterdir())


class MadWorker:
    """A connection with the secret, over which a test sends what it likes."""

    def __init__(self, swarm: Nodes) -> None:
        self.swarm = swarm
        self.heard: list[Message] = []
        self.socket = WorkerSocket("127.0.0.1", swarm.master.port, swarm.secret)
        connected: list[bool] = []
        self.socket.serve(self.heard.append, lambda: connected.append(True))
        wait_until(lambda: connected)

    @property
    def session(self) -> str:
        """The master's session."""
        return self.swarm.master._swarm_core.session

    def hello(self, identity: str = "mad", incarnation: int = 99, **fields: Any) -> Welcome:
        """Join the swarm."""
        before = len(self.of(Welcome))
        self.socket.send(Hello(identity, incarnation, "", 1.0 + len(self.heard), **fields))
        wait_until(lambda: len(self.of(Welcome)) > before)
        return self.of(Welcome)[-1]

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the messages of a kind that it was sent."""
        return [message for message in self.heard if isinstance(message, kind)]

    def raw(self, *frames: bytes) -> None:
        """Send frames as they are."""
        connection = self.socket._connection
        assert connection is not None
        connection.send(list(frames))

    def delta(self, number: int, samples: int, payload: Any, *, final: bool = False, run: int = 1) -> None:
        """Send a delta."""
        self.socket.send(Delta(self.session, run, number, samples, final, payload))

    def take_part(self) -> None:
        """Join, and say to run what it was told."""
        self.hello()
        wait_until(lambda: self.member.assignment is not None)
        self.beat()

    @property
    def member(self) -> Any:
        """What the master knows of it."""
        return self.swarm.master._swarm_core.fleet.named("mad")

    def beat(self, **fields: Any) -> None:
        """Say that all is well."""
        facts: dict[str, Any] = {
            "run": self.member.run,
            "state": "running",
            "users": dict(self.member.share),
            "samples": 0,
            "cut": 0,
            "applied": self.member.number,
            "reached": self.member.number,
        }
        self.socket.send(Heartbeat(self.session, 2.0 + len(self.heard), **(facts | fields)))

    def leave(self) -> None:
        """Say goodbye, if the master knows it, so that nobody waits for its last delta."""
        if self.member is not None and self.member.state != "quit":
            self.socket.send(Goodbye(self.session))
            wait_until(lambda: self.member is None or self.member.state == "quit")

    def close(self) -> None:
        """Go."""
        self.socket.close(linger_s=0)


@pytest.fixture
def swarm(nodes) -> Nodes:
    """A master with an honest worker whose users run."""
    swarm = nodes(Sampler)
    swarm.gather(1)
    swarm.master.start(2, spawn_rate=100, wait=True)
    wait_until(lambda: swarm.master.stats.num_requests > 5)
    return swarm


@pytest.fixture
def mad(swarm: Nodes):
    """A mad one."""
    worker = MadWorker(swarm)
    yield worker
    worker.leave()
    worker.close()


def honest_numbers(swarm: Nodes, mad: MadWorker) -> None:
    """Stop the run, and see that its numbers are those of the honest worker, and that nothing went wrong."""
    mad.leave()
    with gevent.Timeout(60):
        swarm.master.stop()
    (row,) = [row for row in swarm.master.accounting.workers if row.identity == swarm.workers[0].client_id]
    assert row.closed
    assert row.merged == swarm.master.stats.num_requests > 5
    assert {name for name, _ in swarm.master.stats.entries} == {"/"}
    assert not swarm.master.errors
    assert swarm.master.internal_errors == 0
    assert swarm.environment.events.listener_errors == 0


def drops(swarm: Nodes) -> dict[str, int]:
    """Return what the master has dropped, and how often."""
    return dict(swarm.master._swarm_socket.drops.counts)


def test_random_bytes_and_the_corpus_end_nothing(swarm: Nodes, mad: MadWorker) -> None:
    dice = random.Random(7)
    frames = [dice.randbytes(dice.randrange(1, 400)) for _ in range(200)]
    frames += [b"\0" + bytes.fromhex("".join(path.read_text().split())) for path in CORPUS]
    for frame in frames:
        mad.raw(frame)
    mad.raw(b"\0", b"two frames")

    wait_until(lambda: drops(swarm).get("messages that cannot be read", 0) >= len(CORPUS) + 100)
    honest_numbers(swarm, mad)


def test_truncated_deep_and_huge_messages_end_nothing(swarm: Nodes, mad: MadWorker) -> None:
    whole = encode(Heartbeat(mad.session, 1.0, 1, "running", {"Sampler": 5}, 9, 9, 9, 9))
    for end in range(len(whole)):
        mad.raw(b"\0" + whole[:end])
    deep = msgpack.packb(["Custom", {"session": mad.session, "number": 1, "type": "t", "data": None}])[:-1]
    mad.raw(b"\0" + deep + b"\x91" * 900 + b"\xc0")
    mad.raw(b"\0" + deep + b"\x91" * 100_000 + b"\xc0")
    for head in (b"\xdd", b"\xdf", b"\xc6", b"\xdb"):
        mad.raw(b"\0" + head + b"\xff" * 4)

    wait_until(lambda: drops(swarm).get("messages that cannot be read", 0) >= len(whole) + 6)
    honest_numbers(swarm, mad)


def test_fields_of_wrong_types_end_nothing(swarm: Nodes, mad: MadWorker) -> None:
    mad.take_part()
    values = {"session": mad.session, "run": 1, "number": 1, "samples": 5, "final": False, "payload": {}}
    wrong: list[Any] = [None, -1, 1.5, "1", b"1", [], {}, True, 2**63, float("nan")]
    count = 0
    for field in ("run", "number", "samples", "final", "payload", "session"):
        for value in wrong:
            if type(value) is not type(values[field]) or value == -1:
                mad.raw(b"\0" + msgpack.packb(["Delta", values | {field: value}]))
                count += 1

    wait_until(lambda: drops(swarm).get("messages that cannot be read", 0) >= count)
    honest_numbers(swarm, mad)


def test_statistics_that_cannot_be_read_are_acknowledged_and_missing(swarm: Nodes, mad: MadWorker) -> None:
    mad.take_part()
    mad.delta(1, 1_000_000, {"version": 1, "names": "none"})
    wait_until(lambda: any(pulse.applied == 1 for pulse in mad.of(Pulse)))
    mad.delta(2, 5, {}, final=True)
    wait_until(lambda: mad.member.final)

    honest_numbers(swarm, mad)
    row = next(row for row in swarm.master.accounting.workers if row.identity == "mad")
    assert (row.merged, row.refused, row.missing) == (0, 1_000_005, 1_000_005)
    assert not swarm.master.accounting.closed
    assert drops(swarm)["statistics that cannot be read"] == 2


def test_good_statistics_that_say_another_number_of_samples_are_not_merged(
    swarm: Nodes, mad: MadWorker
) -> None:
    registry = Registry(lambda: 1_700_000_000.0)
    registry.record("GET", "/forged", 1000, 10, 1_700_000_000.0)
    mad.take_part()
    mad.delta(1, 40, cut(registry), final=True)
    wait_until(lambda: mad.member.final)

    honest_numbers(swarm, mad)


def test_deltas_that_are_sent_again_are_merged_once(swarm: Nodes, mad: MadWorker) -> None:
    registry = Registry(lambda: 1_700_000_000.0)
    registry.record("GET", "/", 1000, 10, 1_700_000_000.0)
    payload = cut(registry)
    mad.take_part()
    for number in (1, 1, 3, 1, 2, 2, 1, 3):
        mad.delta(number, 1, payload)
    wait_until(lambda: mad.member.applied == 3)
    for number in (1, 2, 3):
        mad.delta(number, 1, payload)
    mad.delta(4, 0, cut(registry), final=True)
    wait_until(lambda: mad.member.final)
    swarm.master.stop()

    account = swarm.master.accounting
    assert sum(row.merged for row in account.workers if row.identity == "mad") == 3
    assert account.merged == swarm.master.stats.num_requests


def test_statistics_of_an_unknown_worker_are_not_merged(swarm: Nodes, mad: MadWorker) -> None:
    registry = Registry(lambda: 1_700_000_000.0)
    registry.record("GET", "/forged", 1000, 10, 1_700_000_000.0)
    payload = cut(registry)
    for _ in range(20):
        mad.delta(1, 1, payload)  # it has said no hello
    wait_until(lambda: drops(swarm).get("messages of no worker of this session", 0) == 20)
    mad.hello()
    mad.socket.send(Delta("another session", 1, 1, 1, False, payload))
    wait_until(lambda: drops(swarm)["messages of no worker of this session"] == 21)

    honest_numbers(swarm, mad)


def test_an_identity_of_another_worker_gets_nothing(swarm: Nodes, mad: MadWorker) -> None:
    honest = swarm.workers[0]
    mad.socket.send(Hello(honest.client_id, 7, "", 1.0))  # alive: it may come when that one is gone
    wait_until(lambda: mad.heard)
    mad.hello()
    mad.socket.send(Hello(honest.client_id, honest._swarm_core.incarnation, "", 1e12))
    mad.socket.send(Hello("somebody else", 99, "", 3.0))
    wait_until(lambda: drops(swarm).get("hellos under another worker's name", 0) == 2)

    assert sorted(swarm.master.clients) == sorted(["mad", honest.client_id])
    honest_numbers(swarm, mad)


def test_impossible_figures_change_no_others(swarm: Nodes, mad: MadWorker) -> None:
    mad.take_part()
    huge = 2**63 - 1
    mad.beat(samples=huge, cut=huge, users={"Sampler": huge}, applied=huge, reached=huge, complete=huge)
    mad.beat(state="no state of ours", run=huge)
    mad.socket.send(Custom(mad.session, huge, "t", 1))
    mad.socket.send(CustomReceived(mad.session, huge))
    mad.socket.send(LeaseRequest(mad.session, "no feed", huge, huge))
    mad.socket.send(Pulse(mad.session, 1.0, 1, huge))  # a master's
    mad.socket.send(replace(mad.hello(), index=5))
    mad.delta(huge, huge, {})
    mad.delta(1, huge, {}, run=huge)
    mad.socket.send(Goodbye(mad.session))
    wait_until(lambda: mad.member is None or mad.member.state == "quit")

    wait_until(lambda: swarm.workers[0].user_count == 2)
    honest_numbers(swarm, mad)


def test_parts_of_messages_that_never_end_are_bounded(swarm: Nodes, mad: MadWorker) -> None:
    long = split(encode(Custom(mad.session, 1, "t", "x" * 3_000_000)), 5)
    mad.raw(long[0])
    mad.raw(long[2])
    mad.raw(long[1])
    wait_until(lambda: drops(swarm).get("messages that cannot be read", 0) >= 1)

    honest_numbers(swarm, mad)


def test_what_is_dropped_is_said_once_in_a_while(
    swarm: Nodes, mad: MadWorker, caplog: pytest.LogCaptureFixture
) -> None:
    mad.take_part()
    for number in range(1, 40):
        mad.delta(number, 1, {})
    wait_until(lambda: mad.member.applied == 39)

    assert drops(swarm)["statistics that cannot be read"] == 39
    assert 1 <= caplog.text.count("statistics that cannot be read") < 10  # a line in ten seconds
    assert "mad: " in caplog.text


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
PAYLOAD_KEYS = [
    *("version", "second", "names", "methods", "counts", "last", "seconds", "fail_seconds", "times", "late"),
    *("late_service", "failures", "exceptions", "names_full", "report"),
]


@given(st.dictionaries(st.sampled_from(PAYLOAD_KEYS), plain, max_size=4), st.integers(0, 5))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_a_payload_is_refused_or_merged_whole(
    ledger: Callable[[dict[str, Any], int], tuple[int, int]], changes: dict[str, Any], samples: int
) -> None:
    registry = Registry(lambda: 1_700_000_000.0)
    for _ in range(2):
        registry.record("GET", "/", 1000, 10, 1_700_000_000.0, "broken")

    before, after = ledger(cut(registry) | changes, samples)

    assert after - before in (0, samples)


@pytest.fixture
def ledger() -> Callable[[dict[str, Any], int], tuple[int, int]]:
    """Give a function that brings a delta to a master's ledger, and returns how many requests there were and are."""
    from swarm import Environment
    from swarm.control.effects import Apply
    from swarm.runners.ledger import Ledger
    from swarm_stats.deltas import BadPayload

    runner = Environment().create_local_runner()
    books = Ledger(runner, None, lambda _: None)

    def bring(payload: dict[str, Any], samples: int) -> tuple[int, int]:
        before = runner.stats.num_requests
        try:
            books.apply(Apply("mad", 1, Delta("s", 1, 1, samples, False, payload), 0.0))
        except BadPayload:
            assert runner.stats.num_requests == before
        return before, runner.stats.num_requests

    yield bring
    runner.quit()
