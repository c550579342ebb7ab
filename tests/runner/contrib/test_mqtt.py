"""MqttUser against a real Mosquitto."""

from __future__ import annotations

import contextlib
import fcntl
import socket
from typing import Any

import gevent
import pytest
from paho.mqtt import client as paho

from swarm import StopUser
from swarm.contrib.mqtt import MqttClient, MqttUser
from tests.runner.contrib.bench import Bench, until
from tests.servers.cuttable import Relay
from tests.servers.mosquitto import PASSWORD, USER, Mosquitto
from tests.servers.tls import trusting_context


@pytest.fixture
def device(mosquitto: Mosquitto) -> dict[str, Any]:
    """The attributes of a user of the broker."""
    return {"host": "127.0.0.1", "port": mosquitto.port, "username": USER, "password": PASSWORD}


class QuickClient(MqttClient):
    """One that does not wait long before it connects again."""

    reconnect_delays = (0.05, 0.1)


class SlowClient(MqttClient):
    """One that does not connect again in a test."""

    reconnect_delays = (1000.0, 1000.0)


def test_connecting_subscribing_and_publishing_are_counted_by_topic(
    bench: Bench, device: dict[str, Any]
) -> None:
    user = bench.user(MqttUser, **device)
    user.client.subscribe("hive/+", qos=1)
    for qos in (0, 1, 2):
        user.client.publish("hive/7", b"12345", qos=qos)
    published = {f"MQTT publish:{qos}:hive/7": 1 for qos in (0, 1, 2)}
    until(lambda: len(bench.events) == 5)
    assert bench.counted == {"MQTT connect": 1, "MQTT subscribe:1:hive/+": 1, **published}
    assert bench.failed == {}
    last = bench.events[-1]
    assert last["name"] == "publish:2:hive/7"
    assert last["response_length"] == 5
    assert last["response_time"] > 0
    assert {"client_id", "qos", "topic", "payload_size"} <= last["context"].keys()


def test_a_message_reaches_the_callback_of_the_file(bench: Bench, device: dict[str, Any]) -> None:
    user = bench.user(MqttUser, **device)
    came: list[tuple[str, bytes]] = []
    connected: list[Any] = []
    user.client.on_message = lambda client, data, message: came.append((message.topic, message.payload))
    user.client.on_connect = lambda client, data, flags, code: connected.append(code)
    user.client.subscribe("letters/#", qos=1)
    until(lambda: "MQTT subscribe:1:letters/#" in bench.counted)
    user.client.publish("letters/a", "Grüße", qos=1)
    until(lambda: came)
    assert came == [("letters/a", "Grüße".encode())]
    assert connected == [0]


@pytest.mark.parametrize("way", ["websockets", "tls", "version 5"])
def test_other_ways_to_the_broker(
    bench: Bench, device: dict[str, Any], mosquitto: Mosquitto, way: str
) -> None:
    settings: dict[str, dict[str, Any]] = {
        "websockets": {"port": mosquitto.web_port, "transport": "websockets"},
        "tls": {"port": mosquitto.tls_port, "tls_context": trusting_context()},
        "version 5": {"protocol": paho.MQTTv5},
    }
    user = bench.user(MqttUser, **device | settings[way])
    came: list[bytes] = []
    user.client.on_message = lambda client, data, message: came.append(message.payload)
    user.client.subscribe("ways")
    for number in range(20):
        user.client.publish("ways", bytes([number]) * 3000, qos=1)
    until(lambda: len(came) == 20)
    until(lambda: bench.counted.get("MQTT publish:1:ways") == 20)
    assert came == [bytes([number]) * 3000 for number in range(20)]
    assert bench.failed == {}


def test_a_refused_connection_is_a_failure_and_is_tried_again(bench: Bench, device: dict[str, Any]) -> None:
    bench.user(MqttUser, **device | {"password": "wrong", "client_cls": QuickClient})
    until(lambda: bench.counted.get("MQTT connect", 0) >= 2)
    assert "not authorised" in bench.failed["MQTT connect"]


def test_a_publish_without_a_broker_fails_and_is_counted(bench: Bench) -> None:
    with contextlib.closing(Relay(1)) as nobody:
        nobody.down()
        user = bench.user(MqttUser, host="127.0.0.1", port=nobody.port, client_cls=SlowClient)
        assert user.client.publish("a", "b").rc == paho.MQTT_ERR_NO_CONN
    assert "not currently connected" in bench.failed["MQTT publish:0:a"]
    assert "MQTT connect" in bench.failed


