"""The import-linter contracts hold: each refuses an import that would break it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project's sources, to be spoilt."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for source in ROOT.glob("packages/*/src"):
        shutil.copytree(
            source, tmp_path / source.relative_to(ROOT), ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def _lint(copy: Path) -> subprocess.CompletedProcess[str]:
    sources = os.pathsep.join(str(source) for source in copy.glob("packages/*/src"))
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": sources},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_packages_keep_their_layers(copy: Path) -> None:
    done = _lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("stats/src/swarm_stats", "import swarm"),
        ("runner/src/swarm", "import swarm_web"),
        ("runner/src/swarm", "import swarm_cli"),
        ("web/src/swarm_web", "import swarm_cli"),
        ("stats/src/swarm_stats", "import gevent"),
        ("stats/src/swarm_stats", "import time"),
        ("runner/src/swarm/control", "import socket"),
        ("runner/src/swarm/control", "from time import monotonic"),
    ],
)
def test_an_import_against_the_layers_is_refused(copy: Path, module: str, line: str) -> None:
    (copy / "packages" / module / "spoilt.py").write_text(f"{line}\n")
    done = _lint(copy)
    assert done.returncode == 1, done.stdout
    assert "spoilt" in done.stdout
