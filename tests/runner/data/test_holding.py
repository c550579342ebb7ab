"""What a worker holds of a feed: when it asks, what it uses, what it gives back."""

from __future__ import annotations

import pytest

from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data.errors import Exhausted, FeedError
from swarm.data.holding import Holding
from swarm.data.leases import BEGIN, BEGUN, DONE, FIRST_ROWS, RECALL, RETURNED
from tests.runner.data.lease_wire import Wire, book_of


def test_a_worker_takes_every_row_once_and_learns_of_the_end() -> None:
    wire = Wire(book_of(2_500))

    assert [wire.take() for _ in range(2_500)] == list(range(2_500))
    with pytest.raises(Exhausted):
        wire.take()


def test_no_row_is_used_before_its_block_is_begun() -> None:
    holding = Holding("feed")
    (request,) = holding.due(0, "s", 1)
    holding.leased(Lease("s", "feed", request.number, 7, [1, 2], exhausted=False), 0)  # type: ignore[union-attr]
    with pytest.raises(IndexError):
        holding.take()

    assert holding.due(0, "s", 1) == [LeaseProgress("s", "feed", 7, BEGIN)]
    holding.answered(LeaseProgress("s", "feed", 6, BEGUN))
    with pytest.raises(IndexError):
        holding.take()
    holding.answered(LeaseProgress("s", "feed", 7, BEGUN))
    assert holding.take() == 1


def test_what_is_not_answered_is_said_again_after_a_second() -> None:
    holding = Holding("feed")
    holding.due(0, "s", 1)
    assert holding.due(0.9, "s", 1) == []
    (again,) = holding.due(1.0, "new session", 1)
    assert again == LeaseRequest("new session", "feed", 1, FIRST_ROWS, urgent=True)

    holding.leased(Lease("s", "feed", 1, 7, [1], exhausted=False), 1)
    assert holding.due(1.0, "s", 1) == [LeaseProgress("s", "feed", 7, BEGIN)]
    assert holding.due(1.5, "s", 1) == []
    assert holding.due(2.0, "s", 1) == [LeaseProgress("s", "feed", 7, BEGIN)]


def test_answers_to_what_was_not_asked_are_ignored() -> None:
    holding = Holding("feed")
    holding.leased(Lease("s", "feed", 1, 7, [1], exhausted=False), 0)
    holding.answered(LeaseProgress("s", "feed", 7, BEGUN))
    holding.due(0, "s", 1)
    holding.leased(Lease("s", "feed", 9, 7, [1], exhausted=False), 0)

    with pytest.raises(IndexError):
        holding.take()


def test_the_next_block_is_there_before_the_last_is_used_up() -> None:
    wire = Wire(book_of(10**6, "cycle"))
    wire.take()
    for _ in range(5):
        wire.talk(waiting=0)
    taken = [wire.holdings["worker 0"].take() for _ in range(9)]
    assert taken == list(range(1, 10))

    wire.talk(waiting=0)
    assert wire.holdings["worker 0"].take() == 10


def test_scarce_rows_are_asked_for_only_when_somebody_needs_one() -> None:
    wire = Wire(book_of(10), workers=2)
    wire.take()

    assert [message.state for message in wire.talk(waiting=0)] == [DONE]


def test_a_feed_that_was_exhausted_is_asked_again_after_a_while() -> None:
    wire = Wire(book_of(20), workers=2)
    for _ in range(20):
        wire.take("worker 0")
    wire.talk("worker 0", waiting=0)
    with pytest.raises(Exhausted):
        wire.take("worker 1")

    wire.book._returned.append("came back")
    with pytest.raises(Exhausted):
        wire.take("worker 1")
    wire.now += 1
    assert wire.take("worker 1") == "came back"


def test_an_error_of_the_master_is_one_of_the_worker() -> None:
    holding = Holding("feed")
    holding.due(0, "s", 1)
    holding.leased(Lease("s", "feed", 1, 0, [], exhausted=True, error="users.csv cannot be read"), 0)

    with pytest.raises(FeedError, match=r"users\.csv cannot be read"):
        holding.check(0)
    assert holding.due(1.1, "s", 1)


def test_a_fast_worker_asks_for_about_a_second_of_rows() -> None:
    wire = Wire(book_of(10**9, "cycle"))
    asked = []
    for _ in range(3_000):
        wire.now += 0.005  # 200 a second
        wire.take()
        asked += [each.rows for each in wire.talk(waiting=0) if isinstance(each, LeaseRequest)]

    assert 100 <= asked[-1] <= 300


# -- what it gives back --


def holding_of(*blocks: list[int]) -> Holding:
    """A worker's that has begun these blocks, with numbers from 1."""
    holding = Holding("feed")
    for number, rows in enumerate(blocks, 1):
        asked = holding.due(0, "s", len(holding._ready) + 1)[-1]
        assert isinstance(asked, LeaseRequest)
        holding.leased(Lease("s", "feed", asked.number, number, rows, exhausted=False), 0)
        holding.answered(LeaseProgress("s", "feed", number, BEGUN))
    return holding


