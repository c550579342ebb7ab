"""`swarm-cli replay FILE`: serves a recorded run to a browser until Ctrl-C."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gevent.event import Event

from swarm.environment import missing_extra
from swarm.exceptions import SwarmError
from swarm_cli.console import tell
from swarm_cli.exit_codes import ExitCode
from swarm_cli.kinds import integer, positive_number
from swarm_cli.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Serve the recording that the arguments name; return the exit code."""
    options = _parser().parse_args(list(arguments))
    try:
        from swarm_web.replay_ui import ReplayUI
    except ImportError:
        return _refuse(
            missing_extra("browser UI, which replays runs,", "look at the run's files"), ExitCode.FAILED
        )
    try:
        ui = ReplayUI(Path(options.file), port=options.web_port, speed=options.speed)
    except SwarmError as error:
        return _refuse(str(error), ExitCode.ERROR)
    ended = Event()
    with Signals(ended.set, lambda: None):
        tell(f"Browser UI: {ui.url}\n")
        ended.wait()
        ui.stop()
    return ExitCode.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="swarm-cli replay", description="Serve a run that was recorded with --record to a browser."
    )
    parser.add_argument("file", metavar="FILE", help="the recording")
    parser.add_argument(
        "--speed",
        type=positive_number,
        metavar="N",
        help="play it N times as fast as it was (default: show it whole, as it ended)",
    )
    parser.add_argument(
        "-P",
        "--web-port",
        type=integer(minimum=0, maximum=65535),
        default=8089,
        metavar="PORT",
        help="port of the UI (default: 8089)",
    )
    return parser


def _refuse(message: str, code: int) -> int:
    tell(f"swarm-cli: {message}\n")
    return code
