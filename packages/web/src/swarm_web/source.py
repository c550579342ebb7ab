"""Where the API's answers come from: a run that goes on, or the recording of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from swarm_web.curve import SERVICE

if TYPE_CHECKING:
    from swarm_web.documents import OncePerFrame
    from swarm_web.stream import Stream


class Source(Protocol):
    """What the API shows. Durations are ms, times seconds since the epoch; API.md has the shapes."""

    stream: Stream
    full: OncePerFrame
    """The snapshot."""
    failed: OncePerFrame
    """Failures and exceptions."""

    def snapshot(self) -> dict[str, Any]:
        """Return everything that the page shows at once."""

    def series(
        self,
        name: str | None,
        method: str,
        begin: float | None = None,
        end: float | None = None,
        metrics: list[str] | None = None,
        step: int = 0,
    ) -> dict[str, Any] | None:
        """Return the series of a name, or of the whole run; None for a name that is not there."""

    def heatmap(
        self,
        name: str | None,
        method: str,
        begin: float | None = None,
        end: float | None = None,
        of: str = SERVICE,
    ) -> dict[str, Any] | None:
        """Return the heat map of a name, or of the whole run; None for a name that is not there."""

    def percentiles(self, name: str | None, method: str, of: str = SERVICE) -> dict[str, Any] | None:
        """Return the percentiles of a name, or of the whole run; None for a name that is not there."""

    def error_document(self) -> dict[str, Any]:
        """Return failures and exceptions."""

    def log_document(
        self,
        cursor: int | None = None,
        node: str | None = None,
        level: str | None = None,
        text: str | None = None,
        limit: int = 500,
    ) -> dict[str, Any]:
        """Return lines of the log."""

    def setup(self) -> dict[str, Any]:
        """Return what a new run may choose."""

    def statistics(self) -> bytes:
        """Return the statistics in the form of `--json`, encoded. Raises Problem where they are not known."""
