"""Master and workers over real sockets, with everything that may come in from outside."""

from __future__ import annotations

import ctypes
import json
import os
import random
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
import zmq.green as zmq

from swarm.control.messages import Custom, Goodbye, Message, Pulse, Quit
from swarm.transport.codec import UnsendableError, encode
from swarm.transport.connection import COMMON, MAX_QUEUED
from swarm.transport.curve import derive_keys
from swarm.transport.diagnosis import Situation
from swarm.transport.master_socket import BindError, MasterSocket
from swarm.transport.parts import MAX_FRAME, split
from swarm.transport.secret import Secret
from swarm.transport.worker_socket import WorkerSocket

PATIENCE_S = 30
SECRET = Secret.new()
SO_ATTACH_FILTER = 26  # Linux's number; the socket module does not have it


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    with gevent.Timeout(PATIENCE_S):
        yield


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        gevent.sleep(0.01)


class Master:
    """A master's socket that keeps what comes, and answers each Custom with its data."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, secret: Secret = SECRET) -> None:
        self.socket = MasterSocket(host, port, secret)
        self.port = self.socket.port
        self.got: list[tuple[bytes, Message]] = []
        self.breaks_at: Message | None = None
        self.socket.serve(self.take)

    @property
    def messages(self) -> list[Message]:
        return [message for _, message in self.got]

    def take(self, peer: bytes, message: Message) -> None:
        if message == self.breaks_at:
            raise RuntimeError("out of order")
        self.got.append((peer, message))
        if isinstance(message, Custom):
            self.socket.send(peer, message)

    def unreadable(self) -> int:
        return self.socket.drops.counts["messages that cannot be read"]


class Worker:
    """A worker's socket that keeps what comes and counts its connections."""

    def __init__(self, port: int, host: str = "127.0.0.1", secret: Secret = SECRET) -> None:
        self.socket = WorkerSocket(host, port, secret)
        self.got: list[Message] = []
        self.connections = 0
        self.socket.serve(self.got.append, self.connected)

    def connected(self) -> None:
        self.connections += 1

    def until(self, situation: Situation) -> str:
        wait_until(lambda: self.socket.diagnosis().situation is situation)
        return self.socket.diagnosis().text


@pytest.fixture
def opened() -> Iterator[list[Any]]:
    things: list[Any] = []
    yield things
    for thing in things:
        thing.socket.close(0)


@pytest.fixture
def master(opened: list[Any]) -> Master:
    opened.append(Master())
    return opened[0]  # type: ignore[no-any-return]


@pytest.fixture
def worker(master: Master, opened: list[Any]) -> Worker:
    worker = Worker(master.port)
    opened.append(worker)
    worker.until(Situation.CONNECTED)
    return worker


class Stranger:
    """A DEALER of its own, with whatever keys and routing id."""

    def __init__(
        self, context: zmq.Context[Any], port: int, *, secret: Secret | None = SECRET, routing_id: bytes = b""
    ) -> None:
        self.dealer = context.socket(zmq.DEALER)
        self.dealer.linger = 0
        if routing_id:
            self.dealer.routing_id = routing_id
        if secret is not None:
            keys = derive_keys(secret)
            self.dealer.curve_serverkey = keys.master.public
            self.dealer.curve_publickey = keys.workers.public
            self.dealer.curve_secretkey = keys.workers.secret
        self.dealer.connect(f"tcp://127.0.0.1:{port}")

    def send(self, *frames: bytes) -> None:
        self.dealer.send_multipart(frames)


@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    context: zmq.Context[Any] = zmq.Context()
    yield context
    context.destroy(linger=0)


