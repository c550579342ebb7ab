"""A real Mosquitto as a fixture: an MQTT broker of the test's own, on the loopback, with a user and a password."""

from __future__ import annotations

import getpass
import shutil
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.servers.tls import authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHERE = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
USER, PASSWORD = "device", "not-a-secret"

CONFIG = """
user {account}
persistence false
log_dest stderr
allow_anonymous false
password_file {folder}/passwords
listener {port} 127.0.0.1
listener {web_port} 127.0.0.1
protocol websockets
listener {tls_port} 127.0.0.1
certfile {folder}/server.pem
keyfile {folder}/server.pem
"""


@dataclass
class Mosquitto:
    """A broker; `port` speaks MQTT, `web_port` MQTT over WebSockets, `tls_port` MQTT over TLS."""

    folder: Path
    port: int
    web_port: int
    tls_port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> bool:
        """Start it; return whether it listens."""
        program = shutil.which("mosquitto", path=WHERE)
        assert program is not None
        self.process = subprocess.Popen(
            [program, "-c", str(self.folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                for port in (self.port, self.web_port, self.tls_port):
                    socket.create_connection(("127.0.0.1", port), timeout=5).close()
            except OSError:
                time.sleep(0.02)
            else:
                return True
        self.stop()
        return False

    def stop(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """Let it answer nothing, with all its connections kept, until `thaw`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        process = psutil.Process(self.process.pid)
        while process.status() != psutil.STATUS_STOPPED:
            time.sleep(0.001)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """Run a Mosquitto on free ports. Skips where it is not installed."""
    if shutil.which("mosquitto", path=WHERE) is None:
        pytest.skip("Mosquitto is not installed (Debian's mosquitto)")
    folder = tmp_path_factory.mktemp("mosquitto")
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(folder / "passwords"), USER, PASSWORD], check=True)
    authority().issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(folder / "server.pem")
    )
    for _ in range(5):
        broker = Mosquitto(folder, *_free_ports(3))
        text = CONFIG.format(
            account=getpass.getuser(),
            folder=folder,
            port=broker.port,
            web_port=broker.web_port,
            tls_port=broker.tls_port,
        )
        (folder / "mosquitto.conf").write_text(text)
        if broker.start():
            break
    else:
        pytest.fail(f"Mosquitto did not start: {(folder / 'log').read_text()}")
    yield broker
    broker.stop()


def _free_ports(count: int) -> list[int]:
    """Return ports that are free now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
