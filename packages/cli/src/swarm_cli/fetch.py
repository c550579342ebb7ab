"""`-f -`: takes the locustfile, and the local modules that it imports, from the master."""

from __future__ import annotations

import atexit
import shutil
import sys
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import AsyncResult

from swarm.control.messages import Message, SourceRequest
from swarm.control.messages import Source as SourceMessage
from swarm.exceptions import SwarmError
from swarm.runners.entrance import Entrance
from swarm.runners.source import unpack
from swarm.transport.secret import find_secret
from swarm.transport.worker_socket import WorkerSocket
from swarm_cli.console import tell
from swarm_cli.errors import CommandLineError
from swarm_cli.intervals import worker_settings
from swarm_cli.locustfile import Source

if TYPE_CHECKING:
    from swarm_cli.parser import Options

REPEAT_S = 1.0


def fetch(options: Options) -> list[Source]:
    """Return the master's locustfiles, written into a folder that goes with this process.

    Raises CommandLineError when there is no way to the master, or what it sent is no locustfile.
    """
    worker_settings()  # how long a master is waited for
    secret = find_secret(options.master_host, role="worker", secret_file=options.secret_file)
    socket = WorkerSocket(options.master_host, options.master_port, secret)
    came: AsyncResult[Any] = AsyncResult()

    def take(message: Message) -> None:
        if isinstance(message, SourceMessage):
            came.set(message)

    def ask() -> None:
        while True:
            socket.send(SourceRequest())
            gevent.sleep(REPEAT_S)

    entrance = Entrance(
        socket, lambda reason: came.set_exception(CommandLineError(f"-f -: {reason}")), tell=_tell
    )
    asking: list[gevent.Greenlet[[], None]] = []
    socket.serve(take, lambda: asking.append(gevent.spawn(ask)))
    entrance.begin()
    try:
        sent: Any = came.get()
        folder, paths = unpack(sent)
    except SwarmError as error:
        raise CommandLineError(str(error)) from error
    finally:
        entrance.end()
        gevent.killall(asking)
        socket.close(linger_s=0)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sys.path.insert(0, str(folder))
    return [Source(path) for path in paths]


def _tell(text: str) -> None:
    tell(f"swarm-cli: -f -: {text}\n")
