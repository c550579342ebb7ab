"""`HttpSession`: a `requests.Session` whose requests are timed and counted.

The rule: a request that needs nothing special (no hook, proxy, file, client certificate …) takes a short way
to the core that gives what requests gives; every other one is requests' own doing, over `CoreAdapter`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import requests
from gevent import GreenletExit
from requests import Request, sessions
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.cookies import RequestsCookieJar
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema, RequestException
from requests.hooks import default_hooks
from requests.models import DEFAULT_REDIRECT_LIMIT
from requests.utils import default_headers, get_auth_from_url

from swarm.event import RequestHook
from swarm.http.on_requests.adapter import REQUESTS_SEND, CoreAdapter, PoolManagerAdapter, as_written
from swarm.http.on_requests.call import Call, count_interrupted, report, status_error
from swarm.http.on_requests.cookies import CookieHeaders
from swarm.http.on_requests.errors import without_frames
from swarm.http.on_requests.exchange import exchange
from swarm.http.on_requests.lazy import lazy
from swarm.http.on_requests.plain import plain
from swarm.http.on_requests.response import adopted, failed, judged
from swarm.http.on_requests.sent import SentByRequests
from swarm.http.on_requests.urls import join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from requests.adapters import BaseAdapter

    from swarm.event import EventHook
    from swarm.http.on_requests.response import ResponseContextManager
    from swarm.http.on_requests.sent import Sent

# A subclass, a mock or a tracer that puts others in their place has every request go through them.
_SEND: Final = as_written(requests.Session.send, sessions)
_PREPARE: Final = as_written(requests.Session.prepare_request, sessions)
_GET_ADAPTER: Final = as_written(requests.Session.get_adapter, sessions)


def _adapters(session: HttpSession) -> MutableMapping[str, BaseAdapter]:
    core = session._swarm_core
    return OrderedDict((("https://", core), ("http://", core)))


class HttpSession(requests.Session):
    """Sends requests and counts them: by method and name, which is the path and query unless `name` is given.

    `base_url` goes before relative URLs. `request_event` is the hook that counts (the environment's when there
    is a `user`), `user` the one whose session this is. Both may be left out; the session then counts nothing
    unless somebody listens to its `request_event`. With a `pool_manager` of urllib3's, its connections are
    used. Unlike requests' own, the session reads no proxy variables and no .netrc (`trust_env` is False).

    A request that gets no answer does not raise: its response has `status_code` 0 and the `error`.
    """

    # requests' settings, made at their first use; an idle user's session holds none of them.
    headers = lazy(lambda _: cast("MutableMapping[str, str | bytes]", default_headers()))
    cookies = lazy(lambda _: RequestsCookieJar())
    adapters = lazy(_adapters)
    hooks = lazy(lambda _: default_hooks())
    proxies: MutableMapping[str, str] = lazy(lambda _: {})
    params: Any = lazy(lambda _: {})
    auth = None
    stream = False
    verify = True
    cert = None
    max_redirects = DEFAULT_REDIRECT_LIMIT
    trust_env = False

    request_name: str | None = None
    """The name under which requests are counted while it is set; a call's `name` goes before it."""

    base_url = ""
    user: Any = None
    request_event: EventHook = lazy(lambda _: RequestHook())

    __attrs__ = (*requests.Session.__attrs__, "base_url", "request_name")  # what is pickled

    _swarm_core = lazy(lambda _: CoreAdapter())
    _swarm_cookie_headers = lazy(lambda _: CookieHeaders())
    _swarm_open = 0

    def __init__(
        self,
        base_url: str | None,
        request_event: EventHook | None = None,
        user: Any = None,
        *args: Any,
        pool_manager: Any = None,
        **kwargs: Any,
    ) -> None:
        """Take what the class says. Raises TypeError for arguments that requests.Session has not, either."""
        if args or kwargs:
            raise TypeError(
                f"HttpSession takes base_url, request_event, user and pool_manager, not {[*args, *kwargs]}"
            )
        self.base_url = base_url or ""
        if "@" in self.base_url:
            self._swarm_take_login()
        if user is not None:
            self.user = user
            user._swarm_sessions.append(self)
            if request_event is None:
                request_event = user.environment.events.request
        if request_event is not None:
            self.request_event = request_event
        if pool_manager is not None:
            self.mount("https://", PoolManagerAdapter(pool_manager))
            self.mount("http://", PoolManagerAdapter(pool_manager))

    @property
    def in_flight(self) -> int:
        """The number of requests whose greenlet waits for the server now."""
        return self._swarm_open or (self._swarm_core.in_flight if "_swarm_core" in self.__dict__ else 0)

    @contextmanager
    def rename_request(self, name: str) -> Iterator[None]:
        """Count the requests of a `with` block under `name`."""
        before, self.request_name = self.request_name, name
        try:
            yield
        finally:
            self.request_name = before

    def request(  # type: ignore[override]  # Locust's order of arguments; all of requests' are keywords
        self,
        method: str,
        url: str | bytes,
        name: str | None = None,
        catch_response: bool = False,
        context: dict[str, Any] | None = None,
        *,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        cookies: Any = None,
        files: Any = None,
        auth: Any = None,
        timeout: Any = None,
        allow_redirects: bool = True,
        proxies: Any = None,
        hooks: Any = None,
        stream: bool | None = None,
        verify: Any = None,
        cert: Any = None,
        json: Any = None,
    ) -> ResponseContextManager:
        """Send a request and count it; arguments as for `requests.Session.request`, and three of our own.

        `name` is what it is counted under. With `catch_response` it is counted at the end of the `with` block
        that judges the response. `context` is handed to the listeners of the request event.

        Raises ValueError for a URL that is none, and nothing for a request that gets no answer.
        """
        user = self.user
        if user is not None and user._swarm_halt:
            raise GreenletExit
        method = method.upper()
        url = join(self.base_url, url if isinstance(url, str) else _text(url))
        stream = self.stream if stream is None else stream
        verify = self.verify if verify is None else verify
        sent: Sent | SentByRequests
        send: Callable[[], requests.Response]
        short = None
        if not (cookies or files or hooks or proxies or cert) and self._swarm_is_ours(url):
            short = plain(self, method, url, params, data, json, headers, auth)
        if short is not None:
            sent = short
            send = partial(exchange, self, short, timeout, allow_redirects, stream, verify)
        else:
            parts = Request(method, url, headers, files, data or {}, params or {}, auth, cookies, hooks, json)
            sent, send = self._swarm_by_requests(
                parts, proxies, stream, verify, cert, timeout=timeout, allow_redirects=allow_redirects
            )
        return self._swarm_timed(
            sent, send, name or self.request_name or sent.path, catch_response, context, stream
        )

    def get(self, url: str | bytes, params: Any = None, **kwargs: Any) -> ResponseContextManager:
        """Send a GET request; see `request`."""
        return self.request("GET", url, params=params, **kwargs)

    def options(self, url: str | bytes, **kwargs: Any) -> ResponseContextManager:
        """Send an OPTIONS request; see `request`."""
        return self.request("OPTIONS", url, **kwargs)

    def head(self, url: str | bytes, **kwargs: Any) -> ResponseContextManager:
        """Send a HEAD request, whose redirects are not followed unless asked; see `request`."""
        kwargs.setdefault("allow_redirects", False)
        return self.request("HEAD", url, **kwargs)

    def post(
        self, url: str | bytes, data: Any = None, json: Any = None, **kwargs: Any
    ) -> ResponseContextManager:
        """Send a POST request; see `request`."""
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(self, url: str | bytes, data: Any = None, **kwargs: Any) -> ResponseContextManager:
        """Send a PUT request; see `request`."""
        return self.request("PUT", url, data=data, **kwargs)

    def patch(self, url: str | bytes, data: Any = None, **kwargs: Any) -> ResponseContextManager:
        """Send a PATCH request; see `request`."""
        return self.request("PATCH", url, data=data, **kwargs)

    def delete(self, url: str | bytes, **kwargs: Any) -> ResponseContextManager:
        """Send a DELETE request; see `request`."""
        return self.request("DELETE", url, **kwargs)

    def _swarm_is_ours(self, url: str) -> bool:
        """Tell whether requests to `url` reach `CoreAdapter`, and nobody is to see them on their way."""
        kind = type(self)
        if (
            kind.send is not _SEND
            or kind.prepare_request is not _PREPARE
            or kind.get_adapter is not _GET_ADAPTER
        ):
            return False
        made = self.__dict__
        if "send" in made or HTTPAdapter.send is not REQUESTS_SEND:
            return False
        if "adapters" not in made:
            return True
        return any(url.startswith(prefix) for prefix in ("http://", "https://")) and (
            self.get_adapter(url) is self._swarm_core
        )

    def _swarm_by_requests(
        self, parts: Request, proxies: Any, stream: bool, verify: Any, cert: Any, **options: Any
    ) -> tuple[SentByRequests, Callable[[], requests.Response]]:
        """Prepare a request as requests does; return it and what sends it.

        Raises what requests raises for a URL or a value that is none.
        """
        try:
            prepared = self.prepare_request(parts)
            self.get_adapter(str(prepared.url))
        except (MissingSchema, InvalidSchema, InvalidURL):
            raise
        except RequestException as error:
            return SentByRequests(Request(parts.method, parts.url).prepare()), partial(_raise, error)
        settings = self.merge_environment_settings(prepared.url, proxies or {}, stream, verify, cert)
        return SentByRequests(prepared), partial(self.send, prepared, **options, **settings)

    def _swarm_timed(
        self,
        sent: Sent | SentByRequests,
        send: Callable[[], requests.Response],
        name: str,
        catch_response: bool,
        context: dict[str, Any] | None,
        stream: bool,
    ) -> ResponseContextManager:
        """Send a request, take its time, count it or have it judged."""
        started = time.time()
        self._swarm_open += 1
        start = perf_counter()
        try:
            response = send()
        except RequestException as error:
            response = failed(without_frames(error), sent.prepared())
        except GreenletExit:
            count_interrupted(self, sent.method, name)
            raise
        except BaseException as error:
            ms = (perf_counter() - start) * 1000
            report(self, sent.method, name, sent.url, started, ms, 0, context, None, None, error)
            raise
        finally:
            self._swarm_open -= 1
        end = perf_counter()

        user = self.user
        intended = None if user is None else user._swarm_intended_start
        late_us = None if intended is None else int((end - intended) * 1_000_000)
        length = _announced(response) if stream else len(response.content or b"")
        ms = (end - start) * 1000
        if catch_response:
            call = Call(self, sent.method, name, sent.url, started, ms, length, context, late_us)
            return judged(adopted(response), call)
        failure = None if 200 <= response.status_code < 400 else status_error(response, name)
        report(
            self,
            sent.method,
            name,
            sent.url,
            started,
            ms,
            length,
            context,
            late_us,
            adopted(response),
            failure,
        )
        if user is not None and user._swarm_halt:
            raise GreenletExit
        return cast("ResponseContextManager", response)

    def _swarm_take_login(self) -> None:
        """Move user and password from the base URL to `auth`, so that they are in no name and no message."""
        username, password = get_auth_from_url(self.base_url)
        if username and password:
            parts = urlsplit(self.base_url)
            self.base_url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
            self.auth = HTTPBasicAuth(username, password)


def _announced(response: requests.Response) -> int:
    """Return the Content-Length of a streamed response, 0 without."""
    length = response.headers.get("content-length") or ""
    return int(length) if length.isdigit() else 0


def _text(url: Any) -> str:
    return url.decode("utf-8") if isinstance(url, bytes) else str(url)


def _raise(error: BaseException) -> requests.Response:
    raise error
