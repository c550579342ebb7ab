"""Who may speak to the UI's server, and what stands in the head of each answer."""

from __future__ import annotations

import re
import socket
from base64 import b64encode
from hashlib import sha256

import pytest

from swarm_web.guard import Guard, Refusal, host_of, is_loopback
from swarm_web.server import Handler
from tests.web.serving import Served, served

FOREIGN = [
    "evil.example",
    "evil.example:8089",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "",
    "[::1",
]


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_is_misdirected_on_every_route(running: Served, host: str) -> None:
    for path in ("/", "/api/v1/snapshot", "/stats/requests", "/static/000000000000/app.css"):
        answer = running.get(path, Host=host)
        assert answer.status == 421
        assert answer.json["error"]["code"] == "misdirected"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1:9", "[::1]:8089"])
def test_this_machines_own_names_are_known_whatever_the_port(running: Served, host: str) -> None:
    assert running.get("/api/v1/session", Host=host).status == 200


def test_names_that_are_allowed_are_known() -> None:
    with served(allowed_hosts=["load.example", "other.example:444"]) as site:
        assert site.get("/", Host="load.example").status == 200
        assert site.get("/", Host="other.example").status == 200
        assert site.form("/stop", Host="127.0.0.1", Origin="https://load.example").status == 200
        assert site.get("/", Host="third.example").status == 421


CROSS = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Origin": "file://127.0.0.1"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
]


@pytest.mark.parametrize("headers", CROSS)
def test_a_request_of_another_site_changes_nothing(running: Served, headers: dict[str, str]) -> None:
    for answer in (
        running.form("/stop", **headers),
        running.form("/swarm", "user_count=1&spawn_rate=1", **headers),
        running.post("/api/v1/run/stop", **headers),
        running.post("/api/v1/session", {"token": "x"}, **headers),
    ):
        assert answer.status == 403
        assert answer.json["error"]["code"] == "forbidden"
    assert running.state() == "running"


def test_a_request_of_the_page_itself_is_let_in(fresh: Served) -> None:
    own = {"Origin": f"http://127.0.0.1:{fresh.port}", "Sec_Fetch_Site": "same-origin"}
    assert fresh.form("/stop", **own).status == 200
    assert fresh.form("/stop").status == 200, "a script sends neither"


def test_reading_changes_nothing(running: Served) -> None:
    for path in ("/stop", "/stats/reset", "/swarm", "/api/v1/run/stop", "/api/v1/run"):
        assert running.get(path).status == 405
    assert running.state() == "running"


def test_routes_of_a_locustfile_are_guarded_too() -> None:
    def add(ui: object) -> None:
        ui.app.add_url_rule("/mine", "mine", lambda: "mine", methods=["GET", "POST"])  # type: ignore[attr-defined]

    with served(add) as site:
        assert site.get("/mine").text == "mine"
        assert site.get("/mine", Host="evil.example").status == 421
        assert site.form("/mine", Origin="http://evil.example").status == 403
        assert "default-src 'none'" in site.get("/mine").headers["Content-Security-Policy"]


def test_a_page_of_a_locustfile_may_ask_for_a_relaxed_policy() -> None:
    def add(ui: object) -> None:
        view = ui.relax_csp(lambda: "<script>1</script>")  # type: ignore[attr-defined]
        ui.app.add_url_rule("/relaxed", "relaxed", view)  # type: ignore[attr-defined]

    with served(add) as site:
        assert "'unsafe-inline'" in site.get("/relaxed").headers["Content-Security-Policy"]
        assert "'unsafe-inline'" not in site.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/api/v1/snapshot", "/stats/requests", "/nowhere", "/stats/report"])
def test_every_answer_has_the_headers(running: Served, path: str) -> None:
    headers = running.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src ")
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_the_pages_policy_lets_in_its_import_map_and_nothing_else(running: Served) -> None:
    page = running.get("/")
    policy = page.headers["Content-Security-Policy"]
    (inline,) = re.findall(r'<script type="importmap">(.*?)</script>', page.text, re.DOTALL)
    expected = b64encode(sha256(inline.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{expected}';" in policy
    for part in (
        "require-trusted-types-for 'script'",
        "base-uri 'none'",
        "form-action 'none'",
        "connect-src 'self'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert "http:" not in policy


def test_files_are_kept_under_a_name_that_changes_with_them(running: Served) -> None:
    page = running.get("/").text
    (path,) = set(re.findall(r"static/[0-9a-f]{12}(?=/app\.js)", page))
    kept = running.get(f"/{path}/app.js")
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert kept.headers["Content-Type"].startswith("text/javascript")
    assert running.get(f"/{path}/vendor/preact.mjs").headers["Content-Type"].startswith("text/javascript")
    assert running.get("/static/000000000000/app.js").headers["Cache-Control"] == "no-store"
    for outside in ("/static/000000000000/../pages.py", f"/{path}/%2e%2e/pages.py", f"/{path}/nothing.js"):
        assert running.get(outside).status == 404


def test_an_answer_does_not_wait_for_the_one_before_to_be_acknowledged() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, address = listener.accept()
        with client, accepted:
            Handler(accepted, address, None)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_addresses_are_as_good_as_names_where_other_machines_may_come() -> None:
    wide = Guard(lambda _environ, _start: [], "0.0.0.0", ["load.example"])
    narrow = Guard(lambda _environ, _start: [], "127.0.0.1")
    assert wide.knows("192.0.2.7")
    assert wide.knows("2001:db8::1")
    assert wide.knows("load.example")
    assert not wide.knows("evil.example")
    assert not narrow.knows("192.0.2.7")
    with pytest.raises(Refusal, match="--web-allowed-host"):
        narrow.check({"HTTP_HOST": "192.0.2.7", "REQUEST_METHOD": "GET"})


def test_hosts_are_read_from_what_a_browser_sends() -> None:
    assert host_of("Shop.Example.:80") == "shop.example"
    assert host_of("[2001:DB8::1]:8089") == "2001:db8::1"
    assert host_of("[nonsense") == ""
    assert [is_loopback(each) for each in ("localhost", "127.9.9.9", "::1", "0.0.0.0", "shop.example")] == [
        True,
        True,
        True,
        False,
        False,
    ]
