"""The examples of other protocols run under `swarm-cli`, each against a server of its own."""

from __future__ import annotations

import csv
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import gevent
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


def run(cli: Cli, files: str, names: set[str], *args: str, code: int = 0, **environment: str) -> Report:
    """Run files until the table shows all the names; check that the run ends well."""
    cli.environment.update(environment)
    arguments = ("-f", files, "--headless", "-r", "100", "-t", "10m", "--stop-timeout", "60", "--json", *args)
    with cli.running(*arguments) as running:
        with gevent.Timeout(90, AssertionError("a name did not come")):
            while not all(re.search(rf" {re.escape(name)} ", running.err) for name in names):
                gevent.sleep(0.05)
        running.signal(signal.SIGINT)
        done = running.finish(90)
    assert done.code == code, done.err
    assert "Traceback" not in done.err, done.err
    return Report(done)


def test_the_examples_run_side_by_side(cli: Cli, mosquitto: Mosquitto, postgresql: PostgreSQL) -> None:
    files = (
        "mqtt_devices",
        "postgres_orders",
        "mongodb_orders",
        "socketio_chat",
        "openai_questions",
        "dns_lookups",
    )
    names = {
        "publish:1:temperatures",
        "publish:0:orders",
        "sum of orders",
        "orders of honey",
        "joined",
        "hello",
    }
    postgresql.ask("CREATE TABLE orders (item text, price int)")
    with ExitStack() as stack:
        mongo, rooms, api, zone = (
            stack.enter_context(closing(server())) for server in (MongoWire, Rooms, OpenAIApi, DnsZone)
        )
        report = run(
            cli,
            ",".join(str(EXAMPLES / f"{name}.py") for name in files),
            names | {"streamed", "nowhere"},
            *("-u", "12"),
            code=1,
            MQTT_PORT=str(mosquitto.port),
            MQTT_USER=USER,
            MQTT_PASSWORD=PASSWORD,
            DATABASE=postgresql.conn_string,
            MONGODB=mongo.conn_string,
            CHAT=rooms.url,
            OPENAI_BASE_URL=api.url,
            OPENAI_API_KEY="none",
            DNS_PORT=str(zone.udp_port),
        )
        counts = report.counts
        assert counts["MQTT connect"] == counts["postgres connect"] == counts["WS connect"] == 2
        assert counts["MQTT subscribe:1:orders"] == counts["WSC join"] == 2
        assert postgresql.ask("SELECT count(*) FROM orders") == [(counts["postgres insert order"],)]
        assert len(mongo.collections["orders"]) == counts["mongodb insert_one"]
        assert counts["POST /v1/responses"] == counts["POST streamed"] == api.asked.count("plain") / 2
        assert report["POST", "streamed"]["total_content_length"] == 3 * counts["POST streamed"]
        assert counts["DNS udp"] == counts["DNS nowhere"]
        failures = {f"{entry['method']} {entry['name']}": entry["num_failures"] for entry in report}
        assert {name: count for name, count in failures.items() if count} == {
            "DNS nowhere": counts["DNS nowhere"]
        }


@pytest.fixture
def shop() -> Iterator[str]:
    with any_shop() as url:
        yield url


def test_each_request_of_two_processes_is_in_the_file_of_one(cli: Cli, shop: str) -> None:
    report = run(
        cli, str(EXAMPLES / "request_log.py"), {"/catalogue"}, *("-u", "4", "-H", shop, "--processes", "2")
    )
    rows = []
    for name in ("requests-0.csv", "requests-1.csv"):
        with (cli.folder / name).open(newline="", encoding="utf-8") as file:
            rows += list(csv.DictReader(file))
    assert len(rows) == report["GET", "/catalogue"]["num_requests"]
    assert {row["status_code"] for row in rows} == {"200"}
    assert not (cli.folder / "requests.csv").exists()


def test_a_file_in_locusts_names_runs_unchanged(
    cli: Cli, mosquitto: Mosquitto, postgresql: PostgreSQL
) -> None:
    report = run(
        cli,
        str(cli.write("locustfile.py", IN_LOCUSTS_NAMES)),
        {"mqtt:publish:0", "execute_query"},
        *("-u", "4"),
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
