"""Fake data: the same for the same seed, different from payload to payload, and made before it is needed."""

from __future__ import annotations

import itertools
import json
import math
import re
import sys
from subprocess import run
from typing import Any

import gevent
import pytest

from swarm.data import FakerFeed, FeedError, attach, literal, provider, sequence, unique
from swarm.data.payloads import Columns, primes
from swarm.data.template import VALUES

TEN = [
    "name",
    "user_name",
    "email",
    "phone_number",
    "street_address",
    "city",
    "postcode",
    "company",
    "catch_phrase",
    "job",
]


def ten_fields() -> dict[str, str]:
    return {field: field for field in TEN}


def test_a_payload_has_the_fields_of_its_template_in_their_order() -> None:
    feed = FakerFeed(
        {
            "id": sequence(100),
            "name": "name",
            "mail": unique("email"),
            "age": provider("pyint", min_value=18, max_value=90),
            "shop": literal("name"),
            "none": None,
            "size": 7,
            "address": {"street": "street_address", "tags": ["word", {"deep": "color_name"}]},
            "own": lambda fake: fake.random_int(1, 3) * 1_000,
        }
    )
    first, second = feed.next(), feed.next()

    assert list(first) == ["id", "name", "mail", "age", "shop", "none", "size", "address", "own"]
    assert (first["id"], second["id"]) == (100, 101)
    assert first["name"] != second["name"]
    assert 18 <= first["age"] <= 90
    assert (first["shop"], first["none"], first["size"]) == ("name", None, 7)
    assert list(first["address"]) == ["street", "tags"]
    assert isinstance(first["address"]["tags"][1]["deep"], str)
    assert first["own"] in (1_000, 2_000, 3_000)
    json.dumps(first)


def test_korean_people_have_korean_catch_phrases() -> None:
    hangul = re.compile("[\uac00-\ud7a3]")

    person = FakerFeed("ko_KR").next()
    assert hangul.search(person["catch_phrase"])
    assert hangul.search(person["name"])
    assert hangul.search(FakerFeed("catch_phrase", locale="ko_KR").next())
    assert not hangul.search(FakerFeed("catch_phrase").next())


def test_the_same_seed_gives_the_same_payloads_and_another_others() -> None:
    def some(seed: int) -> list[Any]:
        feed = FakerFeed({"name": "name", "company": "company"}, seed=seed)
        return [feed.next() for _ in range(20)]

    assert some(1) == some(1)
    assert some(1) != some(2)


def test_a_field_has_the_same_values_whatever_other_fields_there_are() -> None:
    def names(template: dict[str, str]) -> set[str]:
        feed = FakerFeed(template)
        return {feed.next()["name"] for _ in range(2_000)}

    one, other = names({"name": "name"}), names({"city": "city", "name": "name"})
    assert len(one & other) > 0.9 * min(len(one), len(other))


def test_ten_fields_have_ten_billion_different_payloads_and_more() -> None:
    feed = FakerFeed(ten_fields())
    assert feed.distinct >= 10**10
    lengths = [len(column) for column in feed._swarm_columns.values]
    assert math.lcm(*lengths) == math.prod(lengths)  # so the Chinese remainder theorem holds
    some = [tuple(feed.next().values()) for _ in range(20_000)]
    assert len(set(some)) == len(some)
    assert all(one[0] != other[0] for one, other in itertools.pairwise(some))


def test_a_unique_field_never_comes_twice() -> None:
    feed = FakerFeed({"name": unique("first_name"), "mail": unique("email"), "id": sequence()})
    some = [feed.next() for _ in range(5_000)]

    assert len({row["name"] for row in some}) == len({row["mail"] for row in some}) == 5_000
    assert [row["id"] for row in some] == list(range(5_000))
    assert all(re.fullmatch(rf"[^@]+\.{n}@[^@]+", row["mail"]) for n, row in enumerate(some))


