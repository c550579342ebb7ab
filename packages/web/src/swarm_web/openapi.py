"""The API's description, OpenAPI 3.1: what each route takes and answers, for tools and for the tests that try it."""

from __future__ import annotations

from functools import cache
from typing import Any

import swarm
from swarm_web.curve import KINDS
from swarm_web.logs import LEVELS, LIMIT
from swarm_web.openapi_schemas import NUMBER, OBJECT, TEXT, Schema, ref, schemas
from swarm_web.sheets import SHEETS


@cache
def document() -> dict[str, Any]:
    """Return the description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Swarm",
            "version": swarm.__version__,
            "description": "The browser UI's API. Response times are ms, times seconds since the epoch.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": []}, {}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "swarm_session"},
            },
            "schemas": schemas(),
        },
    }


def _paths() -> dict[str, Any]:
    name = [_query("name", TEXT), _query("method", TEXT)]
    span = [_query("from", NUMBER), _query("to", NUMBER)]
    of = _query("of", {"type": "string", "enum": list(KINDS)})
    return {
        "/api/v1/session": {
            "get": _operation("session", "Who am I?", ref("Session")),
            "post": _operation(
                "logIn", "Log in with a token", ref("Session"), body=ref("Token"), problems=(401, 422, 429)
            ),
            "delete": {
                "operationId": "logOut",
                "summary": "Log out",
                "responses": {"204": {"description": "Logged out"}},
            },
        },
        "/api/v1/openapi.json": {"get": _operation("openapi", "This document", OBJECT)},
        "/api/v1/snapshot": {
            "get": _operation(
                "snapshot", "Everything that the page shows at once", ref("Snapshot"), problems=(401,)
            )
        },
        "/api/v1/stream": {
            "get": {
                "operationId": "stream",
                "summary": "Server-sent events: full, frame, auth, bye",
                "parameters": [_query("after", TEXT)],
                "responses": {
                    "200": {
                        "description": "Events, without an end",
                        "content": {"text/event-stream": {"schema": TEXT}},
                    },
                    **_problems(401),
                },
            }
        },
        "/api/v1/series": {
            "get": _operation(
                "series",
                "Figures over time, of a name or of the whole run",
                ref("Series"),
                parameters=[
                    *name,
                    *span,
                    _query("metric", TEXT),
                    _query("step", {"type": "integer", "minimum": 0, "maximum": 86_400}),
                ],
                problems=(401, 404, 422),
            )
        },
        "/api/v1/heatmap": {
            "get": _operation(
                "heatmap",
                "Response times over time, of a name or of the whole run",
                ref("HeatMap"),
                parameters=[*name, *span, of],
                problems=(401, 404, 422),
            )
        },
        "/api/v1/percentiles": {
            "get": _operation(
                "percentiles",
                "The distribution of response times, of a name or of the whole run",
                ref("Percentiles"),
                parameters=[*name, of],
                problems=(401, 404, 422),
            )
        },
        "/api/v1/errors": {
            "get": _operation("errors", "Failures and exceptions", ref("Errors"), problems=(401,))
        },
        "/api/v1/logs": {
            "get": _operation(
                "logs",
                "Lines of the log, of all nodes",
                ref("Logs"),
                parameters=[
                    _query("cursor", {"type": "integer", "minimum": 0}),
                    _query("worker", TEXT),
                    _query("level", {"type": "string", "enum": list(LEVELS)}),
                    _query("q", TEXT),
                    _query("limit", {"type": "integer", "minimum": 1, "maximum": LIMIT}),
                ],
                problems=(401, 422),
            )
        },
        "/api/v1/setup": {
            "get": _operation("setup", "What a new run may choose", ref("Setup"), problems=(401,))
        },
        "/api/v1/report.json": {
            "get": _operation(
                "statistics",
                "The statistics in the form of --json",
                {"type": "array", "items": OBJECT},
                problems=(401, 409),
            )
        },
        **{f"/api/v1/{kind}.csv": _sheet(kind) for kind in SHEETS},
        "/api/v1/run": _command("start", "Start a run", "Start"),
        "/api/v1/run/load": _command("load", "Change the load of the run", "Load"),
        "/api/v1/run/pause": _command("pause", "Pause the run, or go on", "Pause"),
        "/api/v1/run/stop": _command("stop", "Stop the run, or cut off what drains while it stops", "Stop"),
        "/api/v1/run/reset": _command("reset", "Set the statistics to zero", "Nothing"),
        "/api/v1/workers/{id}/drain": _command(
            "drain", "Let a worker leave in order; its users go to the others", "Nothing", of="id"
        ),
    }


def _operation(
    identity: str,
    text: str,
    schema: Schema,
    *,
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
    problems: tuple[int, ...] = (),
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": identity,
        "summary": text,
        "responses": {"200": {"description": text, "content": _json(schema)}, **_problems(*problems)},
    }
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _json(body)}
        operation["responses"] |= _problems(400, 413, 415)
    return operation


def _sheet(kind: str) -> dict[str, Any]:
    text = f"The table of {kind}, as a file"
    content = {"text/csv": {"schema": TEXT}}
    responses = {"200": {"description": text, "content": content}, **_problems(401)}
    return {"get": {"operationId": f"{kind}_sheet", "summary": text, "responses": responses}}


def _command(identity: str, text: str, body: str, *, of: str | None = None) -> dict[str, Any]:
    """Describe a command; `of` is the part of its path that names what it is for, which may not be there."""
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$"},
    }
    return {
        "post": {
            "operationId": identity,
            "summary": text,
            "parameters": [key, *([_of_path(of)] if of else [])],
            "requestBody": {"required": True, "content": _json(ref(body))},
            "responses": {
                "202": {"description": "Handed to the run", "content": _json(ref("Accepted"))},
                **_problems(400, 401, 403, *([404] if of else []), 409, 413, 415, 422),
            },
        }
    }


def _of_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _problems(*statuses: int) -> dict[str, Any]:
    return {str(status): {"description": _WHY[status], "content": _json(ref("Error"))} for status in statuses}


_WHY = {
    400: "No JSON object",
    401: "Log in first",
    403: "Not for this role, or from another site",
    404: "There is no such thing",
    409: "The state of the run refuses it",
    413: "Too large",
    415: "Not JSON",
    422: "A value that cannot be",
    429: "Too many tries",
}


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _query(name: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}