class TestMessages:
    def test_they_go_both_ways_in_order(self, master: Master, worker: Worker) -> None:
        sent = [Custom("s", number, "t", {"n": number}) for number in range(500)]
        for message in sent:
            assert worker.socket.send(message)
        wait_until(lambda: len(worker.got) == len(sent))
        assert master.messages == sent
        assert worker.got == sent
        assert len({peer for peer, _ in master.got}) == 1

    def test_long_ones_arrive_whole(self, master: Master, worker: Worker) -> None:
        long = Custom("s", 1, "t", os.urandom(3 * MAX_FRAME + 5))
        assert worker.socket.send(long)
        wait_until(lambda: worker.got == [long])

    def test_one_that_cannot_be_carried_is_refused_to_its_sender(
        self, master: Master, worker: Worker
    ) -> None:
        with pytest.raises(UnsendableError, match="data is a object"):
            worker.socket.send(Custom("s", 1, "t", object()))
        worker.socket.send(Goodbye("s"))
        wait_until(lambda: bool(master.got))
        with pytest.raises(UnsendableError, match="data is a object"):
            master.socket.send(master.got[0][0], Custom("s", 1, "t", object()))

    def test_an_error_of_whoever_takes_them_ends_nothing(self, master: Master, worker: Worker) -> None:
        master.breaks_at = Goodbye("first")
        worker.socket.send(Goodbye("first"))
        worker.socket.send(Goodbye("second"))
        wait_until(lambda: master.messages == [Goodbye("second")])

    def test_what_was_sent_last_leaves_before_the_socket_closes(self, opened: list[Any]) -> None:
        master = Master()
        workers = [Worker(master.port) for _ in range(10)]
        opened += workers
        for worker in workers:
            worker.until(Situation.CONNECTED)
            worker.socket.send(Goodbye("s"))
        wait_until(lambda: len(master.got) == len(workers))
        for peer, _ in master.got:
            assert master.socket.send(peer, Quit("s"))
        master.socket.close(linger_s=5)
        wait_until(lambda: all(worker.got == [Quit("s")] for worker in workers))

    def test_sockets_may_be_closed_twice_and_send_nothing_afterwards(
        self, master: Master, worker: Worker
    ) -> None:
        for end in (worker.socket, master.socket):
            end.close()
            end.close()
        assert worker.socket.send(Goodbye("s")) is False
        assert master.socket.send(b"peer", Quit("s")) is False
        worker.socket.reconnect()
        assert worker.socket.send(Goodbye("s")) is False

    def test_sockets_may_be_closed_by_several_at_once(self) -> None:
        for _ in range(10):
            master = MasterSocket("127.0.0.1", 0, SECRET)
            master.serve(lambda *_: None)
            worker = WorkerSocket("127.0.0.1", master.port, SECRET)
            worker.serve(lambda _: None)
            gevent.sleep(0.01)
            gevent.joinall(
                [gevent.spawn(end.close) for end in (master, worker, master, worker)], raise_error=True
            )


class TestPeersThatAreGone:
    def test_sending_to_nobody_is_said_and_counted(self, master: Master) -> None:
        assert master.socket.send(b"nobody", Quit("s")) is False
        assert master.socket.drops.counts["messages to workers that are gone or do not read"] == 1

    def test_sending_to_a_worker_that_has_closed_is_said(self, master: Master, worker: Worker) -> None:
        worker.socket.send(Goodbye("s"))
        wait_until(lambda: bool(master.got))
        worker.socket.close()
        wait_until(lambda: not master.socket.send(master.got[0][0], Quit("s")))

    def test_a_worker_that_never_reads_blocks_nobody(
        self, master: Master, worker: Worker, context: zmq.Context[Any]
    ) -> None:
        lazy = Stranger(context, master.port)
        lazy.send(*split(encode(Goodbye("lazy")), 1))
        wait_until(lambda: bool(master.got))
        peer = master.got[0][0]
        data = Custom("s", 1, "t", "x" * 100_000)
        refused = next(number for number in range(10 * MAX_QUEUED) if not master.socket.send(peer, data))
        assert refused >= MAX_QUEUED
        worker.socket.send(Custom("s", 1, "t", "still there"))
        wait_until(lambda: worker.got == [Custom("s", 1, "t", "still there")])

    def test_a_half_open_connection_is_noticed_by_both_ends(self, master: Master, opened: list[Any]) -> None:
        cable = Cable(master.port)
        worker = Worker(cable.port)
        opened += [worker]
        worker.until(Situation.CONNECTED)
        worker.socket.send(Goodbye("s"))
        wait_until(lambda: bool(master.got))
        cable.pull()
        wait_until(lambda: not master.socket.send(master.got[0][0], Pulse("s", 1.0, 1, 1)))
        wait_until(lambda: worker.connections == 2)
        worker.socket.send(Goodbye("again"))
        wait_until(lambda: Goodbye("again") in master.messages)
        assert len({peer for peer, _ in master.got}) == 2
        cable.close()


