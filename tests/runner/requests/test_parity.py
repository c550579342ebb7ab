"""What requests does, it still does: each use gives the same over requests' own adapter and over ours."""

from __future__ import annotations

import gzip
import http.cookiejar
import io
import json
import os
import re
import time
import zlib
from typing import TYPE_CHECKING, Any

import brotli
import pytest
import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth

from tests.runner.requests.parity import OURS, outcome, over_requests
from tests.runner.requests.server import Server, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.runner.requests.server import Received

TEXT = "Grüße, 世界! " * 40
FOREVER = "Expires=Wed, 01 Jan 2200 00:00:00 GMT"


def redirect(status: str, location: str, *headers: str) -> bytes:
    return answer(b"moved", status, f"Location: {location}", *headers)


def wants_login(request: Received, _sock: Any) -> bytes:
    if (request.header("authorization") or "").startswith("Digest "):
        return answer(b"welcome")
    challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5, opaque="o"'
    return answer(b"who?", "401 Unauthorized", f"WWW-Authenticate: {challenge}", "Set-Cookie: seen=1")


def has_cookie(request: Received, _sock: Any) -> bytes:
    return answer((request.header("cookie") or "none").encode())


def prepare(server: Server) -> None:
    server.routes |= {
        "/text": answer(TEXT.encode(), "200 OK", "Content-Type: text/plain; charset=utf-8"),
        "/latin": answer("Grüße".encode("latin-1"), "200 OK", "Content-Type: text/html"),
        "/json": answer(json.dumps({"a": [1, "ü"]}).encode(), "200 OK", "Content-Type: application/json"),
        "/untyped": answer(TEXT.encode()),
        "/empty": answer(b""),
        "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
        "/304": b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 500\r\n\r\n',
        "/404": answer(b"no", "404 Not Found"),
        "/500": answer(b"oh", "500 Internal Server Error"),
        "/teapot": answer(b"", "418 I'm a caf\xe9"),
        "/noreason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        "/1.0": b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nold",
        "/unending": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
        "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        "/trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n",
        "/continue": b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"then"),
        "/duplicates": answer(b"", "200 OK", "X-A: 1", "x-a: 2", "X-B: ", "X-C:  blank"),
        "/links": answer(b"", "200 OK", 'Link: </2>; rel="next", </9>; rel="last"'),
        "/gzip": answer(gzip.compress(TEXT.encode()), "200 OK", "Content-Encoding: gzip"),
        "/x-gzip": answer(gzip.compress(b"x"), "200 OK", "Content-Encoding: X-GZIP"),
        "/gzip-members": answer(
            gzip.compress(b"one") + gzip.compress(b"two"), "200 OK", "Content-Encoding: gzip"
        ),
        "/gzip-garbage": answer(gzip.compress(b"one") + b"garbage", "200 OK", "Content-Encoding: gzip"),
        "/gzip-cut": answer(gzip.compress(TEXT.encode())[:-9], "200 OK", "Content-Encoding: gzip"),
        "/gzip-wrong": answer(b"not zipped at all", "200 OK", "Content-Encoding: gzip"),
        "/gzip-empty": answer(b"", "200 OK", "Content-Encoding: gzip"),
        "/gzip-204": b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n",
        "/deflate": answer(zlib.compress(TEXT.encode()), "200 OK", "Content-Encoding: deflate"),
        "/deflate-raw": answer(zlib.compress(b"raw")[2:-4], "200 OK", "Content-Encoding: deflate"),
        "/br": answer(brotli.compress(TEXT.encode()), "200 OK", "Content-Encoding: br"),
        "/twice": answer(brotli.compress(gzip.compress(b"twice")), "200 OK", "Content-Encoding: gzip, br"),
        "/identity": answer(b"plain", "200 OK", "Content-Encoding: identity"),
        "/unknown-encoding": answer(b"plain", "200 OK", "Content-Encoding: rot13"),
        "/gzip-chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
        + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (gzip.compress(b"in pieces"),))
        + b"0\r\n\r\n",
        "/head-length": b"HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n",
        "/301": redirect("301 Moved Permanently", "/text"),
        "/302": redirect("302 Found", "/text?b=2#part"),
        "/303": redirect("303 See Other", "/there"),
        "/307": redirect("307 Temporary Redirect", "/there"),
        "/308": redirect("308 Permanent Redirect", "/there"),
        "/300": redirect("300 Multiple Choices", "/text"),
        "/nowhere": answer(b"", "302 Found"),
        "/relative/a": redirect("302 Found", "b/../c?x=1"),
        "/unicode-location": b"HTTP/1.1 302 Found\r\nLocation: /caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n",
        "/to-gzip": redirect("302 Found", "/gzip"),
        "/chain": redirect("302 Found", "/chain2", "Set-Cookie: one=1; Path=/"),
        "/chain2": redirect("302 Found", "/chain3", "Set-Cookie: two=2"),
        "/chain3": has_cookie,
        "/loop": redirect("302 Found", "/loop"),
        "/bad-location": redirect("302 Found", "http://[::bad/"),
        "/other-scheme": redirect("302 Found", "ftp://127.0.0.1/x"),
        "/log-in": answer(
            b"in", "200 OK", "Set-Cookie: session=abc; Path=/; HttpOnly", f"Set-Cookie: kept=1; {FOREVER}"
        ),
        "/log-out": answer(b"out", "200 OK", "Set-Cookie: session=; Path=/; Max-Age=0"),
        "/deep/cookie": answer(b"", "200 OK", "Set-Cookie: deep=1"),
        "/foreign-cookie": answer(b"", "200 OK", "Set-Cookie: bad=1; Domain=example.org"),
        "/secure-cookie": answer(b"", "200 OK", "Set-Cookie: locked=1; Secure; Path=/"),
        "/quoted-cookie": answer(b"", "200 OK", 'Set-Cookie: q="a b\\"c"; Path=/'),
        "/many-cookies": answer(
            b"", "200 OK", "Set-Cookie: a=1", "Set-Cookie: b=2; Path=/many-cookies", "Set-Cookie: c"
        ),
        "/cookies": has_cookie,
        "/deep/cookies": has_cookie,
        "/digest": wants_login,
    }


