"""`rest()` and `rest_()`: requests to JSON APIs, as context managers whose errors are the request's."""

from __future__ import annotations

import os
import time
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from swarm.exceptions import ResponseError
from swarm.http.catch import STEERING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_SHOWN = 200  # characters of a body in a message


class RestMixin:
    """Adds `rest` and `rest_` to a user with a `client`."""

    client: Any

    @contextmanager
    def rest(
        self, method: str, url: str, headers: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        """Send a request to a JSON API; `response.js` is the parsed body in the `with` block.

        The request fails when its body is not JSON (`js` is None then), and by any error raised in the
        block, an assertion's too, which goes no further. Keywords as for `client.request`.
        """
        with self.client.request(
            method, url, catch_response=True, headers={**_HEADERS, **(headers or {})}, **kwargs
        ) as response:
            response.js = None
            if not response.content:
                if response.error is None:
                    response.failure("The body is empty, not JSON")
            else:
                try:
                    response.js = response.json()
                except ValueError as error:
                    response.failure(
                        f"Could not parse the response as JSON: {error}. "
                        f"It has status {response.status_code} and begins {response.text[:_SHOWN]!r}"
                    )
            try:
                yield response
            except STEERING:
                raise
            except (AssertionError, ResponseError) as error:
                _fail(response, str(error) or f"{type(error).__name__} at {_place(error)}")
            except Exception as error:  # noqa: BLE001  the block's error is the request's
                text = f"{type(error).__name__}: {error} at {_place(error)}"
                _fail(response, f"{text}. Response was {response.text[:_SHOWN]}")

    @contextmanager
    def rest_(self, method: str, url: str, name: str | None = None, **kwargs: Any) -> Iterator[Any]:
        """Send a request as `rest` does, past caches: with the time in a parameter `_`.

        All are counted under one name, the URL with `_=...`.
        """
        mark = "&" if "?" in url else "?"
        stamped = f"{url}{mark}_={int(time.time() * 1000)}"
        with self.rest(method, stamped, name=name or f"{url}{mark}_=...", **kwargs) as response:
            yield response


def _fail(response: Any, text: str) -> None:
    """Mark a failure, unless it is one: that the body is no JSON explains what the block says of it."""
    if not isinstance(response._swarm_verdict, BaseException):
        response.failure(text)


def _place(error: BaseException) -> str:
    """Return where in the user's file an error was raised: "shop.py:12 in buy"."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((frame for frame in reversed(frames) if frame.filename != __file__), frames[-1])
    return f"{os.path.basename(frame.filename)}:{frame.lineno} in {frame.name}"
