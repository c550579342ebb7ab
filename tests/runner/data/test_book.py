"""The master's book of a feed: who gets which rows, what comes back, and when there are none left."""

from __future__ import annotations

from swarm.control.messages import Lease, LeaseProgress, LeaseRequest
from swarm.data.book import LeaseBook, Said
from swarm.data.leases import (
    BEGIN,
    BEGUN,
    BLOCK_ROWS,
    DONE,
    PATIENCE_S,
    RECALL,
    RECALLS,
    REPEAT_S,
    RETURNED,
    REVOKED,
    SHARES,
)
from tests.runner.data.lease_wire import book_of


def request(
    book: LeaseBook, worker: str, number: int, rows: int = 10, urgent: bool = True, now: float = 0.0
) -> Said:
    return book.lease(worker, LeaseRequest("s", "feed", number, rows, urgent), now)


def ask(
    book: LeaseBook, worker: str, number: int, rows: int = 10, urgent: bool = False, now: float = 0.0
) -> Lease:
    ((to, lease),) = request(book, worker, number, rows, urgent, now)
    assert to == worker
    assert isinstance(lease, Lease)
    return lease


def begin(book: LeaseBook, worker: str, number: int, rows: int = 10) -> Lease:
    lease = ask(book, worker, number, rows)
    assert say(book, worker, lease.block, BEGIN) == (BEGUN if lease.rows else REVOKED)
    return lease


def say(book: LeaseBook, worker: str, block: int, state: str) -> str | None:
    said = book.progress(worker, LeaseProgress("s", "feed", block, state), 0)
    if not said:
        return None
    ((to, answer),) = said
    assert to == worker
    assert isinstance(answer, LeaseProgress)
    return answer.state


def begin_of(book: LeaseBook, worker: str, lease: Lease) -> int:
    say(book, worker, lease.block, BEGIN)
    return lease.block


def back(book: LeaseBook, worker: str, block: int, rows: int, state: str = DONE, now: float = 0.0) -> Said:
    return book.progress(worker, LeaseProgress("s", "feed", block, state, rows), now)


def recall(worker: str, block: int) -> tuple[str, LeaseProgress]:
    return worker, LeaseProgress("s", "feed", block, RECALL)


def test_rows_go_to_workers_in_blocks_in_their_order() -> None:
    book = book_of(1_000)

    assert begin(book, "one", 1).rows == list(range(10))
    assert begin(book, "two", 1).rows == list(range(10, 20))
    assert begin(book, "one", 2).rows == list(range(20, 30))


def test_the_same_request_gets_the_same_answer_and_an_older_one_none() -> None:
    book = book_of(1_000)
    first = ask(book, "one", 1)
    assert ask(book, "one", 1) == first

    ask(book, "one", 2)
    assert request(book, "one", 1) == []


def test_a_block_is_no_larger_than_a_small_part_of_an_even_share_of_what_is_left() -> None:
    book = book_of(1_000, workers=4)

    assert len(ask(book, "one", 1, rows=1_000).rows) == 1_000 // (4 * SHARES)
    assert len(ask(book_of(20, workers=4), "one", 1, rows=1_000).rows) == 1
    assert len(ask(book_of(10**6, "cycle", workers=4), "one", 1, rows=10**6).rows) == BLOCK_ROWS


def test_a_worker_that_asks_anew_without_having_begun_is_told_of_its_block_again() -> None:
    book = book_of(1_000)
    first = ask(book, "one", 1)

    again = ask(book, "one", 2)
    assert (again.number, again.block, again.rows) == (2, first.block, first.rows)


def test_a_worker_begins_only_what_it_has() -> None:
    book = book_of(1_000)
    block = ask(book, "one", 1).block

    assert say(book, "two", block, BEGIN) == REVOKED
    assert say(book, "one", block + 1, BEGIN) == REVOKED
    assert say(book, "one", block, BEGIN) == BEGUN
    assert say(book, "one", block, BEGIN) == BEGUN
    assert say(book, "one", block, DONE) is None
    assert say(book, "one", block, BEGIN) == REVOKED
    assert say(book, "one", block, "nonsense") is None


