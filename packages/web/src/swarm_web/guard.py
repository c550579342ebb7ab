"""Who may speak to the UI's server at all: checks of Host, Origin and Sec-Fetch-Site, and headers on every answer.

The rule: it stands in front of the whole application, so that routes of a locustfile's own are guarded, too.
"""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
ALL_ADDRESSES = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104  compared, not bound

STRICT = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types swarm-worker"
)
RELAXED = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: https:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""For a page that a locustfile renders and asks for it (`web_ui.relax_csp`)."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def strict_policy(scripts: Iterable[str] = (), *, forms: str = "'none'") -> str:
    """Return the policy of the UI's own pages; `scripts` are hashes of inline scripts, without quotes."""
    return STRICT.format(scripts="".join(f" '{each}'" for each in scripts), forms=forms)


def is_loopback(host: str) -> bool:
    """Whether a server on this address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(netloc: str) -> str:
    """Return the host of `host:port`, in lower case and without the brackets of an IPv6 address; '' for nonsense."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


class Refusal(Exception):
    """A request that is not let in: its status, a code, and what to do."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Guard:
    """WSGI middleware around `app`. `bound` is the address that the server listens on, `allowed` further names."""

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        bound: str,
        allowed: Iterable[str] = (),
        policy: str | None = None,
    ) -> None:
        self._app = app
        self._bound = bound.lower()
        self._named = frozenset(host_of(name) or name.lower() for name in allowed)
        self._policy = policy or strict_policy()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve a request, or refuse it."""
        try:
            self.check(environ)
        except Refusal as refusal:
            body = json.dumps(
                {"error": {"code": refusal.code, "message": str(refusal), "field": None}}
            ).encode()
            headers = {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "Connection": "close",
            }
            start_response(refusal.status, list((headers | HEADERS).items()))
            return [body]
        return self._app(environ, self._with_headers(start_response))

    def check(self, environ: dict[str, Any]) -> None:
        """Raise Refusal for a request from where none may come."""
        host = environ.get("HTTP_HOST", "")
        if not self.knows(host_of(host)):
            raise Refusal(
                "421 Misdirected Request",
                "misdirected",
                f"The host {host!r} is not one of this server's: give --web-allowed-host to serve under that name.",
            )
        if environ["REQUEST_METHOD"] in SAFE_METHODS:
            return
        site = environ.get("HTTP_SEC_FETCH_SITE")
        if site is not None and site not in ("same-origin", "none"):
            raise Refusal("403 Forbidden", "forbidden", f"A {site} request changes nothing here.")
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and not self._is_same(origin, host):
            raise Refusal("403 Forbidden", "forbidden", f"The origin {origin!r} changes nothing here.")

    def knows(self, host: str) -> bool:
        """Whether this is a name or an address of this server."""
        if host in LOOPBACK_NAMES or host in self._named or (host and host == self._bound):
            return True
        # An address can't be made to mean another machine by its DNS, so that any of ours will do.
        return not is_loopback(self._bound) and _is_address(host)

    def _is_same(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return False
        if parts.scheme not in ("http", "https"):
            return False
        return parts.netloc.lower() == host.lower() or name in self._named

    def _with_headers(self, start_response: Callable[..., Any]) -> Callable[..., Any]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            present = {name.lower() for name, _ in headers}
            defaults = HEADERS | {"Content-Security-Policy": self._policy}
            added = [(name, value) for name, value in defaults.items() if name.lower() not in present]
            return start_response(status, [*headers, *added], *rest)

        return start


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
