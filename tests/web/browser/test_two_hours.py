"""A page that stays open for the two hours of a run, played 60 times as fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.system.swarm_of import until
from tests.web.browser import big_run
from tests.web.browser.ui_process import UiProcess

if TYPE_CHECKING:
    from tests.system.cli_process import Cli
    from tests.web.browser.pages import Screen

SPEED = 60
HEAP_BYTES = 40_000_000
READ = """
import(document.querySelector('script[type=module]').src.replace('app.js', 'live.js'))
  .then(({ run }) => ({ time: run.time.value, history: run.history.time, heat: run.heat.time }))
"""


@pytest.mark.soak
def test_it_stays_small_and_complete(screen: Screen, cli: Cli) -> None:
    page = screen.page
    big_run.write_going_on(cli.folder / "run.jsonl.gz", big_run.SECONDS, before=False, part=50)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with UiProcess(cli, "replay", "run.jsonl.gz", "--speed", str(SPEED), "--web-port", "0") as ui:
        screen.open(ui.url, "live", "?range=all")
        shown: dict[str, Any] = {}

        def is_over() -> bool:
            page.wait_for_timeout(2_000)
            shown.update(page.evaluate(READ))
            return bool(shown["time"] >= big_run.END - 1)

        until(is_over, "the run was played", 300)
        expect(page.get_by_role("figure", name="Latency over throughput")).to_be_visible()
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}

    assert metrics["JSHeapUsedSize"] <= HEAP_BYTES
    for times in (shown["history"], shown["heat"]):
        assert times == sorted(set(times))
        assert times[0] <= big_run.END - big_run.SECONDS + 60
        assert times[-1] >= big_run.END - 10
        assert len(times) < big_run.SECONDS / 2
    assert sum("/snapshot" in url for url in asked) >= 6  # the whole is asked for again, folded