def test_of_a_lost_worker_what_it_had_not_begun_comes_back_and_the_rest_is_uncertain() -> None:
    book = book_of(1_000)
    begin(book, "one", 1)
    held = ask(book, "one", 2)

    book.lose("one", 0)

    assert book.uncertain == 10
    assert begin(book, "two", 1, rows=100).rows[0] == held.rows[0]
    everything = [*held.rows[1:], *range(20, 1_000)]
    assert [begin(book, "two", n, rows=1).rows[0] for n in range(2, 991)] == everything
    assert ask(book, "two", 991).rows == []


def test_a_lost_worker_that_comes_back_may_not_begin_what_others_have_and_is_certain_of_what_it_did() -> None:
    book = book_of(1_000)
    begun, held = begin(book, "one", 1), ask(book, "one", 2)
    book.lose("one", 0)

    assert say(book, "one", held.block, BEGIN) == REVOKED
    assert say(book, "one", begun.block, BEGIN) == BEGUN
    assert book.uncertain == 0
    assert say(book, "two", begun.block, DONE) is None
    book.lose("one", 0)
    assert book.uncertain == 10
    assert say(book, "one", begun.block, DONE) is None
    book.lose("one", 0)
    assert book.uncertain == 0


def test_at_least_once_gives_all_rows_of_a_lost_worker_out_again() -> None:
    book = book_of(20, at_least_once=True)
    blocks = [begin(book, "one", number) for number in range(1, 15)]
    ask(book, "one", 15)
    for lease in blocks[:5]:
        say(book, "one", lease.block, DONE)

    book.lose("one", 0)

    assert book.uncertain == 0
    again = [begin(book, "two", number).rows[0] for number in range(1, 16)]
    assert sorted(again) == list(range(5, 20))
    assert ask(book, "two", 16).rows == []


def test_rows_that_a_worker_sits_on_are_taken_back_for_one_that_has_none() -> None:
    book = book_of(1_000)
    held = ask(book, "one", 1)
    for number in range(1, 991):
        begin(book, "two", number, rows=1)

    assert begin(book, "two", 991).rows == held.rows
    assert say(book, "one", held.block, BEGIN) == REVOKED
    assert ask(book, "two", 992).rows == []


def test_a_block_that_a_user_waits_for_is_not_taken_away_before_it_could_be_begun() -> None:
    book = book_of(1)
    held = ask(book, "one", 1, urgent=True)

    assert request(book, "two", 1, now=PATIENCE_S / 2) == []
    ((to, lease),) = request(book, "two", 1, now=PATIENCE_S)
    assert (to, lease) == ("two", Lease("s", "feed", 1, held.block + 1, held.rows, exhausted=False))
    assert say(book, "one", held.block, BEGIN) == REVOKED


# -- rows of blocks that are begun --


def ten_in_one_block(at_least_once: bool = False) -> LeaseBook:
    """Whoever asks first gets all; what comes back is given out one by one."""
    return book_of(10, at_least_once=at_least_once, known=False)


def test_nobody_hears_that_there_are_none_left_while_a_worker_has_rows_that_are_no_users() -> None:
    book = ten_in_one_block()
    block = begin(book, "one", 1).block

    assert request(book, "two", 1) == [recall("one", block)]
    ((to, lease),) = back(book, "one", block, rows=1)
    assert isinstance(lease, Lease)
    assert (to, lease.number, lease.rows, lease.exhausted) == ("two", 1, [9], False)
    say(book, "two", lease.block, BEGIN)
    assert request(book, "one", 2) == [recall("two", lease.block)]
    assert back(book, "two", lease.block, rows=0) == [
        ("one", Lease("s", "feed", 2, 0, [], exhausted=True)),
    ]


def test_a_worker_that_has_users_for_its_rows_keeps_them_and_is_awaited() -> None:
    book = ten_in_one_block()
    block = begin(book, "one", 1).block
    request(book, "two", 1)

    ((_, lease),) = back(book, "one", block, rows=1, state=RETURNED)
    assert isinstance(lease, Lease)
    assert lease.rows == [9]
    back(book, "two", begin_of(book, "two", lease), rows=0)
    assert request(book, "two", 2, now=REPEAT_S) == [recall("one", block)]
    assert back(book, "one", block, rows=1, state=RETURNED) == []
    assert back(book, "one", block, rows=1) == [("two", Lease("s", "feed", 2, 0, [], exhausted=True))]