def test_a_topic_that_is_none_raises_and_is_counted(bench: Bench, device: dict[str, Any]) -> None:
    user = bench.user(MqttUser, **device)
    with pytest.raises(ValueError, match="wildcards"):
        user.client.publish("a/#", "b")
    assert "wildcards" in bench.failed["MQTT publish:0:a/#"]


def test_a_client_of_the_files_own_names_its_requests(bench: Bench, device: dict[str, Any]) -> None:
    class Named(MqttClient):
        def _generate_event_name(self, event_type: str, qos: int, topic: str) -> str:
            return f"mqtt:{event_type}:{qos}"

    user = bench.user(MqttUser, **device, client_cls=Named)
    user.client.publish("hello", b"x")
    until(lambda: len(bench.counted) == 2)
    assert bench.counted == {"MQTT mqtt:connect:0": 1, "MQTT mqtt:publish:0": 1}


def test_disconnecting_is_told_and_stays(bench: Bench, device: dict[str, Any]) -> None:
    user = bench.user(MqttUser, **device, client_cls=QuickClient)
    user.client.publish("a", "b")
    user.client.disconnect()
    until(lambda: "MQTT disconnect" in bench.counted)
    gevent.sleep(0.3)  # long enough for several attempts, if there were any
    assert bench.counted == {"MQTT connect": 1, "MQTT publish:0:a": 1, "MQTT disconnect": 1}
    user.client.reconnect()
    until(lambda: bench.counted["MQTT connect"] == 2)
    assert bench.failed == {}


def test_a_lost_connection_is_made_again_and_its_messages_are_sent(
    bench: Bench, device: dict[str, Any]
) -> None:
    with contextlib.closing(Relay(device["port"])) as relay:
        user = bench.user(MqttUser, **device | {"port": relay.port, "client_cls": QuickClient})
        user.client.publish("before", "", qos=1)
        until(lambda: "MQTT publish:1:before" in bench.counted)
        relay.down()
        until(lambda: relay.refused >= 2)
        user.client.publish("meanwhile", "", qos=1)
        assert "MQTT publish:1:meanwhile" not in bench.counted
        relay.up()
        until(lambda: "MQTT publish:1:meanwhile" in bench.counted)
    assert "MQTT disconnect" in bench.failed
    assert "MQTT connect" in bench.failed
    assert "MQTT publish:1:meanwhile" not in bench.failed


def test_a_callback_that_raises_is_reported_and_the_connection_goes_on(
    bench: Bench, device: dict[str, Any]
) -> None:
    errors: list[str] = []
    bench.environment.events.user_error.add_listener(
        lambda user_instance, exception, tb: errors.append(repr(exception))
    )
    user = bench.user(MqttUser, **device)
    came: list[bytes] = []

    def careless(client: Any, data: Any, message: Any) -> None:
        came.append(message.payload)
        raise RuntimeError("in a callback")

    user.client.on_message = careless
    user.client.subscribe("care", qos=1)
    until(lambda: "MQTT subscribe:1:care" in bench.counted)
    user.client.publish("care", "1", qos=1)
    user.client.publish("care", "2", qos=1)
    until(lambda: len(came) == 2)
    assert errors == ["RuntimeError('in a callback')"] * 2


def test_stop_user_in_a_callback_ends_the_user(bench: Bench, device: dict[str, Any]) -> None:
    def leave(client: Any, data: Any, message: Any) -> None:
        raise StopUser

    def subscribe(user: Any) -> None:
        user.client.on_message = leave
        user.client.subscribe("leave", qos=1)

    (user,) = bench.running(MqttUser, 1, subscribe, **device)
    until(lambda: "MQTT subscribe:1:leave" in bench.counted)
    bench.user(MqttUser, **device).client.publish("leave", "", qos=1)
    until(lambda: user.greenlet is not None and user.greenlet.dead)


