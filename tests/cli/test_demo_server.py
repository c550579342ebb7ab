"""The demo shop behind a real socket."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING

import pytest
from gevent.pywsgi import WSGIServer

from swarm_cli.demo import catalogue, server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shop() -> Iterator[WSGIServer]:
    wsgi, _url = server.start()
    yield wsgi
    wsgi.stop(timeout=1)


@pytest.fixture
def connection(shop: WSGIServer) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", shop.server_port, timeout=10)
    yield connection
    connection.close()


def ask(
    connection: http.client.HTTPConnection, method: str, target: str, body: object = None, **headers: str
) -> http.client.HTTPResponse:
    connection.request(method, target, None if body is None else json.dumps(body), headers)
    return connection.getresponse()


def test_a_session_lasts_over_one_connection(connection: http.client.HTTPConnection) -> None:
    login = ask(connection, "POST", "/login", {"customer": 5, "password": catalogue.PASSWORD})
    cookie = (login.getheader("Set-Cookie") or "").partition(";")[0]
    assert json.loads(login.read())["name"]
    sock = connection.sock
    added = ask(connection, "POST", "/basket", {"product": 1, "quantity": 2}, Cookie=cookie)
    assert (added.status, json.loads(added.read())) == (201, {"items": 1})
    assert connection.sock is sock


def test_a_query_reaches_the_shop_decoded(connection: http.client.HTTPConnection) -> None:
    page = json.loads(ask(connection, "GET", "/catalogue?page=%32").read())
    assert (page["page"], len(page["products"])) == (2, catalogue.PAGE)


def test_the_front_page_is_html(connection: http.client.HTTPConnection) -> None:
    answer = ask(connection, "GET", "/")
    assert answer.getheader("Content-Type") == "text/html; charset=utf-8"
    assert b"/product/1" in answer.read()


def test_a_head_and_its_body_are_not_held_back(shop: WSGIServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, address = listener.accept()
        server._Handler(accepted, address, shop)
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        accepted.close()
        client.close()
