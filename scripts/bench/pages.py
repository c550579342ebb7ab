"""What the browser's pages cost the browser: main thread a second, heap, nodes, at 1,000 names and 100 workers.

    .venv/bin/python scripts/bench/pages.py [--seconds 30]

A recording of 2 h is played second by second into Debian's Chromium (or CHROMIUM=/path).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.web.browser import big_run  # noqa: E402  the recording that the tests play, too

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PAGES = ("live", "endpoints", "workers")
BUSY = "TaskDuration"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        recording = Path(folder) / "big.jsonl.gz"
        big_run.write(recording)
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=FLAGS
        )
        print(f"{'page':10} {'ms a second':>12} {'heap MB':>8} {'nodes':>6}")
        for name in PAGES:
            command = (
                str(Path(sys.executable).parent / "swarm-cli"),
                "replay",
                str(recording),
                "--speed",
                "1",
            )
            process = subprocess.Popen(
                [*command, "--web-port", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            assert process.stderr is not None
            found = next(match for line in process.stderr if (match := re.search(r"Browser UI: (\S+)", line)))
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{found[1]}#/{name}?range=all")
            page.wait_for_selector("h1", state="attached")
            page.wait_for_timeout(4_000)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable")
            before = metrics(session)
            page.wait_for_timeout(1_000 * seconds)
            after = metrics(session)
            busy = 1_000 * (after[BUSY] - before[BUSY]) / seconds
            print(f"{name:10} {busy:12.1f} {after['JSHeapUsedSize'] / 1e6:8.1f} {after['Nodes']:6.0f}")
            page.close()
            process.kill()
            process.wait()
        browser.close()


def metrics(session: object) -> dict[str, float]:
    answer = session.send("Performance.getMetrics")  # type: ignore[attr-defined]
    return {each["name"]: each["value"] for each in answer["metrics"]}


if __name__ == "__main__":
    main()
