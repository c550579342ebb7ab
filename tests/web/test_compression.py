"""Answers come compressed to whoever takes them so, and are the same for those who don't."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from swarm_stats import heat
from swarm_web import documents
from swarm_web.documents import LARGE, Document, OncePerFrame, gzipped
from swarm_web.pages import Pages
from swarm_web.stream import Stream
from tests.web.serving import Served, served, until


def digest_of(site: Served) -> str:
    return site.ui.pages.digest


@pytest.fixture(scope="module")
def ended() -> Iterator[Served]:
    """A run that has ended: its figures stay. Nobody may steer it."""
    with served() as site:
        site.runner.start(4, 100)
        until(lambda: len(site.snapshot()["history"]["time"]) >= 2, "two seconds")
        site.runner.stop()
        for second in range(400):
            site.ui.recorder.history.heat.add(second * heat.SECONDS[-1][0], {1: second, 2: 3, 3: 9})
        yield site


def same(site: Served, path: str) -> tuple[bytes, bytes]:
    """The body as it came compressed, and as it came to who takes nothing compressed."""
    packed = site.get(path, Accept_Encoding="gzip, deflate, br")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert int(packed.headers["Content-Length"]) == len(packed.body)
    plain = site.get(path)
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
    assert len(packed.body) < len(plain.body)
    return packed.body, plain.body


@pytest.mark.parametrize("path", ["/api/v1/heatmap", "/api/v1/report.json"])
def test_figures_come_compressed(ended: Served, path: str) -> None:
    packed, plain = same(ended, path)
    assert json.loads(gzip.decompress(packed)) == json.loads(plain)


def test_the_snapshot_comes_compressed(ended: Served) -> None:
    packed, plain = same(ended, "/api/v1/snapshot")
    assert set(json.loads(gzip.decompress(packed))) == set(json.loads(plain))


def test_the_report_comes_compressed(ended: Served) -> None:
    packed, plain = same(ended, "/api/v1/report.html")
    assert gzip.decompress(packed).startswith(b"<!doctype html>")
    assert plain.startswith(b"<!doctype html>")
    policy = ended.get("/stats/report", Accept_Encoding="gzip").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("path", ["app.js", "app.css", "vendor/uPlot.iife.min.js"])
def test_the_pages_files_come_compressed_and_are_kept_by_the_browser(ended: Served, path: str) -> None:
    address = f"/static/{digest_of(ended)}/{path}"
    packed, plain = same(ended, address)
    assert gzip.decompress(packed) == plain == (Pages()._folder / path).read_bytes()
    answer = ended.get(address, Accept_Encoding="gzip")
    assert "immutable" in answer.headers["Cache-Control"]
    assert ended.get(address, If_None_Match=answer.headers["ETag"]).status == 304
    assert ended.get(address, If_None_Match=answer.headers["ETag"], Accept_Encoding="gzip").status == 304


def test_a_file_is_compressed_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<head></head>")
    script = tmp_path / "big.js"
    script.write_text("let first = 1;\n" * 200)
    with served(build_path=str(tmp_path)) as site:
        first = site.get("/static/big.js", Accept_Encoding="gzip")
        kept = site.ui.pages._documents["big.js"]
        site.get("/static/big.js", Accept_Encoding="gzip")
        assert site.ui.pages._documents["big.js"] is kept
        script.write_text("let second = 2;\n" * 300)
        second = site.get("/static/big.js", Accept_Encoding="gzip", If_None_Match=first.headers["ETag"])
        assert gzip.decompress(second.body) == script.read_bytes()
        assert site.get("/static/../../etc/passwd", Accept_Encoding="gzip").status == 404
        assert site.get("/static/nothing.js", Accept_Encoding="gzip").status == 404


@pytest.mark.parametrize("taken", ["identity", "br", "gzip;q=0", "deflate", ""])
def test_who_does_not_take_gzip_gets_none(ended: Served, taken: str) -> None:
    answer = ended.get("/api/v1/heatmap", Accept_Encoding=taken)
    assert "Content-Encoding" not in answer.headers
    assert answer.json["columns"]


@pytest.mark.parametrize(
    "path", ["/api/v1/session", "/api/v1/setup", "/api/v1/logs", "/api/v1/errors", "/", "/stats/requests"]
)
def test_what_tells_of_the_visitor_or_of_texts_is_never_compressed(ended: Served, path: str) -> None:
    answer = ended.get(path, Accept_Encoding="gzip")
    assert answer.status == 200
    assert "Content-Encoding" not in answer.headers


def test_the_stream_is_not_compressed(ended: Served) -> None:
    with ended.events(Accept_Encoding="gzip") as events:
        assert next(events)[1] == "full"


def test_a_snapshot_that_is_known_compressed_is_not_sent_again(ended: Served) -> None:
    def again() -> bool:
        tag = ended.get("/api/v1/snapshot", Accept_Encoding="gzip").headers["ETag"]
        answers = [ended.get("/api/v1/snapshot", If_None_Match=tag, Accept_Encoding=e) for e in ("gzip", "")]
        return [(each.status, each.body) for each in answers] == [(304, b"")] * 2

    until(again, "the same snapshot twice within a second")


def test_others_have_their_turn_while_much_is_compressed() -> None:
    turns: list[int] = []

    def others() -> None:
        while True:
            turns.append(1)
            gevent.sleep(0)

    waiting = gevent.spawn(others)
    gevent.sleep(0)
    before = len(turns)
    data = json.dumps(list(range(LARGE))).encode()
    assert gzip.decompress(gzipped(data)) == data
    assert len(turns) > before
    waiting.kill()


def test_a_document_is_compressed_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def compress(data: bytes) -> bytes:
        made.append(data)
        gevent.sleep(0.01)
        return data[:1]

    monkeypatch.setattr(documents, "gzipped", compress)
    document = Document(b"text")
    asking = [gevent.spawn(document.gzipped) for _ in range(5)]
    gevent.joinall(asking, raise_error=True)
    assert [each.value for each in asking] == [b"t"] * 5
    assert made == [b"text"]


def test_a_snapshot_is_made_once_a_frame_for_all_who_ask() -> None:
    made = []

    def make(_turns: object) -> dict[str, int]:
        made.append(stream.identity)
        gevent.sleep(0.01)
        return {"n": len(made)}

    stream = Stream(lambda: b"")
    kept = OncePerFrame(stream, make)
    asking = [gevent.spawn(kept.get) for _ in range(5)]
    gevent.joinall(asking, raise_error=True)
    assert {each.value.plain for each in asking} == {b'{"n":1}'}
    stream.publish("frame", {})
    assert kept.get().plain == b'{"n":2}'
    assert kept.get().identity == stream.identity
    assert len(made) == 2
