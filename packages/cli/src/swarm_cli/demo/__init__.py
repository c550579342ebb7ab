"""`swarm-cli demo`: a shop of its own in a process of its own, and a load test against it."""

from __future__ import annotations

import sys
from pathlib import Path

LOCUSTFILE = Path(__file__).with_name("locustfile.py")


def run(argv: list[str]) -> int:
    """Start the shop, run the bundled locustfile against it, end the shop; return the exit code.

    On a terminal the run has the browser UI and lasts until Ctrl-C, elsewhere and with `--headless` it lasts 20 s.
    `argv` are options of the command line, which win over the demo's own. The shop fails some requests on
    purpose, so that failed requests alone leave the exit code 0.
    """
    from swarm_cli import main
    from swarm_cli.demo.process import ShopError, open_shop

    try:
        with open_shop() as url:
            return main.run([*_defaults(url, with_ui=_can_show_ui(argv)), *argv])
    except ShopError as error:
        from swarm_cli.exit_codes import ExitCode

        sys.stderr.write(f"swarm-cli demo: {error}\n")
        return ExitCode.ERROR


def _can_show_ui(argv: list[str]) -> bool:
    from swarm.environment import has_web_ui

    return sys.stdout.isatty() and "--headless" not in argv and has_web_ui()


def _defaults(url: str, *, with_ui: bool) -> list[str]:
    kind = ["--autostart"] if with_ui else ["--headless", "--run-time", "20s"]
    load = [*kind, "--users", "50", "--spawn-rate", "25"]
    return ["--locustfile", str(LOCUSTFILE), "--host", url, *load, "--exit-code-on-error", "0"]
