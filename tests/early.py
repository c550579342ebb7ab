"""Patches the test process before any plugin or conftest can import requests or ssl.

Under `pytest -n` only the workers, which run the tests, are patched: the controller is left as it is.
"""

from __future__ import annotations

import os
import sys

_SKIP = "SWARM_SKIP_MONKEY_PATCH"


def _distributes(arguments: list[str]) -> bool:
    """Whether these arguments make the process a controller, which runs no test itself."""
    counts = [after for before, after in zip(arguments, [*arguments[1:], ""], strict=True) if before == "-n"]
    counts += [argument[2:] for argument in arguments if argument.startswith("-n") and argument != "-n"]
    counts += [argument.partition("=")[2] for argument in arguments if argument.startswith("--numprocesses=")]
    return any(count != "0" for count in counts)


if "PYTEST_XDIST_WORKER" in os.environ:
    from tests import early_execnet

    os.environ.pop(_SKIP, None)
    early_execnet.keep_native()
    import swarm
elif _distributes(sys.argv[1:]):
    os.environ[_SKIP] = "1"
else:
    import swarm  # noqa: F401
