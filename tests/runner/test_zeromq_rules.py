"""What ZeroMQ does under gevent with CURVE and ZAP: the rules on which the control plane is built.

They are the library's, not ours: a new release that changes one fails here first.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gevent
import pytest
import zmq.green as zmq
from zmq.constants import Event
from zmq.utils import z85
from zmq.utils.monitor import parse_monitor_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT = 1024
PATIENCE_S = 20


@dataclass(frozen=True)
class Keys:
    """A CURVE key pair."""

    public: bytes
    secret: bytes

    @classmethod
    def new(cls) -> Keys:
        return cls(*zmq.curve_keypair())


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    with gevent.Timeout(PATIENCE_S):
        yield


@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    context: zmq.Context[Any] = zmq.Context()
    yield context
    context.destroy(linger=0)


SERVER, WORKERS = Keys.new(), Keys.new()


@pytest.fixture
def zap(context: zmq.Context[Any]) -> Iterator[list[bytes]]:
    """A ZAP handler in a greenlet, which admits the workers' key; gives the public keys that asked."""
    asked: list[bytes] = []
    handler = context.socket(zmq.REP)
    handler.bind("inproc://zeromq.zap.01")

    def handle() -> None:
        while True:
            version, request, _domain, _address, _identity, mechanism, *credentials = handler.recv_multipart()
            key = z85.encode(credentials[0]) if mechanism == b"CURVE" else b""
            asked.append(key)
            status, user = (b"200", b"worker") if key == WORKERS.public else (b"400", b"")
            handler.send_multipart([version, request, status, b"", user, b""])

    greenlet = gevent.spawn(handle)
    yield asked
    greenlet.kill()


class Router:
    """A master's socket."""

    def __init__(self, context: zmq.Context[Any], *, before: dict[int, int] | None = None) -> None:
        self.socket = context.socket(zmq.ROUTER)
        self.socket.curve_server = True
        self.socket.curve_secretkey = SERVER.secret
        self.socket.zap_domain = b"test"
        for option, value in (before or {}).items():
            self.socket.setsockopt(option, value)
        self.monitor = self.socket.get_monitor_socket()
        self.url = f"tcp://127.0.0.1:{self.socket.bind_to_random_port('tcp://127.0.0.1')}"

    def receive(self) -> list[bytes]:
        return self.socket.recv_multipart()


class Dealer:
    """A worker's socket."""

    def __init__(
        self,
        context: zmq.Context[Any],
        url: str,
        *,
        own: Keys = WORKERS,
        server: Keys = SERVER,
        routing_id: bytes | None = None,
        curve: bool = True,
    ) -> None:
        self.socket = context.socket(zmq.DEALER)
        if routing_id is not None:
            self.socket.routing_id = routing_id
        if curve:
            self.socket.curve_publickey, self.socket.curve_secretkey = own.public, own.secret
            self.socket.curve_serverkey = server.public
        self.monitor = self.socket.get_monitor_socket()
        self.socket.connect(url)

    def send(self, data: bytes) -> None:
        self.socket.send(data)


def wait_for(peer: Router | Dealer, event: Event) -> int:
    """Return the value of the next such event of the peer's monitor."""
    while True:
        message = parse_monitor_message(peer.monitor.recv_multipart())
        if message["event"] == event:
            return int(message["value"])


@pytest.fixture
def dealer(context: zmq.Context[Any], zap: list[bytes]) -> Callable[..., Dealer]:
    def make(router: Router, **options: Any) -> Dealer:
        return Dealer(context, router.url, **options)

    return make


def test_a_zap_handler_in_a_greenlet_admits_by_key_and_says_who_it_is(
    context: zmq.Context[Any], zap: list[bytes]
) -> None:
    router = Router(context)
    Dealer(context, router.url).send(b"hello")
    frames = router.socket.recv_multipart(copy=False)
    assert frames[-1].bytes == b"hello"
    assert frames[-1].get("User-Id") == "worker"
    assert zap == [WORKERS.public]


def test_a_key_that_is_not_admitted_gets_nothing_through(context: zmq.Context[Any], zap: list[bytes]) -> None:
    router, stranger = Router(context), Keys.new()
    refused = Dealer(context, router.url, own=stranger)
    refused.send(b"let me in")
    wait_for(refused, Event.HANDSHAKE_FAILED_AUTH)
    Dealer(context, router.url).send(b"hello")
    assert router.receive()[-1] == b"hello"
    assert router.socket.poll(0) == 0
    assert stranger.public in zap


