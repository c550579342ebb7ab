"""Plugins that are installed: what they add, and what is said of one that does not load."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

LOCUSTFILE = """
    from swarm import User, task, constant

    class Buyer(User):
        wait_time = constant(0.01)

        @task
        def work(self):
            print("pace", self.environment.parsed_options.plugin_pace)
            self.environment.runner.quit()
"""
WORKING = """
    import sys

    print("loaded with", "locustfile" in sys.modules)

    def begin():
        from locust import events  # a plugin may have been written for Locust

        @events.init_command_line_parser.add_listener
        def add(parser):
            parser.add_argument("--plugin-pace", default="slow")

        @events.quit.add_listener
        def say(exit_code, **kwargs):
            print("the plugin saw", exit_code)
"""


class Site:
    """A folder with a locustfile, and a distribution in it that is installed for the processes started here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "locustfile.py").write_text(textwrap.dedent(LOCUSTFILE))

    def install(self, entry: str, module: str) -> None:
        info = self.folder / "acme_swarm-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-swarm\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[swarm.plugins]\nacme = {entry}\n")
        (self.folder / "acme_swarm.py").write_text(textwrap.dedent(module))

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "swarm_cli", "--headless", "-t", "20", *args],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_function_is_called_once_before_the_locustfile_is_loaded(site: Site) -> None:
    site.install("acme_swarm:begin", WORKING)

    done = site.run("--plugin-pace", "fast")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["loaded with False", "pace fast", "the plugin saw 0"]


def test_a_module_is_imported(site: Site) -> None:
    site.install("acme_swarm", WORKING + "\n    begin()\n")

    assert "--plugin-pace" in site.run("--help").stdout


@pytest.mark.parametrize(
    ("entry", "module", "said"),
    [
        ("acme_swarm:begin", "def begin():\n    raise ValueError('no key')\n", "ValueError: no key"),
        ("acme_swarm:gone", "", "has no attribute 'gone'"),
        ("acme_swarm", "import nothing_of_that_name\n", "No module named 'nothing_of_that_name'"),
        ("acme_swarm", "import sys\nsys.exit(1)\n", "SystemExit: 1"),
        ("acme_swarm:begin", "begin = 3\n", "3 is neither a module nor a function"),
    ],
)
def test_a_plugin_that_does_not_load_is_named_and_ends_the_process_with_1(
    site: Site, entry: str, module: str, said: str
) -> None:
    site.install(entry, module)

    done = site.run()

    assert done.returncode == 1
    assert done.stderr.startswith(f"swarm-cli: the plugin acme of acme-swarm ({entry}) could not be loaded: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
