"""The user of gRPC services, with a real grpcio server: calls of all four kinds, failures, settings, stopping."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import grpc
import pytest

from swarm import Environment, StopTest, task
from swarm.contrib.grpc import GrpcUser
from swarm.contrib.grpc_calls import CallSettings, MeasuringInterceptor
from swarm.contrib.reporting import Reporter
from tests.runner.users.conftest import life  # noqa: F401  a fixture
from tests.runner.users.living import Life, until
from tests.servers.own_process import served_by
from tests.servers.tls import authority

SERVICE = Path(__file__).parents[2] / "servers" / "grpc_service.py"
SAY_HELLO = "/test.Hello/SayHello"


class HelloStub:
    """As generated stubs are."""

    def __init__(self, channel: Any) -> None:
        self.SayHello = channel.unary_unary(SAY_HELLO)
        self.Count = channel.unary_stream("/test.Hello/Count")
        self.Collect = channel.stream_unary("/test.Hello/Collect")
        self.Chat = channel.stream_stream("/test.Hello/Chat")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The service's; each test waits for things of names of its own."""
    with served_by(SERVICE) as service:
        yield service.address


class Caller:
    """An environment, users of the service in it, and what its request event said."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.environment = Environment()
        self.events: list[dict[str, Any]] = []
        self.environment.events.request.add_listener(lambda **event: self.events.append(event))
        self._users: list[Any] = []

    def user(self, **attributes: Any) -> Any:
        settings = {"host": self.address, "stub_class": HelloStub, **attributes}
        user = type("Caller", (GrpcUser,), settings)(self.environment)
        self._users.append(user)
        return user

    def close(self) -> None:
        for user in self._users:
            for session in user._swarm_sessions:
                session.close()

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Requests and failures by name."""
        return {
            name: (e.num_requests, e.num_failures) for (name, _), e in self.environment.stats.entries.items()
        }

    @property
    def failures(self) -> list[str]:
        return [str(failure.error) for failure in self.environment.stats.errors.values()]


@pytest.fixture
def caller(address: str) -> Iterator[Caller]:
    caller = Caller(address)
    yield caller
    caller.close()


def test_a_call_is_a_request_named_by_its_method(caller: Caller) -> None:
    assert caller.user().stub.SayHello(b"you") == b"Hello, you"
    (event,) = caller.events
    assert (event["request_type"], event["name"]) == ("grpc", SAY_HELLO)
    assert event["response_length"] == len(b"Hello, you")
    assert event["response"] == b"Hello, you"
    assert event["exception"] is None
    assert event["response_time"] > 0
    assert caller.counts == {SAY_HELLO: (1, 0)}


def test_a_call_that_fails_raises_as_grpc_does_and_is_counted_by_its_status(caller: Caller) -> None:
    user = caller.user()
    for _ in range(2):
        with pytest.raises(grpc.RpcError) as raised:
            user.stub.SayHello(b"fail NOT_FOUND")
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert caller.failures == ["RpcError(NOT_FOUND: no such thing: NOT_FOUND)"]
    assert caller.counts == {SAY_HELLO: (2, 2)}
    assert caller.events[0]["exception"].code() is grpc.StatusCode.NOT_FOUND
    assert isinstance(caller.events[0]["exception"], grpc.RpcError)


def test_a_service_that_nobody_offers_is_a_failure(caller: Caller) -> None:
    with pytest.raises(grpc.RpcError):
        caller.user(host="127.0.0.1:1").stub.SayHello(b"you")
    assert caller.failures[0].startswith("RpcError(UNAVAILABLE: ")


def test_a_call_can_be_counted_under_another_name(caller: Caller) -> None:
    caller.user(call_name=lambda _, method: method.rpartition("/")[2]).stub.SayHello(b"you")
    assert caller.counts == {"SayHello": (1, 0)}


def test_the_users_context_reaches_the_listeners(caller: Caller) -> None:
    caller.user(context=lambda _: {"account": 7}).stub.SayHello(b"you")
    assert caller.events[0]["context"] == {"account": 7}


def test_a_stream_of_answers_is_measured_until_its_end(caller: Caller) -> None:
    stream = caller.user().stub.Count(b"3")
    assert next(stream) == b"0"
    assert caller.events == []
    assert list(stream) == [b"1", b"2"]
    (event,) = caller.events
    assert event["name"] == "/test.Hello/Count"
    assert event["response_length"] == 3
    assert event["context"]["messages"] == 3
    assert 0 < event["context"]["time_to_first_message"] <= event["response_time"]
    assert event["exception"] is None


