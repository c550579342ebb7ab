"""The command line with the browser UI and the report of the extra `web`."""

from __future__ import annotations

import json
import re
import signal
import urllib.request

from tests.system.cli_process import SLEEPER, Cli
from tests.system.swarm_of import until

SHAPE = """
    from swarm import LoadTestShape

    class Short(LoadTestShape):
        def tick(self):
            return (2, 100) if self.get_run_time() < 1.5 else None
"""


def test_a_run_that_starts_by_itself_quits_by_itself_when_asked_to(sleeper: Cli) -> None:
    result = sleeper.run("--autostart", "--autoquit", "0", "-t", "1", "-P", "0", "-u", "2", "-r", "100")

    assert result.code == 0, result.err
    assert result.out == ""
    assert "Browser UI: http://127.0.0.1:" in result.err
    assert "all users spawned users=2" in result.err
    assert "Response time percentiles" in result.err
    assert "running: " not in result.err


def test_a_shape_with_a_ui_quits_when_asked_to(sleeper: Cli) -> None:
    sleeper.write("locustfile.py", SLEEPER + SHAPE)

    result = sleeper.run("--headful", "--autoquit", "0", "-P", "0", "--print-stats")

    assert result.code == 0, result.err
    assert "all users spawned users=2" in result.err


def test_a_run_is_started_in_the_ui_and_ends_in_order_at_ctrl_c(sleeper: Cli) -> None:
    with sleeper.running("-P", "0", "--json") as run:
        run.wait_for("Browser UI: ")
        found = re.search(r"http://[\d.:]+/", run.err)
        assert found
        url = found[0]
        before = _get(f"{url}stats/requests")
        started = _get(f"{url}swarm", b"user_count=2&spawn_rate=100")
        until(lambda: _get(f"{url}stats/requests")["total_rps"] != 0, "the load")
        run.signal(signal.SIGINT)
        result = run.finish()

    assert result.code == 0, result.err
    assert (before["state"], before["user_count"]) == ("ready", 0)
    assert started["success"] is True
    assert json.loads(result.out)[0]["num_requests"] > 0


def _get(url: str, form: bytes | None = None) -> dict[str, object]:
    with urllib.request.urlopen(url, form, timeout=20) as answer:
        document: dict[str, object] = json.load(answer)
    return document


def test_without_the_extra_it_is_named_with_what_to_do_instead(sleeper: Cli) -> None:
    sleeper.without_extra_web()

    for args in (["-P", "0"], ["--headless", "--html", "report.html"], ["--headless", "--record", "run.gz"]):
        message = sleeper.run(*args, "-t", "1").refused(1)
        assert "pip install 'swarm-cli[web]'" in message
        assert {"-P": "--headless", "--html": "--json-file", "--record": "--record"}[args[-2]] in message


def test_the_report_is_written_under_a_name_with_the_runs_figures(sleeper: Cli) -> None:
    result = sleeper.headless("-u", "2", "-r", "2", "--html", "reports/u{u}-r{r}-t{t}.html")

    assert result.code == 0, result.err
    report = (sleeper.folder / "reports" / "u2-r2-t1s.html").read_text()
    assert report.lstrip().lower().startswith("<!doctype html>")
    assert "nap" in report
