"""The HTML report: one file that works from disk, without a network, and without JavaScript as a plain summary.

It needs neither Flask nor Jinja, so that a run without the UI can write it. The views that the page has are put in
from the UI's own modules when they are there (`static/report.json` names them).
"""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swarm_web.documents import in_thread
from swarm_web.encoding import encode_in_turns
from swarm_web.recorder import recorder_of
from swarm_web.report_summary import summary, title_of
from swarm_web.run_data import run_data
from swarm_web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swarm.environment import Environment

STATIC = Path(__file__).with_name("static")
MANIFEST = "report.json"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_SCRIPT = re.compile(r'<script(?: type="(?:importmap|module)")?>(.*?)</script>', re.DOTALL)


class HtmlReport:
    """Makes the report of an environment: `report(environment)`; `begin` watches the run that is to be reported."""

    def begin(self, environment: Environment) -> None:
        """Watch the run from now on, second by second."""
        recorder_of(environment).start()

    def __call__(self, environment: Environment, theme: str = "") -> str:
        """Return the report of the run as far as it has come; `theme` is light, dark, or the reader's own."""
        recorder = recorder_of(environment)
        recorder.complete()
        return render(run_data(recorder, recorder.snapshot(), recorder.history.rows), theme)


report = HtmlReport()


def render(data: Mapping[str, Any], theme: str = "") -> str:
    """Return the report of a run's data (see `run_data`)."""
    turns = Turns()
    views = _Views(STATIC)
    turns.give_way()
    styles = "".join(f"<style>{text}</style>\n" for text in [*views.styles, _CSS])
    scripts = [f"<script>{text}</script>" for text in views.classic]
    if views.entry:
        import_map = json.dumps({"imports": views.imports}, separators=(",", ":"))
        scripts.append(f'<script type="importmap">{_in_script(import_map)}</script>')
        scripts.append(f'<script type="module">import {json.dumps(views.entry)};</script>')
    turns.give_way()
    plain, payload = summary(data), packed(data)
    turns.give_way()
    page = _PAGE.format(
        theme=f' data-theme="{theme}"' if theme else "",
        policy="{policy}",
        title=title_of(data),
        styles=styles,
        summary=plain,
        payload=payload,
        scripts="\n".join(scripts),
    )
    page = page.encode(errors="replace").decode()  # half a character of broken text is none for a file
    return page.replace("{policy}", report_policy(page), 1)


def packed(data: Mapping[str, Any]) -> str:
    """Return data as JSON, deflated (raw, RFC 1951), in base64."""
    return base64.b64encode(in_thread(_deflated, encode_in_turns(data))).decode()


def _deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush()


def unpacked(page: str) -> dict[str, Any]:
    """Return the data of a report."""
    match = re.search(r'id="payload">([A-Za-z0-9+/=]*)<', page)
    if match is None:
        raise ValueError("this is no report of Swarm's: it has no payload")
    document: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(match[1]), -15))
    return document


def report_policy(page: str) -> str:
    """Return the policy that lets in what is in a report, and nothing else."""
    scripts = " ".join(_hash(text) for text in _SCRIPT.findall(page)) or "'none'"
    styles = " ".join(_hash(text) for text in _STYLE.findall(page))
    data = " data:" if '<script type="importmap">' in page else ""
    return (
        f"default-src 'none'; script-src {scripts}{data}; style-src {styles}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


class _Views:
    """The front end's modules for the report, as text that may stand in a page; nothing where there is no manifest."""

    def __init__(self, folder: Path) -> None:
        manifest: dict[str, Any] = {}
        if (folder / MANIFEST).is_file():
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        self.entry: str = manifest.get("entry", "")
        self.imports = {
            name: "data:text/javascript;base64," + base64.b64encode(_module(folder, path).encode()).decode()
            for name, path in manifest.get("import_map", {}).items()
        }
        self.classic = [
            _in_script((folder / path).read_text("utf-8")) for path in manifest.get("classic", [])
        ]
        self.styles = [_in_style((folder / path).read_text("utf-8")) for path in manifest.get("styles", [])]


def _module(folder: Path, path: str) -> str:
    """Return a module whose relative imports name entries of the import map: a `data:` address has no neighbours."""
    beside = posixpath.dirname(path)
    return re.sub(
        r'from "(\.{1,2}/[^"]+)"',
        lambda match: f'from "app/{posixpath.normpath(posixpath.join(beside, match[1]))}"',
        (folder / path).read_text(encoding="utf-8"),
    )


def _in_script(text: str) -> str:
    return re.sub(r"</(script)", r"<\\/\1", text, flags=re.IGNORECASE).replace("<!--", "\\u003c!--")


def _in_style(text: str) -> str:
    return re.sub(r"</(style)", r"<\\/\1", text, flags=re.IGNORECASE)


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


_PAGE = """<!doctype html>
<html lang="en"{theme}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Swarm">
<title>{title}</title>
{styles}</head>
<body>
<div id="app"></div>
<main id="summary">
{summary}
</main>
<script type="application/octet-stream" id="payload">{payload}</script>
{scripts}
</body>
</html>
"""

_CSS = """
:root { color-scheme: light dark; }
html[data-theme="light"] { color-scheme: light; }
html[data-theme="dark"] { color-scheme: dark; }
#summary { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem; }
#summary table { border-collapse: collapse; display: block; max-width: 100%; overflow-x: auto; }
#summary table { font-variant-numeric: tabular-nums; margin: 0 0 1.5rem; }
#summary th, #summary td { border-bottom: 1px solid #8884; padding: 0.25rem 0.75rem 0.25rem 0; }
#summary th, #summary td { text-align: left; vertical-align: top; }
#summary td.n, #summary th.n { text-align: right; white-space: nowrap; }
#summary td.name { max-width: 40rem; overflow-wrap: anywhere; }
#summary pre { max-width: 100%; overflow-x: auto; }
@media print {
  #summary { font-size: 11px; padding: 0; }
  #summary table { display: table; }
  #summary th, #summary td { height: auto; padding-right: 0.3rem; white-space: normal; }
  #summary td { min-width: 3em; overflow-wrap: anywhere; }
  #summary pre { overflow-wrap: anywhere; white-space: pre-wrap; }
}
"""
