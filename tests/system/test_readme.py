"""The documentation is true: its examples run, its commands work, its options, links and names exist.

What is said to a block of a page, and how, stands in `tests/system/pages.py`.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from gevent.pool import Pool

from swarm.control.generator import Verdict
from swarm.event import Events
from swarm_cli.options import get_parser
from swarm_cli.outputs import run_facts
from swarm_cli.unknown_options import REMOVED
from swarm_stats import Registry, Snapshot
from swarm_stats.reports import csv, json
from tests.system.any_shop import any_shop, echo_server
from tests.system.cli_process import SWARM_CLI, Cli, Finished
from tests.system.pages import PAGES, ROOT, Block, anchors_of, blocks_of, prose_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOP = "http://127.0.0.1:8000"
"""Where the pages say that the demo shop is."""
SHORT = ["--headless", "-u", "4", "-r", "100", "-t", "1s", "--only-summary"]
AT_ONCE = 6
PATIENCE_S = 60

TASK_BODIES = """
from swarm import FastHttpUser, HttpUser, StopUser

done = []

{functions}

def everything(self):
    for body in [{names}]:
        body(self)
    done.append(self)
    if len(done) == 2:
        self.environment.runner.quit()
    raise StopUser


class Fast(FastHttpUser):
    tasks = [everything]


class OnRequests(HttpUser):
    tasks = [everything]
"""

FOR_TWO_REQUESTS = """
from swarm import StopUser, events

requests = []


@events.request.add_listener
def leave(**request):
    requests.append(request)
    if len(requests) == 2:
        raise StopUser


