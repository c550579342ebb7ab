"""The options of the browser UI, under Locust's names."""

from __future__ import annotations

from swarm_cli.kinds import integer
from swarm_cli.option import HIDDEN, Group, flag, removed, value

WEB_UI = Group(
    "Browser UI options",
    [
        value(
            "--web-host",
            metavar="ADDRESS",
            variable="WEB_HOST",
            help="address of the UI (default: 127.0.0.1, this machine alone; * for all addresses)",
        ),
        value(
            "-P",
            "--web-port",
            metavar="PORT",
            type=integer(minimum=0, maximum=65535),
            default=8089,
            variable="WEB_PORT",
            help="port of the UI (default: 8089)",
        ),
        value(
            "--web-base-path",
            metavar="PATH",
            variable="WEB_BASE_PATH",
            help="prefix of the UI's paths: /load",
        ),
        value(
            "--web-allowed-host",
            metavar="HOST",
            variable="WEB_ALLOWED_HOST",
            help="further names under which the UI may be asked for, parted by commas: those of a proxy",
        ),
        value(
            "--web-max-users",
            metavar="USERS",
            type=integer(minimum=1),
            variable="WEB_MAX_USERS",
            help="the most users that may be asked for in the UI; a load shape is not limited (default: any number)",
        ),
        flag("--headless", variable="HEADLESS", help="start at once, without the UI"),
        flag("--autostart", variable="AUTOSTART", help="start at once, with the UI"),
        value(
            "--autoquit",
            metavar="SECONDS",
            type=integer(minimum=-1),
            default=-1,
            variable="AUTOQUIT",
            help="with --autostart: quit so long after the run's end (default: stay)",
        ),
        flag(
            "--class-picker",
            variable="USERCLASS_PICKER",
            help="choose user classes and load shapes in the UI, and change their settings",
        ),
        flag("--web-login", variable="WEB_LOGIN", help="the UI asks for a log-in that the locustfile checks"),
        value(
            "--web-access",
            metavar="MODE",
            choices=["auto", "token", "none"],
            default="auto",
            variable="WEB_ACCESS",
            help="who may steer the run: auto (default): everybody on this machine, and from others who has the "
            "token; token: only who has it; none: everybody. SWARM_WEB_TOKEN and SWARM_WEB_VIEWER_TOKEN set the "
            "tokens, otherwise one is made and printed",
        ),
        value("--tls-cert", metavar="FILE", variable="TLS_CERT", help="certificate of the UI: https"),
        value("--tls-key", metavar="FILE", variable="TLS_KEY", help="its private key"),
        flag("--headful", variable="HEADFUL", help=HIDDEN),
        value("--web-host-display-name", variable="WEB_HOST_DISPLAY_NAME", help=HIDDEN),
        value("--build-path", variable="BUILD_PATH", help=HIDDEN),
        removed("--web-auth", "use --web-login, with a log-in in the locustfile", "WEB_AUTH"),
        removed("--legacy-ui", "leave it out, there is one browser UI", "LEGACY_UI"),
    ],
)
