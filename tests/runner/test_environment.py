"""The environment that a library user makes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from swarm import Environment, SwarmError, User, tag, task
from swarm import environment as environments


def named(name: str, **attributes) -> type[User]:
    return type(name, (User,), {"tasks": [lambda user: None], **attributes})


def test_two_classes_of_one_name_are_refused():
    with pytest.raises(SwarmError, match="Two user classes are named Shopper"):
        Environment(user_classes=[named("Shopper"), named("Shopper")])


def test_the_same_class_twice_is_one_class():
    shopper = named("Shopper")
    assert Environment(user_classes=[shopper, shopper]).user_classes_by_name == {"Shopper": shopper}


def test_the_statistics_are_the_runners():
    environment = Environment(user_classes=[named("Shopper")])
    runner = environment.create_local_runner()
    assert runner.stats is environment.stats
    assert runner.errors is environment.stats.errors
    runner.quit()


def test_a_fired_request_is_recorded_in_the_environments_statistics():
    environment = Environment()
    environment.events.request.fire(
        request_type="grpc",
        name="SayHello",
        response_time=1.25,
        response_length=10,
        exception=None,
        context={},
    )
    entry = environment.stats.get("SayHello", "grpc")
    assert entry.num_requests == 1
    assert entry.total_response_time == pytest.approx(1.25)


def test_tags_leave_out_tasks_of_all_classes():
    class Shopper(User):
        @tag("slow")
        @task
        def search(self):
            pass

        @tag("quick")
        @task
        def look(self):
            pass

    environment = Environment(user_classes=[Shopper], tags=["quick"])
    environment.create_local_runner().quit()
    assert [each.__name__ for each in Shopper.tasks] == ["look"]


def test_a_class_that_the_tags_leave_without_a_task_is_an_error():
    with pytest.raises(SwarmError, match="Shopper"):
        Environment(user_classes=[named("Shopper")], tags=["nowhere"]).create_local_runner()


def test_equal_weights_level_classes_and_tasks():
    class Shopper(User):
        weight = 5

        @task(7)
        def search(self):
            pass

        @task
        def look(self):
            pass

    Environment(user_classes=[Shopper]).assign_equal_weights()
    assert Shopper.weight == 1
    assert sorted(each.__name__ for each in Shopper.tasks) == ["look", "search"]


def test_settings_are_applied_to_the_class_they_name():
    shopper = named("Shopper")
    environment = Environment(user_classes=[shopper])
    environment.update_user_class({"user_class_name": "Shopper", "weight": 4, "host": "http://127.0.0.1:1"})
    assert (shopper.weight, shopper.host) == (4, "http://127.0.0.1:1")
    with pytest.raises(SwarmError, match="no user class 'Buyer'; known are: Shopper"):
        environment.update_user_class({"user_class_name": "Buyer"})


def test_asking_for_the_browser_ui_where_there_is_none_says_what_to_do(monkeypatch):
    monkeypatch.setattr(environments, "metadata", SimpleNamespace(entry_points=lambda group: []))
    with pytest.raises(SwarmError, match=r"pip install 'swarm-cli\[web\]'.*--headless"):
        Environment().create_web_ui("127.0.0.1", 8089)


def test_too_many_names_are_warned_of_once(caplog):
    environment = Environment()
    environment.stats.max_names = 3
    for number in range(10):
        environment.stats.log_request("GET", f"/{number}", 1, 0)
    assert caplog.text.count("too many names") == 1


def test_a_dispatcher_of_ones_own_is_not_used_and_told_so(caplog):
    from swarm.compat.dispatch import UsersDispatcher

    class Mine(UsersDispatcher):
        pass

    Environment(dispatcher_class=UsersDispatcher)
    assert "dispatcher_class" not in caplog.text
    assert Environment(dispatcher_class=Mine).dispatcher_class is Mine
    assert "dispatcher_class is not used" in caplog.text


def test_what_a_worker_logged_is_kept_by_its_name():
    environment = Environment()
    environment.update_worker_logs({"worker_id": "w1", "logs": ["one"]})
    environment.update_worker_logs({"worker_id": "w1", "logs": ["one", "two"]})
    environment.update_worker_logs({"logs": ["from nobody"]})
    assert environment.worker_logs == {"w1": ["one", "two"]}
