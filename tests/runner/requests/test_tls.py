"""https over the core: `verify` in all its forms, client certificates, and what is shared."""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3

from swarm.http.on_requests.adapter import CoreAdapter
from swarm.http.on_requests.session import HttpSession
from swarm.http.on_requests.tls import ssl_context
from tests.runner.requests.parity import OURS, outcome, over_requests
from tests.runner.requests.server import Server, answer

if TYPE_CHECKING:
    import trustme

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("verify", ["bundle", "folder", False, True, "/no/such/bundle.pem"])
def test_certificates_are_checked_as_requests_checks_them(
    verify: str | bool, ours: str, tls_server: Server, bundle: str
) -> None:
    given = {"bundle": bundle, "folder": str(Path(bundle).parent)}.get(str(verify), verify)

    def use(session: requests.Session, url: str) -> Any:
        return session.get(url + "/echo", verify=given)

    expected, result = outcome(over_requests, use, tls_server), outcome(OURS[ours], use, tls_server)
    if "error" not in expected:
        assert result == expected
        return
    kind, text = expected["error"]
    assert result["error"][0] is kind
    if kind is requests.exceptions.SSLError:
        assert "CERTIFICATE_VERIFY_FAILED" in text
        assert "CERTIFICATE_VERIFY_FAILED" in result["error"][1]
    else:
        assert result["error"][1] == text


@pytest.mark.parametrize("ours", OURS)
def test_the_hosts_name_is_checked(ours: str, authority: trustme.CA, bundle: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    server = Server(context)
    try:
        errors = [
            outcome(make, lambda session, url: session.get(url, verify=bundle), server)["error"]
            for make in (over_requests, OURS[ours])
        ]
    finally:
        server.close()
    assert errors[0][0] is errors[1][0] is requests.exceptions.SSLError
    assert "IP address mismatch" in errors[1][1]


def test_a_certificate_that_is_refused_is_counted_by_its_reason(tls_server: Server) -> None:
    told: list[Any] = []
    session = HttpSession(tls_server.url)
    session.request_event.add_listener(lambda exception, **_: told.append(exception))
    assert session.get("/").status_code == 0
    assert isinstance(told[0], ssl.SSLCertVerificationError)
    assert " at 0x" not in repr(told[0])


def test_the_sessions_verify_holds_unless_the_call_has_its_own(tls_server: Server, bundle: str) -> None:
    session = HttpSession(tls_server.url)
    session.verify = False
    assert session.get("/").status_code == 200
    assert session.get("/", verify=True).status_code == 0
    session.verify = bundle
    assert session.get("/").status_code == 200
    assert session.get("/").status_code == 200
    assert tls_server.connections == 2  # one for each verify


def test_an_unchecked_certificate_is_warned_of(tls_server: Server) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        session = HttpSession(tls_server.url)
        session.get("/", verify=False)
        session.get("/", verify=False)
    assert [warning.category for warning in caught] == [urllib3.exceptions.InsecureRequestWarning]


def test_a_client_certificate_goes_through_requests_own_adapter(
    authority: trustme.CA, bundle: str, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    certificate = str(tmp_path / "client.pem")
    authority.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(certificate)
    server = Server(context)
    session = HttpSession(server.url)
    session.verify = bundle
    try:
        assert session.get("/", cert=certificate).status_code == 200
        session.cert = certificate
        assert session.post("/", json=1).status_code == 200
    finally:
        server.close()


def test_a_redirect_from_http_to_https_is_followed(server: Server, tls_server: Server, bundle: str) -> None:
    server.routes["/"] = answer(b"", "301 Moved Permanently", f"Location: {tls_server.url}/safe")
    response = HttpSession(server.url).get("/", verify=bundle)
    assert response.url == tls_server.url + "/safe"
    assert [earlier.status_code for earlier in response.history] == [301]


def test_sessions_share_what_is_known_of_the_authorities(bundle: str) -> None:
    assert ssl_context(bundle) is ssl_context(bundle)
    assert ssl_context(True) is ssl_context(True)
    assert ssl_context(True).verify_mode is ssl.CERT_REQUIRED
    assert ssl_context(False).verify_mode is ssl.CERT_NONE
    first, second = CoreAdapter(), CoreAdapter()
    assert first.pool_for("https", True).ssl_context() is second.pool_for("https", True).ssl_context()


def test_a_body_of_a_megabyte_comes_whole_over_tls(tls_server: Server, bundle: str) -> None:
    body = bytes(range(256)) * 4_096
    tls_server.routes["/"] = answer(body)
    session = HttpSession(tls_server.url)
    assert session.post("/", data=body, verify=bundle).content == body
    assert tls_server.received[0].body == body
