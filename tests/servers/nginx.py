"""A real nginx as a fixture: `nginx` answers from memory, and counts what it answered in its access log."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 2000; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  default_type text/plain;
  gzip on;
  gzip_min_length 1;
  gzip_types text/plain;
  server {{
    listen 127.0.0.1:{port};
    location /hello   {{ return 200 "Hello!"; }}
    location /missing {{ return 404 "no such page"; }}
    location /move    {{ return 302 /hello; }}
    location /files/  {{ alias {folder}/files/; }}
    location /        {{ return 200 "ok"; }}
  }}
}}
"""


@dataclass
class Nginx:
    """A running nginx; files put into `folder / "files"` are served below /files/."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def served(self) -> int:
        """Return the number of requests that nginx has answered."""
        log = self.folder / "access.log"
        return log.read_bytes().count(b"\n") if log.exists() else 0


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """Run an nginx on a free port. Skips where it is not installed."""
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "files").mkdir()
    with running(folder, CONFIG) as port:
        yield Nginx(port, folder)


@contextmanager
def running(folder: Path, config: str) -> Iterator[int]:
    """Run an nginx in a folder, with a configuration in which {folder} and {port} stand for those; give the port.

    Skips where it is not installed.
    """
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("nginx is not installed (Debian's nginx-light)")
    folder.chmod(0o755)
    for parent in folder.parents:
        if parent.name.startswith("pytest-"):
            parent.chmod(0o755)  # nginx's worker is another user when it was started by root
    for _ in range(5):
        process, port = _start(program, folder, config)
        if process is not None:
            break
    else:
        pytest.fail("nginx did not start")
    yield port
    process.terminate()
    process.wait(10)


def _start(program: str, folder: Path, config: str) -> tuple[subprocess.Popen[bytes] | None, int]:
    """Start nginx on a port that was free just now; None when somebody else was faster."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "nginx.conf").write_text(config.format(folder=folder, port=port))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return process, port
    process.kill()
    process.wait()
    return None, port
