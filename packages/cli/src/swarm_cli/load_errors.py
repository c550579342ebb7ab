"""Says why a locustfile did not load: the line that is wrong, and no frame that is not the user's."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path


def describe(error: BaseException, shown: str) -> str:
    """Return what is wrong and where, for the file that is shown as `shown`."""
    if isinstance(error, SyntaxError):
        return _syntax_error(error, shown)
    reason = "".join(traceback.format_exception_only(error)).strip()
    frames = _users_frames(error)
    lines = "".join(traceback.format_list(frames)).rstrip()
    return f"{shown} could not be loaded: {reason}" + (f"\n{lines}" if lines else "")


def _syntax_error(error: SyntaxError, shown: str) -> str:
    where = f"{error.filename or shown}:{error.lineno}" if error.lineno else error.filename or shown
    text = (error.text or "").rstrip("\n")
    if not text:
        return f"{where}: {type(error).__name__}: {error.msg}"
    stripped = text.lstrip()
    # The offset counts from 1 in the line as it was written; tabs before it keep their width.
    caret = " " * max(0, (error.offset or 1) - 1 - (len(text) - len(stripped))) + "^"
    return f"{where}: {type(error).__name__}: {error.msg}\n    {stripped}\n    {caret}"


def _users_frames(error: BaseException) -> list[traceback.FrameSummary]:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not _is_foreign(frame.filename)]
    return own or list(frames[-1:])


def _is_foreign(filename: str) -> bool:
    return filename.startswith("<frozen") or any(
        Path(filename).is_relative_to(root) for root in _foreign_roots()
    )


def _foreign_roots() -> set[str]:
    import swarm

    installed = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    return installed | {str(Path(file).parent) for file in (swarm.__file__, __file__)}
