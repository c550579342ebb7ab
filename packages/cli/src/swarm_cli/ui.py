"""The browser UI of a run from the command line: made before the listeners of `init`, serving after them.

What an installed distribution offers as UI is found by its entry point; what is asked of it beyond Locust's own
`create_web_ui` it need not have.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swarm.environment import missing_extra
from swarm_cli.console import tell
from swarm_cli.errors import CommandLineError, MissingExtraError
from swarm_cli.files import check_writable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from swarm.environment import Environment
    from swarm_cli.parser import Options

TOKEN, VIEWER_TOKEN = "SWARM_WEB_TOKEN", "SWARM_WEB_VIEWER_TOKEN"
"""Tokens come by the environment alone: arguments are shown to everybody on the machine."""

GET_COMMANDS = "SWARM_WEB_GET_COMMANDS"
"""Lets `GET /stop` and `GET /stats/reset` act, as in Locust's older versions."""


def make_ui(environment: Environment, options: Options, fields: Mapping[str, argparse.Action]) -> None:
    """Make the UI of `environment`; `fields` are the locustfile's options that it offers. It does not serve yet."""
    if bool(options.tls_cert) != bool(options.tls_key):
        raise CommandLineError("--tls-cert and --tls-key: the UI needs both, or none")
    if options.build_path and not Path(options.build_path, "index.html").is_file():
        raise CommandLineError(f"--build-path: there is no index.html in {options.build_path}")
    environment.create_web_ui(
        host=options.web_host or "",
        port=options.web_port,
        web_login=options.web_login,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        delayed_start=True,
        userclass_picker_is_active=options.class_picker,
        build_path=options.build_path,
        web_base_path=options.web_base_path or "",
        access=options.web_access,
        token=os.environ.get(TOKEN) or None,
        viewer_token=os.environ.get(VIEWER_TOKEN) or None,
        allowed_hosts=[name.strip() for name in (options.web_allowed_host or "").split(",") if name.strip()],
        display_name=options.web_host_display_name,
        options=fields,
        max_users=options.web_max_users,
        get_commands=os.environ.get(GET_COMMANDS, "") not in ("", "0", "false"),
    )


def serve_ui(environment: Environment) -> None:
    """Let the UI serve, and say where. Raises SwarmError when the address cannot be had."""
    web_ui = environment.web_ui
    web_ui.start()
    tell(f"Browser UI: {web_ui.url}\n")


def end_ui(environment: Environment) -> None:
    """Let the UI's viewers go, and serve no longer."""
    if environment.web_ui is not None:
        environment.web_ui.stop()


def note_plan(environment: Environment, run_time: float | None) -> None:
    """Tell the UI how long the run is to last."""
    control: Any = getattr(environment.web_ui, "control", None)
    if control is not None:
        control.note_plan(run_time)


def check_recording(path: str) -> None:
    """See that a run can be recorded into that file.

    Raises MissingExtraError where the extra is not installed, CommandLineError for a file that cannot be written.
    """
    if find_spec("swarm_web") is None:
        raise MissingExtraError(f"--record: {missing_extra('recorder of runs', 'leave --record out')}")
    check_writable(Path(path), "--record")


def open_recording(environment: Environment, path: str) -> Any:
    """Return a recording of the run into that file, until its `close`. Raises SwarmError when it cannot be written."""
    from swarm_web.recording import Recording

    return Recording(environment, Path(path))