def of(method: str, path: str, **options: Any) -> Callable[[requests.Session, str], requests.Response]:
    return lambda session, url: session.request(method, url + path, **options)


def after(*steps: Callable[[requests.Session, str], Any]) -> Callable[[requests.Session, str], Any]:
    def use(session: requests.Session, url: str) -> Any:
        result = None
        for step in steps:
            result = step(session, url)
        return result

    return use


def setting(**attributes: Any) -> Callable[[requests.Session, str], None]:
    def use(session: requests.Session, _url: str) -> None:
        for name, value in attributes.items():
            setattr(session, name, value)

    return use


def pieces() -> Iterator[bytes]:
    yield b"one"
    yield b""
    yield b"two"


def hook(response: requests.Response, **_options: Any) -> None:
    response.headers["X-Hooked"] = "yes"


def another(response: requests.Response, **_options: Any) -> requests.Response:
    other = requests.Response()
    other.__dict__.update(requests.Response().__dict__)
    other.status_code, other.url, other.request = 299, response.url, response.request
    other.reason, other.raw, other.connection = "Hooked", response.raw, response.connection
    other._content, other._content_consumed = b"replaced", True
    return other


def token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.headers["X-Token"] = "secret"
    request.url = f"{request.url}&signed=1" if "?" in str(request.url) else f"{request.url}?signed=1"
    return request


ANSWERS = [
    "text", "latin", "json", "untyped", "empty", "204", "304", "404", "500", "teapot", "noreason", "1.0",
    "unending", "chunked", "trailers", "continue", "duplicates", "links", "gzip", "x-gzip", "gzip-members",
    "gzip-garbage", "gzip-cut", "gzip-wrong", "gzip-empty", "gzip-204", "deflate", "deflate-raw", "br", "twice",
    "identity", "unknown-encoding", "gzip-chunked", "301", "302", "303", "307", "308", "300", "nowhere",
    "relative/a", "unicode-location", "to-gzip", "chain", "loop", "bad-location", "other-scheme", "log-in",
    "deep/cookie", "foreign-cookie", "secure-cookie", "quoted-cookie", "many-cookies",
]  # fmt: skip

