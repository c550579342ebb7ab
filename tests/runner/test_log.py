"""Logs go to stderr or a file, with their fields, in a form for people or for programs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from swarm.exceptions import SwarmError
from swarm.log import setup_logging

PROGRAM = """
import swarm, logging
from swarm.log import get_logger, get_logs, setup_logging
log = get_logger("swarm.example")
setup_logging({level!r}, {file!r}, {form!r})
log.debug("quiet")
log.info("ramp complete", users=5)
logging.getLogger("mine").warning("hello %s", "you")
try:
    1 / 0
except ZeroDivisionError:
    log.error("a task raised", exc_info=True)
print(len(get_logs()))
"""


def run(level="INFO", file=None, form="console"):
    program = PROGRAM.format(level=level, file=file, form=form)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)


def test_the_console_form_has_time_host_level_logger_event_and_fields():
    done = run()
    assert "/INFO/swarm.example: ramp complete users=5" in done.stderr
    assert "/WARNING/mine: hello you" in done.stderr
    assert done.stderr.count("ZeroDivisionError") == 1
    assert "quiet" not in done.stderr


def test_nothing_is_logged_to_stdout():
    assert run(level="DEBUG").stdout.strip() == "4"


def test_the_json_form_is_one_object_a_line():
    rows = [json.loads(line) for line in run(form="json").stderr.splitlines()]
    assert rows[0]["event"] == "ramp complete"
    assert rows[0]["users"] == 5
    assert rows[0]["level"] == "INFO"
    assert rows[1]["logger"] == "mine"
    assert "ZeroDivisionError" in rows[2]["exception"]


def test_a_log_file_gets_the_lines_instead_of_stderr(tmp_path):
    done = run(file=str(tmp_path / "swarm.log"))
    assert done.stderr == ""
    assert "ramp complete users=5" in (tmp_path / "swarm.log").read_text()


def test_without_set_up_warnings_reach_stderr_with_their_fields():
    program = "import swarm; from swarm.log import get_logger; get_logger('x').warning('slow', ms=5)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "slow ms=5\n")


@pytest.mark.parametrize(
    ("options", "text"), [({"loglevel": "LOUD"}, "LOUD"), ({"log_format": "xml"}, "xml")]
)
def test_an_unknown_level_or_format_is_refused_with_the_known_ones(options, text):
    with pytest.raises(SwarmError, match=f"{text}.*use one of"):
        setup_logging(**options)


def test_a_log_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(SwarmError, match="missing/swarm.log cannot be written"):
        setup_logging("INFO", str(tmp_path / "missing" / "swarm.log"))


def test_tables_are_printed_without_a_prefix_beside_the_log():
    program = (
        "import swarm; from swarm.log import setup_logging; from swarm.stats import print_stats;"
        "env = swarm.Environment(); setup_logging('INFO');"
        "env.stats.log_request('GET', '/look', 1.5, 10); print_stats(env.stats)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr.startswith("Type")
    assert "/look" in done.stderr
