from __future__ import annotations

import sys

import pytest

from swarm_stats import Exceptions, Failure
from swarm_stats.failures import TEXT_LIMIT, Origins, error_text, first_nodes


class LocustBadStatusCode(Exception):  # a repr of its own, as HTTP clients have
    def __repr__(self) -> str:
        return "LocustBadStatusCode(code=404)"


class Broken(Exception):
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Falsy(Exception):
    def __bool__(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            OSError("404 Client Error: Not Found for url: /missing"),
            "OSError('404 Client Error: Not Found for url: /missing')",
        ),
        (
            ConnectionRefusedError(111, "Connection refused"),
            "ConnectionRefusedError(111, 'Connection refused')",
        ),
        (LocustBadStatusCode(), "LocustBadStatusCode(code=404)"),
        ("just text", "just text"),
        (ValueError(), "ValueError()"),
        (Broken(), "Broken()"),
        (Falsy(), "Falsy()"),
        ({"code": 7}, "{'code': 7}"),
        (None, ""),
        ("", ""),
        (False, ""),
    ],
)
def test_the_text_of_an_error(error: object, text: str) -> None:
    assert error_text(error) == text


def test_addresses_of_objects_do_not_tell_errors_apart() -> None:
    one, other = ValueError(object()), ValueError(object())

    assert error_text(one) == error_text(other) == "ValueError(<object object at 0x...>)"


def test_hexadecimal_numbers_that_are_no_address_stay() -> None:
    assert error_text("bad byte 0xff in body") == "bad byte 0xff in body"


def test_a_long_text_is_cut_and_says_so() -> None:
    text = error_text("x" * 100_000)

    assert len(text) < TEXT_LIMIT + 50
    assert text.endswith("... (100000 characters)")


def test_a_failure_counts_its_occurrences_and_when() -> None:
    failure = Failure("GET", "/", "boom")
    failure.occurred(10.0)
    failure.occurred(12.0, times=2)

    assert failure.to_dict() == {
        "method": "GET",
        "name": "/",
        "error": "boom",
        "occurrences": 3,
        "first_seen": 10.0,
        "last_seen": 12.0,
    }
    assert failure.to_name() == "GET /: boom"
    assert Failure.create_key("GET", "/", ValueError("x")) == ("GET", "/", "ValueError('x')")
    assert Failure.parse_error(None) == ""


def test_merging_failures_keeps_the_first_and_the_last_time() -> None:
    left, right = Failure("GET", "/", "boom"), Failure("GET", "/", "boom")
    left.occurred(10.0)
    right.occurred(5.0)
    right.occurred(20.0)
    left.extend(right)
    left.extend(Failure("GET", "/", "boom"))

    assert (left.occurrences, left.first_seen, left.last_seen) == (3, 5.0, 20.0)


def test_merging_into_a_failure_without_occurrences_takes_the_times() -> None:
    fresh, seen = Failure("GET", "/", "boom"), Failure("GET", "/", "boom", 2, 5.0, 6.0)
    fresh.extend(seen)

    assert fresh == seen


def test_a_failure_comes_back_from_plain_values() -> None:
    failure = Failure("GET", "/", "boom", 2, 5.0, 6.0)

    assert Failure.unserialize(failure.serialize()) == failure


def test_exceptions_are_grouped_by_message_and_traceback() -> None:
    exceptions = Exceptions()
    exceptions.log("local", "boom", "line 1")
    exceptions.log("worker-2", "boom", "line 1")
    exceptions.log("local", "boom", "line 2")

    assert exceptions["boom", "line 1"] == {
        "count": 2,
        "msg": "boom",
        "traceback": "line 1",
        "nodes": {"local", "worker-2"},
    }
    assert len(exceptions) == 2


def test_exceptions_beyond_the_limit_are_counted_together() -> None:
    exceptions = Exceptions(limit=2)
    for n in range(10):
        exceptions.log("local", f"boom {n}", "")
    exceptions.log("local", "boom 0", "")

    assert {key[0]: row["count"] for key, row in exceptions.items()} == {
        "boom 0": 2,
        "boom 1": 1,
        "(other)": 8,
    }


def test_the_nodes_of_a_failure_are_named_in_the_order_of_their_ranks() -> None:
    origins = Origins()
    bits = {node: origins.bit(node) for node in ("c", "a", "gone", "b")}
    assert origins.bit("a") == bits["a"]
    ranked = origins.ranked({"a": 0, "b": 1, "c": 2})

    assert first_nodes(sum(bits.values()), ranked, 20) == ["a", "b", "c", "gone"]
    assert first_nodes(sum(bits.values()), ranked, 2) == ["a", "b"]
    assert first_nodes(bits["c"] | bits["gone"], ranked, 20) == ["c", "gone"]
    assert first_nodes(0, ranked, 20) == []


def test_a_thousand_nodes_cost_a_kind_of_failure_a_few_bytes() -> None:
    origins, failure = Origins(), Failure("GET", "/", "boom")
    for number in range(1_000):
        failure.origins |= origins.bit(f"a-host-with-a-long-name.example_{number:032x}")

    assert failure.origins.bit_count() == 1_000
    assert sys.getsizeof(failure.origins) < 200
