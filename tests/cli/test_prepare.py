import pytest

from swarm.environment import Environment
from swarm.exceptions import SwarmError
from swarm.users.fast_http_user import FastHttpUser
from swarm.users.http_user import HttpUser
from swarm.users.tasks import task
from swarm.users.user import User
from swarm_cli import prepare
from swarm_cli.errors import CommandLineError, LocustfileError
from swarm_cli.locustfile import Locustfiles


class Buyer(HttpUser):
    tasks = [print]


class Quick(FastHttpUser):
    tasks = [print]


class Caller(User):
    tasks = [print]


class MakesItsHost(HttpUser):
    tasks = [print]

    def __init__(self, environment: Environment) -> None:
        self.host = "http://made.example"
        super().__init__(environment)


def loaded(*classes: type[User]) -> Locustfiles:
    return Locustfiles(paths=["locustfile.py"], user_classes={c.__name__: c for c in classes})


def test_all_classes_are_taken_when_none_is_named() -> None:
    assert prepare.choose_user_classes(loaded(Buyer, Caller), []) == [Buyer, Caller]
    assert prepare.choose_user_classes(loaded(Buyer, Caller), ["Caller", "Caller"]) == [Caller]


def test_an_unknown_class_is_told_with_those_that_there_are() -> None:
    with pytest.raises(LocustfileError, match="unknown user class X, Y; there are: Buyer, Caller"):
        prepare.choose_user_classes(loaded(Buyer, Caller), ["X", "Buyer", "Y"])


@pytest.mark.parametrize("user_class", [Buyer, Quick])
@pytest.mark.parametrize(
    "host",
    [
        "http://shop.example",
        "https://shop.example:8443/base/",
        "http://user:secret@127.0.0.1:1",
        "http://[::1]:80",
    ],
)
def test_a_good_host_passes(user_class: type[User], host: str) -> None:
    prepare.check_hosts(Environment(user_classes=[user_class], host=host))


@pytest.mark.parametrize(
    "host", ["", "shop", "ftp://shop", "http://", "http://a b", "http://shop:0", "http://[::1"]
)
def test_a_bad_host_is_refused(host: str) -> None:
    environment = Environment(user_classes=[Buyer])
    Buyer.host = host
    try:
        with pytest.raises(LocustfileError, match="the host of Buyer"):
            prepare.check_hosts(environment)
    finally:
        Buyer.host = None


def test_a_missing_host_is_told() -> None:
    with pytest.raises(LocustfileError, match="Buyer has no host"):
        prepare.check_hosts(Environment(user_classes=[Buyer]))


def test_the_host_of_the_command_line_may_be_anything_for_other_protocols() -> None:
    prepare.check_hosts(Environment(user_classes=[Caller], host="localhost:50051"))


def test_a_class_that_makes_its_host_itself_is_left_alone() -> None:
    prepare.check_hosts(Environment(user_classes=[MakesItsHost]))


@pytest.mark.parametrize(
    "argument", ["{", "[1]", '{"weight": 3}', '[{"user_class_name": "Buyer"}, {"weight": 1}]', "missing.json"]
)
def test_settings_that_are_none_are_refused(argument: str) -> None:
    with pytest.raises(CommandLineError, match="--config-users"):
        prepare.configure_users(Environment(user_classes=[Buyer]), [argument])


def test_settings_that_a_class_does_not_know_are_told(caplog: pytest.LogCaptureFixture) -> None:
    class Shopper(User):
        colour = "plain"

        @task
        def look(self) -> None:
            pass

        @task
        def buy(self) -> None:
            pass

    environment = Environment(user_classes=[Shopper])
    prepare.configure_users(
        environment, ['{"user_class_name": "Shopper", "colour": "red", "tasks": ["buy"]}']
    )
    assert (Shopper.colour, Shopper.tasks) == ("red", [Shopper.buy])
    assert caplog.text == ""

    prepare.configure_users(environment, ['{"user_class_name": "Shopper", "wieght": 3}'])
    assert "Shopper had no attribute 'wieght'" in caplog.text
    with pytest.raises(CommandLineError, match="Shopper has no task sell, look; there are: buy"):
        prepare.configure_users(environment, ['{"user_class_name": "Shopper", "tasks": ["sell", "look"]}'])
    with pytest.raises(CommandLineError, match="the tasks of Shopper are an array of names: 'buy'"):
        prepare.configure_users(environment, ['{"user_class_name": "Shopper", "tasks": "buy"}'])
    with pytest.raises(SwarmError, match="no user class 'Nobody'; known are: Shopper"):
        prepare.configure_users(environment, ['{"user_class_name": "Nobody"}'])


def test_a_master_that_expects_more_workers_than_it_can_hold_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swarm_cli.prepare.worker_capacity", lambda _wanted: 100)
    monkeypatch.setattr("swarm_cli.prepare.resource.getrlimit", lambda _: (256, 256))

    assert prepare.capacity(100) == 100
    with pytest.raises(CommandLineError, match="101 workers need about 257 descriptors.*may have 256"):
        prepare.capacity(101)


def test_a_class_that_gets_its_tasks_later_is_left_alone() -> None:
    class Later(User):
        def on_start(self) -> None:
            self.tasks = [print]

    class Never(User):
        pass

    prepare.check_tasks(Environment(user_classes=[Later]))
    with pytest.raises(LocustfileError, match="Never has no tasks"):
        prepare.check_tasks(Environment(user_classes=[Never]))


def test_descriptors_count_for_http_users_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swarm_cli.prepare.resource.getrlimit", lambda _: (1000, 1000))

    prepare.check_descriptors(Environment(user_classes=[Caller]), 5000)
    prepare.check_descriptors(Environment(user_classes=[Buyer]), 900)
    with pytest.raises(CommandLineError, match="5,000 users need about 5,064 descriptors"):
        prepare.check_descriptors(Environment(user_classes=[Buyer]), 5000)


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("weight", -1, "the weight of Caller is -1: write a number of 0 or more"),
        ("weight", float("nan"), "the weight of Caller is nan"),
        ("weight", "3", "the weight of Caller is '3'"),
        ("fixed_count", "3", "the fixed_count of Caller is '3': write a whole number of 0 or more"),
        ("fixed_count", -2, "the fixed_count of Caller is -2"),
        ("wait_time", 5, r"the wait_time of Caller is 5: write wait_time = constant\(5\)"),
        ("tasks", ["browse"], "the tasks of Caller contain 'browse': a task is a function"),
    ],
)
def test_a_setting_of_a_class_that_cannot_be_used_is_told_by_name(
    monkeypatch: pytest.MonkeyPatch, attribute: str, value: object, said: str
) -> None:
    monkeypatch.setattr(Caller, attribute, value)
    with pytest.raises(LocustfileError, match=said):
        prepare.check_settings(Environment(user_classes=[Caller]))
