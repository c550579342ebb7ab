"""docs/locust.md is whole and true: no row is empty, each option is in it, and does what its row says."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from swarm_cli.exit_codes import ExitCode
from swarm_cli.keys import PAUSE, STEPS
from swarm_cli.options import OURS, get_parser
from swarm_cli.unknown_options import REMOVED
from tests.system.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECTIONS = [
    "Command line",
    "Configuration files",
    "Environment variables",
    "Exit codes",
    "Keys and signals",
    "Files and formats",
    "Web routes",
    "Modules and names",
    "Events",
    "Semantics",
    "Custom messages",
]
NONE = "\N{EN DASH}"
"""What stands in the column of variables where there is none."""


@dataclass(frozen=True)
class Row:
    """A row of a table: its section, the heading of its first column, and its cells."""

    section: str
    kind: str
    cells: tuple[str, ...]

    @property
    def options(self) -> list[str]:
        return re.findall(r"`(--?[A-Za-z][\w-]*)`", self.cells[0])

    @property
    def word(self) -> str:
        return re.split(r"\W", self.cells[-1], maxsplit=1)[0]


def rows() -> Iterator[Row]:
    section = kind = ""
    for line in (ROOT / "docs" / "locust.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif not line.startswith("|"):
            kind = ""
        elif not set(line) <= set("|-: "):
            cells = tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1]))
            if kind:
                yield Row(section, kind, cells)
            else:
                kind = cells[0]


ROWS = list(rows())
OPTIONS = [row for row in ROWS if len(row.cells) == 3 and row.options]
ACTIONS = {name: action for action in get_parser()._actions for name in action.option_strings}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in os.environ:
        if name.startswith(("LOCUST_", "SWARM_")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_has_rows(section: str) -> None:
    assert [row for row in ROWS if row.section == section]


def test_no_row_is_empty() -> None:
    wanting = [
        row
        for row in ROWS
        if not all(row.cells) or not re.fullmatch(r"same\b.*|(better|not): .+", row.cells[-1])
    ]

    assert wanting == []


def test_each_option_and_its_variable_are_there_once() -> None:
    named = [name for row in OPTIONS for name in row.options]

    assert sorted(named) == sorted({*ACTIONS, *REMOVED})
    variables = {name: row.cells[1] for row in OPTIONS for name in row.options}
    for name, action in ACTIONS.items():
        ours = getattr(action, "env_var", None)
        prefix = "SWARM_" if name in OURS else "LOCUST_"
        assert variables[name] == (f"`{ours.replace('SWARM_', prefix)}`" if ours else NONE), name


def sample(action: argparse.Action, tmp_path: Path) -> list[str]:
    """Return a value that the option takes, none for a flag."""
    if action.nargs == 0:
        return []
    if getattr(action, "is_config_file_arg", False):
        (tmp_path / "extra.conf").write_text("")
        return [str(tmp_path / "extra.conf")]
    if action.choices:
        return [list(action.choices)[-1]]
    return ["3"]


@pytest.mark.parametrize("row", OPTIONS, ids=lambda row: row.cells[0])
def test_an_option_is_taken_or_refused_as_its_row_says(
    row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in row.options:
        action: Any = ACTIONS.get(name)
        given = [name, *([] if action is None else sample(action, tmp_path))]
        if row.word == "not" or name in ("-h", "--help"):
            with pytest.raises(SystemExit) as ended:
                get_parser().parse_args(given)
            assert ended.value.code == (0 if name in ("-h", "--help") else 2)
            assert name in "".join(capsys.readouterr())
        else:
            options = get_parser().parse_args(given)
            assert hasattr(options, action.dest)


@pytest.mark.parametrize(
    "row", [row for row in OPTIONS if row.cells[1] != NONE], ids=lambda row: row.cells[1]
)
def test_a_variable_says_what_its_option_says(
    row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = row.options[-1]
    action = ACTIONS[name]
    value = sample(action, tmp_path)
    monkeypatch.setenv(row.cells[1].strip("`"), value[0] if value else "true")
    if row.word == "not":
        with pytest.raises(SystemExit):
            get_parser().parse_args([])
        return
    by_variable = getattr(get_parser().parse_args([]), action.dest)
    monkeypatch.delenv(row.cells[1].strip("`"))
    assert by_variable == getattr(get_parser().parse_args([name, *value]), action.dest) != action.default


def test_each_exit_code_is_there() -> None:
    codes = {
        int(code) for row in ROWS if row.section == "Exit codes" for code in re.findall(r"^\d+", row.cells[0])
    }

    assert codes == set(ExitCode)


def test_each_key_is_there() -> None:
    text = " ".join(row.cells[0] for row in ROWS if row.section == "Keys and signals")

    assert set(re.findall(r"`(\w)`", text)) == {*STEPS, PAUSE}
