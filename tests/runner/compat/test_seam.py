"""The seam itself: what is read, assigned, missing, renamed, and what stands beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

import swarm
import swarm.compat.locust as seam
from swarm.compat.names import NAMES
from swarm.compat.resolve import MissingExtraError
from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module of our own that `locust.thing` stands for."""
    owner: Any = types.ModuleType("swarm_test_owner")
    owner.INTERVAL = 5
    monkeypatch.setitem(sys.modules, "swarm_test_owner", owner)
    monkeypatch.setitem(NAMES, "locust.thing", {"EVERY": "swarm_test_owner:INTERVAL"})
    yield owner
    sys.modules.pop("locust.thing", None)
    vars(sys.modules["locust"]).pop("thing", None)


def _import(statement: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(statement, namespace)  # noqa: S102
    return namespace


def test_a_name_is_the_very_object_of_ours() -> None:
    assert _import("from locust.exception import LocustError")["LocustError"] is SwarmError
    assert _import("from locust.exception import StopUser")["StopUser"] is swarm.StopUser


def test_a_submodule_is_an_attribute_of_its_package_without_an_import_of_its_own() -> None:
    assert (
        _import("import locust\nfound = locust.user.wait_time")["found"].__name__ == "locust.user.wait_time"
    )


def test_a_setting_is_read_late(owner: Any) -> None:
    module = _import("import locust.thing as module")["module"]
    assert module.EVERY == 5
    owner.INTERVAL = 7
    assert module.EVERY == 7


@pytest.mark.parametrize(
    "statement",
    ["import locust.thing\nlocust.thing.EVERY = 1", "from locust import thing\nthing.EVERY = 1"],
)
def test_an_assignment_reaches_the_module_that_owns_the_setting(owner: Any, statement: str) -> None:
    _import(statement)
    assert owner.INTERVAL == 1


def test_a_percentile_list_that_a_locustfile_assigns_is_the_one_that_reports_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from swarm import stats

    monkeypatch.setattr(stats, "PERCENTILES_TO_REPORT", [0.5, 0.9])
    _import("import locust.stats\nlocust.stats.PERCENTILES_TO_REPORT = [0.5, 0.99]")
    assert stats.PERCENTILES_TO_REPORT == [0.5, 0.99]


def test_an_attribute_of_the_users_own_stays_on_the_module(owner: Any) -> None:
    module = _import("import locust.thing as module\nmodule.mine = 3")["module"]
    assert module.mine == 3
    assert not hasattr(owner, "mine")


def test_an_unknown_name_says_so_and_lists_what_is_there() -> None:
    with pytest.raises(ImportError, match=r"locust\.exception\.Nonsense has no counterpart .*StopUser"):
        _import("from locust.exception import Nonsense")
    module = _import("import locust.exception as module")["module"]
    with pytest.raises(AttributeError, match=r"locust\.exception\.Nonsense has no counterpart"):
        _ = module.Nonsense
    assert not hasattr(module, "Nonsense")


def test_an_unknown_module_says_so() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"locust\.nonsense has no counterpart"):
        _import("import locust.nonsense")


@pytest.mark.parametrize(
    ("statement", "remedy"),
    [
        ("from locust import HttpLocust", "use HttpUser"),
        ("from locust import TaskSet, Locust", "use User"),
        ("from locust.core import TaskSet", "HttpLocust is HttpUser"),
        ("from locust.exception import StopLocust", "use StopUser"),
        ("from locust.runners import locust_runner", "environment.runner"),
    ],
)
def test_a_name_of_before_1_0_names_its_successor(statement: str, remedy: str) -> None:
    with pytest.raises(ImportError, match=remedy):
        _import(statement)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("from locust.contrib.milvus import MilvusUser", r"events\.request\.measure"),
        ("import locust.contrib.qdrant", "Write a User with their own client"),
        ("from locust.runners import FALLBACK_INTERVAL", "HEARTBEAT_INTERVAL"),
    ],
)
def test_a_name_that_is_missing_says_why_and_what_to_do(statement: str, reason: str) -> None:
    with pytest.raises(ImportError, match=reason):
        _import(statement)


def test_the_browser_uis_names_say_which_extra_they_belong_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "swarm_web"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [_Hides("swarm_web"), *sys.meta_path])
    with pytest.raises(ImportError, match=r"swarm-cli\[web\]"):
        _import("from locust.web import WebUI")


def test_a_name_of_a_distribution_that_is_missing_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "swarm_cli"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [_Hides("swarm_cli"), *sys.meta_path])
    with pytest.raises(MissingExtraError, match="pip install 'swarm-cli'"):
        _import("from locust.main import main")


class _Hides:
    """A finder for which one package is not installed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] == self._package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=self._package)


def test_other_packages_whose_name_begins_alike_are_left_alone() -> None:
    assert seam.LocustFinder().find_spec("locust_plugins") is None


def test_installing_twice_leaves_one_finder() -> None:
    seam.install()
    assert sum(isinstance(finder, seam.LocustFinder) for finder in sys.meta_path) == 1


def _run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def beside_locust(tmp_path: Path) -> Path:
    """A folder, first on the path, with a package `locust` in it."""
    (tmp_path / "locust").mkdir()
    (tmp_path / "locust" / "__init__.py").write_text("real = True\n")
    (tmp_path / "locust" / "only_there.py").write_text("")
    return tmp_path


def test_ours_answers_although_a_real_locust_is_installed(beside_locust: Path) -> None:
    done = _run(
        "import swarm.compat.locust, locust, swarm\n"
        "from locust.exception import StopUser\n"
        "assert StopUser is swarm.StopUser and not hasattr(locust, 'real')\n"
        "try: import locust.only_there\n"
        "except ModuleNotFoundError as error: print(error)\n",
        beside_locust,
    )
    assert done.stderr == ""
    assert "locust.only_there has no counterpart" in done.stdout


def test_ours_answers_under_the_command_line_although_a_real_locust_is_installed(beside_locust: Path) -> None:
    (beside_locust / "file.py").write_text(
        "import locust, swarm\n"
        "from locust import HttpUser, task\n"
        "assert HttpUser is swarm.HttpUser and not hasattr(locust, 'real')\n"
        "class Visitor(HttpUser):\n    @task\n    def go(self): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "swarm_cli", "-f", "file.py", "--list"],
        cwd=beside_locust,
        env={**os.environ, "PYTHONPATH": str(beside_locust)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Visitor" in done.stdout


def test_a_real_locust_that_was_imported_first_is_an_error_that_says_what_to_do(beside_locust: Path) -> None:
    done = _run("import locust\nimport swarm.compat.locust\n", beside_locust)
    assert done.returncode == 1
    assert "put `import swarm.compat.locust` above the first import of locust" in done.stderr


def test_importing_the_seam_imports_no_user_class_and_no_client(tmp_path: Path) -> None:
    done = _run(
        "import sys, swarm.compat.locust, locust\n"
        "heavy = {'requests', 'zmq', 'rich', 'faker', 'structlog', 'swarm.users.user'}\n"
        "print(sorted(heavy & set(sys.modules)))\n",
        tmp_path,
    )
    assert done.stdout.strip() == "[]", done.stderr
