"""The short way: from a call's arguments to the bytes of a request, without a `PreparedRequest` in between.

The rule: `plain` gives what requests' preparation would have sent, byte for byte, or None. It raises nothing:
what is wrong with a request is told by requests itself, on the long way.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from requests import PreparedRequest, compat
from requests.auth import HTTPBasicAuth
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict

from swarm.http.on_requests.heads import DEFAULT_ITEMS, header_block
from swarm.http.on_requests.sent import Sent
from swarm.http.on_requests.urls import prepare

if TYPE_CHECKING:
    from http.cookiejar import Cookie
    from typing import Protocol

    from swarm.http.on_requests.cookies import CookieHeaders
    from swarm.http.on_requests.heads import Items
    from swarm.http.on_requests.urls import Target

    class Settings(Protocol):
        """What of a session decides about a request."""

        auth: Any
        cert: Any
        trust_env: bool
        _swarm_cookie_headers: CookieHeaders


_json_module: Final[Any] = vars(compat)["json"]  # simplejson where it is installed
_BODILESS: Final = frozenset({"GET", "HEAD"})
_VERBS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) | _BODILESS
_NO_HOOKS: Final[dict[str, list[Any]]] = {"response": []}
_FORM: Final = "application/x-www-form-urlencoded"


class _NotPlainError(ValueError):
    """A part of the request is for requests to deal with."""


def plain(
    session: Settings, method: str, url: str, params: Any, data: Any, json: Any, headers: Any, auth: Any
) -> Sent | None:
    """Return the request that `session` is to send, or None when only requests' own way will do."""
    made = session.__dict__  # what is missing here was never asked for, and is as requests makes it
    if (
        method not in _VERBS
        or made.get("hooks", _NO_HOOKS) != _NO_HOOKS
        or made.get("params")
        or made.get("proxies")
        or session.trust_env
        or session.cert
    ):
        return None
    try:
        target = prepare(url, _encoded(params) if params else "")
        if target is None:
            return None
        block = header_block(
            _items(made["headers"]) if "headers" in made else DEFAULT_ITEMS,
            _items(headers) if headers else None,
        )
        if block.framed:
            return None
        names = block.names
        extra: list[tuple[str, str]] = []
        cookies: tuple[Cookie, ...] = ()
        if "cookies" in made:
            header, cookies = _cookie_header(session, made["cookies"], target, names)
            if header is not None:
                extra.append(("Cookie", header))
        body: str | bytes | None = None
        payload: bytes | None = None
        if data or json is not None:
            body, kind = _form(data) if data else (_json(json), "application/json")
            payload = body.encode("utf-8") if isinstance(body, str) else body
            if not payload:
                return None  # requests sends it in chunks
            extra.append(("Content-Length", str(len(payload))))
            if kind and "content-type" not in names:
                extra.append(("Content-Type", kind))
        elif method not in _BODILESS:
            extra.append(("Content-Length", "0"))
        login = session.auth if auth is None else auth
        if login:
            extra.append(("Authorization", _authorization(login, names)))
        origin, _, path = target
        head = b"%b %b HTTP/1.1\r\n%b%b%b\r\n" % (
            method.encode("ascii"),
            path.encode("ascii"),
            b"" if "host" in names else origin.host_line,
            block.wire,
            "".join([f"{name}: {value}\r\n" for name, value in extra]).encode("latin-1") if extra else b"",
        )
    except (AttributeError, TypeError, ValueError):
        return None
    return Sent(method, target, block, extra, body, cookies, head, payload)


def _items(headers: Any) -> Items:
    if type(headers) is CaseInsensitiveDict:
        return tuple(headers._store.values())  # type: ignore[attr-defined]  # its items() take five times as long
    if type(headers) is dict:
        return tuple(headers.items())
    raise _NotPlainError


def _encoded(pairs: Any) -> str:
    """Encode a dict or pairs for a query or a form.

    It is what `PreparedRequest._encode_params` does with them, without its look at what else they could be,
    which takes 12 µs.
    """
    if isinstance(pairs, dict):
        pairs = pairs.items()
    elif not isinstance(pairs, (list, tuple)):
        raise _NotPlainError
    items = []
    for name, given in pairs:
        alone = isinstance(given, (str, bytes)) or not hasattr(given, "__iter__")
        values = [given] if alone else given
        key = name.encode("utf-8") if isinstance(name, str) else name
        items += [
            (key, value.encode("utf-8") if isinstance(value, str) else value)
            for value in values
            if value is not None
        ]
    return urlencode(items, doseq=True)


def _form(data: Any) -> tuple[str | bytes, str | None]:
    if isinstance(data, (str, bytes)):
        return data, None
    return _encoded(data), _FORM


def _json(value: Any) -> bytes:
    text: str | bytes = _json_module.dumps(value, allow_nan=False)
    return text.encode("utf-8") if isinstance(text, str) else text


def _cookie_header(
    session: Settings, jar: Any, target: Target, names: frozenset[str]
) -> tuple[str | None, tuple[Cookie, ...]]:
    if type(jar) is not RequestsCookieJar:
        raise _NotPlainError
    header, cookies = session._swarm_cookie_headers.header(jar, target)
    if cookies and "host" in names:
        raise _NotPlainError  # the header's host decides then which cookies go
    return (None if "cookie" in names else header), cookies


def _authorization(login: Any, names: frozenset[str]) -> str:
    if type(login) is HTTPBasicAuth:
        login = (login.username, login.password)
    if type(login) is not tuple or "authorization" in names:
        raise _NotPlainError
    username, password = login
    if not isinstance(username, (str, bytes)) or not isinstance(password, (str, bytes)):
        raise _NotPlainError
    return _basic(username, password)


@lru_cache(maxsize=1_024)
def _basic(username: str | bytes, password: str | bytes) -> str:
    request = PreparedRequest()
    request.headers = CaseInsensitiveDict()
    HTTPBasicAuth(username, password)(request)
    return request.headers["Authorization"]
