"""Users of APIs in OpenAI's form, with the package `openai`: `OpenAIUser` and its client.

The client's own HTTP requests are what is counted, each attempt of it, under the path of its URL. In place of
bytes their length is the number of tokens that the model wrote. Needs the extra `openai`.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gevent import GreenletExit

from swarm.contrib.reporting import Reporter
from swarm.extras import from_extra
from swarm.users.user import User

with from_extra("openai", "swarm.contrib.oai"):
    import openai

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from swarm.contrib.reporting import Call
    from swarm.environment import Environment
    from swarm.event import EventHook

EVENT_START = b"data:"


class _HttpClient(openai.DefaultHttpxClient):
    """The HTTP client below, which counts what it sends."""

    def __init__(self, request_event: EventHook | None, user: User | None) -> None:
        super().__init__(verify=_tls())
        self.swarm_name: str | None = None
        self.swarm_reporter = Reporter(request_event, user, self.close)

    def send(self, request: Any, *, stream: bool = False, **kwargs: Any) -> Any:
        """Send a request; what it raises is raised, once it is counted."""
        reporter = self.swarm_reporter
        reporter.check()
        call = reporter.begin(request.method, self.swarm_name or request.url.path)
        call.request["url"] = str(request.url)
        try:
            response = super().send(request, stream=stream, **kwargs)
        except GreenletExit:
            call.cut()
            raise
        except BaseException as error:
            call.end(error)
            raise
        call.request["response"] = response
        try:
            response.raise_for_status()
        except Exception as error:  # noqa: BLE001  it is counted; openai makes an error of its own of it
            call.end(error)
            return response
        if stream:
            _Follower(response, call, reporter)
            return response
        call.request["response_length"] = _tokens_in(_json_of(response.content)) or 0
        call.end()
        reporter.check()
        return response


class _Follower:
    """Looks at a streamed response as it is read: when the first token comes, how many, and when it ends."""

    def __init__(self, response: Any, call: Call, reporter: Reporter) -> None:
        self._call, self._reporter = call, reporter
        self._read, self._close = response.iter_bytes, response.close
        self._start = time.perf_counter() - (time.time() - call.request["start_time"])
        self._line = b""
        self._pieces = 0
        self._tokens: int | None = None
        self._is_reading = False
        response.iter_bytes, response.close = self.iter_bytes, self.close

    def iter_bytes(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """Give what `iter_bytes` gives."""
        chunks = self._read(*args, **kwargs)
        try:
            while (chunk := self._next_of(chunks)) is not None:
                *lines, self._line = (self._line + chunk).split(b"\n")
                for line in lines:
                    self._look_at(line)
                yield chunk
        except GreenletExit:
            self._call.cut()
            raise
        except Exception as error:
            self._call.end(error)
            raise
        finally:
            self._end()
        self._reporter.check()

    def close(self) -> None:
        """Close the response, read to its end or not."""
        self._close()
        if not self._is_reading:  # which closes it, too, and knows how it ended
            self._end()

    def _next_of(self, chunks: Iterator[bytes]) -> bytes | None:
        self._is_reading = True
        try:
            return next(chunks, None)
        finally:
            self._is_reading = False

    def _end(self) -> None:
        self._call.request["response_length"] = self._pieces if self._tokens is None else self._tokens
        self._call.end()

    def _look_at(self, line: bytes) -> None:
        if not line.startswith(EVENT_START):
            return
        event = _json_of(line.removeprefix(EVENT_START))
        self._tokens = _tokens_in(event) or _tokens_in(event.get("response")) or self._tokens
        if _has_text(event):
            self._pieces += 1
            if self._pieces == 1:
                passed = (time.perf_counter() - self._start) * 1000
                self._call.request["context"]["time_to_first_token"] = passed


class OpenAIClient(openai.OpenAI):
    """An `openai.OpenAI` whose requests are counted.

    For a stream, the response time ends with its end, and the event's `context` has `time_to_first_token` (ms).
    The length is the number of output tokens that the response tells of, else the number of pieces in which a
    stream brought text, else 0. What openai raises for a failed request, it raises here.
    """

    def __init__(
        self, request_event: EventHook | None = None, user: User | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Make a client; the other arguments are those of `openai.OpenAI`.

        Raises openai.OpenAIError without an API key, which is taken from OPENAI_API_KEY.
        """
        kwargs.setdefault("http_client", _HttpClient(request_event, user))
        super().__init__(*args, **kwargs)

    @contextmanager
    def rename_request(self, name: str) -> Iterator[None]:
        """Count the requests of a `with` block under `name`."""
        http: Any = self._client
        before, http.swarm_name = http.swarm_name, name
        try:
            yield
        finally:
            http.swarm_name = before


class OpenAIUser(User):
    """A user with an OpenAI `client`. Its `host`, if it has one, is the API's base URL: `http://…/v1`."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.client = OpenAIClient(environment.events.request, self, base_url=self.host)
        """Sends the user's requests."""


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return the TLS settings that all clients share, as one takes half a megabyte."""
    # openai has moved from httpx to httpx2: ask the one that it uses.
    library = sys.modules[openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]]
    context: ssl.SSLContext = library.create_ssl_context()
    return context


def _json_of(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _tokens_in(body: Any) -> int | None:
    """Return the number of output tokens that a body tells of."""
    usage = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    return usage.get("output_tokens", usage.get("completion_tokens"))


def _has_text(event: dict[str, Any]) -> bool:
    """Whether an event of a stream brings a piece of the answer."""
    if str(event.get("type", "")).endswith(".delta"):
        return bool(event.get("delta"))
    choices = event.get("choices") or []
    return any((choice.get("delta") or {}).get("content") or choice.get("text") for choice in choices)
