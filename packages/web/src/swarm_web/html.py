"""What Locust's `locust.html` has: the report as text, for scripts that write it themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.runners import STATE_STOPPED, STATE_STOPPING
from swarm_web.report import report

if TYPE_CHECKING:
    from swarm.environment import Environment

__all__ = ["PERCENTILES_FOR_HTML_REPORT", "STATE_STOPPED", "STATE_STOPPING", "get_html_report"]

PERCENTILES_FOR_HTML_REPORT = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0]
"""Locust's; this report has the median, p95 and p99 of each name, and the heat map of all response times."""


def get_html_report(environment: Environment, show_download_link: bool = True, theme: str = "") -> str:  # noqa: ARG001  Locust's signature
    """Return the report of a run as HTML; `theme` is light, dark, or the reader's own."""
    return report(environment, theme if theme in ("light", "dark") else "")