USES: dict[str, Callable[[requests.Session, str], Any]] = {
    **{f"GET {name}": of("GET", f"/{name}") for name in ANSWERS},
    **{f"POST {code}": of("POST", f"/{code}", data={"a": "b"}) for code in (301, 302, 303, 307, 308)},
    **{f"{verb} to 302": of(verb, "/302") for verb in ("HEAD", "PUT", "DELETE")},
    **{f"{verb} echoed": of(verb, "/echo") for verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE")},
    **{f"{code} not followed": of("GET", f"/{code}", allow_redirects=False) for code in (301, 302, 303, 307, 308)},
    "POST not followed": of("POST", "/302", data="x", allow_redirects=False),
    "HEAD": of("HEAD", "/head-length"),
    "head() follows nothing": lambda session, url: session.head(url + "/302"),
    "lower-case method": of("get", "/text"),
    # URLs
    "no path": lambda session, url: session.get(url),
    "query": of("GET", "/echo?a=1&b=%20%7e+c"),
    "query without a path": lambda session, url: session.get(f"{url}?a=1"),
    "empty query": of("GET", "/echo?"),
    "fragment": of("GET", "/echo?a#part"),
    "dot segments": of("GET", "/a/./b/../c/.hidden"),
    "double slash": of("GET", "//a//b"),
    "unicode": of("GET", "/ü/世界?q=ä b"),
    "to be escaped": of("GET", '/a b"<>\\^`{|}?[x]=1'),
    "already escaped": of("GET", "/%7euser/%e4%2F?%41=%zz"),
    "reserved": of("GET", "/a!$&'()*+,;=:@/b?c=/?:@"),
    "leading blank": lambda session, url: session.get(f"  {url}/echo"),
    "upper-case scheme and host": lambda session, url: session.get(
        url.replace("http://127.0.0.1", "HTTP://LocalHost") + "/text"
    ),
    "host with a trailing dot": lambda session, url: session.get(url.replace("127.0.0.1", "localhost.") + "/text"),
    "user and password": lambda session, url: session.get(url.replace("://", "://us%20er:p%40ss@") + "/echo"),
    "user alone": lambda session, url: session.get(url.replace("://", "://user@") + "/echo"),
    "URL of bytes": lambda session, url: session.get((url + "/text").encode()),
    "no scheme": lambda session, url: session.get("example.org/x"),
    "no host": lambda session, url: session.get("http:///x"),
    "wrong port": lambda session, url: session.get("http://127.0.0.1:x/"),
    "wildcard host": lambda session, url: session.get("http://*.example.org/"),
    "unknown scheme": lambda session, url: session.get("gopher://127.0.0.1/x"),
    # params
    "params": of("GET", "/echo", params={"a": 1, "b": ["x", "ü"], "c": None, "d e": "f&g"}),
    "params as pairs": of("GET", "/echo", params=[("a", "1"), ("a", "2")]),
    "params as text": of("GET", "/echo", params="a[]=1&b= "),
    "params as bytes": of("GET", "/echo", params=b"a=1"),
    "params beside a query": of("GET", "/echo?x=y", params={"a": "b"}),
    "params all None": of("GET", "/echo", params={"a": None}),
    "params with a fragment": of("GET", "/echo#f", params={"a": "b"}),
    "params with tilde and plus": of("GET", "/echo", params={"a": "~ +%"}),
    "params of the session": after(setting(params={"s": "1"}), of("GET", "/echo", params={"a": "b"})),
    # bodies
    "form": of("POST", "/echo", data={"a": "1", "b": ["x", "ü"]}),
    "form as pairs": of("POST", "/echo", data=[("a", "1"), ("a", "2")]),
    "form all None": of("POST", "/echo", data={"a": None}),
    "text": of("POST", "/echo", data="Grüße"),
    "bytes": of("PUT", "/echo", data=b"\x00\xff"),
    "nothing": of("POST", "/echo", data=b""),
    "bytearray": of("POST", "/echo", data=bytearray(b"abc")),
    "JSON": of("POST", "/echo", json={"a": [1, None, "ü"]}),
    "JSON null-like": of("POST", "/echo", json=0),
    "JSON with GET": of("GET", "/echo", json=[1]),
    "JSON with an own type": of("POST", "/echo", json={}, headers={"content-type": "application/vnd.api+json"}),
    "data before JSON": of("POST", "/echo", data={"a": "b"}, json={"c": "d"}),
    "JSON that is none": of("POST", "/echo", json={"a": float("nan")}),
    "JSON of an object": of("POST", "/echo", json=object()),
    "form of text": of("POST", "/echo", data=["a"]),
    "file": lambda session, url: session.post(url + "/echo", data=io.BytesIO(b"from a file")),
    "generator": lambda session, url: session.post(url + "/echo", data=pieces()),
    "text file": lambda session, url: session.post(url + "/echo", data=io.StringIO("abc")),
    "form with GET": of("GET", "/echo", data={"a": "b"}),
    # headers
    "headers": of("GET", "/echo", headers={"X-A": "b", "accept": "text/html", "User-Agent": None}),
    "bytes as header": of("GET", "/echo", headers={"X-A": b"b\xff"}),
    "latin header": of("GET", "/echo", headers={"X-A": "\xe9"}),
    "unicode header": of("GET", "/echo", headers={"X-A": "世"}),
    "header with a line break": of("GET", "/echo", headers={"X-A": "a\r\nX-B: c"}),
    "header that is a number": of("GET", "/echo", headers={"X-A": 1}),
    "header with a leading blank": of("GET", "/echo", headers={"X-A": " b"}),
    "empty header": of("GET", "/echo", headers={"X-A": ""}),
    "Host": of("GET", "/echo", headers={"Host": "shop.example"}),
    "Connection: close": of("GET", "/echo", headers={"Connection": "close"}),
    "own Content-Length": of("POST", "/echo", data="abc", headers={"Content-Length": "99"}),
    "own Transfer-Encoding": of("GET", "/echo", headers={"Transfer-Encoding": "chunked"}),
    "own Cookie": of("GET", "/cookies", headers={"Cookie": "mine=1"}),
    "headers of the session": after(
        lambda session, _: session.headers.update({"X-S": "1", "Accept": None}),
        of("GET", "/echo", headers={"x-s": "2"}),
    ),
    "headers assigned whole": after(setting(headers={"X-Only": "1"}), of("POST", "/echo", data="x")),
    "no headers at all": after(setting(headers={}), of("GET", "/echo")),
    "headers None": after(setting(headers=None), of("GET", "/echo", headers={"a": "b"})),
    "a header deleted": after(lambda session, _: session.headers.pop("Accept"), of("GET", "/echo")),
    "a header changed in between": after(
        of("GET", "/echo"), lambda session, _: session.headers.update(A="1"), of("GET", "/echo")
    ),
    # cookies
    "cookie jar": after(of("GET", "/log-in"), of("GET", "/cookies")),
    "log-out": after(of("GET", "/log-in"), of("GET", "/log-out"), of("GET", "/cookies")),
    "cookies by path": after(of("GET", "/deep/cookie"), of("GET", "/cookies"), of("GET", "/deep/cookies")),
    "cookie set by hand": after(lambda session, _: session.cookies.set("a", "b"), of("GET", "/cookies")),
    "cookie changed by hand": after(
        of("GET", "/log-in"),
        of("GET", "/cookies"),
        lambda session, _: [setattr(cookie, "value", "changed") for cookie in session.cookies],
        of("GET", "/cookies"),
    ),
    "cookie of the past": after(
        lambda session, _: session.cookies.set("a", "b", expires=1), of("GET", "/cookies")
    ),
    "cookies cleared": after(of("GET", "/log-in"), lambda session, _: session.cookies.clear(), of("GET", "/cookies")),
    "cookies of a call": after(
        of("GET", "/log-in"), of("GET", "/cookies", cookies={"call": "1"}), of("GET", "/cookies")
    ),
    "cookies from a dict": after(
        setting(cookies=requests.cookies.cookiejar_from_dict({"d": "1"})), of("GET", "/cookies")
    ),
    "cookie jar of another kind": after(
        lambda session, _: setattr(session, "cookies", http.cookiejar.LWPCookieJar()),
        of("GET", "/log-in"),
        of("GET", "/cookies"),
    ),
    "cookies and a Host": after(of("GET", "/log-in"), of("GET", "/cookies", headers={"Host": "shop.example"})),
    "cookies and an own Cookie": after(of("GET", "/log-in"), of("GET", "/cookies", headers={"cookie": "mine=1"})),
    "quoted cookie sent": after(of("GET", "/quoted-cookie"), of("GET", "/cookies")),
    "cookies with a body": after(of("GET", "/log-in"), of("POST", "/cookies", json=1, auth=("u", "p"))),
    # authentication
    "basic": of("GET", "/echo", auth=("user", "pässword")),
    "basic of the session": after(setting(auth=("u", "p")), of("POST", "/echo", data="x")),
    "basic over an Authorization": of("GET", "/echo", headers={"authorization": "Bearer x", "Z": "1"}, auth=("u", "p")),
    "Bearer": of("GET", "/echo", headers={"Authorization": "Bearer x"}),
    "own authentication": of("GET", "/echo?a", auth=token),
    "no authentication": after(setting(auth=("u", "p")), of("GET", "/echo", auth=lambda request: request)),
    # the rest
    "hook": of("GET", "/echo", hooks={"response": hook}),
    "hook of the session": after(lambda session, _: session.hooks["response"].append(hook), of("GET", "/302")),
    "hook that replaces": of("GET", "/echo", hooks={"response": another}),
    "timeout": of("GET", "/text", timeout=5),
    "timeouts": of("GET", "/text", timeout=(5, None)),
    "wrong timeouts": of("GET", "/text", timeout=(1, 2, 3)),
    "timeout of 0": of("GET", "/text", timeout=0),
    "timeout of text": of("GET", "/text", timeout="soon"),
    "too many redirects": after(setting(max_redirects=2), of("GET", "/loop")),
    "prepared by hand": lambda session, url: session.send(
        session.prepare_request(requests.Request("POST", url + "/echo", json={"a": 1}, params={"b": "c"}))
    ),
    "sent without preparation": lambda session, url: session.send(requests.Request("GET", url)),  # type: ignore[arg-type]
    "prepared without the session": lambda session, url: session.send(
        requests.Request("PUT", url + "/echo", data="x").prepare()
    ),
    "URL changed after preparation": lambda session, url: _send_changed(session, url),  # noqa: PLW0108  defined below
    "adapter of the user's own": after(
        lambda session, _: session.mount("http://", HTTPAdapter(pool_maxsize=200)), of("GET", "/text")
    ),
    "adapter for one path": after(
        lambda session, url: session.mount(url + "/te", HTTPAdapter()), of("GET", "/text"), of("GET", "/echo")
    ),
    "prefixes": lambda session, _: list(session.adapters),
    "closed and used again": after(of("GET", "/text"), lambda session, _: session.close(), of("GET", "/text")),
}  # fmt: skip


def _send_changed(session: requests.Session, url: str) -> requests.Response:
    prepared = requests.Request("GET", url + "/a").prepare()
    prepared.url = url + "/../../etc/passwd?q=[ü]"
    return session.send(prepared)


@pytest.fixture
def ready(server: Server) -> Server:
    prepare(server)
    return server


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("name", USES)
def test_it_is_as_requests_has_it(name: str, ours: str, ready: Server) -> None:
    expected = outcome(over_requests, USES[name], ready)
    assert outcome(OURS[ours], USES[name], ready) == expected


@pytest.mark.parametrize("ours", OURS)
def test_digest_authentication_answers_the_challenge(
    ours: str, ready: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", lambda count: b"x" * count)
    monkeypatch.setattr(time, "ctime", lambda: "now")

    def use(session: requests.Session, url: str) -> Any:
        return session.get(url + "/digest", auth=HTTPDigestAuth("u", "p"))

    expected = outcome(over_requests, use, ready)
    assert outcome(OURS[ours], use, ready) == expected
    assert expected["content"] == b"welcome"


def test_files_are_uploaded_as_requests_does(ready: Server) -> None:
    def use(session: requests.Session, url: str) -> Any:
        request = requests.Request(
            "POST",
            url + "/echo",
            data={"field": "ü"},
            files={"one": ("ü.txt", b"abc", "text/plain", {"X-A": "b"}), "two": io.BytesIO(b"def")},
        )
        echoed = session.post(url + "/echo", data=request.data, files=request.files)
        boundary = re.search(rb"boundary=(\w+)", echoed.content)
        assert boundary is not None
        return echoed.content.replace(boundary[1], b"BOUNDARY")

    results = [outcome(make, use, ready)["value"] for make in (over_requests, *OURS.values())]
    assert results == [results[0]] * 3
    assert b"BOUNDARY" in results[0]


@pytest.mark.parametrize("ours", OURS)
def test_a_host_of_version_6_is_reached(ours: str) -> None:
    server = Server(host="::1")
    try:
        expected = outcome(over_requests, of("GET", "/echo"), server)
        assert outcome(OURS[ours], of("GET", "/echo"), server) == expected
        assert expected["status"][0] == 200
    finally:
        server.close()


@pytest.mark.parametrize("ours", OURS)
def test_a_redirect_to_another_host_leaves_the_authorization_behind(
    ours: str, ready: Server, other_server: Server
) -> None:
    ready.routes["/away"] = redirect("302 Found", other_server.url + "/echo")

    def use(session: requests.Session, url: str) -> Any:
        session.cookies.set("everywhere", "1")
        return session.get(url + "/away", auth=("u", "p"), headers={"X-Kept": "1"})

    expected = outcome(over_requests, use, ready)
    assert outcome(OURS[ours], use, ready) == expected
    assert b"Authorization" not in expected["content"]
    assert b"X-Kept" in expected["content"]


@pytest.mark.parametrize("ours", OURS)
def test_a_proxy_is_used_through_requests_own_adapter(ours: str, ready: Server, other_server: Server) -> None:
    def use(session: requests.Session, url: str) -> Any:
        return session.get(url + "/text", proxies={"http": other_server.url.replace("://", "://me:secret@")})

    expected = outcome(over_requests, use, ready)
    assert outcome(OURS[ours], use, ready) == expected
    assert other_server.received[-1].head.startswith(b"GET http://127.0.0.1")
    assert other_server.received[-1].header("proxy-authorization")
