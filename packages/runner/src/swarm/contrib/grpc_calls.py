"""Measures gRPC's calls: an interceptor next to the wire, and the streams that it hands out."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import grpc
from gevent import GreenletExit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swarm.contrib.reporting import Call, Reporter

REQUEST_TYPE = "grpc"
DETAILS_LIMIT = 300
"""Characters of a failure's details that failures are told apart by."""

Metadata = tuple[str, str | bytes]


class FailedCall(grpc.RpcError):  # type: ignore[misc]  # grpcio ships no types
    """What the request event and the statistics get of a call that failed; the task gets gRPC's own error.

    It reads the same for all calls that failed alike, whatever connection they went over.
    """

    def __init__(self, error: Any) -> None:
        super().__init__(error)
        self.error = error
        """The error that was raised in the task."""

    def code(self) -> grpc.StatusCode:
        """Return the call's status."""
        return self.error.code()

    def details(self) -> str:
        """Return what the server, or gRPC, says about it."""
        return self.error.details() or ""

    def __str__(self) -> str:
        details = self.details().partition("\n")[0][:DETAILS_LIMIT]
        return f"{self.code().name}: {details}" if details else str(self.code().name)

    def __repr__(self) -> str:
        return f"RpcError({self})"


class CallSettings(NamedTuple):
    """What a user class sets for all its calls."""

    metadata: Sequence[Metadata]
    timeout: float | None
    name_of: Callable[[str], str]


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Sequence[Metadata] | None
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class MeasuringInterceptor(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc]  # grpcio ships no types
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc]
    grpc.StreamUnaryClientInterceptor,  # type: ignore[misc]
    grpc.StreamStreamClientInterceptor,  # type: ignore[misc]
):
    """Reports every call of a channel; a stream when it has ended."""

    def __init__(self, reporter: Reporter, settings: CallSettings) -> None:
        self._reporter = reporter
        self._settings = settings

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Call with one message, for one."""
        return self._for_one_answer(continuation, client_call_details, request)

    def intercept_stream_unary(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Call with a stream of messages, for one."""
        return self._for_one_answer(continuation, client_call_details, request_iterator)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Call with one message, for a stream of them."""
        return self._for_a_stream(continuation, client_call_details, request)

    def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Call with a stream of messages, for one of them."""
        return self._for_a_stream(continuation, client_call_details, request_iterator)

    def _for_one_answer(self, continuation: Any, details: Any, sent: Any) -> Any:
        call = self._begin(details)
        try:
            outcome = continuation(self._with_defaults(details), sent)
        except GreenletExit:
            call.cut()
            raise
        except BaseException as error:
            call.end(error)
            raise
        if not outcome.done():  # `.future()` was called: it goes on by itself
            outcome.add_done_callback(lambda done: _count(call, done))
            return outcome
        _count(call, outcome)
        self._reporter.check()
        return outcome

    def _for_a_stream(self, continuation: Any, details: Any, sent: Any) -> Any:
        call = self._begin(details)
        start = perf_counter()
        try:
            rpc = continuation(self._with_defaults(details), sent)
        except GreenletExit:
            call.cut()
            raise
        except BaseException as error:
            call.end(error)
            raise
        return MeasuredStream(rpc, call, self._reporter, start)

    def _begin(self, details: Any) -> Call:
        self._reporter.check()
        method = details.method
        text = method.decode() if isinstance(method, bytes) else method
        return self._reporter.begin(REQUEST_TYPE, self._settings.name_of(text))

    def _with_defaults(self, details: Any) -> Any:
        settings = self._settings
        if not settings.metadata and settings.timeout is None:
            return details
        return _Details(
            details.method,
            settings.timeout if details.timeout is None else details.timeout,
            [*settings.metadata, *(details.metadata or ())],
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )


class MeasuredStream:
    """The messages of a call as they come; it is what a stub's streaming method returns.

    The call ends with its last message, with the error that takes its place, when it is cancelled, or when
    nobody holds the stream any more. The context of its request event has `messages`, their number, and
    `time_to_first_message` in ms.
    """

    def __init__(self, rpc: Any, call: Call, reporter: Reporter, start: float) -> None:
        self._rpc = rpc
        self._call = call
        self._reporter = reporter
        self._start = start
        self._began_leaving = _leaves(reporter)
        self._context = call.request["context"]
        self._context["messages"] = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        call = self._call
        try:
            message = next(self._rpc)
        except StopIteration:
            call.end()
            self._reporter.check()
            raise
        except GreenletExit:
            self._rpc.cancel()
            call.cut()
            raise
        except BaseException as error:
            self._rpc.cancel()  # it may be a timeout of the user's own
            call.end(_error_of(error))
            raise
        if not self._context["messages"]:
            self._context["time_to_first_message"] = (perf_counter() - self._start) * 1000
        self._context["messages"] += 1
        call.request["response_length"] += size_of(message)
        return message

    def cancel(self) -> bool:
        """Ask for no more messages: the call ends here, and well."""
        self._call.end()
        return bool(self._rpc.cancel())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)

    def __del__(self) -> None:
        if "_context" not in vars(self):
            return
        self._rpc.cancel()
        # A task that is cut between two messages drops its stream, too, and late: with the exception's traceback.
        if _leaves(self._reporter) and not self._began_leaving:
            self._call.cut()
        else:
            self._call.end()


def _leaves(reporter: Reporter) -> bool:
    """Tell whether the reporter's user is being stopped, or has come to its end."""
    return reporter.halted or reporter.user._swarm_leaving


def _count(call: Call, outcome: Any) -> None:
    """End a call for one answer as its outcome says."""
    try:
        error = outcome.exception()
    except grpc.FutureCancelledError as cancelled:
        error = cancelled
    if error is None:
        call.request["response"] = outcome.result()
        call.request["response_length"] = size_of(call.request["response"])
    call.end(None if error is None else _error_of(error))


def _error_of(error: BaseException) -> BaseException:
    is_status = isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call)
    return FailedCall(error) if is_status else error


def size_of(message: Any) -> int:
    """Return a message's size in bytes, 0 where it does not tell."""
    byte_size = getattr(message, "ByteSize", None)
    if byte_size is not None:
        return int(byte_size())
    return len(message) if isinstance(message, bytes) else 0
