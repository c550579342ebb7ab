"""The place of Swarm's browser UI; this release has none."""
