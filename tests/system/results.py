"""What a run of `swarm-cli` reported, in the three ways in which it reports: JSON, CSV files, the table."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.system.cli_process import Finished


class Report:
    """The JSON on stdout: `report["GET", "/hello"]` is the entry's object."""

    def __init__(self, finished: Finished) -> None:
        """Read it; what a locustfile printed before it is left out."""
        start = re.search(r"^\[", finished.out, re.MULTILINE)
        assert start, f"no JSON in {finished.out!r}\n{finished.err}"
        self.entries: list[dict[str, Any]] = json.loads(finished.out[start.start() :])

    def __getitem__(self, key: tuple[str, str]) -> dict[str, Any]:
        method, name = key
        for entry in self.entries:
            if (entry["method"], entry["name"]) == (method, name):
                return entry
        raise KeyError(f"{key} is not among {self.names}")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.entries)

    @property
    def names(self) -> set[str]:
        """The methods and names: {"GET /hello"}."""
        return {f"{entry['method']} {entry['name']}" for entry in self.entries}

    @property
    def counts(self) -> dict[str, int]:
        """The requests by method and name: {"GET /hello": 3}."""
        return {f"{entry['method']} {entry['name']}": entry["num_requests"] for entry in self.entries}

    @property
    def failures(self) -> dict[str, int]:
        """The occurrences by text of the error."""
        return {
            failure["error"]: failure["occurrences"]
            for entry in self.entries
            for failure in entry["failures"]
        }


def table(finished: Finished) -> dict[str, tuple[int, int]]:
    """Return (requests, failures) by method and name from the summary on stderr."""
    rows: dict[str, tuple[int, int]] = {}
    for line in finished.err.splitlines():
        match = re.match(r"^(\S+)\s+(\S.*?)\s+(\d+)\s+(\d+)\s?\([\d.]+%\)", line)
        if match:
            rows[f"{match[1]} {match[2]}"] = (int(match[3]), int(match[4]))
    return rows


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file by their columns' names."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