def test_a_stream_that_breaks_off_is_one_failure(caller: Caller) -> None:
    stream = caller.user().stub.Count(b"2 fail")
    assert [next(stream), next(stream)] == [b"0", b"1"]
    with pytest.raises(grpc.RpcError):
        next(stream)
    assert caller.failures == ["RpcError(ABORTED: lost count)"]
    assert caller.counts == {"/test.Hello/Count": (1, 1)}


@pytest.mark.parametrize("leaving", ["cancelled", "dropped"])
def test_a_stream_that_the_user_leaves_ends_well_there(caller: Caller, leaving: str) -> None:
    stream = caller.user().stub.Count(b"2 wait")
    assert [next(stream), next(stream)] == [b"0", b"1"]
    if leaving == "cancelled":
        stream.cancel()
        assert stream.code() is grpc.StatusCode.CANCELLED
    del stream
    assert caller.counts == {"/test.Hello/Count": (1, 0)}
    assert caller.events[0]["context"]["messages"] == 2


def test_a_stream_to_the_service_is_one_call(caller: Caller) -> None:
    stub = caller.user().stub
    assert stub.Collect(iter([b"a", b"b"])) == b"a,b"
    with pytest.raises(grpc.RpcError):
        stub.Collect(iter([b"fail"]))
    assert caller.counts == {"/test.Hello/Collect": (2, 1)}


def test_streams_in_both_directions_are_one_call(caller: Caller) -> None:
    def speech() -> Iterator[bytes]:
        yield b"one"
        gevent.sleep(0.01)
        yield b"two"

    assert list(caller.user().stub.Chat(speech())) == [b"re: one", b"re: two"]
    assert caller.counts == {"/test.Hello/Chat": (1, 0)}
    assert caller.events[0]["context"]["messages"] == 2


def test_a_call_made_as_a_future_is_counted_when_it_is_done(caller: Caller) -> None:
    stub = caller.user().stub
    good, bad = stub.SayHello.future(b"you"), stub.SayHello.future(b"fail INTERNAL")
    assert good.result() == b"Hello, you"
    assert bad.exception().code() is grpc.StatusCode.INTERNAL
    until(lambda: caller.counts == {SAY_HELLO: (2, 1)})


