"""A run against a real nginx: what the table and the JSON count is what nginx has in its log, to the request."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.servers.nginx import Nginx
from tests.system.cli_process import Cli
from tests.system.results import Report, table

pytestmark = pytest.mark.nginx

LOCUSTFILE = """
    from swarm import {base}, task

    class Visitor({base}):
        @task(3)
        def greet(self):
            self.client.get("/hello")

        @task
        def miss(self):
            with self.client.get("/missing", catch_response=True) as response:
                if response.status_code == 404:
                    response.success()

        @task
        def send(self):
            self.client.post("/form", data={{"colour": "blue"}})
"""


def _answered(server: Nginx, offset: int) -> dict[str, int]:
    """Return the requests by method and path that the log has from a line on."""
    lines = (server.folder / "access.log").read_text().splitlines()[offset:]
    return Counter(" ".join(line.split('"')[1].split()[:2]) for line in lines)


@pytest.mark.parametrize("base", ["FastHttpUser", "HttpUser"])
def test_the_table_agrees_with_the_servers_own_count_to_the_request(
    cli: Cli,
    nginx: Nginx,
    base: str,
) -> None:
    cli.write("locustfile.py", LOCUSTFILE.format(base=base))
    before = nginx.served()

    result = cli.run(
        "-f", "locustfile.py", "--headless", "-u", "50", "-r", "50", "-t", "2s", "-H", nginx.url, "--json"
    )

    assert result.code == 0, result.err
    answered = _answered(nginx, before)
    report = Report(result)
    shown = table(result)
    assert set(answered) == {"GET /hello", "GET /missing", "POST /form"}
    assert report.counts == answered
    assert {name: count for name, (count, _) in shown.items() if name in answered} == answered
    assert sum(entry["num_interrupted"] for entry in report) == 0