class Cable:
    """A TCP proxy whose cable can be pulled: nothing arrives any more, no answer of the kernel's either."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._greenlets = [gevent.spawn(self._accept)]

    def pull(self) -> None:
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0 bytes
        program = struct.pack("HP", 1, ctypes.addressof(drop_all))
        for each in self._sockets:
            each.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)

    def close(self) -> None:
        gevent.killall(self._greenlets)
        for each in (self._server, *self._sockets):
            each.close()

    def _accept(self) -> None:
        while True:
            near, _ = self._server.accept()
            far = socket.create_connection(("127.0.0.1", self._to))
            self._sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                self._greenlets.append(gevent.spawn(self._pass, source, sink))

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.close()


class TestConnectingAgain:
    def test_it_is_as_another_peer_and_the_old_one_is_gone(self, master: Master, worker: Worker) -> None:
        worker.socket.send(Custom("s", 1, "t", "before"))
        wait_until(lambda: bool(worker.got))
        worker.socket.reconnect()
        wait_until(lambda: worker.connections == 2)
        worker.socket.send(Custom("s", 1, "t", "after"))
        wait_until(lambda: len(worker.got) == 2)
        (before, _), (after, _) = master.got
        assert before != after
        assert len(before) == len(after) == 16
        wait_until(lambda: not master.socket.send(before, Quit("s")))

    def test_it_may_be_asked_for_by_who_takes_a_message(self, master: Master, worker: Worker) -> None:
        worker.socket._on_message = lambda _: worker.socket.reconnect()
        worker.socket.send(Custom("s", 1, "t", "come again"))
        wait_until(lambda: worker.connections == 2)
        worker.socket._on_message = worker.got.append
        worker.socket.send(Custom("s", 1, "t", "back"))
        wait_until(lambda: worker.got == [Custom("s", 1, "t", "back")])

    def test_a_worker_waits_for_its_master_and_for_the_next_one(self, opened: list[Any]) -> None:
        first = Master()
        worker = Worker(first.port)
        opened.append(worker)
        worker.until(Situation.CONNECTED)
        first.socket.close(0)
        assert "nobody listens at 127.0.0.1:" in worker.until(Situation.NOBODY_LISTENS)
        assert worker.socket.send(Goodbye("s")) is False
        second = Master(port=first.port)
        opened.append(second)
        worker.until(Situation.CONNECTED)
        assert worker.connections == 2
        worker.socket.send(Goodbye("s"))
        wait_until(lambda: second.messages == [Goodbye("s")])


class TestHostilePeers:
    @pytest.fixture(autouse=True)
    def the_others_go_on(self, master: Master, worker: Worker) -> Iterator[None]:
        yield
        worker.socket.send(Goodbye("still here"))
        wait_until(lambda: Goodbye("still here") in master.messages)
        assert master.messages == [Goodbye("still here")]

    @pytest.mark.parametrize("secret", [None, Secret.new()], ids=["no CURVE", "another secret"])
    def test_a_stranger_gets_nothing_through(
        self, master: Master, context: zmq.Context[Any], secret: Secret | None
    ) -> None:
        Stranger(context, master.port, secret=secret).send(*split(encode(Goodbye("stranger")), 1))
        wait_until(lambda: master.socket.drops.counts["connections without our secret"] > 0)

    def test_the_masters_key_alone_admits_nobody(self, master: Master, context: zmq.Context[Any]) -> None:
        stranger = context.socket(zmq.DEALER)
        stranger.linger = 0
        stranger.curve_publickey, stranger.curve_secretkey = zmq.curve_keypair()
        stranger.curve_serverkey = derive_keys(SECRET).master.public
        stranger.connect(f"tcp://127.0.0.1:{master.port}")
        stranger.send(b"\0" + encode(Goodbye("stranger")))
        wait_until(lambda: master.socket.drops.counts["peers with another key"] > 0)

    def test_bytes_that_are_no_zeromq(self, master: Master) -> None:
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 100, os.urandom(4096), b""):
            with socket.create_connection(("127.0.0.1", master.port)) as peer:
                peer.sendall(data)

    def test_random_frames(self, master: Master, context: zmq.Context[Any]) -> None:
        mad = Stranger(context, master.port)
        source = random.Random(8)
        for _ in range(500):
            mad.send(source.choice((b"", b"\0", b"\1")) + source.randbytes(source.randrange(60)))
        mad.send(b"\0" + b"\x91" * 100_000)
        wait_until(lambda: master.unreadable() == 501)

    def test_many_frames_at_once(self, master: Master, context: zmq.Context[Any]) -> None:
        Stranger(context, master.port).send(b"a", b"b", b"c")
        wait_until(lambda: master.unreadable() == 1)

    def test_a_frame_over_the_limit(self, master: Master, context: zmq.Context[Any]) -> None:
        mad = Stranger(context, master.port)
        mad.send(b"\0" + bytes(MAX_FRAME + 1000))

        def small_ones_arrive() -> bool:
            mad.send(b"\0small, and unreadable")
            return master.unreadable() > 0

        wait_until(small_ones_arrive)

    def test_a_routing_id_that_another_has(self, master: Master, context: zmq.Context[Any]) -> None:
        first = Stranger(context, master.port, routing_id=b"\1" * 16)
        first.send(b"\0unreadable")
        wait_until(lambda: master.unreadable() == 1)
        thief = Stranger(context, master.port, routing_id=b"\1" * 16)
        thief.send(b"\0unreadable")
        assert master.socket.send(b"\1" * 16, Quit("for the first"))
        assert first.dealer.recv() == b"\0" + encode(Quit("for the first"))
        assert thief.dealer.poll(100) == 0

    def test_parts_of_messages_that_never_end(self, master: Master, context: zmq.Context[Any]) -> None:
        mad = Stranger(context, master.port)
        for number in range(300):
            mad.send(split(bytes(MAX_FRAME), number)[0])
        mad.send(b"\0unreadable")
        wait_until(lambda: master.unreadable() == 1)
        assert master.socket._inbox is not None
        assert master.socket._inbox._joiner.held <= MAX_FRAME


class TestWhyThereIsNoConnection:
    def _ask(self, opened: list[Any], port: int, secret: Secret = SECRET, host: str = "127.0.0.1") -> Worker:
        worker = Worker(port, host, secret)
        opened.append(worker)
        return worker

    def test_nobody_listens(self, opened: list[Any]) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            worker = self._ask(opened, bound.getsockname()[1])
            text = worker.until(Situation.NOBODY_LISTENS)
        assert "start the master first" in text
        assert "--master-bind-host" in text

    def test_the_secret_is_another(self, master: Master, opened: list[Any]) -> None:
        text = self._ask(opened, master.port, Secret.new()).until(Situation.WRONG_SECRET)
        assert f"the master at 127.0.0.1:{master.port} has another secret" in text
        assert "--secret-file" in text

    def test_a_master_without_curve(self, context: zmq.Context[Any], opened: list[Any]) -> None:
        port = context.socket(zmq.ROUTER).bind_to_random_port("tcp://127.0.0.1")
        assert "without encryption" in self._ask(opened, port).until(Situation.WITHOUT_CURVE)

    @pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"])
    def test_something_else(self, answer: bytes, opened: list[Any]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def serve() -> None:
                while True:
                    peer, _ = server.accept()
                    peer.sendall(answer)
                    peer.close()

            serving = gevent.spawn(serve)
            text = self._ask(opened, server.getsockname()[1]).until(Situation.NOT_SWARM)
            serving.kill()
        assert "does not speak ZeroMQ" in text

    def test_a_master_that_is_stopped(self, opened: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(COMMON, zmq.HANDSHAKE_IVL, 200)
        with socket.create_server(("127.0.0.1", 0)) as server:
            text = self._ask(opened, server.getsockname()[1]).until(Situation.SILENT)
        assert "takes connections and says nothing" in text

    def test_a_host_without_an_address(self, opened: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr("swarm.transport.worker_socket.socket.getaddrinfo", unknown)
        text = self._ask(opened, 5557, host="nowhere.invalid").until(Situation.UNKNOWN_HOST)
        assert "no address is known for the master's host nowhere.invalid" in text

    def test_a_name_whose_first_address_does_not_answer(
        self, master: Master, opened: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.2", 0))
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, master.port))
                for address in ("127.0.0.2", "127.0.0.1")
            ]
            monkeypatch.setattr("swarm.transport.worker_socket.socket.getaddrinfo", lambda *_, **__: found)
            self._ask(opened, master.port, host="two.example").until(Situation.CONNECTED)


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


class TestWhereTheMasterListens:
    def test_a_taken_port_is_said_with_what_to_do(self, master: Master) -> None:
        with pytest.raises(BindError, match=f"listens on 127.0.0.1:{master.port}.*--master-bind-port"):
            MasterSocket("127.0.0.1", master.port, SECRET)

    @pytest.mark.parametrize("host", ["192.0.2.1", "203.0.113.9"])
    def test_an_address_of_another_machine_is_said(self, host: str) -> None:
        with pytest.raises(BindError, match=f"{host} is no address of this machine.*--master-bind-host"):
            MasterSocket(host, 0, SECRET)

    @pytest.mark.parametrize("host", ["*", "0.0.0.0", "localhost", ""])
    def test_names_for_this_machine_serve(self, host: str, opened: list[Any]) -> None:
        master = Master(host)
        worker = Worker(master.port)
        opened += [master, worker]
        worker.until(Situation.CONNECTED)

    @pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
    @pytest.mark.parametrize("host", ["::1", "[::1]"])
    def test_ipv6_serves(self, host: str, opened: list[Any]) -> None:
        master = Master(host)
        worker = Worker(master.port, host)
        opened += [master, worker]
        worker.until(Situation.CONNECTED)


CROWD = """
import json, resource, sys
import swarm
from gevent.fileobject import FileObjectThread
from swarm.control.messages import Goodbye
from swarm.transport.descriptors import worker_capacity
from swarm.transport.master_socket import MasterSocket
from swarm.transport.secret import Secret

