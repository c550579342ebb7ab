"""What users of load tests do with the browser UI: number 24, and number 12 with a UI.

Each is a file in `examples/`, run in both names, and checked by what the server saw and what the routes answer.
"""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.system.swarm_of import SwarmOf, until

if TYPE_CHECKING:
    from tests.servers.site import Site
    from tests.system.cli_process import Cli
    from tests.system.example import Example


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=20) as answer:
        text = answer.read().decode()
    return json.loads(text) if text.startswith("{") else text


def test_12_a_run_without_the_command_line_with_a_ui(example: Example, site: Site) -> None:
    result = example.python("12_library_with_ui", site.url)

    assert result.code == 0, result.err
    shown, counted = result.out.splitlines()
    assert shown == "running 5 /hello"
    assert counted == f"{site.counts()['GET /hello']} 0"


def test_24_a_route_answers_the_figures_of_all_workers(example: Example, cli: Cli, site: Site) -> None:
    example.write("24_web_route")
    with SwarmOf(cli) as swarm:
        url = swarm.start_master_with_ui(
            *("-f", "24_web_route.py", "-H", site.url, "--stop-timeout", "10"),
            *("--autostart", "-u", "4", "-r", "4", "-t", "2"),
        )
        for _ in range(2):
            swarm.start_worker("-f", "24_web_route.py")
        until(lambda: get(f"{url}stats/requests")["state"] == "stopped", "the end of the run")

        def merged() -> bool:
            shown = get(f"{url}stats/requests")["stats"]
            total = {each["name"]: round(each["num_requests"] * each["avg_content_length"]) for each in shown}
            total.pop("Aggregated")
            lengths = get(f"{url}content-length")
            return bool(total) and lengths == total

        until(merged, "the figures of both workers")
        shown = get(f"{url}stats/requests")
        counts = {f"{each['method']} {each['name']}": each["num_requests"] for each in shown["stats"]}
        rows = {each["name"]: each["content_length"] for each in shown["extended_stats"][0]["data"]}
        page = get(f"{url}extend")
        lengths = get(f"{url}content-length")
        swarm.stop()
        finished = swarm.master.finish()

    assert finished.code == 0, finished.err
    del counts[" Aggregated"]
    assert counts == site.counts()
    assert rows == lengths
    assert '"title": "Content length"' in page
