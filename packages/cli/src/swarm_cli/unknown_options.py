"""What is said of arguments that no option takes: what was removed and its successor, and what was meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from swarm_cli.option import removal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_USERS = "use -u or --users"
_SHAPE = "write a LoadTestShape class"
REMOVED = {
    "-c": _USERS,
    "--clients": _USERS,
    "--num-clients": _USERS,
    "-n": "use -t or --run-time",
    "--num-request": "use -t or --run-time",
    "--num-requests": "use -t or --run-time",
    "--hatch-rate": "use -r or --spawn-rate",
    "--no-web": "use --headless",
    "--port": "use -P or --web-port",
    "--csv-base-name": "use --csv",
    "--no-reset-stats": "leave it out, statistics are kept unless --reset-stats is given",
    "--step-load": _SHAPE,
    "--step-clients": _SHAPE,
    "--step-users": _SHAPE,
    "--step-time": _SHAPE,
    "--heartbeat-liveness": "set runners.HEARTBEAT_LIVENESS in the locustfile",
    "--heartbeat-interval": "set runners.HEARTBEAT_INTERVAL in the locustfile",
}
"""Options that Locust had once and whose names are free for locustfiles now, and what to do instead."""


def describe(unknown: Sequence[str], known: Iterable[str]) -> str:
    """Return the message on the unknown arguments, `known` being the options that there are."""
    names = dict.fromkeys(argument.partition("=")[0] for argument in unknown)
    old = [name for name in names if name in REMOVED]
    lines = [f"{name} {removal(REMOVED[name])}" for name in old]
    rest = [argument for argument in unknown if argument.partition("=")[0] not in old]
    # A value that follows a removed option is not worth a message of its own.
    if rest and not (old and not any(argument.startswith("-") for argument in rest)):
        meant = [match for name in names if name not in old for match in _similar(name, known)]
        hint = f" (did you mean {', '.join(meant)}?)" if meant else ""
        lines.append(f"unrecognized arguments: {' '.join(rest)}{hint}")
    return "\n".join(lines)


def describe_setting(key: str, file: str, known: Iterable[str]) -> str:
    """Return the message on a key of a configuration file that is no option's."""
    name = f"--{key.removeprefix('--')}"
    if name in REMOVED:
        return f"{file}: {key} {removal(REMOVED[name])}"
    meant = [match.removeprefix("--") for match in _similar(name, known)]
    return f"{file}: there is no option {key!r}" + (f" (did you mean {meant[0]}?)" if meant else "")


def _similar(name: str, known: Iterable[str]) -> list[str]:
    if not name.startswith("--"):
        return []
    return difflib.get_close_matches(
        name, [other for other in known if other.startswith("--")], n=1, cutoff=0.8
    )