"""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with any_shop() as url:
        yield url


class Reader:
    """Somebody who tries out what a block says, in a folder of its own."""

    def __init__(self, folder: Path, shop: str) -> None:
        folder.mkdir()
        (folder / "examples").symlink_to(ROOT / "examples")
        self.cli = Cli(folder)
        self._shop = shop

    def save(self, name: str, text: str) -> None:
        self.cli.write(name, text.replace(SHOP, self._shop))

    def run_locustfile(self, text: str, arguments: list[str]) -> None:
        self.save("block.py", text)
        files = "block.py" if re.search(r"User\)|tasks = ", text) else "examples/first.py,block.py"
        self._check(self.cli.run("-f", files, *SHORT, "-H", self._shop, *arguments, timeout=PATIENCE_S))

    def run_task_bodies(self, blocks: list[Block]) -> None:
        bodies = {f"at_line_{block.place.rpartition(':')[2]}": block.text for block in blocks}
        functions = "\n".join(
            f"def {name}(self):\n{textwrap.indent(text, '    ')}\n" for name, text in bodies.items()
        )
        names = ", ".join(bodies)
        self.run_locustfile(
            TASK_BODIES.format(functions=functions, names=names), ["-u", "2", "-t", f"{PATIENCE_S // 2}s"]
        )

    def run_script(self, text: str, *, for_two_requests: bool) -> None:
        self.save("script.py", (FOR_TWO_REQUESTS if for_two_requests else "") + text)
        done = self.cli.run_program([sys.executable, "script.py"], timeout=PATIENCE_S)
        assert done.code == 0, done.err
        assert "Traceback" not in done.err, done.err
        assert done.out.strip(), "it printed nothing"

    def run_command(self, line: str, shown: list[str], more: list[str], code: int | None) -> None:
        program, *arguments = shlex.split(line.replace(SHOP, self._shop))
        programs = {"swarm-cli": [SWARM_CLI], "python": [sys.executable]}
        if program not in programs:
            return
        done = self.cli.run_program([*programs[program], *arguments, *more], timeout=PATIENCE_S)
        if program == "swarm-cli":
            self._check(done, code)
        else:
            assert done.code == 0, done.err
        real = {shape(each) for each in (done.out + done.err).splitlines()}
        for each in shown:
            assert shape(each) in real, f"{each!r} is not in what it wrote:\n{done.out}{done.err}"

    def _check(self, done: Finished, code: int | None = None) -> None:
        """A run that goes well; requests may fail."""
        assert done.code in ((0, 1) if code is None else (code,)), done.err
        assert "Traceback" not in done.err, done.err
        assert "Exceptions in the test's own code" not in done.err, done.err
        totals = re.findall(r"^ *Aggregated +(\d+)", done.err, flags=re.MULTILINE)
        assert totals, done.err
        assert max(map(int, totals)) > 0, done.err


def shape(line: str) -> str:
    """Return a line without what differs from run to run: numbers, and the width of columns."""
    line = re.sub(r"\d+(\.\d+)?", "#", line)
    line = re.sub(r"-{2,}", "-", line)
    return " ".join(line.replace("|", " | ").split())


def stories_of(page: str) -> list[list[Block]]:
    """Return the blocks of a page that are run, those together that need one another."""
    stories: list[list[Block]] = []
    files: list[Block] = []
    bodies: list[Block] = []
    for block in blocks_of(page):
        if block.setting("not run") or block.language not in ("python", "console", "text", "ini", "toml"):
            continue
        if re.search("(output of|after) the command above", block.note):
            stories[-1].append(block)
        elif block.setting("file"):
            files.append(block)
        elif block.note.startswith("in a task"):
            bodies.append(block)
        elif block.language == "console":
            stories.append([*files, block])
            files = []
        elif block.language == "python" and not block.setting("is"):
            stories.append([block])
    assert not files, f"{files[0].place}: no command follows that uses this file"
    return [*stories, bodies] if bodies else stories


def tell(story: list[Block], reader: Reader) -> None:
    """Do what some blocks say, one after the other."""
    if story[0].note.startswith("in a task"):
        reader.run_task_bodies(story)
        return
    output = "".join(block.text for block in story if block.note.startswith("output of")).splitlines()
    for block in story:
        if name := block.setting("file"):
            reader.save(name, block.text)
        elif block.language == "console":
            more = shlex.split(block.setting("shortened") or "")
            code = block.setting("ends with")
            for command in block.commands:
                appended = more if command.line.startswith("swarm-cli") else []
                reader.run_command(
                    command.line, command.output + output, appended, None if code is None else int(code)
                )
        elif block.language != "python":
            continue
        elif block.note.startswith("run as a script"):
            reader.run_script(block.text, for_two_requests="for two requests" in block.note)
        else:
            reader.run_locustfile(block.text, shlex.split(block.setting("runs with") or ""))


@pytest.mark.parametrize("page", [page for page in PAGES if stories_of(page)])
def test_what_a_page_shows_runs_as_it_says(page: str, shop: str, tmp_path: Path) -> None:
    problems: list[str] = []

    def attempt(number: int, story: list[Block]) -> None:
        try:
            tell(story, Reader(tmp_path / str(number), shop))
        except (AssertionError, subprocess.TimeoutExpired) as error:
            problems.append(f"{story[-1].place}: {error}")

    readers = Pool(AT_ONCE)
    for number, story in enumerate(stories_of(page)):
        readers.spawn(attempt, number, story)
    readers.join()
    assert not problems, "\n\n".join(problems)


@pytest.mark.parametrize("page", PAGES)
def test_a_block_that_is_an_example_is_that_file(page: str) -> None:
    for block in blocks_of(page):
        if name := block.setting("is"):
            assert block.text == (ROOT / name).read_text(encoding="utf-8"), f"{block.place} is not {name}"


def test_the_example_of_a_shop_runs(shop: str, tmp_path: Path) -> None:
    reader = Reader(tmp_path / "reader", shop)
    reader.run_command(shlex.join(["swarm-cli", "-f", "examples/shop.py", *SHORT, "-H", SHOP]), [], [], None)


def test_the_example_of_a_shape_runs_through_its_stages(shop: str, tmp_path: Path) -> None:
    reader = Reader(tmp_path / "reader", shop)
    reader.save(
        "short.py",
        """
        import sys

        sys.path.insert(0, "examples")
        from first import Visitor
        from stages import Stages

        Stages.stages = [(0.5, 5, 50), (1.5, 2, 50)]
        """,
    )
    reader.run_command(f"swarm-cli -f short.py --headless -H {SHOP}", [], [], None)


def test_the_example_of_a_client_of_ones_own_runs(tmp_path: Path) -> None:
    with echo_server() as address:
        reader = Reader(tmp_path / "reader", "")
        done = reader.cli.run("-f", "examples/echo.py", *SHORT, "-H", address)
    assert done.code == 0, done.err
    assert "TCP   hello" in done.err


def test_every_example_is_shown_on_a_page() -> None:
    shown = {block.setting("is") for page in PAGES for block in blocks_of(page)}
    assert {f"examples/{path.name}" for path in ROOT.glob("examples/*.py")} <= shown


def test_the_page_of_the_command_line_has_every_option_and_variable() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for action in get_parser()._actions:
        if action.help is argparse.SUPPRESS:
            continue
        for name in action.option_strings:
            assert re.search(rf"`{re.escape(name)}[`, ]|, `?{re.escape(name)}[` ]", page), name
        variable = getattr(action, "env_var", None)
        assert variable is None or f"`{variable}`" in page, variable


OTHERS_OPTIONS = {
    "--acme-budget",  # the example of a plugin's
    *(
        "--check-rps",
        "--check-fail-ratio",
        "--check-avg-response-time",
        "--iterations",
        "--ips",
    ),  # locust-plugins'
    *("--console-stats-interval", "--description", "--test-env", "--log-transactions-in-file", "--pool"),
    "--all-extras",  # Poetry's
    "--basket-size",  # the example of an option of a locustfile's own
    "--check",  # Poetry's, and that of scripts/draw-lifecycle
    "--extras",  # Poetry's
    "--fast",  # pyperf's
    "--lock",  # that of scripts/bootstrap
    "--soak",  # that of scripts/test
    "--speed",  # that of swarm-cli replay
    *("--base-url", "--swarm-users"),  # pytest's, of plugins
    *("--grpc", "--python"),  # grpcio-tools', which are written with an underscore after it
}


@pytest.mark.parametrize("page", PAGES)
def test_options_that_a_page_names_exist(page: str) -> None:
    known = {name for action in get_parser()._actions for name in action.option_strings} | REMOVED.keys()
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text))
    assert named <= known | OTHERS_OPTIONS


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize("page", PAGES)
def test_scripts_that_a_page_names_exist(page: str) -> None:
    for name in re.findall(r"(?<![\w/])scripts/[\w./-]*\w", (ROOT / page).read_text(encoding="utf-8")):
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize("path", [*PAGES, "docs/img/run.svg"])
def test_a_page_says_nothing_of_the_machine_it_was_written_on(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|usr/local|opt)/|\bvm/[A-Z]+/", text)


def test_the_index_has_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    front = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in ROOT.glob("docs/*.md"):
        if page.name not in ("README.md", "status.md"):
            assert f"({page.name})" in index, page.name
            assert f"(docs/{page.name})" in front, page.name


def test_the_page_of_events_has_every_event() -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    assert [name for name in vars(Events()) if f"`{name}`" not in page] == []


def test_the_page_of_outputs_has_every_column_and_key() -> None:
    page = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    registry = Registry(lambda: 1_700_000_000.0)
    registry.record("GET", "/", 130, 1, 1_700_000_000.0, error="no")
    snapshot = Snapshot.of(registry)
    facts = run_facts(snapshot, Verdict(0, 0, 0, 0))
    (entry,) = json.document(snapshot, facts)
    columns = [*csv.stats_header(), *csv.history_header(), *csv.FAILURES_HEADER, *csv.EXCEPTIONS_HEADER]
    named = [name for name in columns if not re.match(r"[\d.]+%$|p[\d.]+_us$", name)]
    names = {*entry, *entry["failures"][0], *facts, *named}
    assert sorted(name for name in names if f"`{name}`" not in page) == []
