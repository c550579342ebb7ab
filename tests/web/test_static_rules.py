"""What the browser's files may not have: markup from text, code from text, anything from elsewhere."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

STATIC = Path(str(files("swarm_web"))) / "static"
MODULES = [path for path in STATIC.rglob("*.js") if "vendor" not in path.parts]
OWN = [*MODULES, *STATIC.glob("*.html"), *STATIC.glob("*.css"), *STATIC.glob("*.svg"), *STATIC.glob("*.json")]
FORBIDDEN = (
    r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write",
    r"\beval\(|new Function\(|setTimeout\(\s*[\"'`]",
    r"\sstyle=\"",
    r"\son[a-z]+=\"",
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(STATIC)))
def test_text_becomes_neither_markup_nor_code(path: Path) -> None:
    text = path.read_text()

    assert [rule for rule in FORBIDDEN if re.search(rule, text)] == []


def test_nothing_comes_from_elsewhere() -> None:
    names = {"http://www.w3.org/2000/svg"}
    found = {
        address
        for path in OWN
        for address in re.findall(r"https?://[^\s\"'`)]+", path.read_text())
        if address not in names
    }

    assert found == set()


def test_they_fit_the_budget() -> None:
    assert len(MODULES) <= 25
    assert sum(path.stat().st_size for path in OWN) <= 150_000


def test_the_report_lists_all_modules_that_it_needs() -> None:
    manifest = json.loads((STATIC / "report.json").read_text())
    listed = set(manifest["import_map"].values())
    wanted, waiting = set(), ["report.js"]
    while waiting:
        path = waiting.pop()
        if path in wanted:
            continue
        wanted.add(path)
        text = (STATIC / path).read_text()
        beside = (STATIC / path).parent
        waiting += [
            str((beside / name).resolve().relative_to(STATIC.resolve()))
            for name in re.findall(r'from "(\.{1,2}/[^"]+)"', text)
        ]
        waiting += [manifest["import_map"][name] for name in re.findall(r'from ?"([^."][^"]*)"', text)]

    assert wanted == listed
