"""The one text for whoever uses a part of Swarm whose library is not installed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Iterator


class MissingLibraryError(SwarmError, ImportError):
    """A library that an extra brings is not installed; the text names the command that installs it."""


@contextmanager
def from_extra(extra: str, what: str) -> Iterator[None]:
    """Import in this block what the extra `extra` brings; `what` names the part of Swarm that needs it.

    Raises MissingLibraryError, which is an ImportError, when it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingLibraryError(
            f"{what} needs {error.name}, which is not installed. Install the extra: "
            f"`pip install 'swarm-runner[{extra}]'` (in a checkout: `poetry install --extras {extra}`).",
            name=error.name,
        ) from error
