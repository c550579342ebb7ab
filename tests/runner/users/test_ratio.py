from __future__ import annotations

import json

import pytest

from swarm import TaskSet, User, task
from swarm.users.ratio import (
    get_ratio,
    print_task_ratio,
    print_task_ratio_json,
    task_ratio_json,
    task_ratio_lines,
)


class Search(TaskSet):
    @task
    def by_word(self) -> None: ...

    @task(3)
    def by_shelf(self) -> None: ...


class Reader(User):
    tasks = {Search: 1}

    @task
    def read(self) -> None: ...


class Clerk(User):
    @task
    def sort(self) -> None: ...


def test_shares_are_those_within_the_class_and_the_set() -> None:
    assert get_ratio([Reader, Clerk], {"Reader": 3, "Clerk": 1}, total=False) == {
        "Reader": {
            "ratio": 0.75,
            "tasks": {
                "Search": {"ratio": 0.5, "tasks": {"by_word": {"ratio": 0.25}, "by_shelf": {"ratio": 0.75}}},
                "read": {"ratio": 0.5},
            },
        },
        "Clerk": {"ratio": 0.25, "tasks": {"sort": {"ratio": 1.0}}},
    }


def test_total_shares_are_those_of_all_tasks() -> None:
    ratio = get_ratio([Reader, Clerk], {"Reader": 3, "Clerk": 1}, total=True)
    assert ratio["Reader"]["tasks"]["Search"]["tasks"]["by_shelf"]["ratio"] == 0.75 * 0.5 * 0.75
    assert ratio["Clerk"]["tasks"]["sort"]["ratio"] == 0.25


def test_without_users_the_shares_are_nothing_and_not_an_error() -> None:
    assert get_ratio([Clerk], {}, total=True) == {"Clerk": {"ratio": 0.0, "tasks": {"sort": {"ratio": 0.0}}}}


def test_json_has_both_kinds_of_shares() -> None:
    assert set(task_ratio_json([Clerk], {"Clerk": 1})) == {"per_class", "total"}


def test_lines_are_indented_below_their_class() -> None:
    assert task_ratio_lines([Reader], {"Reader": 1}, total=True) == [
        " * 100.0 Reader",
        "  * 50.0 Search",
        "   * 12.5 by_word",
        "   * 37.5 by_shelf",
        "  * 50.0 read",
    ]


def test_the_shares_are_printed_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    class Buyer(User):
        weight = 3

        @task(3)
        def browse(self):
            pass

        @task
        def buy(self):
            pass

    print_task_ratio([Buyer], 4, total=False)
    assert capsys.readouterr().out.split("\n")[:2] == [" * 100.0 Buyer", "  * 75.0 browse"]
    print_task_ratio_json([Buyer], None)
    assert json.loads(capsys.readouterr().out)["total"]["Buyer"]["tasks"]["buy"] == {"ratio": 0.25}
