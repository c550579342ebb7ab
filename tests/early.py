"""Patches the test process before any plugin or conftest can import requests or ssl."""

import swarm  # noqa: F401
