"""Which files are loaded and what is found in them, seen through `--list`."""

from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from gevent.pywsgi import WSGIServer

from tests.system.cli_process import Cli

USER = "from locust import User, task\n\nclass {name}(User):\n    @task\n    def work(self):\n        pass\n"


def user(name: str) -> str:
    return USER.format(name=name)


def listed(cli: Cli, *args: str, env: dict[str, str] | None = None) -> list[str]:
    result = cli.run("--list", *args, env=env)
    assert result.code == 0, result.err
    first, *names = result.out.splitlines()
    assert first == "Available Users:"
    return [name.strip() for name in names]


def test_files_folders_and_modules_are_found(cli: Cli) -> None:
    cli.write("locustfile.py", user("Default"))
    cli.write("one.py", user("One"))
    cli.write("load/b.py", user("LoadB"))
    cli.write("load/deep/a.py", user("LoadA"))
    cli.write("load/_helpers.py", user("Helper"))
    cli.write("load/_private/x.py", user("Private"))
    cli.write("pack/__init__.py", "")
    cli.write("pack/shop.py", "from pack.sibling import Base\n" + user("Shop"))
    cli.write("pack/sibling.py", "Base = 1\n")

    assert listed(cli) == ["Default"]
    assert listed(cli, "-f", "one") == ["One"]
    assert listed(cli, "-f", "one.py, locustfile.py") == ["One", "Default"]
    assert listed(cli, "-f", "load") == ["LoadB", "LoadA"]
    assert listed(cli, "-f", "pack.shop") == ["Shop"]
    assert listed(cli, env={"LOCUST_LOCUSTFILE": "one.py"}) == ["One"]


def test_abstract_classes_and_the_bases_that_are_imported_are_no_users(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        "from locust import FastHttpUser, HttpUser, User, LoadTestShape\n"
        "class Base(HttpUser):\n    abstract = True\n    tasks = [print]\n"
        "class Buyer(Base):\n    pass\nAlias = Buyer\nimported = FastHttpUser\n",
    )

    assert listed(cli) == ["Buyer"]


def test_a_file_imports_what_lies_beside_it_and_in_the_working_directory(cli: Cli) -> None:
    cli.write("at_root.py", "A = 1\n")
    cli.write("load/beside.py", "B = 1\n")
    cli.write("load/test.py", "import at_root, beside\n" + user("Found"))

    assert listed(cli, "-f", "load/test.py") == ["Found"]


@pytest.mark.parametrize("name", ["http", "json", "random", "requests", "email"])
def test_a_file_may_have_the_name_of_a_library(cli: Cli, name: str) -> None:
    cli.write(f"{name}.py", "from locust import HttpUser\n" + user("Found"))

    assert listed(cli, "-f", f"{name}.py") == ["Found"]


def test_a_file_may_lie_on_a_web_server(cli: Cli) -> None:
    files = {"/load/shop.py": user("Shop"), "/wrong.py": "def broken(:\n"}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        text = files.get(environ["PATH_INFO"])
        start_response("404 Not Found" if text is None else "200 OK", [])
        return [(text or "").encode()]

    server = WSGIServer(("127.0.0.1", 0), app, log=None)
    server.start()
    url = f"http://127.0.0.1:{server.server_port}"
    cli.write("one.py", user("One"))
    try:
        assert listed(cli, "-f", f"one.py,{url}/load/shop.py") == ["One", "Shop"]
        assert f"{url}/wrong.py:1: SyntaxError" in cli.run("--list", "-f", f"{url}/wrong.py").refused(1)
        assert "404 Not Found" in cli.run("--list", env={"LOCUST_LOCUSTFILE": f"{url}/gone.py"}).refused(1)
    finally:
        server.stop(timeout=1)


def test_files_of_one_name_in_two_folders_are_two_files(cli: Cli) -> None:
    cli.write("a/locustfile.py", user("First"))
    cli.write("b/locustfile.py", user("Second"))

    assert listed(cli, "-f", "a/locustfile.py,b/locustfile.py") == ["First", "Second"]


def test_a_file_may_hold_dataclasses(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        "from __future__ import annotations\nimport dataclasses, pickle\n\n"
        "@dataclasses.dataclass\nclass Row:\n    n: int\n\npickle.dumps(Row(1))\n" + user("Found"),
    )

    assert listed(cli) == ["Found"]


def test_a_list_without_user_classes_is_empty_and_no_error(cli: Cli) -> None:
    cli.write("locustfile.py", "x = 1\n")

    assert listed(cli) == []
    assert cli.run("--show-task-ratio-json").code == 1


def test_a_pre_1_0_file_is_told_the_new_name(cli: Cli) -> None:
    cli.write("locustfile.py", "from locust import HttpLocust\n")

    result = cli.run("--list")

    assert result.code == 1
    assert "HttpUser" in result.err
    assert "Traceback" not in result.err
