"""Server-sent events, over `FastHttpSession`: `SSEUser`, or an `EventSource` of any FastHttpUser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import gevent

from swarm.contrib.connections import ConnectionEndedError, ConnectionReporter, Inbox, length_of
from swarm.contrib.event_stream import EventStreamParser, ServerSentEvent
from swarm.exceptions import SwarmError
from swarm.users.fast_http_user import FastHttpUser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from swarm.http.response import FastResponse
    from swarm.http.session import FastHttpSession

REQUEST_TYPE = "SSE"
EVENT_STREAM = "text/event-stream"
RETRY_MS = 3000
"""Milliseconds before a lost stream is asked for again, unless the server says otherwise."""
NEVER_S = 1e9
"""Seconds that a stream may be silent; the client takes None for its own setting."""
NO_CONTENT = 204
OK = 200


class NoEventStreamError(SwarmError):
    """The server did not answer with an event stream; `status` is what it answered, 0 for nothing."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class _Streams:
    """Stands for a user's client among its sessions: a stream that waits is no reason to wait at the stop."""

    def __init__(self, client: FastHttpSession) -> None:
        self.client = client
        self.reading = 0

    @property
    def in_flight(self) -> int:
        """The number of requests under way, streams left out."""
        return max(self.client.in_flight - self.reading, 0)

    def close(self) -> None:
        """Close the client."""
        self.client.close()


class EventSource:
    """The events of one URL, read as they come, also while the user waits or sleeps.

    Each connection is a GET request of the user's client. Each event that is received is counted as a request
    of type "SSE", with the time that it was waited for. A stream that ends or breaks off is asked for again, from
    the last event's id on, as browsers do; one that breaks off is counted as a failure.
    """

    def __init__(
        self,
        user: FastHttpUser,
        url: str,
        *,
        name: str | None = None,
        reconnect: bool = True,
        retry_ms: int = RETRY_MS,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        """Connect. `name` is what requests and events are counted under, the URL unless given.

        `options` are further ones of the client's requests: params, auth, cookies, context. Raises
        NoEventStreamError when the answer is none.
        """
        self.url = url
        self.name = name or url
        self.retry_ms = retry_ms
        self._client = user.client
        self._options = options
        self._headers = dict(headers or {})
        self._reconnects = reconnect
        self._streams = _streams_of(user)
        self._reporter = ConnectionReporter(None, user, self.close)
        self._inbox: Inbox[ServerSentEvent] = Inbox(url)
        self._parser = EventStreamParser()
        self._response = self._connect()
        self._reader: gevent.Greenlet[..., Any] | None = gevent.spawn(self._read)

    @property
    def last_event_id(self) -> str:
        """The id that the server gave last."""
        return self._parser.last_event_id

    @property
    def dropped(self) -> int:
        """How many events were dropped, since nobody received them."""
        return self._inbox.dropped

    def receive(self, *, timeout: float | None = None, name: str | None = None) -> ServerSentEvent:
        """Return the next event, waiting for it up to `timeout` seconds (None: for ever).

        Raises NoMessageError when none came, ConnectionEndedError when no more will come.
        """
        with self._reporter.reported(REQUEST_TYPE, name or self.name, waits=True) as request:
            event = self._inbox.next(timeout)
            request["response"] = event
            request["response_length"] = length_of(event)
        return event

    def __iter__(self) -> Iterator[ServerSentEvent]:
        """Give one event after the other, each counted as by `receive`, until the server ends the stream."""
        return self._inbox.all(self._reporter, REQUEST_TYPE, self.name)

    def close(self) -> None:
        """Be done with it."""
        reader, self._reader = self._reader, None
        self._inbox.end(ConnectionEndedError("the event stream was closed here", orderly=True))
        if reader is not None and reader is not gevent.getcurrent():
            reader.kill(block=False)

    def _connect(self) -> FastResponse:
        """Ask for the stream. Raises NoEventStreamError when something else is answered."""
        headers = {"Accept": EVENT_STREAM, "Cache-Control": "no-store", **self._headers}
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        options = {"timeout": (self._client.pool.connect_timeout, NEVER_S), **self._options}
        response: FastResponse = self._client.get(
            self.url, name=self.name, stream=True, headers=headers, **options
        )
        status = response.status_code
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if status == OK and kind == EVENT_STREAM:
            return response
        response.close()
        if status == OK:
            refusal = NoEventStreamError(
                f"{self.url} answers with {kind or 'no type'}, not {EVENT_STREAM}", OK
            )
            self._reporter.tell(REQUEST_TYPE, self.name, exception=refusal)
            raise refusal
        if status:
            raise NoEventStreamError(f"{self.url} answers with status {status}", status)
        raise NoEventStreamError(f"{self.url} does not answer: {response.error}", 0)

    def _read(self) -> None:
        """Take in what comes, and connect again whenever the stream ends."""
        try:
            while self._read_to_the_end() and self._connect_again():
                pass
        except Exception as error:  # noqa: BLE001  whoever waits for an event gets it
            self._inbox.end(ConnectionEndedError(f"the event stream was lost: {error}"))
        self._inbox.end(ConnectionEndedError("the server ended the event stream", orderly=True))

    def _read_to_the_end(self) -> bool:
        """Take in one stream; return whether to go on with another one."""
        self._streams.reading += 1
        try:
            for piece in self._response.iter_content():
                for event in self._parser.feed(piece):
                    self._inbox.put(event)
        except OSError as error:
            if not self._reconnects:
                raise
            self._reporter.tell(REQUEST_TYPE, self.name, exception=error)
        finally:
            self._streams.reading -= 1
            self._response.close()
        return self._reconnects

    def _connect_again(self) -> bool:
        """Return whether there is a stream again; the server may say that there will be none."""
        while True:
            retry_ms = self._parser.retry_ms
            gevent.sleep((self.retry_ms if retry_ms is None else retry_ms) / 1000)
            self._parser = EventStreamParser(self.last_event_id)
            self._parser.retry_ms = retry_ms
            try:
                self._response = self._connect()
            except NoEventStreamError as refusal:
                if refusal.status == NO_CONTENT:
                    return False
                if refusal.status:
                    raise
            else:
                return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class SSEUser(FastHttpUser):
    """A FastHttpUser that opens event streams, too."""

    abstract = True

    def event_source(self, url: str, **options: Any) -> EventSource:
        """Open the event stream of a URL; keywords as for `EventSource`."""
        return EventSource(self, url, **options)


def _streams_of(user: FastHttpUser) -> _Streams:
    sessions = user._swarm_sessions
    for session in sessions:
        if isinstance(session, _Streams):
            return session
    streams = _Streams(user.client)
    sessions[sessions.index(user.client)] = streams
    return streams
