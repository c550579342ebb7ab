"""What the tests of whole processes share."""

from pathlib import Path

import pytest

from tests.system.cli_process import SLEEPER, Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """`swarm-cli` in an empty folder."""
    return Cli(tmp_path)


@pytest.fixture
def sleeper(cli: Cli) -> Cli:
    """`swarm-cli` in a folder whose locustfile needs no server."""
    cli.write("locustfile.py", SLEEPER)
    return cli
