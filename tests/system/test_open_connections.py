"""The examples of connections that stay open, run by the command line as their page says."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import gevent

from tests.servers.scripted import Peer, Received, ScriptedServer, by_path
from tests.servers.web_socket import WebSocketServer
from tests.system.enough import LONG, write_enough
from tests.system.pages import ROOT, blocks_of
from tests.system.results import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.cli_process import Cli, Finished

PAGE = "docs/websocket.md"
HOST = "localhost:8000"


def run(cli: Cli, example: str, host: str) -> Finished:
    """Run the page's command for an example, for some requests."""
    (command,) = [
        command.line
        for block in blocks_of(PAGE)
        for command in block.commands
        if f"examples/{example}" in command.line
    ]
    (cli.folder / "examples").symlink_to(ROOT / "examples")
    enough = write_enough(cli, 80)
    arguments = command.replace(HOST, host).replace(example, f"{example},{enough}").split()[1:]
    return cli.run(*arguments, "--json", *LONG, timeout=90)


@contextmanager
def web_socket_server() -> Iterator[WebSocketServer]:
    server = WebSocketServer()
    try:
        yield server
    finally:
        server.stop()


def test_the_example_of_web_sockets_runs(cli: Cli) -> None:
    with web_socket_server() as server:
        result = run(cli, "chat.py", server.host.removeprefix("ws://"))

    assert result.code == 0, result.err
    counts = Report(result).counts
    assert 0 < counts["WS connect /echo"] <= 20
    assert counts["WS request /echo"] == len(server.heard) > 0
    assert all(json.loads(message)["text"] == "hello" for message in server.heard)


def test_the_example_of_server_sent_events_runs(cli: Cli) -> None:
    sent = []

    def tick(peer: Peer, _request: Received) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        while True:
            peer.send(b"event: price\ndata: %d\n\n" % len(sent))
            sent.append(peer)
            gevent.sleep(0.05)

    with ScriptedServer(by_path({"/ticker": tick})) as server:
        result = run(cli, "ticker.py", server.url.removeprefix("http://"))

    assert result.code == 0, result.err
    counts = Report(result).counts
    assert counts["GET /ticker"] == len(server.requests) <= 20
    assert 0 < counts["SSE /ticker"] <= len(sent)
