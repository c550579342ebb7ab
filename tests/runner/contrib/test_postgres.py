"""PostgresUser against a real PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import gevent
import psycopg
import pytest

from swarm.contrib.postgres import PostgresClient, PostgresUser
from tests.runner.contrib.bench import Bench, until
from tests.servers.cuttable import Relay
from tests.servers.postgresql import PostgreSQL

GATE = 20261124
"""The advisory lock that holds queries up."""
WAIT_AT_GATE = f"SELECT pg_advisory_xact_lock_shared({GATE})"


@pytest.fixture
def user(bench: Bench, postgresql: PostgreSQL) -> PostgresUser:
    return bench.user(PostgresUser, conn_string=postgresql.conn_string)


@contextlib.contextmanager
def gate(postgresql: PostgreSQL) -> Iterator[Any]:
    """Hold up whoever waits at the gate; gives a function that tells how many they are."""
    with psycopg.connect(postgresql.conn_string, autocommit=True) as keeper:
        keeper.execute(f"SELECT pg_advisory_lock({GATE})")

        def waiting() -> int:
            query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
            return int(keeper.execute(query, [GATE]).fetchall()[0][0])

        yield waiting


def test_a_query_returns_its_rows_and_is_counted(bench: Bench, user: PostgresUser) -> None:
    assert user.client.execute_query("SELECT n, n * n FROM generate_series(1, 3) AS n") == [
        (1, 1),
        (2, 4),
        (3, 9),
    ]
    assert user.client.execute_query("SELECT %s::text", ["a"], name="with parameters") == [("a",)]
    assert bench.counted == {
        "postgres connect": 1,
        "postgres execute_query": 1,
        "postgres with parameters": 1,
    }
    assert bench.events[-1]["response"] == [("a",)]


def test_what_is_written_is_there_for_others(user: PostgresUser, postgresql: PostgreSQL) -> None:
    assert user.client.execute_query("CREATE TABLE orders (item text)") == []
    assert user.client.execute_query("INSERT INTO orders VALUES ('honey')") == []
    assert postgresql.ask("SELECT item FROM orders") == [("honey",)]
    user.client.execute_query("DROP TABLE orders")


def test_a_query_that_fails_is_counted_and_the_next_one_is_not_spoilt(
    bench: Bench, user: PostgresUser
) -> None:
    assert user.client.execute_query("SELECT nothing") is None
    assert user.client.execute_query("SELECT 1") == [(1,)]
    assert 'column "nothing" does not exist' in bench.failed["postgres execute_query"]
    assert bench.counted["postgres execute_query"] == 2


def test_a_connection_that_cannot_be_made_is_a_failure(bench: Bench, postgresql: PostgreSQL) -> None:
    wrong = postgresql.conn_string.replace("not-a-secret", "guessed")
    user = bench.user(PostgresUser, conn_string=wrong)
    assert user.client.execute_query("SELECT 1") is None
    assert "password authentication failed" in bench.failed["postgres connect"]
    assert list(bench.counted) == ["postgres connect"]


def test_slow_queries_of_several_users_overlap(bench: Bench, postgresql: PostgreSQL) -> None:
    with gate(postgresql) as waiting:
        bench.running(
            PostgresUser,
            8,
            lambda user: user.client.execute_query(WAIT_AT_GATE, name="gate"),
            conn_string=postgresql.conn_string,
        )
        until(lambda: waiting() == 8)
        assert "postgres gate" not in bench.counted
    until(lambda: bench.counted.get("postgres gate") == 8)
    assert bench.failed == {}


def test_sleeping_in_the_database_holds_up_nobody_else(bench: Bench, postgresql: PostgreSQL) -> None:
    sleepers = bench.running(
        PostgresUser,
        4,
        lambda user: user.client.execute_query("SELECT pg_sleep(1000)"),
        conn_string=postgresql.conn_string,
    )
    count = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(1000)' AND state = 'active'"
    other = bench.user(PostgresUser, conn_string=postgresql.conn_string)
    until(lambda: other.client.execute_query(count, ()) == [(4,)])
    bench.stop()
    assert bench.interrupted == len(sleepers)
    assert bench.failed == {}
    postgresql.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1000)'"
    )


def test_a_lost_connection_is_made_again(bench: Bench, postgresql: PostgreSQL) -> None:
    with contextlib.closing(Relay(postgresql.port)) as relay:
        conn_string = postgresql.conn_string.replace(f":{postgresql.port}/", f":{relay.port}/")
        user = bench.user(PostgresUser, conn_string=conn_string)
        assert user.client.execute_query("SELECT 1") == [(1,)]
        relay.down()
        until(lambda: user.client.execute_query("SELECT 2") is None)
        relay.up()
        until(lambda: user.client.execute_query("SELECT 3") == [(3,)])
    assert "postgres execute_query" in bench.failed
    assert bench.counted["postgres connect"] >= 2


def test_a_timeout_of_the_users_own_leaves_no_answer_behind(bench: Bench, user: PostgresUser) -> None:
    assert user.client.execute_query("SELECT 'before'") == [("before",)]
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.1):
        user.client.execute_query("SELECT pg_sleep(1000), 'old'")
    assert user.client.execute_query("SELECT 'new'") == [("new",)]
    assert "postgres execute_query" in bench.failed


def test_a_client_works_without_a_user(postgresql: PostgreSQL) -> None:
    with contextlib.closing(PostgresClient(postgresql.conn_string)) as client:
        assert client.execute_query("SELECT 1") == [(1,)]
        assert client.connection is not None
