"""The four distributions, built and installed where there is no checkout, with and without the extra `web`."""

from __future__ import annotations

import email
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).parents[2]
POETRY = ROOT / ".poetry" / "bin" / "python"
PACKAGES = {"stats": "swarm_stats", "runner": "swarm", "web": "swarm_web", "cli": "swarm_cli"}

pytestmark = pytest.mark.skipif(not POETRY.exists(), reason="scripts/bootstrap puts Poetry there: .poetry")


def _run(*command: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=100, check=False
    )
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels and the sdists of all four packages."""
    folder = tmp_path_factory.mktemp("dist")
    builds = [
        subprocess.Popen(
            [str(POETRY), "-m", "poetry", "build", "-P", f"packages/{package}", "-o", str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for package in PACKAGES
    ]
    for build in builds:
        output, _ = build.communicate(timeout=100)
        assert build.returncode == 0, output
    return folder


@pytest.fixture(scope="module")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the project depends on, without the project: links into its own environment, so that nothing
    has to be downloaded."""
    folder = tmp_path_factory.mktemp("third_party")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("swarm", "_swarm")) and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


def _install(requirement: str, folder: Path, dist: Path, third_party: Path) -> Path:
    """Install in a new environment; return the folder of its programs."""
    _run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=ROOT)
    site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (site / "third_party.pth").write_text(f"{third_party}\n")
    pip = [
        POETRY,
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "--python",
        folder / "bin" / "python",
    ]
    _run(*pip, "install", "--no-index", "--find-links", dist, requirement, cwd=folder)
    return folder / "bin"


@pytest.fixture(scope="module")
def without_web(dist: Path, third_party: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _install("swarm-cli", tmp_path_factory.mktemp("without_web"), dist, third_party)


@pytest.fixture(scope="module")
def with_web(dist: Path, third_party: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _install("swarm-cli[web]", tmp_path_factory.mktemp("with_web"), dist, third_party)


def _wheel(dist: Path, package: str) -> zipfile.ZipFile:
    (wheel,) = dist.glob(f"swarm_{package}-*.whl")
    return zipfile.ZipFile(wheel)


def _metadata(dist: Path, package: str) -> Message:
    with _wheel(dist, package) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(wheel.read(name))


@pytest.mark.parametrize(
    ("package", "siblings"),
    [
        ("stats", set()),
        ("runner", {"swarm-stats (>=0.1,<0.2)"}),
        ("web", {"swarm-runner (>=0.1,<0.2)", "swarm-stats (>=0.1,<0.2)"}),
        (
            "cli",
            {
                "swarm-runner (>=0.1,<0.2)",
                "swarm-stats (>=0.1,<0.2)",
                'swarm-web (>=0.1,<0.2) ; extra == "web"',
            },
        ),
    ],
)
def test_a_wheel_names_its_siblings_by_version_range(dist: Path, package: str, siblings: set[str]) -> None:
    requirements = _metadata(dist, package).get_all("Requires-Dist", [])
    assert {requirement for requirement in requirements if requirement.startswith("swarm-")} == siblings


@pytest.mark.parametrize("package", PACKAGES)
def test_no_path_of_the_checkout_is_in_a_distributions_metadata(dist: Path, package: str) -> None:
    for requirement in _metadata(dist, package).get_all("Requires-Dist", []):
        assert not any(sign in requirement for sign in ("@", "file:", "/"))


@pytest.mark.parametrize("package", PACKAGES)
def test_each_wheel_brings_one_import_package_with_its_types(dist: Path, package: str) -> None:
    with _wheel(dist, package) as wheel:
        names = wheel.namelist()
    tops = {name.partition("/")[0] for name in names}
    # The pytest plugin is beside `swarm`, whose import patches the process.
    expected = {PACKAGES[package]} | ({"swarm_pytest"} if package == "runner" else set())
    assert {top for top in tops if not top.endswith(".dist-info")} == expected
    assert f"{PACKAGES[package]}/py.typed" in names


@pytest.mark.parametrize("package", PACKAGES)
def test_an_sdist_holds_all_that_the_wheel_is_built_from(dist: Path, package: str) -> None:
    (sdist,) = dist.glob(f"swarm_{package}-*.tar.gz")
    with tarfile.open(sdist) as archive:
        sources = {name.partition("/src/")[2] for name in archive.getnames() if "/src/" in name}
        assert {"pyproject.toml", "README.md", "PKG-INFO"} <= {
            name.partition("/")[2] for name in archive.getnames()
        }
    with _wheel(dist, package) as wheel:
        modules = {name for name in wheel.namelist() if name.startswith(f"{PACKAGES[package]}/")}
    assert modules <= sources


@pytest.mark.parametrize("environment", ["without_web", "with_web"])
def test_the_command_is_installed_and_runs_from_there(
    environment: str, request: pytest.FixtureRequest
) -> None:
    programs: Path = request.getfixturevalue(environment)
    assert _run(programs / "swarm-cli", "--version", cwd=programs).stdout.startswith("swarm-cli 0.1.0")
    home = _run(programs / "python", "-c", "import swarm; print(swarm.__file__)", cwd=programs).stdout
    assert home.startswith(str(programs.parent))


def test_without_the_extra_a_run_works(without_web: Path) -> None:
    done = _run(without_web / "swarm-cli", "demo", "-u", "2", "-r", "2", "-t", "1s", cwd=without_web)
    assert "Aggregated" in done.stderr


def _ask_for_the_ui(programs: Path, folder: Path) -> str:
    locustfile = folder / "locustfile.py"
    locustfile.write_text("from swarm import User\n\nclass Idle(User):\n    pass\n")
    done = _run(programs / "swarm-cli", "-f", locustfile, cwd=folder, check=False)
    assert done.returncode == 1
    return done.stderr


def test_without_the_extra_asking_for_the_ui_names_it(without_web: Path, tmp_path: Path) -> None:
    said = _ask_for_the_ui(without_web, tmp_path)
    assert "pip install 'swarm-cli[web]'" in said
    assert "--headless" in said
    code = "import swarm; swarm.Environment().create_web_ui()"
    assert (
        "pip install 'swarm-cli[web]'"
        in _run(without_web / "python", "-c", code, cwd=tmp_path, check=False).stderr
    )


def test_with_the_extra_the_ui_serves_and_the_report_is_written(with_web: Path, tmp_path: Path) -> None:
    locustfile = tmp_path / "locustfile.py"
    locustfile.write_text("from swarm import User\n\nclass Idle(User):\n    def run(self):\n        pass\n")
    options = ["--autostart", "--autoquit", "0", "-t", "1", "-P", "0", "--html", "report.html"]
    done = _run(with_web / "swarm-cli", "-f", locustfile, *options, cwd=tmp_path)
    assert "Browser UI: http://127.0.0.1:" in done.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No request was made." in page
    assert '<script type="importmap">' in page
