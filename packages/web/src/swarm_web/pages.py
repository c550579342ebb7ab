"""The UI's page and its files: `index.html` as a template, and everything beside it under a name that changes with it.

The rule: a file's address holds the hash of all files, so that a browser may keep it for ever.
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Response, send_from_directory
from jinja2 import ChoiceLoader, FunctionLoader
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

import swarm
from swarm_web.answers import compressed
from swarm_web.documents import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

STATIC = Path(__file__).with_name("static")
TEXTS = frozenset({".js", ".mjs", ".css", ".svg", ".json", ".html", ".txt", ".map"})
"""Files that are sent compressed to whoever takes them so."""
KEPT_BYTES = 1_000_000
KEPT_FILES = 500
"""Larger ones, and more of them, are read anew each time and sent as they are: those of another front end."""
PAGE_KEYS = ("extended_tabs", "extended_tables", "extended_csv_files")
"""What of a locustfile's `template_args` the page reads."""
DEVELOPMENT = "SWARM_WEB_DEV"
"""With this variable the files are read anew for each page, and no browser keeps them."""
_INLINE = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)
_ARGS = '<script type="application/json" id="template-args">{{ swarm_page_args(template_args) }}</script>\n</head>'

for _kind, _suffix in (("text/javascript", ".js"), ("text/javascript", ".mjs"), ("image/svg+xml", ".svg")):
    mimetypes.add_type(_kind, _suffix)


class Pages:
    """The files in `folder`, which has an `index.html`."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._known = ""
        self._documents: dict[str, Document] = {}
        self._is_development = bool(os.environ.get(DEVELOPMENT))

    @property
    def digest(self) -> str:
        """The hash of all files, in the addresses of each."""
        if not self._known or self._is_development:
            whole = hashlib.sha256()
            for path in sorted(self._folder.rglob("*")):
                if path.is_file():
                    whole.update(str(path.relative_to(self._folder)).encode() + b"\0" + path.read_bytes())
            self._known = whole.hexdigest()[:12]
        return self._known

    def source(self) -> str:
        """Return `index.html` with its place-holders filled in, as a template that takes `template_args`."""
        text = (self._folder / "index.html").read_text(encoding="utf-8")
        text = text.replace("{{static}}", f"static/{self.digest}").replace("{{version}}", swarm.__version__)
        return text.replace("</head>", _ARGS, 1)

    def hashes(self) -> list[str]:
        """Return the hashes of the page's import map, as a policy names them."""
        return [
            "sha256-" + base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
            for inline in _INLINE.findall(self.source())
        ]

    def install(self, app: Flask) -> None:
        """Let `render_template("index.html", template_args=…)` render the page."""
        load: Callable[[str], str | None] = lambda name: self.source() if name == "index.html" else None  # noqa: E731
        loader: Any = app.jinja_loader
        app.jinja_loader = ChoiceLoader([FunctionLoader(load), loader])
        app.jinja_env.globals["swarm_page_args"] = page_args
        app.jinja_env.auto_reload = self._is_development

    def file(self, digest: str, path: str) -> Response:
        """Return one of the files."""
        if not re.fullmatch(r"[0-9a-f]{12}", digest):
            raise NotFound
        response = self._compressible(path) or send_from_directory(self._folder, path)
        is_current = digest == self._known and not self._is_development
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if is_current else "no-store"
        )
        return response

    def _compressible(self, path: str) -> Response | None:
        """One of the files as text that may be sent compressed: that is done once."""
        found = Path(safe_join(str(self._folder), path) or self._folder)
        if found.suffix not in TEXTS or not found.is_file():
            return None
        state = found.stat()
        identity = f"{path} {state.st_mtime_ns} {state.st_size}"
        document = self._documents.get(path)
        if document is None or document.identity != identity:
            if state.st_size > KEPT_BYTES or len(self._documents) >= KEPT_FILES:
                return None
            document = self._documents[path] = Document(found.read_bytes(), identity)
        return compressed(document, mimetypes.guess_type(path)[0] or "text/plain")


def page_args(args: Mapping[str, Any] | object = None) -> Markup:
    """Return what the page reads of `template_args`, as JSON that may stand in HTML."""
    known = args if isinstance(args, dict) else {}
    text = json.dumps({key: known[key] for key in PAGE_KEYS if key in known}, default=str)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704  JSON, escaped