class TestTheLimitOfAFrame:
    def test_a_frame_over_it_vanishes_and_resets_the_connection(
        self, context: zmq.Context[Any], dealer: Callable[..., Dealer]
    ) -> None:
        router = Router(context, before={zmq.MAXMSGSIZE: LIMIT})
        worker = dealer(router)
        wait_for(worker, Event.HANDSHAKE_SUCCEEDED)
        worker.send(b"x" * (2 * LIMIT))
        wait_for(worker, Event.DISCONNECTED)
        wait_for(worker, Event.HANDSHAKE_SUCCEEDED)
        worker.send(b"after")
        assert router.receive()[-1] == b"after"

    def test_set_after_bind_it_has_no_effect(
        self, context: zmq.Context[Any], dealer: Callable[..., Dealer]
    ) -> None:
        router = Router(context)
        router.socket.setsockopt(zmq.MAXMSGSIZE, LIMIT)
        dealer(router).send(b"x" * (2 * LIMIT))
        assert len(router.receive()[-1]) == 2 * LIMIT


class TestOneRoutingIdTwice:
    def test_the_second_connection_stays_mute_even_after_the_first_has_closed(
        self, context: zmq.Context[Any], dealer: Callable[..., Dealer]
    ) -> None:
        router = Router(context)
        first = dealer(router, routing_id=b"one")
        first.send(b"first")
        assert router.receive() == [b"one", b"first"]
        second = dealer(router, routing_id=b"one")
        wait_for(second, Event.HANDSHAKE_SUCCEEDED)
        second.send(b"second")
        self._only_this_arrives(router, dealer(router, routing_id=b"other"))
        first.socket.close(linger=0)
        wait_for(router, Event.DISCONNECTED)
        second.send(b"second again")
        self._only_this_arrives(router, dealer(router, routing_id=b"another"))

    def _only_this_arrives(self, router: Router, later: Dealer) -> None:
        later.send(b"later")
        assert router.receive()[-1] == b"later"
        assert router.socket.poll(100) == 0

    def test_with_handover_the_second_takes_over_the_firsts_traffic(
        self, context: zmq.Context[Any], dealer: Callable[..., Dealer]
    ) -> None:
        router = Router(context, before={zmq.ROUTER_HANDOVER: 1})
        victim = dealer(router, routing_id=b"one")
        victim.send(b"victim")
        assert router.receive() == [b"one", b"victim"]
        thief = dealer(router, routing_id=b"one")
        thief.send(b"thief")
        assert router.receive() == [b"one", b"thief"]
        router.socket.send_multipart([b"one", b"for the victim"])
        assert thief.socket.recv() == b"for the victim"
        assert victim.socket.poll(0) == 0


def test_a_mandatory_router_says_that_a_peer_is_not_there(
    context: zmq.Context[Any], zap: list[bytes]
) -> None:
    router = Router(context, before={zmq.ROUTER_MANDATORY: 1})
    with pytest.raises(zmq.ZMQError, match="Host unreachable"):
        router.socket.send_multipart([b"nobody", b"hello"])


class TestWhatTheMonitorTellsAWorker:
    def test_nobody_listens(self, context: zmq.Context[Any]) -> None:
        with socket.socket() as bound:  # bound and not listening: nobody else gets the port meanwhile
            bound.bind(("127.0.0.1", 0))
            worker = Dealer(context, f"tcp://127.0.0.1:{bound.getsockname()[1]}")
            wait_for(worker, Event.CLOSED)

    def test_the_secret_is_wrong(self, context: zmq.Context[Any], dealer: Callable[..., Dealer]) -> None:
        worker = dealer(Router(context), own=Keys.new())
        assert wait_for(worker, Event.HANDSHAKE_FAILED_AUTH) == 400

    def test_the_servers_key_is_wrong(self, context: zmq.Context[Any], dealer: Callable[..., Dealer]) -> None:
        worker = dealer(Router(context), server=Keys.new())
        wait_for(worker, Event.HANDSHAKE_FAILED_NO_DETAIL)

    def test_this_side_has_no_curve(self, context: zmq.Context[Any], dealer: Callable[..., Dealer]) -> None:
        worker = dealer(Router(context), curve=False)
        mismatch = wait_for(worker, Event.HANDSHAKE_FAILED_PROTOCOL)
        assert mismatch == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH

    def test_the_other_side_has_no_curve(self, context: zmq.Context[Any]) -> None:
        plain = context.socket(zmq.ROUTER)
        port = plain.bind_to_random_port("tcp://127.0.0.1")
        worker = Dealer(context, f"tcp://127.0.0.1:{port}")
        mismatch = wait_for(worker, Event.HANDSHAKE_FAILED_PROTOCOL)
        assert mismatch == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH


def test_waiting_for_a_message_lets_other_greenlets_run(context: zmq.Context[Any], zap: list[bytes]) -> None:
    router = Router(context)
    waiting = gevent.spawn(router.receive)
    ran = gevent.spawn(lambda: "ran")
    assert ran.get() == "ran"
    assert not waiting.dead
    Dealer(context, router.url).send(b"hello")
    assert waiting.get()[-1] == b"hello"
