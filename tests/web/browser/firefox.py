"""Firefox without a driver: it speaks WebDriver BiDi by itself, over a WebSocket."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import struct
import subprocess
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

LISTENS = re.compile(r"WebDriver BiDi listening on ws://([\d.]+):(\d+)")
TIMEOUT_S = 60.0


class Firefox:
    """A headless Firefox with a profile of its own. `said` are the errors and warnings of its pages' consoles."""

    def __init__(self, program: str, profile: Path) -> None:
        self.said: list[str] = []
        self._asked = 0
        self._process = subprocess.Popen(
            [program, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(profile)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            self._connect()
        except BaseException:
            self._end()
            raise

    def _connect(self) -> None:
        assert self._process.stderr
        found = next(match for line in self._process.stderr if (match := LISTENS.search(line)))
        self._socket = socket.create_connection((found[1], int(found[2])), TIMEOUT_S)
        self._file = self._socket.makefile("rb")
        self._shake_hands(f"{found[1]}:{found[2]}")
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self._context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def open(self, url: str) -> None:
        """Open a page, and wait until it has loaded."""
        self.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return what an expression, or its promise, is in the page: text, a number, a truth or nothing."""
        answer = self.ask(
            "script.evaluate", expression=expression, target={"context": self._context}, awaitPromise=True
        )
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Give a command; return its result. Raises RuntimeError when Firefox refuses it."""
        self._asked += 1
        self._send(json.dumps({"id": self._asked, "method": method, "params": params}).encode())
        while True:
            heard = json.loads(self._receive())
            if heard.get("method") == "log.entryAdded" and heard["params"]["level"] in ("error", "warn"):
                self.said.append(heard["params"]["text"])
            if heard.get("id") == self._asked:
                if heard["type"] == "error":
                    raise RuntimeError(f"{heard['error']}: {heard['message']}")
                result: dict[str, Any] = heard["result"]
                return result

    def _shake_hands(self, host: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET /session HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert b" 101 " in self._file.readline()
        while self._file.readline().strip():
            pass

    def _send(self, text: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
        size = struct.pack("!B", 0x80 | len(text)) if len(text) < 126 else struct.pack("!BH", 0xFE, len(text))
        self._socket.sendall(b"\x81" + size + mask + masked)

    def _receive(self) -> bytes:
        text = b""
        while True:
            first, size = self._file.read(2)
            if size > 125:
                size = int.from_bytes(self._file.read(2 if size == 126 else 8))
            text += self._file.read(size)
            if first & 0x80:  # the last part of a message
                return text