def recalled(holding: Holding, block: int, waiting: int = 0, session: str = "s") -> tuple[str, int]:
    said = holding.recalled(LeaseProgress(session, "feed", block, RECALL), waiting)
    assert (said.session, said.block) == (session, block)
    return said.state, said.rows


def rest(holding: Holding) -> list[int]:
    rows = []
    while holding._ready:
        rows.append(holding.take())
    return rows


def test_it_gives_back_what_no_user_waits_for_from_the_end_of_the_block() -> None:
    holding = holding_of([1, 2, 3, 4], [5, 6, 7])
    holding.take()

    assert recalled(holding, 1) == (DONE, 3)
    assert rest(holding) == [5, 6, 7]


def test_it_keeps_a_row_for_each_user_that_waits_and_says_so_when_they_are_used() -> None:
    holding = holding_of([1, 2, 3, 4])

    assert recalled(holding, 1, waiting=3) == (RETURNED, 1)
    assert recalled(holding, 1, waiting=3) == (RETURNED, 1)
    assert rest(holding) == [1, 2, 3]
    assert holding.due(0, "s", 0) == [LeaseProgress("s", "feed", 1, DONE, 1)]


def test_it_says_as_often_as_it_is_asked_what_it_gave_back() -> None:
    holding = holding_of([1, 2, 3, 4], [5])
    holding.take()

    assert [recalled(holding, 1), recalled(holding, 1)] == [(DONE, 3), (DONE, 3)]
    assert recalled(holding, 2, waiting=1) == (RETURNED, 0)
    rest(holding)
    assert [recalled(holding, 2), recalled(holding, 7)] == [(DONE, 0), (DONE, 0)]


def test_a_block_whose_begin_was_not_heard_to_be_answered_is_begun_by_its_recall() -> None:
    holding = Holding("feed")
    holding.due(0, "s", 1)
    holding.leased(Lease("s", "feed", 1, 7, [1, 2], exhausted=False), 0)
    holding.due(0, "s", 1)

    assert recalled(holding, 7, waiting=1) == (RETURNED, 1)
    holding.answered(LeaseProgress("s", "feed", 7, BEGUN))
    assert rest(holding) == [1]


def test_after_giving_back_it_asks_for_more_only_when_somebody_needs_one() -> None:
    holding = holding_of([1, 2, 3, 4])
    recalled(holding, 1)

    assert holding.due(2, "s", 0) == []
    (request,) = holding.due(2, "s", 1)
    assert isinstance(request, LeaseRequest)
    assert request.urgent


def test_a_user_that_comes_after_rows_were_given_back_does_not_hear_of_an_end_before() -> None:
    holding = holding_of([1, 2])
    holding.due(0, "s", 3)
    holding.leased(Lease("s", "feed", 2, 0, [], exhausted=True), 0)
    recalled(holding, 1)

    holding.check(0)


def test_blocks_of_another_master_are_used_up_and_not_spoken_of() -> None:
    holding = holding_of([1, 2])

    assert recalled(holding, 1, session="another") == (DONE, 0)
    assert rest(holding) == [1, 2]
    assert [type(each) for each in holding.due(0, "another", 1)] == [LeaseRequest]


def test_a_block_of_another_master_that_was_not_begun_is_dropped() -> None:
    holding = Holding("feed")
    holding.due(0, "s", 1)
    holding.leased(Lease("s", "feed", 1, 7, [1, 2], exhausted=False), 0)

    (request,) = holding.due(0, "another", 1)
    assert isinstance(request, LeaseRequest)
    assert request.number == 2


def test_it_gives_all_back_when_there_are_no_users_any_more() -> None:
    holding = holding_of([1, 2, 3], [4, 5])
    holding.take()

    assert [(each.state, each.block, each.rows) for each in holding.give_back("s")] == [
        (DONE, 1, 2),
        (DONE, 2, 2),
    ]
    assert rest(holding) == []
    assert holding.give_back("s") == []
    assert recalled(holding, 1) == (DONE, 2)


def test_it_gives_back_what_it_wanted_to_begin_and_begins_no_more() -> None:
    holding = holding_of([1, 2])
    holding.due(0, "s", 3)
    holding.leased(Lease("s", "feed", 2, 2, [3, 4], exhausted=False), 0)
    assert holding.give_back("s") == [LeaseProgress("s", "feed", 1, DONE, 2)]
    assert holding.due(5, "s", 0) == []

    holding.due(5, "s", 1)
    holding.leased(Lease("s", "feed", 3, 2, [3, 4], exhausted=False), 5)
    assert holding.due(5, "s", 1) == [LeaseProgress("s", "feed", 2, BEGIN)]
    assert holding.give_back("s") == [LeaseProgress("s", "feed", 2, DONE, 2)]
    holding.answered(LeaseProgress("s", "feed", 2, BEGUN))
    assert rest(holding) == []


def test_rows_that_come_when_no_user_is_left_are_not_begun() -> None:
    holding = holding_of([1, 2])
    holding.due(0, "s", 3)
    holding.give_back("s")

    holding.leased(Lease("s", "feed", 2, 2, [3, 4], exhausted=False), 0)
    assert holding.due(5, "s", 0) == []
