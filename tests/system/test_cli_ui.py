"""The command line with a browser UI and a report, as a distribution offers them by entry points."""

from __future__ import annotations

import pytest

from tests.system.cli_process import SLEEPER, Cli

UI = """
    def make_ui(environment, host, port):
        print("UI", host, port)
        return "the UI"

    def make_report(environment):
        return f"<html>{environment.stats.total.num_requests > 0}</html>"
"""
ENTRY_POINTS = """
    [swarm.web_ui]
    fake = fake_ui:make_ui

    [swarm.html_report]
    fake = fake_ui:make_report
"""
SHAPE = """
    from swarm import LoadTestShape

    class Short(LoadTestShape):
        def tick(self):
            return (2, 10) if self.get_run_time() < 0.5 else None
"""


@pytest.fixture
def with_ui(sleeper: Cli) -> Cli:
    sleeper.write("site/fake_ui.py", UI)
    sleeper.write(
        "site/fake_ui-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: fake-ui\nVersion: 1.0\n"
    )
    sleeper.write("site/fake_ui-1.0.dist-info/entry_points.txt", ENTRY_POINTS)
    sleeper.environment["PYTHONPATH"] = str(sleeper.folder / "site")
    return sleeper


def test_a_run_that_starts_by_itself_quits_by_itself_when_asked_to(with_ui: Cli) -> None:
    result = with_ui.run("--autostart", "--autoquit", "0", "-t", "1", "-P", "0", "-u", "2", "-r", "2")

    assert result.code == 0, result.err
    assert result.out == "UI 127.0.0.1 0\n"
    assert "all users spawned users=2" in result.err
    assert "Response time percentiles" in result.err
    assert "running: " not in result.err


def test_a_shape_with_a_ui_quits_when_asked_to(with_ui: Cli) -> None:
    with_ui.write("locustfile.py", SLEEPER + SHAPE)

    result = with_ui.run("--headful", "--autoquit", "0", "-P", "0", "--print-stats")

    assert result.code == 0, result.err
    assert "all users spawned users=2" in result.err


def test_the_report_is_written_under_a_name_with_the_runs_figures(with_ui: Cli) -> None:
    result = with_ui.headless("-u", "2", "-r", "2", "--html", "reports/u{u}-r{r}-t{t}.html")

    assert result.code == 0, result.err
    assert (with_ui.folder / "reports" / "u2-r2-t1s.html").read_text() == "<html>True</html>"