master = MasterSocket("127.0.0.1", 0, Secret.parse(sys.argv[1], "the test"))
if sys.argv[2] == "few":
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
peers = {}
master.serve(lambda peer, message: peers.setdefault(message.session, peer))
print(json.dumps({"port": master.port, "capacity": worker_capacity(3000 if sys.argv[2] == "many" else 0)}), flush=True)
asked = FileObjectThread(sys.stdin)
while asked.readline():
    print(json.dumps({"peers": len(peers), "peers_named": list(peers), "drops": master.drops.counts}), flush=True)
"""


class Crowd:
    """A master in a process of its own, and the workers that connect to it."""

    def __init__(self, how: str, context: zmq.Context[Any]) -> None:
        self._context = context
        self._process = subprocess.Popen(
            [sys.executable, "-c", CROWD, SECRET.text, how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.strangers: list[Stranger] = []
        self.first = self._answer()

    def join(self, count: int) -> None:
        for _ in range(count):
            stranger = Stranger(self._context, self.first["port"])
            stranger.send(b"\0" + encode(Goodbye(str(len(self.strangers)))))
            self.strangers.append(stranger)

    def ask(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write("how is it?\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


ABORTS = """
import sys, time, zmq

ours, theirs = zmq.Context(), zmq.Context()
router, dealer = ours.socket(zmq.ROUTER), theirs.socket(zmq.DEALER)
router.rcvhwm, router.heartbeat_timeout, router.heartbeat_ivl = 1, 60_000, int(sys.argv[1])
port = router.bind_to_random_port("tcp://127.0.0.1")
dealer.connect(f"tcp://127.0.0.1:{port}")
for _ in range(1000):
    dealer.send(bytes(20_000))
