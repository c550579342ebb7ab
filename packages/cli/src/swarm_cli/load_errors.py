"""Says why a locustfile failed: the line that is wrong, and no frame that is not the user's."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path


def describe(error: BaseException, shown: str) -> str:
    """Return why the file that is shown as `shown` did not load, and where."""
    if isinstance(error, SyntaxError):
        return _syntax_error(error, shown)
    return f"{shown} could not be loaded: {reason(error)}"


def reason(error: BaseException) -> str:
    """Return the error's kind and text, then the lines of the user's that led to it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_foreign(frame.filename)]
    lines = "".join(traceback.format_list(frames)).rstrip()
    text = "".join(traceback.format_exception_only(error)).strip()
    return text + (f"\n{lines}" if lines else "")


def _syntax_error(error: SyntaxError, shown: str) -> str:
    where = f"{error.filename or shown}:{error.lineno}" if error.lineno else error.filename or shown
    text = (error.text or "").rstrip("\n")
    if not text:
        return f"{where}: {type(error).__name__}: {error.msg}"
    stripped = text.lstrip()
    # The offset counts from 1 in the line as it was written.
    caret = " " * max(0, (error.offset or 1) - 1 - (len(text) - len(stripped))) + "^"
    return f"{where}: {type(error).__name__}: {error.msg}\n    {stripped}\n    {caret}"


def _is_foreign(filename: str) -> bool:
    if filename.startswith("<frozen"):
        return True
    return any(Path(filename).is_relative_to(root) for root in _foreign_roots())


def _foreign_roots() -> set[str]:
    import swarm

    installed = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    return installed | {str(Path(file).parent) for file in (swarm.__file__, __file__)}
