"""Patches the test process before any plugin or conftest can import requests or ssl.

Under `pytest -n` only the workers, which run the tests, are patched: the controller is left as it is.
"""

from __future__ import annotations

import os
import sys

_SKIP = "SWARM_SKIP_MONKEY_PATCH"


def _distributes(arguments: list[str]) -> bool:
    """Whether these arguments make the process a controller, which runs no test itself."""
    count = "0"
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument in ("-n", "--numprocesses"):
            count = following
        elif argument.startswith("--numprocesses="):
            count = argument.partition("=")[2]
        elif argument.startswith("-n"):
            count = argument[2:]
    return count != "0"


if "PYTEST_XDIST_WORKER" in os.environ:
    from tests import early_execnet

    os.environ.pop(_SKIP, None)
    early_execnet.keep_native()
    import swarm
elif _distributes(sys.argv[1:]):
    os.environ[_SKIP] = "1"
else:
    import swarm  # noqa: F401
