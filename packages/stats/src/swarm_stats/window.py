"""What a histogram gained of late, known from copies of it made at the beginning of seconds."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swarm_stats.histogram import Histogram


class Window:
    """Copies of one growing histogram, each as it was before the first request of a second.

    A second without a request has no copy; the next one that has tells the same.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[int, Histogram]] = deque()

    def mark(self, second: int, histogram: Histogram, keep: int) -> None:
        """Keep a copy for the beginning of `second`, and those of the `keep` seconds before."""
        marks = self._marks
        if marks and second <= marks[-1][0]:
            if second == marks[-1][0]:
                return
            marks.clear()  # the clock was set back
        marks.append((second, histogram.copy()))
        while marks[0][0] < second - keep:
            marks.popleft()

    def add_before(self, second: int, buckets: Sequence[tuple[int, int]]) -> None:
        """Take it that durations (index, count of buckets), which come in only now, were of `second`."""
        for marked, earlier in self._marks:
            if marked > second:
                earlier.add_buckets(buckets)

    def since(self, second: int, histogram: Histogram) -> Histogram | None:
        """Return what `histogram` gained since the beginning of `second`, None for nothing."""
        for marked, earlier in self._marks:
            if marked >= second:
                gained = histogram.diff(earlier)
                return gained if gained.rows else None
        return None

    def copy(self) -> Window:
        """Return an independent window on the same copies."""
        new = Window()
        new._marks.extend(self._marks)
        return new