def test_what_is_given_back_twice_comes_back_once() -> None:
    book = ten_in_one_block()
    block = begin(book, "one", 1).block

    for rows in (2, 2, 1, 4, 3, 4, 11, -1):
        back(book, "one", block, rows, state=RETURNED)
    back(book, "two", block, 10)
    again = [begin(book, "two", number).rows for number in range(1, 6)]

    assert sorted(again) == [[], [6], [7], [8], [9]]


def test_a_worker_that_asks_before_a_user_needs_a_row_makes_nobody_give_any_back() -> None:
    book = ten_in_one_block()
    begin(book, "one", 1)

    assert ask(book, "two", 1) == Lease("s", "feed", 1, 0, [], exhausted=False)


def test_a_recall_is_repeated_when_the_asker_repeats_its_request_and_not_before_its_time() -> None:
    book = ten_in_one_block()
    block = begin(book, "one", 1).block

    assert request(book, "two", 1) == [recall("one", block)]
    assert request(book, "three", 1, now=REPEAT_S / 4) == []
    assert request(book, "two", 1, now=REPEAT_S) == [recall("one", block)]
    assert request(book, "three", 1, now=REPEAT_S) == []


def test_an_old_request_of_a_worker_that_waits_is_nothing() -> None:
    book = ten_in_one_block()
    block = begin(book, "one", 1).block
    request(book, "two", 5)

    assert request(book, "two", 4, now=REPEAT_S) == []
    assert [lease.number for _, lease in back(book, "one", block, rows=1) if isinstance(lease, Lease)] == [5]


def test_many_blocks_are_recalled_little_by_little_the_longest_first() -> None:
    book = book_of(15, known=False)
    blocks = {rows: begin(book, f"worker {rows}", 1, rows=rows).block for rows in range(1, 6)}

    first = request(book, "two", 2)
    assert first == [recall(f"worker {rows}", blocks[rows]) for rows in (5, 4, 3, 2)][:RECALLS]
    assert back(book, "worker 5", blocks[5], rows=0) == [recall("worker 1", blocks[1])]


def test_those_that_wait_are_served_in_their_order_and_told_together_when_there_is_nothing() -> None:
    book = ten_in_one_block()
    block = begin(book, "one", 1).block
    request(book, "three", 1, rows=1)
    request(book, "two", 1, rows=1)

    ((to, lease),) = back(book, "one", block, rows=1, state=RETURNED)
    assert (to, isinstance(lease, Lease) and lease.rows) == ("three", [9])
    assert back(book, "one", block, rows=1) == []  # what is leased to three may come back
    assert isinstance(lease, Lease)
    request(book, "one", 2)
    said = dict(back(book, "three", begin_of(book, "three", lease), rows=0))
    assert {worker for worker, each in said.items() if isinstance(each, Lease) and each.exhausted} == {
        "one",
        "two",
    }


def test_who_waits_for_a_worker_that_is_lost_is_told_that_its_rows_do_not_come() -> None:
    book = ten_in_one_block()
    begin(book, "one", 1)
    request(book, "two", 1)

    assert book.lose("one", 0) == [("two", Lease("s", "feed", 1, 0, [], exhausted=True))]
    assert book.uncertain == 10


def test_who_waits_for_a_worker_that_is_lost_gets_its_rows_if_they_may_be_used_again() -> None:
    book = ten_in_one_block(at_least_once=True)
    block = begin(book, "one", 1).block
    request(book, "two", 1, rows=3)
    back(book, "one", block, rows=2, state=RETURNED)  # to two, which has not begun them

    book.lose("two", 0)
    assert book.lose("one", 0) == []
    taken = [begin(book, "three", number, rows=1).rows[0] for number in range(1, 11)]
    assert sorted(taken) == list(range(10))


def test_a_lost_worker_that_comes_back_can_still_give_rows_back() -> None:
    book = ten_in_one_block()
    block = begin(book, "one", 1).block
    book.lose("one", 0)

    back(book, "one", block, rows=4)

    assert book.uncertain == 0
    assert [ask(book, "two", 1).rows] == [[6]]


def test_rows_of_a_generator_are_recalled_too() -> None:
    book = book_of(3, known=False)
    block = begin(book, "one", 1).block

    assert request(book, "two", 1) == [recall("one", block)]
