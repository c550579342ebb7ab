"""A table over time: rows by their second, folded as they grow old, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from swarm_stats.timeline import Fold, Timeline

NOW = 1_795_000_000
COLUMNS = {"users": Fold.LAST, "rps": Fold.RATE, "avg": Fold.MEAN, "p95": Fold.MAX}
SMALL = ((1, 10), (5, 4), (30, 3))


def test_a_stretch_has_both_its_ends() -> None:
    table = Timeline(COLUMNS)
    for second in range(5):
        table.put(NOW + second, [second, 1, 1, 1])

    assert table.columns(NOW + 2, NOW + 2)["time"] == [NOW + 2]
    assert table.columns(NOW + 1, NOW + 3)["users"] == [1, 2, 3]
    assert table.columns(NOW + 4.5)["time"] == []


def test_a_row_that_comes_again_takes_the_place_of_the_first() -> None:
    table = Timeline(COLUMNS)

    assert table.put(NOW, [1, 1, None, 1])
    assert not table.put(NOW, [1, 1, None, 1])
    assert table.put(NOW, [1, 2, None, 1])
    assert table.columns() == {"time": [NOW], "users": [1], "rps": [2], "avg": [None], "p95": [1]}


def test_old_rows_are_summed_up_as_their_columns_say() -> None:
    table = Timeline(COLUMNS, ((1, 5), (5, 10)))
    for second in range(10):
        table.put(NOW + second, [second, 10 * (second < 2), 100 * second, second])

    old = {name: values[0] for name, values in table.columns().items()}
    assert old == {"time": NOW, "users": 4, "rps": 4, "avg": 50, "p95": 4}


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 50)), max_size=150))
def test_rows_stay_in_order_and_bounded(rows: list[tuple[int, int]]) -> None:
    table = Timeline(COLUMNS, SMALL)
    newest = -1
    for second, rate in rows:
        if second < newest - 8:  # older than the finest rows: left out
            continue
        newest = max(newest, second)
        table.put(second, [1, rate, 1, 1])

    times = table.columns()["time"]
    assert times == sorted(set(times))
    assert len(table) <= sum(rows for _, rows in SMALL) + 1


def test_a_table_is_restored_as_it_was() -> None:
    table = Timeline(COLUMNS, SMALL)
    for second in range(40):
        table.put(NOW + second, [second, 10, None if second % 3 else 1, second])
    again = Timeline(COLUMNS, SMALL)

    again.restore(table.columns())
    assert again.columns() == table.columns()

    for each in (table, again):
        for second in range(40, 90):
            each.put(NOW + second, [second, 10, 1, second])
    assert again.columns() == table.columns()


def test_a_column_that_restored_rows_do_not_have_is_unknown() -> None:
    table = Timeline({"old": Fold.LAST, "new": Fold.MAX})
    table.restore({"time": [10, 11], "old": [1, 2]})
    table.put(12, [3, 4])

    assert table.columns() == {"time": [10, 11, 12], "old": [1.0, 2.0, 3.0], "new": [None, None, 4.0]}


def test_who_makes_a_table_coarser_may_give_way_after_each_row() -> None:
    table = Timeline({"n": Fold.RATE}, ((1, 1_000),))
    for second in range(100):
        table.put(second, [1])
    between: list[int] = []

    def add_more() -> None:
        between.append(len(table))
        table.put(len(table), [1])

    coarse = table.coarser(10, add_more)
    assert coarse.columns() == {"time": list(range(0, 100, 10)), "n": [1.0] * 10}
    assert between == list(range(100, 110))


def test_values_have_three_decimals() -> None:
    for single in (False, True):
        table = Timeline({"n": Fold.MEAN}, ((1, 10),), single_precision=single)
        table.put(1, [0.12345])
        assert table.columns()["n"] == [0.123]
        assert not table.put(1, [0.12341])
