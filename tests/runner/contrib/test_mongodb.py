"""MongoDBUser with a real pymongo, against a server that speaks MongoDB's wire protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from pymongo.errors import InvalidURI

from swarm import StopTest
from swarm.contrib.mongodb import MongoDBClient, MongoDBUser
from tests.runner.contrib.bench import Bench, until
from tests.servers.mongo_wire import MongoWire


@pytest.fixture
def mongo() -> Iterator[MongoWire]:
    with closing(MongoWire()) as server:
        yield server


@pytest.fixture
def place(mongo: MongoWire) -> dict[str, Any]:
    return {"conn_string": mongo.conn_string, "db_name": "test"}


def test_a_query_returns_all_its_documents_and_is_counted(
    bench: Bench, mongo: MongoWire, place: dict[str, Any]
) -> None:
    mongo.collections["bees"] = [{"_id": number, "kind": "worker"} for number in range(5)] + [
        {"kind": "queen"}
    ]
    user = bench.user(MongoDBUser, **place)
    found = user.client.execute_query("bees", {"kind": "worker"})
    assert [bee["_id"] for bee in found or ()] == [0, 1, 2, 3, 4]
    assert user.client.execute_query("bees", {"kind": "drone"}, name="drones") == []
    assert bench.counted == {"mongodb execute_query": 1, "mongodb drones": 1}


def test_any_operation_of_a_collection_is_counted_by_its_name(bench: Bench, place: dict[str, Any]) -> None:
    user = bench.user(MongoDBUser, **place)
    assert user.client.run("jars", "insert_one", {"_id": 1, "of": "honey"}).inserted_id == 1
    assert user.client.run("jars", "find_one", {"of": "honey"}) == {"_id": 1, "of": "honey"}
    assert user.client.run("jars", "aggregate", [{"$match": {"_id": 1}}], name="by number") == [
        {"_id": 1, "of": "honey"}
    ]
    with pytest.raises(AttributeError):
        user.client.run("jars", "insert_honey")
    assert bench.counted == {"mongodb insert_one": 1, "mongodb find_one": 1, "mongodb by number": 1}


def test_an_error_of_the_server_is_a_failure(bench: Bench, place: dict[str, Any]) -> None:
    user = bench.user(MongoDBUser, **place)
    assert user.client.execute_query("bees", {"$nonsense": 1}) is None
    assert "unknown top level operator" in bench.failed["mongodb execute_query"]


def test_a_server_that_is_not_there_is_a_failure(bench: Bench) -> None:
    user = bench.user(
        MongoDBUser, conn_string="mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", db_name="test"
    )
    assert user.client.execute_query("bees", {}) is None
    assert "Connection refused" in bench.failed["mongodb execute_query"]


def test_slow_queries_of_several_users_overlap(bench: Bench, mongo: MongoWire, place: dict[str, Any]) -> None:
    bench.running(MongoDBUser, 150, lambda user: user.client.execute_query("bees", {"held": True}), **place)
    until(lambda: mongo.waiting == 150)  # more than pymongo's pool has, unless it is told
    assert bench.counted == {}
    mongo.gate.set()
    until(lambda: bench.counted.get("mongodb execute_query") == 150)
    assert bench.failed == {}


def test_a_stop_cuts_users_at_once_and_the_last_one_closes_the_connections(
    bench: Bench, mongo: MongoWire, place: dict[str, Any]
) -> None:
    bench.running(MongoDBUser, 5, lambda user: user.client.execute_query("bees", {"held": True}), **place)
    until(lambda: mongo.waiting == 5)
    bench.stop()
    assert bench.interrupted == 5
    assert bench.failed == {}
    mongo.gate.set()
    until(lambda: mongo.connections == 0)


def test_users_without_a_database_say_what_they_lack(bench: Bench, place: dict[str, Any]) -> None:
    with pytest.raises(StopTest, match="db_name"):
        bench.user(MongoDBUser, conn_string=place["conn_string"])


def test_a_connection_string_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidURI, match="must begin with"):
        MongoDBClient("http://127.0.0.1/", "test")
