"""gRPC as its users run it: example 13, the page about it, a debugger; with a real server in its own process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.own_process import Served, served_by
from tests.system.cli_process import Cli
from tests.system.enough import LONG, write_enough
from tests.system.example import Example
from tests.system.pages import ROOT, blocks_of
from tests.system.results import Report

EXAMPLES = ROOT / "examples" / "grpc"
SERVER = Path(__file__).parents[1] / "servers" / "hello_counting.py"


def commands_of_the_page() -> list[str]:
    return [
        command.line
        for block in blocks_of("docs/grpc.md")
        if block.language == "console"
        for command in block.commands
    ]


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what grpcio-tools makes of the example's proto file, by the page's command."""
    folder = tmp_path_factory.mktemp("stubs")
    shutil.copy(EXAMPLES / "hello.proto", folder)
    (command,) = [line for line in commands_of_the_page() if "grpc_tools" in line]
    subprocess.run([sys.executable, *command.split()[1:]], cwd=folder, check=True, timeout=60)
    return folder


@contextmanager
def hello_service(stubs: Path, users: int) -> Iterator[Served]:
    with served_by(SERVER, str(EXAMPLES), str(users), folder=stubs) as service:
        yield service


def put_stubs(cli: Cli, stubs: Path) -> None:
    for file in stubs.glob("*.py"):
        shutil.copy(file, cli.folder)


def test_13_a_grpc_user_of_ones_own_fires_its_requests(example: Example, cli: Cli, stubs: Path) -> None:
    users = 25  # more than gevent has threads, and the service answers nobody before all have called
    put_stubs(cli, stubs)
    enough = write_enough(cli, users + 100)
    example.write("13_grpc")
    with hello_service(stubs, users) as service:
        result = cli.run(
            *["-f", f"13_grpc.py,{enough}", "--headless", "--json", "-H", service.address],
            *["-u", str(users), "-r", str(users), *LONG],
            env={"NAME": "you"},
            timeout=90,
        )

    assert result.code == 1, result.err
    counts = json.loads(service.output)
    assert counts["everybody"] == users
    report = Report(result)
    assert report["grpc", "SayHello"]["num_requests"] == sum(counts.values()) >= users + 100
    assert report.failures == {"INVALID_ARGUMENT: a name is needed": counts[""]}


def test_the_page_of_grpc_is_true(cli: Cli, stubs: Path) -> None:
    put_stubs(cli, stubs)
    shutil.copy(EXAMPLES / "locustfile.py", cli.folder)
    enough = write_enough(cli, 60)
    (command,) = [line for line in commands_of_the_page() if line.startswith("swarm-cli")]
    arguments = command.replace("locustfile.py", f"locustfile.py,{enough}").split()[1:]
    with hello_service(stubs, 0) as service:
        result = cli.run(*arguments, "-H", service.address, "--json", *LONG, timeout=90)

    assert result.code == 0, result.err
    counts = json.loads(service.output)
    report = Report(result)
    assert report["grpc", "/hello.HelloService/SayHello"]["num_requests"] == counts["Swarm"] > 0
    counted = report["grpc", "/hello.HelloService/CountFor"]
    assert counted["num_requests"] == counts["CountFor"] > 0
    assert result.out.count("3 for you") == counts["CountFor"]


def test_the_server_of_the_page_runs_as_it_says(stubs: Path) -> None:
    assert "python hello_server.py" in commands_of_the_page()
    shutil.copy(EXAMPLES / "hello_server.py", stubs)
    with subprocess.Popen(
        [sys.executable, "hello_server.py", "0"], cwd=stubs, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            assert server.stdout.readline().strip().isdigit()
            assert server.poll() is None
        finally:
            server.kill()


def test_a_channel_made_by_the_module_itself_serves_all_users(cli: Cli, stubs: Path) -> None:
    users = 25
    put_stubs(cli, stubs)
    enough = write_enough(cli, users)
    cli.write(
        "locustfile.py",
        """
        import os
        import grpc
        from hello_pb2 import HelloRequest
        from hello_pb2_grpc import HelloServiceStub
        from swarm import User, constant, task

        stub = HelloServiceStub(grpc.insecure_channel(os.environ["SERVICE"]))
        greeting = stub.SayHello(HelloRequest(name="the loader")).message

        class Caller(User):
            wait_time = constant(60)

            @task
            def call(self):
                with self.environment.events.request.measure("grpc", greeting):
                    stub.SayHello(HelloRequest(name="everybody"))
        """,
    )
    with hello_service(stubs, users) as service:
        result = cli.run(
            *["-f", f"locustfile.py,{enough}", "--headless", "--json"],
            *["-u", str(users), "-r", str(users), *LONG],
            env={"SERVICE": service.address},
            timeout=90,
        )
    assert result.code == 0, result.err
    assert Report(result).counts == {"grpc Hello, the loader!": users}


def test_a_debugger_steps_through_a_user_of_grpc(cli: Cli, stubs: Path) -> None:
    put_stubs(cli, stubs)
    text = (EXAMPLES / "locustfile.py").read_text()
    cli.write(
        "locustfile.py", text + "\n\nif __name__ == '__main__':\n    from swarm import run_single_user\n"
    )
    script = cli.folder / "locustfile.py"
    script.write_text(script.read_text() + "\n    run_single_user(HelloUser)\n")
    line = text.splitlines().index('        assert reply.message == "Hello, Swarm!"') + 1
    commands = f"break {line}\ncontinue\np reply.message.upper()\nquit\n"
    with hello_service(stubs, 0) as service:
        done = subprocess.run(
            [sys.executable, "-m", "pdb", "locustfile.py", "-H", service.address],
            input=commands,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=cli.folder,
        )
    assert "(Pdb) 'HELLO, SWARM!'" in done.stdout, done.stdout + done.stderr
    assert "/hello.HelloService/SayHello" in done.stdout
