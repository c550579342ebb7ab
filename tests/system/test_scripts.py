"""scripts/bootstrap does nothing the second time, and says what it needs when that is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPE = [
    "scripts/bootstrap",
    "pyproject.toml",
    *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("packages/*/pyproject.toml")),
]
RECIPE.append("poetry.lock")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for the PATH with what every machine has, and no Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("bash", "cat", "cmp", "dirname", "env", "head", "rm"):
        program = shutil.which(name)
        assert program is not None
        (folder / name).symlink_to(program)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as bootstrap reads, with an environment that was installed from it."""
    root = (tmp_path / "checkout").resolve()
    for name in RECIPE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "swarm-cli").symlink_to("/bin/sh")
    recipe = f"{root}\n" + "".join((root / name).read_text() for name in RECIPE)
    (root / ".venv" / "installed-from").write_text(recipe)
    return root


def _bootstrap(checkout: Path, tools: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "scripts" / "bootstrap", *arguments],
        env={"PATH": str(tools)},
        cwd=checkout.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_bootstrap_of_a_checkout_that_is_installed_does_nothing(checkout: Path, tools: Path) -> None:
    done = _bootstrap(checkout, tools)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("changed", ["poetry.lock", "pyproject.toml", "packages/cli/pyproject.toml"])
def test_bootstrap_notices_a_change_and_says_that_it_needs_python(
    checkout: Path, tools: Path, changed: str
) -> None:
    with (checkout / changed).open("a") as file:
        file.write("# changed\n")
    done = _bootstrap(checkout, tools)
    assert done.returncode == 1
    assert "no Python 3.11 or later" in done.stderr
    assert "PYTHON=" in done.stderr


def test_bootstrap_does_not_take_a_moved_checkout_for_installed(checkout: Path, tools: Path) -> None:
    moved = checkout.rename(checkout.with_name("moved"))
    assert _bootstrap(moved, tools).returncode == 1


def test_bootstrap_refuses_arguments_that_it_has_not(checkout: Path, tools: Path) -> None:
    done = _bootstrap(checkout, tools, "--lok")
    assert done.returncode == 2
    assert "unknown arguments: --lok; there is --lock" in done.stderr


def test_no_index_is_written_into_the_project() -> None:
    files = (
        [ROOT / name for name in RECIPE]
        + [p for p in ROOT.glob("scripts/*") if p.is_file()]
        + [ROOT / "poetry.toml", ROOT / ".ci/run"]
    )
    for file in files:
        text = file.read_text()
        assert not re.search(r"https?://[^\s\"']*(simple|pypi|index)", text), file
        assert '[package.source]\ntype = "legacy"' not in text, file
