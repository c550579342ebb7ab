"""`-f URL`, against a web server on this machine."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from gevent.pywsgi import WSGIServer

from swarm_cli import download as downloading
from swarm_cli.download import download, without_secrets
from swarm_cli.errors import LocustfileError
from swarm_cli.locustfile import find

Answer = Callable[[WSGIEnvironment], tuple[str, bytes]]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Serve what `answer` returns, a status and a body, at the URL that is yielded."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        status, body = answer(environ)
        location = [("Location", body.decode())] if status.startswith("302") else []
        start_response(status, [("Content-Length", str(len(body))), *location])
        return [body]

    server = WSGIServer(("127.0.0.1", 0), app, log=None, error_log=None)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stop(timeout=1)


def test_a_file_is_brought_under_its_name() -> None:
    with serving(lambda _: ("200 OK", b"x = 1\n")) as url:
        named, unnamed = download(f"{url}/load/shop.py?raw=1"), download(f"{url}/files/7")

    assert (named.name, named.read_bytes()) == ("shop.py", b"x = 1\n")
    assert unnamed.name == "locustfile.py"
    assert named.parent != unnamed.parent


def test_a_redirect_is_followed() -> None:
    def answer(environ: WSGIEnvironment) -> tuple[str, bytes]:
        return ("302 Found", b"/new.py") if environ["PATH_INFO"] == "/old.py" else ("200 OK", b"x = 1\n")

    with serving(answer) as url:
        assert download(f"{url}/old.py").read_bytes() == b"x = 1\n"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        ("404 Not Found", b"", "could not be downloaded: the server answers 404 Not Found"),
        ("200 OK", b"\n<!DOCTYPE html><html></html>", "is a web page and no Python file"),
        ("200 OK", b"x" * 200, "could not be downloaded: it has more than"),
    ],
)
def test_what_is_no_locustfile_is_told(
    status: str, body: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "MAX_BYTES", 100)
    with serving(lambda _: (status, body)) as url, pytest.raises(LocustfileError) as raised:
        download(f"{url}/shop.py")

    assert f"-f {url}/shop.py {said}" in str(raised.value)


def test_a_server_that_is_not_there_is_told() -> None:
    with serving(lambda _: ("200 OK", b"")) as url:
        pass
    with pytest.raises(LocustfileError, match="could not be downloaded: Connection refused"):
        download(f"{url}/shop.py")


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(
        LocustfileError, match=r"-f http://\[::1/shop.py could not be downloaded: Invalid IPv6"
    ):
        download("http://[::1/shop.py")


def test_name_and_password_are_sent_and_shown_nowhere() -> None:
    seen: list[Any] = []

    def answer(environ: WSGIEnvironment) -> tuple[str, bytes]:
        seen.append(environ.get("HTTP_AUTHORIZATION"))
        return "403 Forbidden", b""

    with serving(answer) as url, pytest.raises(LocustfileError) as raised:
        download(url.replace("//", "//me:open%20sesame@") + "/shop.py?token=secret")

    assert base64.b64decode(seen[0].removeprefix("Basic ")) == b"me:open sesame"
    assert str(raised.value) == f"-f {url}/shop.py could not be downloaded: the server answers 403 Forbidden"


def test_addresses_are_shown_without_secrets() -> None:
    assert without_secrets("https://a:b@shop.example/x.py?token=c#d") == "https://shop.example/x.py"


def test_a_list_may_mix_addresses_and_files(tmp_path: Any) -> None:
    (tmp_path / "own.py").write_text("")
    with serving(lambda _: ("200 OK", b"x = 1\n")) as url:
        own, other = find(f"{tmp_path}/own.py, {url}/other.py")

    assert own.shown.endswith("own.py")
    assert (other.path.name, other.shown) == ("other.py", f"{url}/other.py")
