"""The locustfile on its way to a worker: what is sent, and that nothing else is written."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from swarm.control.messages import Source
from swarm.runners import source
from swarm.runners.source import SourceError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a locustfile in a folder, and modules beside it and above."""
    (tmp_path / "load").mkdir()
    (tmp_path / "load" / "main.py").write_text("import swarm_test_beside\n")
    (tmp_path / "load" / "swarm_test_beside.py").write_text("A = 1\n")
    (tmp_path / "swarm_test_above.py").write_text("B = 2\n")
    (tmp_path / "not_imported.py").write_text("C = 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path / "load"))
    for name in ("swarm_test_beside", "swarm_test_above"):
        importlib.import_module(name)
    yield tmp_path
    for name in ("swarm_test_beside", "swarm_test_above"):
        sys.modules.pop(name, None)


def test_the_file_goes_with_the_local_modules_that_were_imported(project: Path) -> None:
    packed = source.pack([str(project / "load" / "main.py")])

    assert packed.main == "load/main.py"
    assert set(packed.files) == {"load/main.py", "load/swarm_test_beside.py", "swarm_test_above.py"}


def test_packages_beside_the_file_go_as_a_whole_and_nothing_else(project: Path) -> None:
    files = {
        "load/shop/__init__.py": "",
        "load/shop/pages.py": "PATH = 1",
        "load/shop/forms/__init__.py": "",
        "load/shop/forms/login.py": "FORM = 1",
        "load/shop/forms/users.csv": "a,b",
        "load/shop/rows/rows.py": "no sub-package",
        "load/no_package/other.py": "",
        "load/.hidden/__init__.py": "",
        "above/__init__.py": "",
    }
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    (project / "load" / "shop" / "latin.py").write_bytes(b"# caf\xe9")

    packed = source.pack([str(project / "load" / "main.py")])

    assert {name for name in packed.files if name not in ("load/main.py", "load/swarm_test_beside.py")} == {
        "swarm_test_above.py",
        "load/shop/__init__.py",
        "load/shop/pages.py",
        "load/shop/forms/__init__.py",
        "load/shop/forms/login.py",
    }


def test_modules_that_were_not_imported_are_left_out_when_they_are_too_much(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "load" / "shop").mkdir()
    (project / "load" / "shop" / "__init__.py").write_text("# " + "x" * 2000)
    monkeypatch.setattr(source, "MAX_BYTES", 1000)

    assert "load/shop/__init__.py" not in source.pack([str(project / "load" / "main.py")]).files


def test_what_was_packed_is_there_again(project: Path) -> None:
    folder, (main,) = source.unpack(source.pack([str(project / "load" / "main.py")]))

    assert main == folder / "load" / "main.py"
    assert main.read_text() == "import swarm_test_beside\n"
    assert (folder / "swarm_test_above.py").read_text() == "B = 2\n"


@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/evil.py", "a/../../evil.py", "a\\evil.py", "", "a\0.py"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    files = {"main.py": "", name: "evil"}
    with pytest.raises(SourceError, match="not taken"):
        source.unpack(Source("main.py", files, source.digest(files)))


def test_damage_is_noticed() -> None:
    whole = Source("main.py", {"main.py": "A = 1"}, source.digest({"main.py": "A = 1"}))
    with pytest.raises(SourceError, match="damaged"):
        source.unpack(replace(whole, files={"main.py": "A = 2"}))
    with pytest.raises(SourceError, match="no locustfile"):
        source.unpack(replace(whole, main="other.py"))


def test_too_much_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 10)
    with pytest.raises(SourceError, match="-f FILE"):
        source.pack([str(project / "load" / "main.py")])


def test_the_hash_is_of_the_content_alone(tmp_path: Path) -> None:
    paths = []
    for name, text in (("a.py", "1"), ("b.py", "1"), ("c.py", "2")):
        (tmp_path / name).write_text(text)
        paths.append(str(tmp_path / name))

    assert source.content_hash(paths[:1]) == source.content_hash(paths[1:2]) != source.content_hash(paths[2:])
    assert source.content_hash([]) == ""
    assert source.content_hash([str(tmp_path / "gone.py")]) == ""
