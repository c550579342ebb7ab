"""Simulated users: what they do, in which order, and how long they wait."""
