from __future__ import annotations

from typing import Any

import pytest

from swarm import MarkovTaskSet, SwarmError, TaskSet, User, tag, task, transition
from swarm.users.tags import filter_tasks_by_tags, tags_of


def make() -> type[User]:
    """Return a class anew, since filtering changes it for good."""

    @tag("function")
    def function(user: Any) -> None: ...

    class Shopper(User):
        tasks = [function]

        @tag("a")
        @task
        def a(self) -> None: ...

        @task(2)
        @tag("a", "b")
        def ab(self) -> None: ...

        @task
        def untagged(self) -> None: ...

        @task
        @tag("nested")
        class Nested(TaskSet):
            @tag("b")
            @task
            def inner_b(self) -> None: ...

            @task
            def inner(self) -> None: ...

    return Shopper


def left(holder: Any) -> list[Any]:
    """Return the names of the tasks left, those of nested sets as a list behind their set's."""
    names: list[Any] = []
    for entry in holder.tasks:
        names.append(entry.__name__)
        if isinstance(entry, type):
            names.append(left(entry))
    return names


@pytest.mark.parametrize(
    ("tags", "exclude", "expected"),
    [
        ({"a"}, None, ["a", "ab", "ab"]),
        ({"b"}, None, ["ab", "ab", "Nested", ["inner_b"]]),
        ({"nested"}, None, ["Nested", ["inner_b", "inner"]]),
        ({"function", "a"}, {"b"}, ["function", "a"]),
        (None, {"a", "function"}, ["untagged", "Nested", ["inner_b", "inner"]]),
        (None, {"b"}, ["function", "a", "untagged", "Nested", ["inner"]]),
        (None, {"nested"}, ["function", "a", "ab", "ab", "untagged"]),
        (set(), set(), ["function", "a", "ab", "ab", "untagged", "Nested", ["inner_b", "inner"]]),
    ],
)
def test_tasks_stay_by_their_tags_and_those_of_the_set_around(
    tags: Any, exclude: Any, expected: list[Any]
) -> None:
    shopper = make()
    filter_tasks_by_tags(shopper, tags, exclude)
    assert left(shopper) == expected


def test_a_class_left_without_tasks_is_an_error_that_names_the_tags() -> None:
    with pytest.raises(SwarmError, match=r"Shopper has no task left with --tags absent --exclude-tags x"):
        filter_tasks_by_tags(make(), {"absent"}, {"x"})


def test_one_set_inside_sets_with_different_tags_is_cut_in_each_its_way() -> None:
    class Shared(TaskSet):
        @tag("x")
        @task
        def x(self) -> None: ...

        @task
        def plain(self) -> None: ...

    @tag("x")
    class Tagged(TaskSet):
        tasks = [Shared]

    class Untagged(TaskSet):
        tasks = [Shared]

    class Shopper(User):
        tasks = [Untagged, Tagged, Untagged]

    filter_tasks_by_tags(Shopper, {"x"})
    assert left(Shopper) == [
        *("Untagged", ["Shared", ["x"]]),
        *("Tagged", ["Shared", ["x", "plain"]]),
        *("Untagged", ["Shared", ["x"]]),
    ]


def test_a_set_that_holds_itself_is_filtered_once() -> None:
    class Loop(TaskSet):
        @tag("a")
        @task
        def a(self) -> None: ...

        @task
        def other(self) -> None: ...

    Loop.tasks.append(Loop)

    class Shopper(User):
        tasks = [Loop]

    filter_tasks_by_tags(Shopper, {"a"})
    assert [entry.__name__ for entry in Loop.tasks] == ["a", "Loop"]


def test_a_markov_chain_stays_or_goes_as_a_whole() -> None:
    @tag("chain")
    class Journey(MarkovTaskSet):
        @transition("home")
        def home(self) -> None: ...

    class Shopper(User):
        tasks = [Journey]

        @tag("other")
        @task
        def other(self) -> None: ...

    filter_tasks_by_tags(Shopper, {"chain"})
    assert left(Shopper) == ["Journey", ["home"]]


def test_the_tags_of_a_subclass_are_its_own() -> None:
    class Base(TaskSet):
        pass

    @tag("mine")
    class Sub(Base):
        pass

    assert (tags_of(Base), tags_of(Sub)) == (frozenset(), {"mine"})


@pytest.mark.parametrize("tags", [(), (print,), (1,)])
def test_a_tag_without_a_name_is_an_error(tags: Any) -> None:
    with pytest.raises(ValueError, match="@tag needs the names of the tags"):
        tag(*tags)
