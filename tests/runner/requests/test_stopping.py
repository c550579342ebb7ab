"""The stop of a user: what is in flight, what is cut, and that a task does not go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent import GreenletExit
from gevent.event import Event

from swarm.environment import Environment
from swarm.http.on_requests.session import HttpSession
from swarm.users.user import User
from tests.runner.requests.server import Server, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.runner.requests.server import Received


class Visitor(User):
    """A user without a client of its own."""

    abstract = True


@pytest.fixture
def environment() -> Environment:
    return Environment()


@pytest.fixture
def user(environment: Environment) -> Visitor:
    return Visitor(environment)


@pytest.fixture
def session(server: Server, user: Visitor) -> Iterator[HttpSession]:
    with HttpSession(server.url, user=user) as session:
        yield session


class Held:
    """A route that answers when it is let."""

    def __init__(self) -> None:
        self.begun = Event()
        self.go_on = Event()

    def __call__(self, _request: Received, _sock: Any) -> bytes:
        self.begun.set()
        self.go_on.wait(20)
        return answer(b"late")


@pytest.fixture
def held(server: Server) -> Iterator[Held]:
    server.routes["/held"] = held = Held()
    yield held
    held.go_on.set()


# The short way to the core, and requests' own, which a hook asks for.
WAYS: dict[str, dict[str, Any]] = {"short": {}, "long": {"hooks": {"response": [lambda response, **_: None]}}}
both_ways = pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)


def outcome(task: Callable[[], Any]) -> str:
    """Return the name of what a task ends with."""
    try:
        task()
    except BaseException as error:  # noqa: BLE001  the test looks at it
        return type(error).__name__
    return "done"


def summary(environment: Environment) -> tuple[int, int, int]:
    total = environment.stats.total
    return total.num_requests, total.num_failures, total.num_interrupted


@both_ways
def test_a_request_in_flight_is_seen_as_such(
    options: dict[str, Any], session: HttpSession, held: Held
) -> None:
    assert session.in_flight == 0
    greenlet = gevent.spawn(session.get, "/held", **options)
    assert held.begun.wait(10)
    assert session.in_flight == 1
    held.go_on.set()
    greenlet.join(10)
    assert session.in_flight == 0


@both_ways
def test_a_request_that_ends_during_the_stop_is_counted_and_ends_the_task(
    options: dict[str, Any], session: HttpSession, user: Visitor, environment: Environment, held: Held
) -> None:
    greenlet = gevent.spawn(outcome, lambda: session.get("/held", **options))
    assert held.begun.wait(10)
    user._swarm_halt = True
    held.go_on.set()
    assert greenlet.get(timeout=10) == "GreenletExit"
    assert summary(environment) == (1, 0, 0)


def test_a_judged_request_ends_the_task_at_the_end_of_its_block(
    session: HttpSession, user: Visitor, environment: Environment
) -> None:
    def task() -> None:
        with session.get("/", catch_response=True) as response:
            user._swarm_halt = True
            response.failure("late")
            reached.append("end of the block")
        reached.append("behind the block")

    reached: list[str] = []
    assert outcome(task) == "GreenletExit"
    assert reached == ["end of the block"]
    assert summary(environment) == (1, 1, 0)


def test_no_request_begins_after_the_stop(
    session: HttpSession, user: Visitor, environment: Environment, server: Server
) -> None:
    user._swarm_halt = True
    with pytest.raises(GreenletExit):
        session.get("/")
    assert summary(environment) == (0, 0, 0)
    assert server.received == []
    user._swarm_halt = False  # as in on_stop
    assert session.get("/").status_code == 200


@both_ways
def test_a_request_that_is_cut_counts_as_interrupted_and_its_connection_is_closed(
    options: dict[str, Any], session: HttpSession, environment: Environment, held: Held, server: Server
) -> None:
    greenlet = gevent.spawn(outcome, lambda: session.get("/held", name="held", **options))
    assert held.begun.wait(10)
    greenlet.kill()
    assert greenlet.value == "GreenletExit"
    assert summary(environment) == (0, 0, 1)
    assert environment.stats.get("held", "GET").num_interrupted == 1
    assert session.in_flight == 0
    held.go_on.set()
    assert session.get("/next", **options).text.startswith("GET /next")
    assert server.received[-1].connection == 2


@both_ways
def test_a_timeout_of_the_users_own_is_a_failure_and_the_next_answer_is_the_next_ones(
    options: dict[str, Any], session: HttpSession, environment: Environment, held: Held
) -> None:
    def impatient() -> None:
        with gevent.Timeout(0.05):
            session.get("/held", **options)

    assert outcome(impatient) == "Timeout"
    assert summary(environment) == (1, 1, 0)
    assert [failure.error for failure in environment.stats.errors.values()] == [
        "<Timeout at 0x... seconds=0.05>"
    ]
    held.go_on.set()
    assert session.get("/next", **options).text.startswith("GET /next")


def test_an_exception_of_the_users_own_class_is_the_failure(
    session: HttpSession, environment: Environment, held: Held
) -> None:
    class TooSlowError(Exception):
        """What a user's timeout raises."""

    def impatient() -> None:
        with gevent.Timeout(0.05, TooSlowError("too slow")):
            session.get("/held")

    assert outcome(impatient) == "TooSlowError"
    assert [failure.error for failure in environment.stats.errors.values()] == ["TooSlowError('too slow')"]


def test_a_stream_that_is_cut_counts_as_interrupted(
    session: HttpSession, environment: Environment, server: Server
) -> None:
    held = Event()

    def half(_request: Received, sock: Any) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        held.wait(20)

    def task() -> None:
        with session.get("/half", stream=True, catch_response=True) as response:
            for _ in response.iter_content(1):
                read.set()

    read = Event()
    server.routes["/half"] = half
    greenlet = gevent.spawn(outcome, task)
    assert read.wait(10)
    gevent.sleep(0)
    assert session.in_flight == 1
    greenlet.kill()
    held.set()
    assert summary(environment) == (0, 0, 1)


def test_many_greenlets_of_one_user_get_each_its_own_answer(
    session: HttpSession, environment: Environment
) -> None:
    def one(number: int) -> bool:
        return session.get(f"/{number}", name="all").text.startswith(f"GET /{number} ")

    greenlets = [gevent.spawn(one, number) for number in range(60)]
    gevent.joinall(greenlets, timeout=20)
    assert all(greenlet.value for greenlet in greenlets)
    assert summary(environment) == (60, 0, 0)
