"""What Locust's `locust.web` has, and how an environment gets its UI.

The values here may be assigned, and are read when they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.runners import STATE_MISSING, STATE_RUNNING
from swarm_web.fields import AuthArgs, AuthProvider, CustomForm, InputField
from swarm_web.web_ui import WebUI

if TYPE_CHECKING:
    from swarm.environment import Environment

__all__ = [
    "DEFAULT_CACHE_TIME",
    "HOST_IS_REQUIRED",
    "STATE_MISSING",
    "STATE_RUNNING",
    "AuthArgs",
    "AuthProvider",
    "CustomForm",
    "InputField",
    "WebUI",
    "create_web_ui",
]

DEFAULT_CACHE_TIME = 2.0
"""Seconds that `/stats/requests` may be old."""
HOST_IS_REQUIRED = False
"""Whether a run is refused that has no host."""


def create_web_ui(environment: Environment, host: str = "", port: int = 8089, **options: Any) -> WebUI:
    """Make the browser UI of an environment, and start it unless `delayed_start`.

    `host` is the address to listen on, by default 127.0.0.1; `*` is all addresses, and then a token is needed. Port
    0 lets the system choose one (`port` of the result). Further options: `web_login` (a log-in page, filled by
    `auth_args`), `tls_cert` and `tls_key` (files), `stats_csv_writer` (whose history can be downloaded),
    `delayed_start`, `userclass_picker_is_active`, `build_path` (a folder with another front end), `web_base_path`
    (prefix of all paths), `access` (auto, token or none), `token` and `viewer_token`, `allowed_hosts` (names under
    which a browser may ask), `display_name` (of the host, in the address that is shown), `max_users` (more than those
    are not started), `get_commands` (`GET /stop` and `GET /stats/reset` act, as in Locust's older versions).

    Raises SwarmError when the address cannot be had, or certificate and key cannot be used.
    """
    return WebUI(environment, host, port, **options)
