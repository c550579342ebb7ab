"""A user whose client is built for speed: `FastHttpUser`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, cast

from swarm.exceptions import StopTest
from swarm.http.dial import Proxy
from swarm.http.session import FastHttpSession
from swarm.http.tls import insecure_ssl_context, secure_ssl_context
from swarm.users.rest import RestMixin
from swarm.users.user import User

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from swarm.environment import Environment
    from swarm.http.pool import ConnectionPool


class FastHttpUser(RestMixin, User):
    """A user with a `FastHttpSession` as its `client`."""

    network_timeout: float | None = 60.0
    """Seconds that each wait for the server may take; None is no limit."""
    connection_timeout: float | None = 60.0
    """Seconds that opening a connection may take, name and TLS included; None is no limit."""
    max_redirects: int = 30
    """Redirects that are followed in a row."""
    max_retries: int = 0
    """Attempts more after a connection error. (A connection found stale is replaced in any case.)"""
    insecure: bool = True
    """Whether TLS certificates are taken unchecked."""
    default_headers: Mapping[str, Any] | None = None
    """Headers of all requests, beside the standard ones."""
    concurrency: int = 10
    """Connections to a server at most; further requests of the user wait for a free one."""
    proxy_host: str | None = None
    """The HTTP proxy to go through; with `proxy_port`."""
    proxy_port: int | None = None
    """The proxy's port."""
    client_pool: ConnectionPool | None = None
    """Connections that all users of the class share; each has its own otherwise."""
    ssl_context_factory: Callable[..., ssl.SSLContext] | None = None
    """Makes the TLS settings, once for the class; `insecure` does not count then."""
    abstract = True

    _swarm_ssl_context: ssl.SSLContext | None = None

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        # Every request reads these two: found on the instance, they cost a tenth.
        self._swarm_halt = False
        self._swarm_intended_start = None
        if self.host is None:
            raise StopTest(
                "You must specify the base host: as `host` of the user class, or on the command line with --host."
            )
        proxy = None
        if self.proxy_host is not None:
            proxy = Proxy(self.proxy_host, self.proxy_port or 80)
        self.client = FastHttpSession(
            self.host,
            environment.events.request,
            self,
            client_pool=self.client_pool,
            ssl_context_factory=self._swarm_tls,
            network_timeout=self.network_timeout,
            connection_timeout=self.connection_timeout,
            max_redirects=self.max_redirects,
            max_retries=self.max_retries,
            default_headers=self.default_headers,
            concurrency=self.concurrency,
            proxy=proxy,
        )
        """The HTTP client."""

    def _swarm_tls(self) -> ssl.SSLContext:
        """Return the TLS settings of the class, which all its users share: a context costs half a megabyte."""
        cls = type(self)
        context = cls.__dict__.get("_swarm_ssl_context")
        if context is None:
            context = cls._swarm_ssl_context = self._swarm_make_tls()
        return context

    def _swarm_make_tls(self) -> ssl.SSLContext:
        factory = self.ssl_context_factory
        if factory is None:
            return insecure_ssl_context() if self.insecure else secure_ssl_context()
        # In a class body a plain function is a method, whether it was written to take the user or not.
        function = getattr(factory, "__func__", factory)
        try:
            inspect.signature(function).bind()
        except TypeError:
            return factory()
        return cast("ssl.SSLContext", function())
