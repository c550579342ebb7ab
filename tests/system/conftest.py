"""What the tests of whole processes share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.nginx import nginx  # noqa: F401  a fixture
from tests.servers.site import Site
from tests.system.cli_process import SLEEPER, Cli
from tests.system.example import Example


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """`swarm-cli` in an empty folder."""
    return Cli(tmp_path)


@pytest.fixture
def sleeper(cli: Cli) -> Cli:
    """`swarm-cli` in a folder whose locustfile needs no server."""
    cli.write("locustfile.py", SLEEPER)
    return cli


@pytest.fixture
def site() -> Iterator[Site]:
    """A small web site that keeps what it was asked."""
    with Site() as site:
        yield site


@pytest.fixture(params=["locust", "swarm"])
def example(cli: Cli, request: pytest.FixtureRequest) -> Example:
    """The files of `examples/`, in Locust's names and in ours."""
    return Example(cli, request.param)
