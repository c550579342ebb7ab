"""The commands of the API under `/api/v1/`: each is checked, handed to the run, and answered with 202.

The rule: a command that comes twice with one `Idempotency-Key` is carried out once and answered the same.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Response, request

from swarm_web import orders
from swarm_web.answers import Problem, body_of, reply
from swarm_web.control import Refused, Unknown

if TYPE_CHECKING:
    from flask import Blueprint

    from swarm_web.control import Control
    from swarm_web.visitors import Visitors

KEY_LIMIT = 64
KEPT_S = 600.0
KEPT_KEYS = 1_000


@dataclass(frozen=True, slots=True)
class _Answered:
    at: float
    digest: str
    body: bytes
    status: int


Work = Callable[..., dict[str, Any]]
"""Carries a command out: takes the control, the body and what the path names; returns the event of the trail."""


class Commands:
    """The routes that steer a run through `control`; without one (a replay) each is refused."""

    def __init__(self, blueprint: Blueprint, control: Control | None, visitors: Visitors) -> None:
        self._control = control
        self._visitors = visitors
        self._answered: OrderedDict[str, _Answered] = OrderedDict()
        routes: list[tuple[str, str, Work]] = [
            ("/run", "start", self._start),
            ("/run/load", "load", self._load),
            ("/run/pause", "pause", self._pause),
            ("/run/stop", "stop", self._stop),
            ("/run/reset", "reset", self._reset),
            ("/workers/<id>/drain", "drain", self._drain),
        ]
        for path, name, work in routes:
            blueprint.add_url_rule(path, name, self._view(name, work), methods=["POST"])

    def _view(self, name: str, work: Work) -> Callable[..., Response]:
        def view(**of: str) -> Response:
            body = body_of()
            key = request.headers.get("Idempotency-Key")
            if key is not None and not 0 < len(key) <= KEY_LIMIT:
                raise Problem(422, f"Idempotency-Key has 1 to {KEY_LIMIT} characters.", "Idempotency-Key")
            what = "\0".join([name, *of.values(), ""]).encode()
            digest = hashlib.sha256(what + request.get_data()).hexdigest()
            if key is not None and (known := self._known(key)) is not None:
                if known.digest != digest:
                    raise Problem(409, "This Idempotency-Key came with another command before.")
                return reply(known.body, known.status)
            response = self._answer(work, body, **of)
            if key is not None:
                self._remember(
                    key, _Answered(time.monotonic(), digest, response.get_data(), response.status_code)
                )
            return response

        return view

    def _answer(self, work: Work, body: dict[str, Any], **of: str) -> Response:
        if self._control is None:
            return Problem(
                409, "This is the recording of a run; there is nothing to steer.", code="replay"
            ).answer()
        try:
            event = work(self._control, body, **of)
        except orders.Invalid as error:
            return Problem(422, str(error), error.key).answer()
        except Unknown as error:
            return Problem(404, str(error)).answer()
        except Refused as error:
            return Problem(409, str(error)).answer()
        return reply(
            {"accepted": True, "action": event["action"], "state": self._control.state, "event": event["id"]},
            202,
        )

    def _known(self, key: str) -> _Answered | None:
        now = time.monotonic()
        while self._answered:
            oldest = next(iter(self._answered))
            if len(self._answered) <= KEPT_KEYS and self._answered[oldest].at > now - KEPT_S:
                break
            del self._answered[oldest]
        return self._answered.get(key)

    def _remember(self, key: str, answered: _Answered) -> None:
        self._answered[key] = answered

    def _start(self, control: Control, body: dict[str, Any]) -> dict[str, Any]:
        return control.start(orders.start_order(body), self._visitors.visitor())

    def _load(self, control: Control, body: dict[str, Any]) -> dict[str, Any]:
        return control.change_load(orders.load_order(body), self._visitors.visitor())

    def _pause(self, control: Control, body: dict[str, Any]) -> dict[str, Any]:
        return control.pause(orders.pause_order(body), self._visitors.visitor())

    def _stop(self, control: Control, body: dict[str, Any]) -> dict[str, Any]:
        act = control.force if orders.stop_order(body) else control.stop
        return act(self._visitors.visitor())

    def _reset(self, control: Control, body: dict[str, Any]) -> dict[str, Any]:
        orders.no_order(body)
        return control.reset(self._visitors.visitor())

    def _drain(self, control: Control, body: dict[str, Any], id: str) -> dict[str, Any]:  # noqa: A002  the path's word
        orders.no_order(body)
        return control.drain(id, self._visitors.visitor())
