"""`GrpcUser`: a user that calls a gRPC service through the stub that was generated for it (extra `grpc`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm._gevent import cooperative_grpc
from swarm.contrib.reporting import Reporter
from swarm.exceptions import StopTest
from swarm.extras import from_extra
from swarm.users.user import User

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swarm.contrib.grpc_calls import Metadata
    from swarm.environment import Environment

with from_extra("grpc", "GrpcUser"):
    import grpc

    from swarm.contrib.grpc_calls import CallSettings, MeasuringInterceptor

cooperative_grpc()

OWN_CONNECTION = ("grpc.use_local_subchannel_pool", 1)
"""gRPC's option by which a channel has connections of its own."""
_SECURE = ("grpcs://", "https://")
_PLAIN = ("grpc://", "http://")


class GrpcUser(User):
    """A user with a `stub`, whose calls are requests of type "grpc", named by their method's full path.

    A subclass gives `host` ("localhost:50051") and `stub_class`. Each user has a connection of its own. A call
    that fails is counted by its status, and raises `grpc.RpcError` in the task as gRPC does. A streaming call
    is measured until its end.
    """

    abstract = True
    stub_class: Callable[[Any], Any] | None = None
    """The generated stub class: `HelloServiceStub`."""
    channel_credentials: grpc.ChannelCredentials | None = None
    """Makes the channel secure: `grpc.ssl_channel_credentials(…)`. A host that begins with grpcs:// or https://
    is called with gRPC's default ones."""
    channel_options: Sequence[tuple[str, Any]] = ()
    """gRPC's channel options: `(("grpc.max_receive_message_length", 2**24),)`."""
    default_metadata: Sequence[Metadata] = ()
    """What every call sends along: `(("authorization", "Bearer …"),)`."""
    default_timeout: float | None = None
    """Seconds that a call may take which is given no `timeout`; None is no limit."""
    interceptors: Sequence[Any] = ()
    """gRPC client interceptors of one's own. What they add or do to a call is not part of its time."""

    def __init__(self, environment: Environment) -> None:
        """Make the user, its channel and its stub. Raises StopTest when host or stub class are missing."""
        super().__init__(environment)
        make_stub: Any = type(self).stub_class
        name = type(self).__name__
        if self.host is None:
            raise StopTest(
                f"{name} has no host: write host = 'localhost:50051' in the class, or give it with --host."
            )
        if make_stub is None:
            raise StopTest(
                f"{name} has no stub_class: write the stub that was generated for the service, "
                "as in stub_class = hello_pb2_grpc.HelloServiceStub"
            )
        wire = self._swarm_wire(self.host)
        # Not looked up on the user at the end: a file may use the name `channel` for something of its own.
        reporter = Reporter(environment.events.request, self, wire.close)
        settings = CallSettings(self.default_metadata, self.default_timeout, self.call_name)
        self.channel: Any = grpc.intercept_channel(
            wire, *self.interceptors, MeasuringInterceptor(reporter, settings)
        )
        """The channel, for further stubs."""
        self.stub: Any = make_stub(self.channel)
        """The service."""

    def call_name(self, method: str) -> str:
        """Return the name that calls of `method` ("/shop.Orders/Place") are counted under; to be overridden."""
        return method

    def _swarm_wire(self, host: str) -> Any:
        """Make the channel."""
        credentials = self.channel_credentials
        target = host
        for scheme in (*_SECURE, *_PLAIN):
            if host.startswith(scheme):
                target = host.removeprefix(scheme).rstrip("/")
                if scheme in _SECURE and credentials is None:
                    credentials = grpc.ssl_channel_credentials()
        options = list(self.channel_options)
        if OWN_CONNECTION[0] not in dict(options):
            options.append(OWN_CONNECTION)
        if credentials is None:
            return grpc.insecure_channel(target, options)
        return grpc.secure_channel(target, credentials, options)