def test_metadata_and_a_deadline_go_with_every_call(caller: Caller) -> None:
    stub = caller.user(default_metadata=[("token", "t1")], default_timeout=20.0).stub
    assert stub.SayHello(b"metadata token") == b"t1"
    assert stub.SayHello(b"metadata other", metadata=[("other", "o1")]) == b"o1"
    assert stub.SayHello(b"time") == b"limited"
    with pytest.raises(grpc.RpcError) as raised:
        stub.SayHello(b"wait", timeout=0.05)
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_users_own_interceptors_are_outside_of_the_measure(caller: Caller) -> None:
    class Retrying(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
        def intercept_unary_unary(self, continuation: Any, details: Any, request: bytes) -> Any:
            outcome = continuation(details, request)
            return continuation(details, b"again") if outcome.exception() else outcome

    assert caller.user(interceptors=[Retrying()]).stub.SayHello(b"fail INTERNAL") == b"Hello, again"
    assert caller.counts == {SAY_HELLO: (2, 1)}


def test_each_user_has_a_connection_of_its_own(caller: Caller) -> None:
    peers = {caller.user().stub.SayHello(b"peer") for _ in range(3)}
    assert len(peers) == 3
    shared = (("grpc.use_local_subchannel_pool", 0),)
    assert len({caller.user(channel_options=shared).stub.SayHello(b"peer") for _ in range(3)}) == 1


def test_a_secure_channel_is_a_matter_of_its_credentials(caller: Caller, tmp_path: Path) -> None:
    certificate = authority().issue_cert("localhost", "127.0.0.1")
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    certificate.private_key_pem.write_to_path(str(key))
    for each in certificate.cert_chain_pems:
        each.write_to_path(str(chain), append=True)
    trusted = authority().cert_pem.bytes()
    with served_by(SERVICE, str(key), str(chain)) as service:
        secure = caller.user(host=service.address, channel_credentials=grpc.ssl_channel_credentials(trusted))
        assert secure.stub.SayHello(b"you") == b"Hello, you"
        with pytest.raises(grpc.RpcError):
            caller.user(host=f"grpcs://{service.address}").stub.SayHello(b"you")
    assert caller.user(host=f"grpc://{caller.address}").stub.SayHello(b"you") == b"Hello, you"


@pytest.mark.parametrize(
    ("attributes", "missing"), [({"host": None}, "host"), ({"stub_class": None}, "stub_class")]
)
def test_what_a_class_lacks_is_said(caller: Caller, attributes: dict[str, Any], missing: str) -> None:
    with pytest.raises(StopTest, match=f"Caller has no {missing}"):
        caller.user(**attributes)


def test_users_do_not_block_one_another(caller: Caller) -> None:
    count = 40
    users = [caller.user() for _ in range(count + 1)]
    waiting = [gevent.spawn(user.stub.SayHello, b"together %d" % count) for user in users[1:-1]]
    # More of them wait than gevent's pool of threads has threads, and a call is answered all the same …
    assert users[0].stub.SayHello(b"await together %d" % (count - 1)) == b"Hello, await together %d" % (
        count - 1
    )
    assert not any(greenlet.dead for greenlet in waiting)
    # … as is whoever looks up a name, for which gevent has these threads.
    assert gevent.socket.getaddrinfo("localhost", 80)
    assert users[-1].stub.SayHello(b"together %d" % count)
    assert len(gevent.joinall(waiting, timeout=20)) == count - 1
    assert caller.counts == {SAY_HELLO: (count + 1, 0)}


@pytest.mark.parametrize("call", ["unary", "stream", "future", "between two messages"])
def test_a_stop_cuts_a_call_in_flight_which_counts_as_interrupted(
    address: str,
    life: Life,  # noqa: F811
    call: str,
) -> None:
    went_on, received = [], []

    class Waiter(GrpcUser):
        host = address
        stub_class = HelloStub

        @task
        def wait_for_ever(self) -> None:
            if call == "unary":
                self.stub.SayHello(b"wait")
            elif call == "future":
                self.stub.SayHello.future(b"wait").result()
            elif call == "stream":
                list(self.stub.Count(b"1 wait"))
            else:
                for message in self.stub.Count(b"2 wait"):
                    received.append(message)
                    gevent.sleep(1000)
            went_on.append(self)

    user = life.start(Waiter)
    session = user._swarm_sessions
    until(lambda: session and session[0].in_flight and (received or call != "between two messages"))
    user.stop(force=True)
    assert life.group.join(timeout=20)
    assert went_on == []
    stats = life.environment.stats
    assert stats.total.num_requests == 0
    assert stats.interrupted == 1


@pytest.mark.parametrize("kind", ["intercept_unary_unary", "intercept_unary_stream"])
def test_a_call_that_is_cut_as_it_begins_is_interrupted(caller: Caller, kind: str) -> None:
    def cut(*_: object) -> None:
        raise gevent.GreenletExit

    reporter = Reporter(None, caller.user())
    interceptor = MeasuringInterceptor(reporter, CallSettings((), None, str))
    with pytest.raises(gevent.GreenletExit):
        getattr(interceptor, kind)(cut, SimpleNamespace(method=SAY_HELLO), b"")
    assert caller.environment.stats.interrupted == 1
    assert caller.environment.stats.total.num_requests == 0


def test_a_timeout_of_the_users_own_cancels_the_call(caller: Caller) -> None:
    user = caller.user()
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.05):
        user.stub.SayHello(b"wait")
    assert caller.counts == {SAY_HELLO: (1, 1)}
    assert user.stub.SayHello(b"await cancelled 1")


def test_no_call_begins_once_the_run_is_being_stopped(caller: Caller) -> None:
    user = caller.user()
    user._swarm_halt = True
    for begin in (user.stub.SayHello, user.stub.Count):
        with pytest.raises(gevent.GreenletExit):
            begin(b"1")
    assert caller.counts == {}


def test_without_grpcio_the_error_names_the_extra() -> None:
    script = """
import sys
sys.modules["grpc"] = None
try:
    import swarm.contrib.grpc
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "pip install 'swarm-runner[grpc]'" in done.stdout
    assert "poetry install --extras grpc" in done.stdout
