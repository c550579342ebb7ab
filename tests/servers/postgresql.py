"""A real PostgreSQL as a fixture: a cluster of the test's own in a temporary folder, on the loopback.

PostgreSQL refuses to run as root: started by root, it runs as the user that Debian's package made for it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "tester", "not-a-secret"
QUICK = ["-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60"]


@dataclass
class PostgreSQL:
    """A server, and how it is reached."""

    port: int

    @property
    def conn_string(self) -> str:
        """The connection string of the tests' database."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, if it has any, over a connection that is nobody's user's."""
        with psycopg.connect(self.conn_string, autocommit=True) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description is not None else []


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Run a PostgreSQL on a free port. Skips where it is not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    programs = [path for path in folders if (path / "initdb").exists()]
    if not programs:
        pytest.skip("PostgreSQL is not installed (Debian's postgresql)")
    # Not below pytest's folder, which other accounts may not enter.
    folder = Path(tempfile.mkdtemp(prefix="swarm-postgresql-"))
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres", "postgres")
    try:
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        how = ["-U", USER, "-A", "scram-sha-256", "--pwfile", folder / "password"]
        made = subprocess.run(
            [programs[-1] / "initdb", "-D", folder / "data", *how, "--no-sync", "-E", "UTF8", "--locale=C"],
            cwd=folder,
            capture_output=True,
            text=True,
            **account,
        )
        assert made.returncode == 0, made.stderr
        for _ in range(5):
            process, port = _start(programs[-1] / "postgres", folder, account)
            if process is not None:
                break
        else:
            pytest.fail(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        yield PostgreSQL(port)
        process.send_signal(signal.SIGINT)  # its fast way to end: clients are cut off
        process.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    program: Path, folder: Path, account: dict[str, Any]
) -> tuple[subprocess.Popen[bytes] | None, int]:
    """Start it on a port that was free just now; None when somebody else was faster."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [program, "-D", folder / "data", "-k", folder, "-h", "127.0.0.1", "-p", str(port), *QUICK],
        cwd=folder,
        stderr=(folder / "log").open("ab"),
        stdout=subprocess.DEVNULL,
        **account,
    )
    server = PostgreSQL(port)
    for _ in range(1500):
        if process.poll() is not None:
            return None, port
        try:
            server.ask("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return process, port
    process.kill()
    process.wait()
    return None, port
