"""A small server that speaks MongoDB's wire protocol, since neither Debian nor PyPI has MongoDB's own.

It answers what pymongo asks for: the greeting in its old and new form, insert, find with equality, getMore,
aggregate with $match, and errors. Documents are kept by collection.
"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, Any

import bson
from gevent.event import Event
from gevent.server import StreamServer

if TYPE_CHECKING:
    import socket

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
HEADER = struct.Struct("<iiii")
GREETING = {
    "helloOk": True,
    "ismaster": True,
    "isWritablePrimary": True,
    "maxBsonObjectSize": 16 * 1024 * 1024,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "readOnly": False,
    "ok": 1.0,
}


class MongoWire:
    """The server on a free port. A query for `{"held": True}` waits until `gate` is set."""

    def __init__(self) -> None:
        self.collections: dict[str, list[dict[str, Any]]] = {}
        self.gate = Event()
        self.waiting = 0
        self.connections = 0
        self._cursors: dict[int, list[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()

    @property
    def conn_string(self) -> str:
        return f"mongodb://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.gate.set()
        self._server.stop(timeout=1)

    def _serve(self, connection: socket.socket, _address: object) -> None:
        self.connections += 1
        try:
            while (message := _receive(connection)) is not None:
                number, kind, body = message
                if kind == OP_QUERY:  # the first greeting
                    answer = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(GREETING)
                    self._send(connection, number, OP_REPLY, answer)
                else:
                    answer = b"\0\0\0\0\0" + bson.encode(self._answer(_command_of(body)))
                    self._send(connection, number, OP_MSG, answer)
        except OSError:
            return
        finally:
            self.connections -= 1

    def _send(self, connection: socket.socket, number: int, kind: int, body: bytes) -> None:
        head = HEADER.pack(HEADER.size + len(body), next(self._numbers), number, kind)
        connection.sendall(head + body)

    def _answer(self, command: dict[str, Any]) -> dict[str, Any]:
        name = next(iter(command))
        method = getattr(self, f"_{name}", None)
        if name in ("hello", "ismaster", "isMaster"):
            return GREETING
        if method is None:
            return {"ok": 0.0, "errmsg": f"no such command: {name}", "code": 59}
        answer: dict[str, Any] = method(command)
        return {"ok": 1.0, **answer}

    def _ping(self, command: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _endSessions(self, command: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _insert(self, command: dict[str, Any]) -> dict[str, Any]:
        documents = command["documents"]
        self.collections.setdefault(command["insert"], []).extend(documents)
        return {"n": len(documents)}

    def _find(self, command: dict[str, Any]) -> dict[str, Any]:
        query = command.get("filter", {})
        if "$nonsense" in query:
            return {"ok": 0.0, "errmsg": "unknown top level operator: $nonsense", "code": 2}
        if query.get("held"):
            self.waiting += 1
            try:
                self.gate.wait()
            finally:
                self.waiting -= 1
            return self._cursor(command["find"], [])
        found = self._matching(command["find"], query)
        if command.get("limit"):
            found = found[: command["limit"]]
        return self._cursor(command["find"], found)

    def _aggregate(self, command: dict[str, Any]) -> dict[str, Any]:
        query = command["pipeline"][0]["$match"]
        return self._cursor(command["aggregate"], self._matching(command["aggregate"], query))

    def _getMore(self, command: dict[str, Any]) -> dict[str, Any]:
        rest = self._cursors.pop(command["getMore"])
        return {"cursor": {"id": 0, "ns": f"test.{command['collection']}", "nextBatch": rest}}

    def _matching(self, name: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        documents = self.collections.get(name, [])
        return [each for each in documents if all(each.get(key) == value for key, value in query.items())]

    def _cursor(self, name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the first two documents, and keep the others for a getMore."""
        number = 0
        if len(found) > 2:
            number = next(self._numbers)
            self._cursors[number] = found[2:]
        return {"cursor": {"id": bson.Int64(number), "ns": f"test.{name}", "firstBatch": found[:2]}}


def _receive(connection: socket.socket) -> tuple[int, int, bytes] | None:
    head = _exactly(connection, HEADER.size)
    if head is None:
        return None
    size, number, _, kind = HEADER.unpack(head)
    body = _exactly(connection, size - HEADER.size)
    return None if body is None else (number, kind, body)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def _command_of(body: bytes) -> dict[str, Any]:
    """Return the command of an OP_MSG, with the documents of its sequences laid into it."""
    place, command, sequences = 4, {}, {}
    while place < len(body):
        kind = body[place]
        (size,) = struct.unpack_from("<i", body, place + 1)
        section = body[place + 1 : place + 1 + size]
        if kind == 0:
            command = bson.decode(section)
        else:
            name, _, documents = section[4:].partition(b"\0")
            sequences[name.decode()] = list(bson.decode_all(documents))
        place += 1 + size
    return {**command, **sequences}
