"""The user of WebSockets, against a real server: its calls, its waits, its ends."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from swarm import StopTest, task
from swarm.contrib import connections
from swarm.contrib.connections import ConnectionEndedError, NoMessageError
from swarm.contrib.websocket import NotConnectedError, RefusedError, WebSocketClient, WebSocketUser
from tests.runner.contrib.bench import Bench
from tests.runner.users.conftest import life  # noqa: F401  a fixture
from tests.runner.users.living import Life, until
from tests.servers.tls import authority, server_context
from tests.servers.web_socket import WebSocketServer


@pytest.fixture
def server() -> Iterator[WebSocketServer]:
    server = WebSocketServer(together=20)
    yield server
    server.stop()


@pytest.fixture
def client(bench: Bench, server: WebSocketServer) -> Any:
    return bench.user(WebSocketUser, host=server.host).client


def test_what_a_user_does_is_counted_by_its_path(bench: Bench, client: WebSocketClient) -> None:
    client.connect("/echo")
    client.send("héllo")
    assert client.receive() == "héllo"
    client.send(b"\x00\x01")
    assert client.receive() == b"\x00\x01"
    assert json.loads(client.request(json={"a": 1})) == {"a": 1}
    assert bench.counted == {
        "WS connect /echo": 1,
        "WS send /echo": 2,
        "WS receive /echo": 2,
        "WS request /echo": 1,
    }
    assert bench.failed == {}
    received = [event for event in bench.events if event["name"] == "receive /echo"]
    assert [event["response_length"] for event in received] == [6, 2]
    assert received[0]["response"] == "héllo"


def test_calls_are_counted_under_names_of_ones_own(bench: Bench, client: WebSocketClient) -> None:
    client.connect("/echo", name="hello")
    client.send("a", name="ask")
    client.receive(name="hear")
    client.request("b", name="talk")
    assert bench.counted == {"WS hello": 1, "WS ask": 1, "WS hear": 1, "WS talk": 1}


def test_a_request_waits_for_the_answer_that_matches(bench: Bench, client: WebSocketClient) -> None:
    client.connect("/backwards/2")

    def ask(number: int) -> dict[str, Any]:
        answer = client.request(
            json={"id": number},
            matches=lambda text: text.startswith("{") and json.loads(text)["id"] == number,
        )
        return json.loads(answer)

    first, second = gevent.spawn(ask, 1), gevent.spawn(ask, 2)
    assert first.get(timeout=20) == {"id": 1, "answer": 2}
    assert second.get(timeout=20) == {"id": 2, "answer": 4}
    assert client.receive() == "unasked"
    assert bench.counted["WS request /backwards/2"] == 2


def test_an_error_in_matches_is_raised_in_the_task(bench: Bench, client: WebSocketClient) -> None:
    client.connect("/echo")
    with pytest.raises(ZeroDivisionError):
        client.request("x", matches=lambda _: 1 / 0)
    assert client.receive() == "x"
    assert bench.failed == {"WS request /echo": "ZeroDivisionError('division by zero')"}


def test_iterating_receives_until_the_server_closes_in_order(bench: Bench, client: WebSocketClient) -> None:
    client.connect("/push/3/1000")
    assert list(client) == ["0", "1", "2"]
    assert bench.counted == {"WS connect /push/3/1000": 1, "WS receive /push/3/1000": 3}
    assert bench.failed == {}
    assert not client.connected


def test_a_server_that_closes_with_an_error_is_a_failure(bench: Bench, client: WebSocketClient) -> None:
    client.connect("/push/1/1011")
    with pytest.raises(ConnectionEndedError) as ended:
        list(client)
    assert ended.value.status == 1011
    assert bench.counted["WS receive /push/1/1011"] == 2
    text = "ConnectionEndedError('the server closed the connection with status 1011 that is all')"
    assert bench.failed == {"WS receive /push/1/1011": text}
    with pytest.raises(ConnectionEndedError):
        client.send("too late")
    assert bench.counted["WS send /push/1/1011"] == 1


def test_a_connection_that_breaks_fails_whoever_waits(bench: Bench, client: WebSocketClient) -> None:
    client.connect("/break")
    waiting = gevent.spawn(client.receive)
    with pytest.raises(ConnectionEndedError):
        client.request("break it", matches=lambda _: False)
    with pytest.raises(ConnectionEndedError):
        waiting.get(timeout=20)
    assert set(bench.failed) == {"WS request /break", "WS receive /break"}


def test_a_handshake_that_is_refused_is_one_failure_whatever_its_headers_say(
    bench: Bench, client: WebSocketClient
) -> None:
    for status in (403, 403):
        with pytest.raises(RefusedError) as refused:
            client.connect(f"/refuse/{status}")
        assert refused.value.status == 403
    text = "RefusedError('the server refused the connection with status 403')"
    assert bench.failed == {"WS connect /refuse/403": text}


def test_a_server_that_is_not_there_is_a_failure(bench: Bench) -> None:
    client = bench.user(WebSocketUser, host="ws://127.0.0.1:1").client
    with pytest.raises(ConnectionRefusedError):
        client.connect("/")
    assert list(bench.failed) == ["WS connect /"]


def test_waiting_can_be_limited(bench: Bench, client: WebSocketClient) -> None:
    client.connect("/quiet")
    with pytest.raises(NoMessageError, match=r"no message came within 0\.01 s"):
        client.receive(timeout=0.01)
    with pytest.raises(NoMessageError, match=r"no answer came within 0\.01 s"):
        client.request("a", timeout=0.01)
    assert set(bench.failed) == {"WS receive /quiet", "WS request /quiet"}


def test_pings_are_answered_while_the_user_sleeps(client: WebSocketClient) -> None:
    client.connect("/ping")
    assert client.receive(timeout=20) == "the ping was answered"


def test_options_of_the_handshake_are_passed_on(client: WebSocketClient) -> None:
    client.connect("/handshake", header={"Token": "t1"}, subprotocols=["first", "second"])
    assert client.receive() == "t1 second"


def test_a_with_block_says_good_bye(server: WebSocketServer, client: WebSocketClient) -> None:
    with client.connect("/quiet"):
        assert client.connected
    until(lambda: server.ended == 1)
    assert server.close_status == [1000]
    with pytest.raises(NotConnectedError):
        client.receive()


def test_a_second_connect_takes_the_place_of_the_first(
    server: WebSocketServer, client: WebSocketClient
) -> None:
    client.connect("/quiet")
    client.connect("/echo")
    assert client.request("still here") == "still here"
    until(lambda: server.ended == 1)


def test_of_more_messages_than_are_kept_the_oldest_go(
    client: WebSocketClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "UNREAD_LIMIT", 3)
    with caplog.at_level(logging.WARNING):
        client.connect("/push/10/1000")
        until(lambda: not client.connected)
    assert client.dropped == 7
    assert list(client) == ["7", "8", "9"]
    assert len(caplog.records) == 1


def test_over_tls(bench: Bench, tmp_path: Any) -> None:
    trusted = tmp_path / "trusted.pem"
    authority().cert_pem.write_to_path(str(trusted))
    server = WebSocketServer(ssl_context=server_context("127.0.0.1"))
    try:
        client = bench.user(WebSocketUser, host=server.host.replace("ws:", "https:")).client
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            client.connect("/echo")
        client.connect("/echo", sslopt={"ca_certs": str(trusted)})
        assert client.request("in secret") == "in secret"
        client.close()
    finally:
        server.stop()


def test_users_do_not_block_one_another(bench: Bench, server: WebSocketServer) -> None:
    def talk(user: Any) -> None:
        user.client.connect("/barrier")
        user.client.request("here I am")

    bench.running(WebSocketUser, 20, talk, host=server.host)
    until(lambda: bench.counted.get("WS request /barrier") == 20)
    assert bench.failed == {}


@pytest.mark.parametrize("waits", ["receive", "request", "iterating"])
def test_a_stop_cuts_a_wait(life: Life, server: WebSocketServer, waits: str) -> None:  # noqa: F811
    begun, went_on = [], []

    class Waiter(WebSocketUser):
        host = server.host

        @task
        def wait_for_ever(self) -> None:
            self.client.connect("/quiet")
            begun.append(self)
            if waits == "receive":
                self.client.receive()
            elif waits == "request":
                self.client.request("hello?")
            else:
                list(self.client)
            went_on.append(self)

    user = life.start(Waiter)
    until(lambda: begun)
    in_flight = sum(session.in_flight for session in user._swarm_sessions)
    assert in_flight == (waits == "request")  # only that is worth a grace
    user.stop(force=True)
    assert life.group.join(timeout=20)
    assert went_on == []
    assert life.environment.stats.interrupted == (waits != "iterating")
    assert life.environment.stats.total.num_failures == 0
    until(lambda: server.ended == 1)


def test_a_user_without_a_host_is_told(bench: Bench) -> None:
    with pytest.raises(StopTest, match="has no host"):
        bench.user(WebSocketUser)


def test_nothing_is_sent_before_connecting(client: WebSocketClient) -> None:
    with pytest.raises(NotConnectedError, match="call connect"):
        client.send("a")


def test_without_websocket_client_the_error_names_the_extra() -> None:
    script = """
import sys
sys.modules["websocket"] = None
try:
    import swarm.contrib.websocket
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "pip install 'swarm-runner[websocket]'" in done.stdout
