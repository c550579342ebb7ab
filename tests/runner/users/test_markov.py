from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from swarm import Environment, MarkovTaskSet, StopUser, User, tag, transition, transitions
from swarm.users.markov import (
    InvalidTransitionError,
    MarkovTaskTagError,
    NoMarkovTasksError,
    NonMarkovTaskTransitionError,
)
from tests.runner.users.living import Life


def taskset(base: type[MarkovTaskSet]) -> Any:
    return base(User(Environment()))


def test_a_chain_begins_with_the_first_task_and_follows_the_transitions(life: Life) -> None:
    class Journey(MarkovTaskSet):
        @transition("search")
        def home(self) -> None:
            self.user.log.append("home")

        @transition("buy")
        def search(self) -> None:
            self.user.log.append("search")

        @transition("home")
        def buy(self) -> None:
            self.user.log.append("buy")
            if len(self.user.log) == 6:
                raise StopUser

    class Shopper(User):
        tasks = [Journey]

        def __init__(self, environment: Environment) -> None:
            super().__init__(environment)
            self.log: list[str] = []

    assert life.lead(Shopper).log == ["home", "search", "buy"] * 2


def test_transitions_are_chosen_by_weight() -> None:
    class Journey(MarkovTaskSet):
        @transitions({"often": 3, "seldom": 1})
        def home(self) -> None: ...

        @transition("home")
        def often(self) -> None: ...

        @transition("home")
        def seldom(self) -> None: ...

    journey = taskset(Journey)
    chosen = Counter(journey.get_next_task().__name__ for _ in range(8000))
    assert chosen["home"] == 4000
    assert abs(chosen["seldom"] - 1000) < 5 * math.sqrt(4000 * 0.25 * 0.75)


@pytest.mark.parametrize("weights", [{"b": 2, "c": 1}, [("b", 2), "c"]])
def test_transitions_take_a_dict_or_a_list(weights: Any) -> None:
    class Journey(MarkovTaskSet):
        @transitions(weights)
        def a(self) -> None: ...

        @transition("a")
        def b(self) -> None: ...

        @transition("a")
        def c(self) -> None: ...

    assert Journey.a._swarm_transitions == ["b", "b", "c"]


def test_several_transitions_add_up() -> None:
    class Journey(MarkovTaskSet):
        @transition("a")
        @transition("b", weight=2)
        def a(self) -> None: ...

        @transition("a")
        def b(self) -> None: ...

    assert Journey.a._swarm_transitions == ["a", "b", "b"]


def test_current_is_the_task_that_runs() -> None:
    class Journey(MarkovTaskSet):
        @transition("b")
        def a(self) -> None: ...

        @transition("a")
        def b(self) -> None: ...

    journey = taskset(Journey)
    assert journey.get_next_task() is journey.current is Journey.a
    assert journey.get_next_task() is journey.current is Journey.b


def test_an_abstract_base_may_have_a_chain_that_a_subclass_completes() -> None:
    class Base(MarkovTaskSet):
        abstract = True

        @transition("browse")
        def home(self) -> None: ...

    class Journey(Base):
        @transition("home")
        def browse(self) -> None: ...

    assert {entry.__name__ for entry in Journey.tasks} == {"home", "browse"}


def test_a_subclass_may_override_a_task() -> None:
    class Base(MarkovTaskSet):
        @transition("home")
        def home(self) -> None: ...

    class Journey(Base):
        @transition("home")
        def home(self) -> None: ...

    assert Journey.tasks == [Journey.home]


def test_a_chain_without_tasks_is_an_error() -> None:
    with pytest.raises(NoMarkovTasksError, match="Journey has no tasks"):

        class Journey(MarkovTaskSet):
            def home(self) -> None: ...


def test_a_transition_to_an_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(InvalidTransitionError, match=r"home leads to 'serch'.* It has: home"):

        class Journey(MarkovTaskSet):
            @transition("serch")
            def home(self) -> None: ...


def test_a_transition_to_a_method_without_transitions_is_an_error() -> None:
    with pytest.raises(NonMarkovTaskTransitionError, match="the chain would end there"):

        class Journey(MarkovTaskSet):
            @transition("leave")
            def home(self) -> None: ...

            def leave(self) -> None: ...


def test_a_tagged_task_of_a_chain_is_an_error() -> None:
    with pytest.raises(MarkovTaskTagError, match="tag the whole class"):

        class Journey(MarkovTaskSet):
            @tag("slow")
            @transition("home")
            def home(self) -> None: ...


def test_a_task_that_no_transition_leads_to_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    class Journey(MarkovTaskSet):
        @transition("home")
        def home(self) -> None: ...

        @transition("home")
        def orphan(self) -> None: ...

    assert "Journey: no transition leads to orphan." in caplog.text


@pytest.mark.parametrize("decorate", [transition, transitions])
def test_a_decorator_without_parentheses_says_what_it_needs(decorate: Any) -> None:
    def home() -> None: ...

    with pytest.raises(InvalidTransitionError):
        decorate(home)


@pytest.mark.parametrize("weight", [-1, 0.5])
def test_a_weight_that_is_none_is_an_error(weight: Any) -> None:
    with pytest.raises(ValueError, match="The weight of the transition to home"):
        transition("home", weight)
