"""Kinds of values that options take; each raises argparse's error that says what it takes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from swarm_cli.timespan import parse_timespan

if TYPE_CHECKING:
    from collections.abc import Callable


def integer(*, minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Return a parser of whole numbers within bounds."""
    bounds = f"from {minimum} to {maximum}" if maximum is not None else f"of at least {minimum}"

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = minimum - 1
        if number < minimum or (maximum is not None and number > maximum):
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number {bounds}")
        return number

    return parse


def positive_number(text: str) -> float:
    """Parse a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def timespan(text: str) -> int:
    """Parse a duration: 300s, 20m, 3h, 1h30m, or seconds."""
    try:
        return parse_timespan(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def seconds(text: str) -> float:
    """Parse a number of seconds, or a duration."""
    try:
        number = float(text)
    except ValueError:
        number = float(timespan(text))
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time of 0 seconds or more")
    return number


def processes(text: str) -> int:
    """Parse a number of processes: above 0, or -1."""
    if text.strip() == "-1":
        return -1
    return integer(minimum=1)(text)
