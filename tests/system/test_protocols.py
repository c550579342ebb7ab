"""The examples of other protocols run under `swarm-cli`, each against a server of its own."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers.dns_zone import DnsZone
from tests.servers.mongo_wire import MongoWire
from tests.servers.mosquitto import PASSWORD, USER, Mosquitto
from tests.servers.mosquitto import mosquitto as mosquitto
from tests.servers.openai_api import OpenAIApi
from tests.servers.postgresql import PostgreSQL
from tests.servers.postgresql import postgresql as postgresql
from tests.servers.socketio_rooms import Rooms
from tests.system.any_shop import any_shop
from tests.system.cli_process import Cli
from tests.system.results import Report

EXAMPLES = Path(__file__).parents[2] / "examples"


IN_LOCUSTS_NAMES = """
    import os
    import time

    from locust import constant, task
    from locust.contrib.mqtt import MqttClient, MqttUser
    from locust.contrib.postgres import PostgresUser
    from locust.user.wait_time import between


    class MyMqttClient(MqttClient):
        def _generate_event_name(self, event_type: str, qos: int, topic: str):
            return f"mqtt:{event_type}:{qos}"


    class Device(MqttUser):
        host = "localhost"
        port = int(os.environ["MQTT_PORT"])
        username = "device"
        password = os.environ["MQTT_PASSWORD"]
        client_cls: type[MqttClient] = MyMqttClient
        wait_time = between(0.01, 0.1)

        def on_start(self):
            time.sleep(0.1)

        @task
        def say_hello(self):
            self.client.publish("hello/locust", b"hello world")


    class Clerk(PostgresUser):
        conn_string = os.environ["DATABASE"]
        wait_time = constant(0.1)

        @task
        def run_select_query(self):
            self.client.execute_query(
                "SELECT 1",
            )
"""
"""As Locust's documentation shows them."""


def run(cli: Cli, example: str, *args: str, failing: bool = False, **environment: str) -> Report:
    """Run an example, or a file of the test's own, until its requests have ended; check that it went well."""
    done = cli.run(
        *("-f", str(EXAMPLES / example), "--headless", "-u", "4", "-r", "100", "-t", "1s"),
        *("--stop-timeout", "60", "--json", *args),
        env=environment,
        timeout=100,
    )
    assert done.code == (1 if failing else 0), done.err
    assert "Traceback" not in done.err, done.err
    return Report(done)


def test_devices_report_to_mosquitto(cli: Cli, mosquitto: Mosquitto) -> None:
    report = run(
        cli,
        "mqtt_devices.py",
        *("-t", "3s"),
        MQTT_PORT=str(mosquitto.port),
        MQTT_USER=USER,
        MQTT_PASSWORD=PASSWORD,
    )
    assert {"MQTT connect", "MQTT subscribe:1:orders"} <= report.names
    assert report.names & {"MQTT publish:1:temperatures", "MQTT publish:0:orders"}
    assert 1 <= report["MQTT", "connect"]["num_requests"] <= 4


def test_clerks_write_into_postgresql(cli: Cli, postgresql: PostgreSQL) -> None:
    postgresql.ask("CREATE TABLE orders (item text, price int)")
    report = run(cli, "postgres_orders.py", DATABASE=postgresql.conn_string)
    assert report.names == {"postgres connect", "postgres insert order", "postgres sum of orders"}
    written = report["postgres", "insert order"]["num_requests"]
    assert written > 0
    assert postgresql.ask("SELECT count(*) FROM orders") == [(written,)]


def test_clerks_write_into_mongodb(cli: Cli) -> None:
    with closing(MongoWire()) as mongo:
        report = run(cli, "mongodb_orders.py", MONGODB=mongo.conn_string)
        assert report.names == {"mongodb insert_one", "mongodb orders of honey"}
        assert len(mongo.collections["orders"]) == report["mongodb", "insert_one"]["num_requests"]


def test_guests_chat_over_socketio(cli: Cli) -> None:
    with closing(Rooms()) as rooms:
        report = run(cli, "socketio_chat.py", CHAT=rooms.url)
        assert report.names == {"WS connect", "WSC join", "WSR joined", "WSS hello"}


def test_a_model_is_asked(cli: Cli) -> None:
    with closing(OpenAIApi()) as api:
        report = run(cli, "openai_questions.py", "-H", api.url, OPENAI_API_KEY="none")
        assert report.names == {"POST /v1/responses", "POST streamed"}
        assert (
            report["POST", "streamed"]["total_content_length"]
            == 3 * report["POST", "streamed"]["num_requests"]
        )


def test_names_are_looked_up(cli: Cli) -> None:
    with closing(DnsZone()) as zone:
        report = run(cli, "dns_lookups.py", failing=True, DNS_PORT=str(zone.udp_port))
        assert report.names == {"DNS udp", "DNS nowhere"}
        assert report["DNS", "udp"]["num_failures"] == 0
        nowhere = report["DNS", "nowhere"]
        assert nowhere["num_failures"] == nowhere["num_requests"] > 0


@pytest.fixture
def shop() -> Iterator[str]:
    with any_shop() as url:
        yield url


def test_each_request_of_two_processes_is_in_the_file_of_one(cli: Cli, shop: str) -> None:
    report = run(cli, "request_log.py", "-H", shop, "--processes", "2")
    rows = []
    for name in ("requests-0.csv", "requests-1.csv"):
        with (cli.folder / name).open(newline="", encoding="utf-8") as file:
            rows += list(csv.DictReader(file))
    assert len(rows) == report["GET", "/catalogue"]["num_requests"] > 0
    assert {row["status_code"] for row in rows} == {"200"}
    assert not (cli.folder / "requests.csv").exists()


def test_a_file_in_locusts_names_runs_unchanged(
    cli: Cli, mosquitto: Mosquitto, postgresql: PostgreSQL
) -> None:
    path = cli.write("locustfile.py", IN_LOCUSTS_NAMES)
    report = run(
        cli,
        str(path),
        *("-t", "2s"),
        MQTT_PORT=str(mosquitto.port),
        MQTT_PASSWORD=PASSWORD,
        DATABASE=postgresql.conn_string,
    )
    assert report.names == {
        "MQTT mqtt:connect:0",
        "MQTT mqtt:publish:0",
        "postgres connect",
        "postgres execute_query",
    }


def test_a_library_that_is_missing_is_one_message(cli: Cli) -> None:
    cli.write("sitecustomize.py", "import sys\nsys.modules['paho'] = None\n")
    done = cli.run(
        "-f", str(EXAMPLES / "mqtt_devices.py"), "--headless", "-t", "1s", env={"PYTHONPATH": str(cli.folder)}
    )
    assert done.code == 1
    assert "pip install 'swarm-runner[mqtt]'" in done.err
    assert "Traceback" not in done.err
