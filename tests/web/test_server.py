"""The UI's server: its address, TLS, and its end."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.request
from typing import TYPE_CHECKING

import pytest
import trustme

from swarm.exceptions import SwarmError
from swarm_web.server import make_server
from tests.web.serving import served

if TYPE_CHECKING:
    from pathlib import Path


def test_it_serves_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(str(cert))
    issued.private_key_pem.write_to_path(str(key))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with served(tls_cert=str(cert), tls_key=str(key), access="token", token="the-token") as site:
        assert site.ui.url == f"https://127.0.0.1:{site.port}/#token=the-token"
        request = urllib.request.Request(
            f"https://127.0.0.1:{site.port}/api/v1/session",
            json.dumps({"token": "the-token"}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            assert json.load(answer)["role"] == "operator"
            assert "Secure" in answer.headers["Set-Cookie"]


def test_certificates_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "nonsense").write_text("nonsense")
    with pytest.raises(SwarmError, match="both --tls-cert and --tls-key"), served(tls_cert="cert.pem"):
        pass
    path = str(tmp_path / "nonsense")
    with pytest.raises(SwarmError, match="cannot be used"), served(tls_cert=path, tls_key=path):
        pass


def test_an_address_that_cannot_be_had_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SwarmError, match=rf"cannot listen on 127\.0\.0\.1:{port}: .*-P"):
            make_server(lambda _environ, _start: [], "127.0.0.1", port)


def test_nothing_listens_any_more_after_its_end() -> None:
    with served() as site:
        port = site.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=60)


def test_starting_twice_is_starting_once() -> None:
    with served() as site:
        server = site.ui.server
        site.ui.start()
        assert site.ui.server is server
