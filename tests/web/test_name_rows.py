"""The figures of each name: they follow the statistics, however many names there are, and end exactly as those do."""

from __future__ import annotations

import random
from typing import Any

import pytest

from swarm_stats import Registry
from swarm_web import name_rows
from swarm_web.name_rows import COLUMNS, NameRows, table
from swarm_web.turns import Turns

START = 1_790_000_000


def shown(rows: NameRows) -> dict[str, dict[str, Any]]:
    columns = table(rows)
    assert set(columns) == {"i", "method", "name", *COLUMNS}
    return {
        name: {column: values[at] for column, values in columns.items()}
        for at, name in enumerate(columns["name"])
    }


def registry() -> Registry:
    return Registry(lambda: float(START))


def test_the_figures_of_a_name_are_those_of_its_entry() -> None:
    stats, chance = registry(), random.Random(4)
    rows = NameRows(stats, 0)
    for _ in range(500):
        stats.record("GET", "/a", int(chance.lognormvariate(9, 1)), 100, START + chance.random())
    stats.record("GET", "/a", None, 7, START + 0.5, "boom")
    stats.record_interrupted("GET", "/a")
    stats.get("/never", "GET")
    rows.update(START + 1.02)
    (figures,) = shown(rows).values()
    entry = stats.get("/a", "GET")
    assert (figures["requests"], figures["failures"], figures["interrupted"]) == (501, 1, 1)
    assert [figures[each] for each in ("p50_run", "p95_run", "p99_run")] == entry.percentiles(
        (0.5, 0.95, 0.99)
    )
    assert figures["avg"] == pytest.approx(entry.avg_response_time, abs=0.001)
    assert (figures["min"], figures["max"]) == (entry.min_response_time, entry.max_response_time)
    assert figures["length"] == pytest.approx(entry.avg_content_length, abs=0.05)
    assert figures["rps"] == 501.0
    assert (figures["late"], figures["p95_intent_run"]) == (0, None)


def test_names_without_time_for_their_percentiles_get_them_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_rows, "BUDGET_S", 0.0)  # one name a second
    stats = registry()
    rows = NameRows(stats, 0)
    for number in range(5):
        stats.record("GET", f"/{number}", 1_000 * (number + 1), 1, START + 0.5)
    rows.update(START + 1.02)
    assert [each["requests"] for each in shown(rows).values()] == [1] * 5
    for second in range(2, 8):
        rows.update(START + second + 0.02)
    assert [each["p50_run"] for each in shown(rows).values()] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_the_percentiles_of_a_long_run_end_exactly() -> None:
    stats = registry()
    rows = NameRows(stats, 0)
    for _ in range(10_000):
        stats.record("GET", "/", 1_000, 1, START + 0.5)
    rows.update(START + 1.02)
    for _ in range(10):  # too few to look at the whole run again
        stats.record("GET", "/", 9_000_000, 1, START + 1.5)
    changed = rows.update(START + 2.02)
    assert table(changed)["max"] == [9_000.0]
    rows.update(START + 3.02)
    entry = stats.get("/", "GET")
    assert shown(rows)["/"]["p99_run"] == entry.get_response_time_percentile(0.99)
    assert rows.named("GET", "/").whole == entry.percentiles(name_rows.FRACTIONS)  # type: ignore[union-attr]


def test_a_row_that_is_still_is_not_sent() -> None:
    stats = registry()
    rows = NameRows(stats, 0)
    stats.record("GET", "/", 1_000, 1, START + 0.5)
    assert len(rows.update(START + 1.02)) == 1
    for second in range(2, 40):
        changed = rows.update(START + second + 0.02)
    assert changed == []
    assert shown(rows)["/"]["rps"] == 0.0
    assert shown(rows)["/"]["p50"] is None


def test_what_comes_while_others_have_their_turn_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = registry()
    rows = NameRows(stats, 0)
    stats.record("GET", "/", 1_000, 1, START + 0.5)
    pending = [2_000_000]

    class Busy(Turns):
        def give_way(self) -> None:
            if pending and rows.named("GET", "/") is not None and rows.named("GET", "/").refreshed:  # type: ignore[union-attr]
                stats.record("GET", "/", pending.pop(), 1, START + 0.9)

    rows.update(START + 1.02, Busy())
    stats.record("GET", "/", 1_000, 1, START + 1.5)
    pending.append(3_000_000)
    rows.update(START + 2.02, Busy())
    assert not pending
    rows.update(START + 3.02)
    rows.update(START + 4.02)
    entry = stats.get("/", "GET")
    assert shown(rows)["/"]["requests"] == entry.num_requests
    assert rows.named("GET", "/").whole == entry.percentiles(name_rows.FRACTIONS)  # type: ignore[union-attr]