dealer.close(linger=0)
theirs.term()
time.sleep(int(sys.argv[2]))
print("alive", flush=True)
"""


def test_libzmqs_heartbeats_end_the_process_when_a_connection_breaks_that_is_not_read() -> None:
    """Why there are none here. When this fails, libzmq has mended it, and they may come back."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", ABORTS, *arguments], capture_output=True, text=True)

    without, with_heartbeats = run("0", "1"), run("100", "20")
    assert without.stdout == "alive\n", without.stderr
    assert "Assertion failed" in with_heartbeats.stderr


def test_zeromq_is_imported_only_where_it_is_used() -> None:
    code = (
        "import sys, swarm, swarm.transport.secret, swarm.transport.curve\n"
        "import swarm.transport.diagnosis, swarm.transport.codec\n"
        "print('zmq' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout == "False\n", ran.stderr


class TestDescriptors:
    def test_a_master_without_a_free_one_says_so_and_keeps_its_workers(
        self, context: zmq.Context[Any]
    ) -> None:
        crowd = Crowd("few", context)
        crowd.join(120)
        reason = "connections beyond its limit of open files"
        wait_until(lambda: reason in crowd.ask()["drops"])
        assert 0 < crowd.ask()["peers"] < 120
        for stranger in crowd.strangers[:60]:
            stranger.dealer.close(linger=0)
        wait_until(lambda: {str(number) for number in range(60, 120)} <= set(crowd.ask()["peers_named"]))
        crowd.close()

    def test_a_worker_too_many_is_refused_with_the_reason(
        self, master: Master, worker: Worker, opened: list[Any]
    ) -> None:
        master.socket.capacity = 1
        second = Worker(master.port)
        opened.append(second)
        assert "can hold no more workers" in second.until(Situation.FULL)
        assert master.socket.drops.counts["workers beyond what its limit of open files holds"] > 0
        worker.socket.close()
        second.until(Situation.CONNECTED)

    def test_how_many_workers_it_can_hold_grows_with_the_limit(self, context: zmq.Context[Any]) -> None:
        crowd = Crowd("many", context)
        assert crowd.first["capacity"] >= 3000
        crowd.join(300)
        wait_until(lambda: crowd.ask()["peers"] == 300)
        crowd.close()
