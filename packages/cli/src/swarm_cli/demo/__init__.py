"""`swarm-cli demo`: a shop of its own in a process of its own, and a load test against it."""

from __future__ import annotations

import sys
from pathlib import Path

LOCUSTFILE = Path(__file__).with_name("locustfile.py")


def run(argv: list[str]) -> int:
    """Start the shop, run the bundled locustfile against it for 20 s, end the shop; return the exit code.

    `argv` are options of the command line, which win over the demo's own. The shop fails some requests on
    purpose, so that failed requests alone leave the exit code 0.
    """
    from swarm_cli import main
    from swarm_cli.demo.process import ShopError, open_shop

    try:
        with open_shop() as url:
            return main.run([*_defaults(url), *argv])
    except ShopError as error:
        from swarm_cli.exit_codes import ExitCode

        sys.stderr.write(f"swarm-cli demo: {error}\n")
        return ExitCode.ERROR


def _defaults(url: str) -> list[str]:
    load = ["--headless", "--users", "50", "--spawn-rate", "25", "--run-time", "20s"]
    return ["--locustfile", str(LOCUSTFILE), "--host", url, *load, "--exit-code-on-error", "0"]
