"""The cookie jar: RFC 6265's rules, and that it remembers without becoming wrong."""

from __future__ import annotations

from http.cookiejar import CookieJar

import pytest

from swarm.http import cookies
from swarm.http.cookies import SessionCookies, make_cookie
from swarm.http.heads import Head, Heads


def head(url: str) -> Head:
    return Heads("", {}).build("GET", url, None)


def sent(jar: SessionCookies, url: str) -> str:
    return jar.header_for(head(url)).decode().removeprefix("Cookie: ").strip()


def take(jar: SessionCookies, url: str, *values: str) -> None:
    lines = "".join(f"\r\nSet-Cookie: {value}" for value in values)
    jar.take(f"HTTP/1.1 200 OK{lines}".encode("latin-1"), url)


@pytest.mark.parametrize(
    ("value", "url", "goes"),
    [
        ("a=1", "http://shop.test/x/y", True),
        ("a=1", "http://shop.test/other", False),  # its path is that of the answer, /x
        ("a=1; Path=/", "http://shop.test/other", True),
        ("a=1; Path=/x", "http://shop.test/xy", False),
        ("a=1; Path=/", "http://other.test/", False),
        ("a=1; Path=/", "http://www.shop.test/", False),
        ("a=1; Path=/; Domain=shop.test", "http://www.shop.test/", True),
        ("a=1; Path=/; Domain=shop.test", "http://myshop.test/", False),
        ("a=1; Path=/; Domain=other.test", "http://other.test/", False),
        ("a=1; Path=/; Secure", "http://shop.test/", False),
        ("a=1; Path=/; Secure", "https://shop.test/", True),
        ("a=1; Path=/; Max-Age=100", "http://shop.test/", True),
        ("a=1; Path=/; Max-Age=0", "http://shop.test/", False),
        ("a=1; Path=/; Expires=Wed, 01 Jan 2020 00:00:00 GMT", "http://shop.test/", False),
        ("a=1; Path=/; Expires=Wed, 01 Jan 2070 00:00:00 GMT", "http://shop.test/", True),
        ("a=1; Path=/; HttpOnly; SameSite=Lax", "http://shop.test:8080/", True),
    ],
)
def test_a_cookie_goes_where_it_belongs(value: str, url: str, goes: bool) -> None:
    jar = SessionCookies()
    take(jar, "http://shop.test/x/page", value)
    assert sent(jar, url) == ("a=1" if goes else "")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LocalHost"])
def test_cookies_of_hosts_without_a_dot_and_of_addresses_are_kept(host: str) -> None:
    jar = SessionCookies()
    take(jar, f"http://{host}:8080/", "a=1; Path=/")
    assert sent(jar, f"http://{host}:8080/x") == "a=1"


def test_longer_paths_come_first() -> None:
    jar = SessionCookies()
    take(jar, "http://shop.test/", "a=1; Path=/", "a=2; Path=/x", "b=3; Path=/")
    assert sent(jar, "http://shop.test/x") == "a=2; a=1; b=3"


def test_a_cookie_that_is_set_again_has_its_new_value() -> None:
    jar = SessionCookies()
    for number in range(5):
        take(jar, "http://shop.test/", f"session={number}; Path=/; HttpOnly", f"csrf=x{number}; Path=/")
        assert sent(jar, "http://shop.test/a") == f"session={number}; csrf=x{number}"


def test_setting_the_same_cookie_again_keeps_what_was_remembered() -> None:
    jar = SessionCookies()
    take(jar, "http://shop.test/", "a=1; Path=/")
    where = head("http://shop.test/")
    line = jar.header_for(where)
    take(jar, "http://shop.test/", "a=1; Path=/")
    assert jar.header_for(where) is line


def test_a_removed_cookie_comes_back_when_it_is_set_again() -> None:
    jar = SessionCookies()
    for end in (jar.clear, lambda: jar.__delitem__("a"), lambda: jar.set("a", None)):
        take(jar, "http://shop.test/", "a=1; Path=/")
        assert sent(jar, "http://shop.test/") == "a=1"
        end()
        assert sent(jar, "http://shop.test/") == ""


def test_a_cookie_replaced_by_hand_and_set_again_is_one_cookie() -> None:
    jar = SessionCookies()
    take(jar, "http://shop.test/", "a=1; Path=/")
    jar.set_cookie(make_cookie("a", "by hand", "shop.test"))
    assert sent(jar, "http://shop.test/") == "a=by hand"
    take(jar, "http://shop.test/", "a=1; Path=/")
    assert sent(jar, "http://shop.test/") == "a=1"


def test_the_server_can_take_a_cookie_back() -> None:
    jar = SessionCookies()
    take(jar, "http://shop.test/", "a=1; Path=/")
    take(jar, "http://shop.test/", "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    assert sent(jar, "http://shop.test/") == ""


def test_a_remembered_line_ends_with_its_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    jar = SessionCookies()
    take(jar, "http://shop.test/", "a=1; Path=/; Max-Age=100", "b=2; Path=/")
    where = head("http://shop.test/")
    assert jar.header_for(where) == b"Cookie: a=1; b=2\r\n"
    now = cookies.time.time()
    monkeypatch.setattr(cookies.time, "time", lambda: now + 101)
    assert jar.header_for(where) == b"Cookie: b=2\r\n"


def test_a_jar_reads_like_a_dict() -> None:
    jar = SessionCookies()
    jar["a"] = "1"
    jar.update({"b": "2"})
    assert (jar["a"], jar.get("b"), jar.get("c", "-"), "a" in jar, "c" in jar) == ("1", "2", "-", True, False)
    assert jar.keys() == ["a", "b"]
    assert jar.values() == ["1", "2"]
    assert dict(jar.items()) == jar.get_dict() == {"a": "1", "b": "2"}
    del jar["a"]
    with pytest.raises(KeyError):
        jar["a"]
    with pytest.raises(KeyError):
        del jar["a"]
    assert sent(jar, "http://anywhere.test/") == "b=2"


def test_a_jar_takes_over_anothers_cookies() -> None:
    other = CookieJar()
    other.set_cookie(make_cookie("a", "1", "shop.test"))
    jar = SessionCookies()
    jar.update(other)
    assert sent(jar, "http://shop.test/") == "a=1"


def test_what_is_no_cookie_is_passed_over() -> None:
    jar = SessionCookies()
    take(jar, "http://shop.test/", "", "=", ";;;", "a=1; Path=/; Max-Age=soon", "ok=1; Path=/")
    assert "ok=1" in sent(jar, "http://shop.test/")


def test_many_urls_and_cookies_do_not_grow_what_is_remembered() -> None:
    jar = SessionCookies()
    take(jar, "http://shop.test/", "a=1; Path=/")
    for number in range(1000):
        jar.header_for(head(f"http://shop.test/{number}"))
        take(jar, "http://shop.test/", f"n{number % 400}=1; Path=/")
    assert len(jar._lines) <= 256
    assert len(jar._renewable) <= 256
