"""Finds and loads locustfiles: which files an argument means, and the user and shape classes in them."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import os
import sys
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from swarm_cli import pytest_files
from swarm_cli.errors import LocustfileError
from swarm_cli.load_errors import describe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from swarm.shape import LoadTestShape
    from swarm.users.user import User


@dataclass(slots=True)
class Locustfiles:
    """What was loaded: the files, the user classes and one instance of each shape class, by name."""

    paths: list[str] = field(default_factory=list)
    user_classes: dict[str, type[User]] = field(default_factory=dict)
    shape_classes: dict[str, LoadTestShape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to load; `module` is its name when it was asked for as a module, `url` where it was downloaded."""

    path: Path
    module: str | None = None
    url: str | None = None

    @property
    def shown(self) -> str:
        """What messages call it."""
        return self.url or _shown(self.path)


def find(argument: str) -> list[Source]:
    """Return the files that the argument of `-f` means, in its order, a folder's files by name.

    Files of the web are downloaded. Raises LocustfileError when that fails, and when a part of the argument is
    neither file, folder, module nor URL.
    """
    sources: list[Source] = []
    for part in filter(None, (part.strip() for part in argument.split(","))):
        sources += _find_one(part)
    if not sources:
        raise LocustfileError("-f names no file: give a file, a folder, a module or a URL")
    return list(dict.fromkeys(sources))


def is_url(name: str) -> bool:
    """Tell whether a part of the argument is to be downloaded."""
    return name.lower().startswith(("http://", "https://"))


def _find_one(name: str) -> list[Source]:
    if name == "-":
        raise LocustfileError("-f -: only a worker takes the locustfile from its master; add --worker")
    if is_url(name):
        from swarm_cli.download import download, without_secrets

        return [Source(download(name), url=without_secrets(name))]
    path = Path(name).expanduser()
    if path.is_dir():
        return _in_folder(path)
    for candidate in (path, path.with_name(path.name + ".py")):
        if candidate.is_file():
            return [Source(candidate.absolute())]
    module = _find_module(name)
    if module:
        return [module]
    looked = path.absolute() if path.suffix == ".py" else f"{path.absolute()}.py"
    raise LocustfileError(
        f"could not find {name!r}: there is no file {looked}; name the file, folder or module with -f"
    )


def _in_folder(folder: Path) -> list[Source]:
    found = [
        file.absolute()
        for file in sorted(folder.rglob("*.py"))
        if not any(part.startswith(("_", ".")) for part in file.relative_to(folder).parts)
    ]
    if not found:
        raise LocustfileError(f"the folder {folder} has no .py file whose name does not begin with _")
    return [Source(file) for file in found]


def _find_module(name: str) -> Source | None:
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    _put_on_path(Path.cwd())
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    except Exception as error:
        raise LocustfileError(describe(error, name)) from error
    return Source(Path(spec.origin), name) if spec and spec.origin and spec.has_location else None


def load(sources: Iterable[Source]) -> Locustfiles:
    """Import the files and return the classes that they hold.

    When they hold no user class, the test functions of pytest in them become users. Raises LocustfileError for
    a file that does not load and for two user classes of one name.
    """
    import swarm.compat.locust

    swarm.compat.locust.install()
    sources = list(sources)
    loaded = Locustfiles()
    tests = _tests_of(sources) if all(pytest_files.is_test_file(source.path) for source in sources) else None
    modules = [(tests and tests.module_of(source.path)) or _import(source) for source in sources]
    for source, module in zip(sources, modules, strict=True):
        loaded.paths.append(str(source.path))
        _collect(module, source, loaded)
    if not loaded.user_classes and any(map(pytest_files.has_tests, modules)):
        tests = tests or _tests_of(sources)
        loaded.user_classes = pytest_files.users_of(tests) if tests else {}
        _make_grpc_cooperative()
    return loaded


def _tests_of(sources: Iterable[Source]) -> pytest_files.Collected | None:
    """Let pytest collect the files, which gives their assertions their words; None when there is no pytest."""
    if not pytest_files.is_installed():
        return None
    paths = [source.path for source in sources]
    for folder in [Path.cwd(), *(path.parent for path in paths)]:
        _put_on_path(folder)
    return pytest_files.collect(paths)


