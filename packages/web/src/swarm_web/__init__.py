"""The browser UI of Swarm."""
