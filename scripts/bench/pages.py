"""What the browser's pages cost the browser: main thread a second, heap, nodes, at 1,000 names and 100 workers.

    .venv/bin/python scripts/bench/pages.py [--seconds 20] [--whole]

A recording with 2 h behind it goes on second by second in Debian's Chromium (or CHROMIUM=/path); every second all
names change. With --whole the 2 h themselves are played, 60 times as fast, and the heap is read at their end.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.web.browser import big_run  # noqa: E402  the recording that the tests play, too

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, CDPSession

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
BUSY = "TaskDuration"
SPEED = 60
CLI = str(Path(sys.executable).parent / "swarm-cli")


def open_span(page: Page) -> None:
    """Show the percentiles of all of the heat map."""
    page.get_by_role("button", name="Percentiles", exact=True).click()


PAGES: dict[str, tuple[str, Callable[[Page], None] | None]] = {
    "live": ("live", None),
    "live, span": ("live", open_span),
    "endpoints": ("endpoints", None),
    "workers": ("workers", None),
    "report": ("report", None),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--pages", nargs="*", default=list(PAGES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        recording = Path(folder) / "going-on.jsonl.gz"
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=FLAGS
        )
        print(f"{'page':10} {'ms a second':>12} {'longest ms':>11} {'heap MB':>8} {'nodes':>6}")
        if options.whole:
            big_run.write_going_on(recording, big_run.SECONDS, before=False, part=50)
            measure(browser, recording, "live", big_run.SECONDS // SPEED, SPEED)
        else:
            big_run.write_going_on(recording, options.seconds + 60, before=True)
            for name in options.pages:
                measure(browser, recording, name, options.seconds)
        browser.close()


def measure(browser: Browser, recording: Path, name: str, seconds: int, speed: int = 1) -> None:
    """Print what a page costs while the recording is played."""
    address, prepare = PAGES[name]
    with served(recording, speed) as url:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(
            "globalThis.longest = 0; new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) "
            "longest = Math.max(longest, duration); }).observe({ type: 'longtask' })"
        )
        page.goto(f"{url}#/{address}?range=all")
        page.wait_for_selector("h1", state="attached")
        page.wait_for_timeout(4_000)
        if prepare:
            prepare(page)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        page.evaluate("longest = 0")
        before = metrics(session)
        page.wait_for_timeout(1_000 * seconds)
        after = metrics(session)
        busy = 1_000 * (after[BUSY] - before[BUSY]) / seconds
        longest = page.evaluate("longest")
        session.send("HeapProfiler.collectGarbage")
        kept = metrics(session)
        heap = f"{kept['JSHeapUsedSize'] / 1e6:.1f}"
        print(f"{name:10} {busy:12.1f} {longest or '< 50':>11} {heap:>8} {kept['Nodes']:6.0f}", flush=True)
        page.close()


@contextmanager
def served(recording: Path, speed: int) -> Iterator[str]:
    """Play a recording; yield the address of its UI."""
    process = subprocess.Popen(
        [CLI, "replay", str(recording), "--speed", str(speed), "--web-port", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        yield next(match[1] for line in process.stderr if (match := re.search(r"Browser UI: (\S+)", line)))
    finally:
        process.kill()
        process.wait()


def metrics(session: CDPSession) -> dict[str, float]:
    answer = session.send("Performance.getMetrics")
    return {each["name"]: each["value"] for each in answer["metrics"]}


if __name__ == "__main__":
    main()