def test_values_that_repeat_keep_their_proportions() -> None:
    feed = FakerFeed({"paid": provider("boolean", chance_of_getting_true=80), "name": "name"})

    paid = sum(feed.next()["paid"] for _ in range(10_000))
    assert 7_000 < paid < 9_000


def test_each_payload_is_a_dictionary_of_its_own() -> None:
    feed = FakerFeed({"name": "name", "address": {"city": "city"}})
    first = feed.next()
    first["address"]["city"] = first["name"] = "changed"
    later = [feed.next() for _ in range(2_000)]

    assert not any("changed" in (row["name"], row["address"]["city"]) for row in later)


def test_payloads_begin_with_the_number_that_was_given_and_at_restart_again() -> None:
    feed = FakerFeed({"id": sequence(), "name": "name"}, start=5)
    first = [feed.next() for _ in range(1_500)]
    assert [row["id"] for row in first] == list(range(5, 1_505))

    feed.restart()
    assert [feed.next() for _ in range(1_500)] == first


def test_users_that_ask_at_the_same_time_get_payloads_of_their_own() -> None:
    feed = FakerFeed({"id": sequence(), "name": "name"})
    users = [gevent.spawn(lambda: [feed.next()["id"] for _ in range(300)]) for _ in range(10)]

    assert sorted(n for user in users for n in user.get()) == list(range(3_000))


def test_values_are_made_before_users_start_and_nothing_of_faker_after() -> None:
    calls: list[Any] = []

    def made(fake: Any) -> int:
        calls.append(fake)
        return len(calls)

    feed = FakerFeed({"n": made})
    attach(None)
    before = len(calls)
    assert before >= VALUES

    for _ in range(3_000):
        feed.next()
    assert len(calls) == before


def test_others_have_their_turn_while_values_are_made() -> None:
    turns = []

    def count() -> None:
        while True:
            turns.append(1)
            gevent.sleep(0)

    counting = gevent.spawn(count)
    FakerFeed({"name": "name"}).prepare()
    counting.kill()

    assert len(turns) > 20


def test_importing_feeds_does_not_import_faker() -> None:
    code = "import sys, swarm.data; swarm.data.FakerFeed('ko_KR'); sys.exit('faker' in sys.modules)"

    assert run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            {"a": {"b": "catch_phrse"}},
            "no provider 'catch_phrse' for the field a.b. Close to it: catch_phrase",
        ),
        ({"a": "Bern in May"}, r"A text of its own is literal\('Bern in May'\)"),
        ({"a": "_private"}, "no provider '_private'"),
        (
            {"a": provider("pyint", least=1)},
            "The field a of the fake data cannot be made: TypeError: .*least",
        ),
        ({"a": lambda _: 1 / 0}, "The field a of the fake data cannot be made: ZeroDivisionError"),
        ({"a": object()}, "The field a is <object .*; a field is the name of a provider"),
        ({"a b": [object()]}, r"The field \['a b'\]\[0\] is <object"),
        (object(), "The field of the template is <object"),
    ],
)
def test_a_template_that_is_none_is_told_before_the_run(template: Any, message: str) -> None:
    feed = FakerFeed(template)

    with pytest.raises(FeedError, match=message):
        feed.check()


def test_a_unique_number_is_told_to_be_a_sequence() -> None:
    with pytest.raises(FeedError, match=r"The field a is to be unique, but is no text: use sequence\(\)"):
        FakerFeed({"a": unique("pyint")}).prepare()


def test_a_locale_that_does_not_exist() -> None:
    with pytest.raises(FeedError, match="Faker has no locale 'xx_XX'"):
        FakerFeed("xx_XX").check()


def test_columns_have_lengths_of_their_own_while_there_are_primes() -> None:
    columns = Columns()
    for _ in range(len(primes(VALUES)) + 2):
        columns.add(list(range(VALUES)))

    lengths = [len(column) for column in columns.values]
    assert len(set(lengths[:-2])) == len(lengths) - 2
    assert columns.distinct == math.prod(primes(VALUES))
