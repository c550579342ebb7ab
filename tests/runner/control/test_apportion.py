"""Who runs which users: fixed counts first, the rest by weight, never one too many."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm.control.apportion import ClassShare, interleaved, users_per_class
from swarm.exceptions import SwarmError

shares = st.lists(
    st.builds(
        ClassShare,
        name=st.text("abcdefgh", min_size=1, max_size=3),
        weight=st.one_of(st.integers(1, 20), st.floats(0.1, 20)),
        fixed_count=st.sampled_from([0, 0, 0, 1, 5]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda share: share.name,
)


@pytest.mark.parametrize(
    ("user_count", "expected"),
    [
        (0, {"web": 0, "mobile": 0}),
        (1, {"web": 1, "mobile": 0}),
        (2, {"web": 2, "mobile": 0}),
        (4, {"web": 3, "mobile": 1}),
        (10, {"web": 8, "mobile": 2}),
        (1000, {"web": 750, "mobile": 250}),
    ],
)
def test_users_are_split_by_weight(user_count, expected):
    assert users_per_class([ClassShare("web", 3), ClassShare("mobile", 1)], user_count) == expected


def test_fixed_counts_come_first_and_the_rest_goes_by_weight():
    assert users_per_class(
        [ClassShare("admin", fixed_count=1), ClassShare("web", 3), ClassShare("app", 1)], 9
    ) == {
        "admin": 1,
        "web": 6,
        "app": 2,
    }


def test_fixed_users_share_when_there_are_fewer_users_than_they_ask_for():
    assert users_per_class(
        [ClassShare("a", fixed_count=4), ClassShare("b", fixed_count=2), ClassShare("c")], 3
    ) == {
        "a": 2,
        "b": 1,
        "c": 0,
    }


def test_a_class_of_weight_zero_gets_no_users():
    assert users_per_class([ClassShare("off", 0), ClassShare("on", 1)], 7) == {"off": 0, "on": 7}


def test_fractional_weights_are_weights():
    assert users_per_class([ClassShare("half", 0.5), ClassShare("one", 1)], 9) == {"half": 3, "one": 6}


@pytest.mark.parametrize("share", [ClassShare("x", -1), ClassShare("x", 1, -1)])
def test_negative_weights_and_counts_are_refused_by_the_class_name(share):
    with pytest.raises(SwarmError, match="User class x"):
        users_per_class([share], 1)


def test_a_negative_number_of_users_is_refused():
    with pytest.raises(SwarmError, match="-1"):
        users_per_class([ClassShare("x")], -1)


@given(shares, st.integers(0, 5000))
def test_shares_add_up_and_stay_within_one_of_the_exact_part(classes, user_count):
    counts = users_per_class(classes, user_count)
    fixed = sum(share.fixed_count for share in classes)
    weighted = [share for share in classes if not share.fixed_count]
    assert sum(counts.values()) == (user_count if weighted else min(user_count, fixed))
    rest = user_count - fixed
    if rest > 0:
        whole = sum(share.weight for share in weighted)
        for share in weighted:
            assert abs(counts[share.name] - rest * share.weight / whole) < 1


@given(st.dictionaries(st.text("abcd", min_size=1, max_size=2), st.integers(0, 60), max_size=5))
def test_interleaving_yields_each_class_as_often_as_asked(counts):
    assert Counter(interleaved(counts)) == Counter({name: count for name, count in counts.items() if count})


def test_interleaving_keeps_the_mix_from_the_first_user_to_the_last():
    order = list(interleaved({"web": 30, "mobile": 10}))
    for done in range(4, len(order) + 1, 4):
        assert abs(order[:done].count("mobile") - done / 4) <= 1
