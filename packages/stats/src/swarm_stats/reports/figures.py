"""How figures are written: a short time never reads as 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def ms_text(ms: float | None) -> str:
    """Return a time (ms) for a table: whole from 10 ms on, 9.87 and 0.13 below, 0.013 below 0.1; '-' for None."""
    if ms is None:
        return "-"
    if ms >= 10 or ms == 0:
        return f"{ms:.0f}"
    return f"{ms:.2f}" if ms >= 0.1 else f"{ms:.3f}"


def whole_ms(ms: float) -> int | float:
    """Return a time (ms) for a file: whole from 1 ms on, below that a decimal with its microseconds."""
    return round(ms) if ms >= 1 or ms == 0 else round(ms, 3)


def percent_label(fraction: float) -> str:
    """Return a fraction as people read it: 0.5 is 50%, 0.999 is 99.9%."""
    return f"{round(fraction * 100, 8)}".removesuffix(".0") + "%"


def percentile_column(fraction: float) -> str:
    """Return the name of the column that has a percentile in µs: 0.5 is p50_us, 0.999 is p99.9_us."""
    return f"p{percent_label(fraction).removesuffix('%')}_us"


def readable_percentiles(percentile_list: Iterable[float]) -> list[str]:
    """Return `percent_label` of each of the fractions."""
    return [percent_label(fraction) for fraction in percentile_list]
