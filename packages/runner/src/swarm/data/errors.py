"""What goes wrong with feeds."""

from __future__ import annotations

from swarm.exceptions import SwarmError


class FeedError(SwarmError):
    """A feed cannot give rows; its text says which, why, and what to do."""


class Exhausted(Exception):
    """A feed has no more rows; `Feed.next` makes of it what the feed was told to raise."""