def test_a_listener_of_requests_ends_the_user_whose_message_was_acknowledged(
    bench: Bench, device: dict[str, Any]
) -> None:
    @bench.environment.events.request.add_listener
    def leave(name: str, **_: Any) -> None:
        if name == "publish:1:last":
            raise StopUser

    (user,) = bench.running(MqttUser, 1, lambda user: user.client.publish("last", "", qos=1), **device)
    until(lambda: user.greenlet is not None and user.greenlet.dead)
    assert bench.counted["MQTT publish:1:last"] == 1
    assert bench.failed == {}


def test_publishing_in_a_callback_is_sent(bench: Bench, device: dict[str, Any]) -> None:
    user = bench.user(MqttUser, **device)
    came: list[bytes] = []
    user.client.on_message = lambda client, data, message: came.append(message.payload)
    user.client.on_connect = lambda client, *_: (
        client.subscribe("echo"),
        client.publish("echo", b"from within"),
    )
    until(lambda: came)
    assert came == [b"from within"]
    assert bench.counted["MQTT publish:0:echo"] == 1


def test_users_whose_broker_does_not_answer_do_not_hold_up_one_another(
    bench: Bench, device: dict[str, Any], mosquitto: Mosquitto
) -> None:
    users = bench.running(MqttUser, 20, lambda user: user.client.publish("warm", "", qos=1), **device)
    until(lambda: bench.counted.get("MQTT publish:1:warm") == 20)
    mosquitto.freeze()
    try:
        for user in users:
            user.client.publish("cold", "", qos=1)
        waiting = sum(session.in_flight for user in users for session in user._swarm_sessions)
    finally:
        mosquitto.thaw()
    assert waiting == 20
    until(lambda: bench.counted.get("MQTT publish:1:cold") == 20)
    assert bench.failed == {}


def test_a_stop_counts_what_is_under_way_as_interrupted(
    bench: Bench, device: dict[str, Any], mosquitto: Mosquitto
) -> None:
    users = bench.running(MqttUser, 3, lambda user: user.client.publish("warm", "", qos=1), **device)
    until(lambda: bench.counted.get("MQTT publish:1:warm") == 3)
    mosquitto.freeze()
    try:
        for user in users:
            user.client.publish("cold", "", qos=1)
        bench.stop()
    finally:
        mosquitto.thaw()
    assert bench.interrupted == 3
    assert "MQTT publish:1:cold" not in bench.counted
    assert bench.failed == {}


def test_a_user_that_ends_leaves_the_broker(
    bench: Bench, device: dict[str, Any], mosquitto: Mosquitto
) -> None:
    watcher = bench.user(MqttUser, **device)
    gone: list[bytes] = []
    watcher.client.on_message = lambda client, data, message: gone.append(message.payload)
    watcher.client.subscribe("wills", qos=1)
    until(lambda: "MQTT subscribe:1:wills" in bench.counted)

    class WithWill(MqttClient):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.will_set("wills", b"lost, not left")

    def greet(user: Any) -> None:
        user.client.publish("wills", b"here", qos=1)

    bench.running(MqttUser, 1, greet, **device, client_cls=WithWill)
    until(lambda: gone == [b"here"])
    bench.stop()
    watcher.client.publish("wills", b"afterwards", qos=1)
    until(lambda: gone[-1] == b"afterwards")
    assert gone == [b"here", b"afterwards"]


def test_a_descriptor_above_1023_is_no_limit(
    bench: Bench, device: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.create_connection

    def connect_high(*args: Any, **kwargs: Any) -> socket.socket:
        with connect(*args, **kwargs) as low:
            return socket.socket(fileno=fcntl.fcntl(low.fileno(), fcntl.F_DUPFD_CLOEXEC, 1024))

    monkeypatch.setattr(socket, "create_connection", connect_high)
    user = bench.user(MqttUser, **device)
    user.client.publish("high", "", qos=1)
    until(lambda: "MQTT publish:1:high" in bench.counted)
    connection = user.client.socket()
    assert connection is not None
    assert connection.fileno() > 1023
    assert bench.failed == {}


def test_an_idle_client_pings(bench: Bench, device: dict[str, Any]) -> None:
    class Brief(MqttClient):
        def connect_async(self, host: str, port: int = 1883, *args: Any, **kwargs: Any) -> None:
            super().connect_async(host, port, keepalive=1)

    user = bench.user(MqttUser, **device, client_cls=Brief)
    said: list[str] = []
    user.client.on_log = lambda client, data, level, text: said.append(text)
    until(lambda: "Received PINGRESP" in said)
