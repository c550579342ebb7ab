"""Users of DNS, with dnspython: `DNSUser` and its client. Needs the extra `dns`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm.contrib.reporting import Reporter
from swarm.exceptions import SwarmError
from swarm.extras import MissingLibraryError, from_extra
from swarm.users.user import User

with from_extra("dns", "swarm.contrib.dns"):
    import dns.query

if TYPE_CHECKING:
    from collections.abc import Callable

    from dns.message import Message

    from swarm.environment import Environment
    from swarm.event import EventHook

REQUEST_TYPE = "DNS"


class DNSClient:
    """Has the functions of `dns.query` as methods: `udp`, `tcp`, `tls`, `https` and so on, each call counted.

    A call takes what the function takes, and `name` and `context` besides; it is counted under `name`, else the
    function's name. It fails when there is no response, or none with an answer in it; without a response it
    returns None.
    """

    def __init__(self, request_event: EventHook | None = None, user: User | None = None) -> None:
        self._reporter = Reporter(request_event, user)

    def __getattr__(self, function_name: str) -> Callable[..., Message | None]:
        function: Callable[..., Any] = getattr(dns.query, function_name)
        if function_name == "https" and not dns.query.have_doh:
            raise MissingLibraryError(
                "DNS over HTTPS needs one more package: `pip install 'dnspython[doh]'`."
            )

        def query(
            message: Message,
            *args: Any,
            name: str | None = None,
            context: dict[str, Any] | None = None,
            **kwargs: Any,
        ) -> Message | None:
            response: Message | None = None
            with self._reporter.call(REQUEST_TYPE, name or function_name, context) as request:
                result = function(message, *args, **kwargs)
                response = result[0] if isinstance(result, tuple) else result  # udp_with_fallback
                request["response"] = response
                request["response_length"] = len(getattr(response, "wire", None) or b"")
                if not response.answer:
                    raise SwarmError("No answer in DNS response")
            return response

        return query


class DNSUser(User):
    """A user with a DNS `client`."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.client = DNSClient(environment.events.request, self)
        """Sends the user's queries."""
