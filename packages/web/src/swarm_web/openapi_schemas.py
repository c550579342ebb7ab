"""The shapes of what the API takes and answers, as OpenAPI 3.1 names them."""

from __future__ import annotations

from typing import Any

from swarm_web.curve import KINDS
from swarm_web.name_rows import COLUMNS as NAME_COLUMNS
from swarm_web.node_rows import COLUMNS as NODE_COLUMNS
from swarm_web.orders import MAX_RATE, MAX_TIME_S, MAX_USERS, TEXT_LIMIT

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}
NULLABLE_NUMBER: Schema = {"type": ["number", "null"]}
NULLABLE_TEXT: Schema = {"type": ["string", "null"]}


def schemas() -> dict[str, Schema]:
    """Return all of them by their names."""
    users = {"type": ["integer", "null"], "minimum": 0, "maximum": MAX_USERS}
    rate = {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": MAX_RATE}
    classes = {"type": ["array", "null"], "items": TEXT, "minItems": 1}
    mix = {
        "type": ["object", "null"],
        "additionalProperties": {"type": "number", "minimum": 0},
        "minProperties": 1,
    }
    text = {"type": ["string", "null"], "maxLength": TEXT_LIMIT}
    return {
        "Error": _object(
            {"error": _object({"code": TEXT, "message": TEXT, "field": NULLABLE_TEXT})},
        ),
        "Session": _object(
            {
                "role": {"type": ["string", "null"], "enum": ["operator", "viewer", None]},
                "auth": {"type": "string", "enum": ["auto", "token", "none"]},
                "who": TEXT,
                "login": NULLABLE_TEXT,
                "replay": FLAG,
                "version": TEXT,
            }
        ),
        "Token": {
            "type": "object",
            "properties": {"token": {"type": "string", "minLength": 1, "maxLength": 512}},
            "required": ["token"],
        },
        "Snapshot": _object(
            {
                "schema": {"const": 1},
                "id": TEXT,
                "time": NUMBER,
                "run": _object(
                    {"state": TEXT, "actions": _list(TEXT), "users": WHOLE, "target": WHOLE, "late": WHOLE}
                ),
                "total": _object(dict.fromkeys((*NAME_COLUMNS, "rps_run"), NULLABLE_NUMBER)),
                "names": _object(
                    {
                        "i": _list(WHOLE),
                        "method": _list(TEXT),
                        "name": _list(TEXT),
                        **{column: _list(NULLABLE_NUMBER) for column in NAME_COLUMNS},
                    }
                ),
                "workers": _object({column: {"type": "array"} for column in NODE_COLUMNS}),
                "history": _object({"time": _list(WHOLE), "rps": _list(NULLABLE_NUMBER)}),
                "history_lag": WHOLE,
                "window": WHOLE,
                "events": _list(_object({"id": WHOLE, "time": NUMBER, "kind": TEXT, "text": TEXT})),
                "errors": _object({"kinds": WHOLE, "occurrences": WHOLE, "exceptions": WHOLE}),
                "log": WHOLE,
            }
        ),
        "Series": _object({"method": TEXT, "name": TEXT, "step": WHOLE, "time": _list(WHOLE)}),
        "HeatMap": _object(
            {
                "method": TEXT,
                "name": TEXT,
                "step": WHOLE,
                "steps": _list(_list(WHOLE)),
                "bounds": _list(NUMBER),
                "time": _list(WHOLE),
                "columns": _list(_list(WHOLE)),
            }
        ),
        "Percentiles": _object(
            {
                "method": TEXT,
                "name": TEXT,
                "of": {"type": "string", "enum": list(KINDS)},
                "count": WHOLE,
                "fractions": _list(NUMBER),
                "ms": _list(NUMBER),
            }
        ),
        "Errors": _object(
            {
                "failures": _list(
                    _object(
                        {
                            "id": TEXT,
                            "method": TEXT,
                            "name": TEXT,
                            "error": TEXT,
                            "occurrences": WHOLE,
                            "nodes": _list(TEXT),
                            "node_count": WHOLE,
                        }
                    )
                ),
                "exceptions": _list(
                    _object(
                        {"id": TEXT, "count": WHOLE, "msg": TEXT, "traceback": TEXT, "nodes": _list(TEXT)}
                    )
                ),
                "more": _object({"kinds": WHOLE, "occurrences": WHOLE}),
            }
        ),
        "Logs": _object(
            {
                "lines": _list(
                    _object({"id": WHOLE, "time": NUMBER, "node": TEXT, "level": TEXT, "text": TEXT})
                ),
                "cursor": WHOLE,
                "dropped": WHOLE,
                "nodes": _list(TEXT),
            }
        ),
        "Setup": _object(
            {
                "classes": _list(_object({"name": TEXT, "weight": NUMBER})),
                "shapes": _list(_object({"name": TEXT})),
                "options": _list(_object({"name": TEXT, "type": TEXT, "secret": FLAG})),
                "defaults": OBJECT,
                "preflight": _list(_object({"check": TEXT, "ok": FLAG, "text": TEXT})),
            }
        ),
        "Start": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "users": users,
                "rate": rate,
                "run_time": {
                    "anyOf": [
                        {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_TIME_S},
                        {
                            "type": "string",
                            "pattern": "^([1-9][0-9]{0,3}h)?[1-9][0-9]{0,3}m$|^[1-9][0-9]{0,3}s?$",
                        },
                        {"type": "null"},
                    ]
                },
                "host": text,
                "classes": classes,
                "mix": mix,
                "shape": text,
                "profile": text,
                "options": {"type": ["object", "null"]},
            },
        },
        "Load": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"users": users, "rate": rate, "classes": classes, "mix": mix},
        },
        "Pause": {"type": "object", "additionalProperties": False, "properties": {"paused": FLAG}},
        "Stop": {"type": "object", "additionalProperties": False, "properties": {"force": FLAG}},
        "Nothing": {"type": "object", "additionalProperties": False},
        "Accepted": _object({"accepted": {"const": True}, "action": TEXT, "state": TEXT, "event": WHOLE}),
    }


def ref(name: str) -> Schema:
    """Return a reference to one of them."""
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}