def parse_locustfile_paths(paths: Iterable[str]) -> list[str]:
    """Return the files that arguments of `-f` mean, as absolute paths. Raises LocustfileError as `find` does."""
    return [str(source.path) for path in paths for source in find(path)]


def load_locustfile(path: str) -> tuple[dict[str, type[User]], list[LoadTestShape]]:
    """Load one file and return its user classes by name, and its shapes (Locust's signature)."""
    loaded = load(find(path))
    return loaded.user_classes, list(loaded.shape_classes.values())


def _import(source: Source) -> ModuleType:
    # Files import their siblings, and packages that lie beside them or in the working directory.
    _put_on_path(Path.cwd())
    if source.module is None:
        _put_on_path(source.path.parent)
    try:
        module = importlib.import_module(source.module) if source.module else _import_file(source.path)
    except Exception as error:
        text = describe(error, source.shown)
        raise LocustfileError(text.replace(str(source.path), source.shown) if source.url else text) from error
    _make_grpc_cooperative()
    return module


def _import_file(path: Path) -> ModuleType:
    name = path.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if known is not None or name in sys.stdlib_module_names:
        name = f"{path.parent.name}_{name}_{abs(hash(str(path))):x}"
    spec = importlib.util.spec_from_file_location(name, path, loader=SourceFileLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # pickle and dataclasses look up a class's module by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _make_grpc_cooperative() -> None:
    """Make gRPC's calls yield to the other users, also where the file has seen to it itself."""
    if "grpc" in sys.modules:
        from swarm._gevent import cooperative_grpc

        # ModuleNotFoundError: it is a module of their own that has this name.
        with contextlib.suppress(ModuleNotFoundError):
            cooperative_grpc()


def _put_on_path(folder: Path) -> None:
    text = str(folder)
    if text not in sys.path:
        _import_what_it_hides(folder)
        sys.path.insert(0, text)


LATE_IMPORTS = (
    "psutil",
    "requests",
    "rich.live",
    "swarm.environment",
    "swarm.runners.local",
    "swarm.users.fast_http_user",
    "swarm.users.http_user",
    "swarm_cli.run",
)
"""What Swarm imports after the locustfile, and with it most of what that imports in turn."""


def _import_what_it_hides(folder: Path) -> None:
    """Import what we need later, when a file of the folder has the name of something among it.

    Once the folder is on the path, somebody's `http.py` would be found in place of the standard library's.
    """
    names = {file.stem for file in folder.glob("*.py")} | {
        file.parent.name for file in folder.glob("*/__init__.py")
    }
    hidden = names & (sys.stdlib_module_names | {"psutil", "requests", "rich", "structlog"})
    if hidden - sys.modules.keys():
        for module in LATE_IMPORTS:
            importlib.import_module(module)


def _shown(path: Path) -> str:
    try:
        return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
    except FileNotFoundError:  # the working directory was removed
        return str(path)


def is_user_class(item: object) -> TypeGuard[type[User]]:
    """Tell whether `item` is a class that users are made of: a subclass of User that is not abstract."""
    from swarm.users.user import User

    return inspect.isclass(item) and issubclass(item, User) and not item.abstract


def is_shape_class(item: object) -> TypeGuard[type[LoadTestShape]]:
    """Tell whether `item` is a load shape: a subclass of LoadTestShape that is not abstract."""
    from swarm.shape import LoadTestShape

    return inspect.isclass(item) and issubclass(item, LoadTestShape) and not item.abstract


def _collect(module: ModuleType, source: Source, loaded: Locustfiles) -> None:
    for item in list(vars(module).values()):
        if is_user_class(item):
            known = loaded.user_classes.setdefault(item.__name__, item)
            if known is not item:
                raise LocustfileError(
                    f"{source.shown}: there are two user classes named {item.__name__}, here and in "
                    f"{known.__module__}; statistics and options tell them apart by name: rename one"
                )
        elif is_shape_class(item) and item.__name__ not in loaded.shape_classes:
            loaded.shape_classes[item.__name__] = item()
