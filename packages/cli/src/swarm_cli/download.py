"""`-f URL`: brings a locustfile from a web server into a folder that goes with this process."""

from __future__ import annotations

import atexit
import base64
import re
import shutil
import tempfile
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, unquote, urlsplit

from swarm_cli.errors import LocustfileError

TIMEOUT_S = 30.0
"""What a server has to answer, and between two parts of its answer."""
MAX_BYTES = 10 * 1024 * 1024


def download(url: str) -> Path:
    """Return the file of that URL, which is removed when the process ends.

    A name and a password in the URL are sent by basic authentication. Raises LocustfileError that says why
    there is no file; it has neither them nor the query, in which tokens are.
    """
    shown = without_secrets(url)
    try:
        parts = urlsplit(url)
        data = _read(parts)
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise LocustfileError(f"-f {shown} could not be downloaded: {_reason(error)}") from error
    if _is_page(data):
        raise LocustfileError(
            f"-f {shown} is a web page and no Python file: give the address of the file itself (on GitHub, Raw)"
        )
    folder = tempfile.mkdtemp(prefix="swarm-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / _name(parts)
    path.write_bytes(data)
    return path


def without_secrets(url: str) -> str:
    """Return the URL as it may be shown: scheme, host and path."""
    without_query = re.split(r"[?#]", url, maxsplit=1)[0]
    return re.sub(r"//[^/]*@", "//", without_query)


def _read(parts: SplitResult) -> bytes:
    asked = request.Request(  # noqa: S310  `is_url` lets http and https through alone
        parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), headers={"User-Agent": "swarm-cli"}
    )
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        asked.add_unredirected_header("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
    with request.urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310  likewise
        data: bytes = answer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES // 1024**2} MB")
    return data


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"the server answers {error.code} {error.reason}"
    if isinstance(error, URLError):
        error = error.reason if isinstance(error.reason, Exception) else error
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _is_page(data: bytes) -> bool:
    return data.lstrip()[:15].lower().startswith((b"<!doctype", b"<html"))


def _name(parts: SplitResult) -> str:
    name = PurePosixPath(unquote(parts.path)).name
    return name if re.fullmatch(r"\w+\.py", name) else "locustfile.py"
