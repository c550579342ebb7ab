"""The locustfile as it travels from the master to workers that were started with `-f -`.

What goes is the files that were loaded, every module that lies below their folders or the working directory and
was imported, and the modules of the packages that lie beside the files, imported yet or not. Files of data don't go.
Where it arrives, nothing is written outside the folder that is made for it.
"""

from __future__ import annotations

import hashlib
import sys
import sysconfig
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from swarm.control.messages import Source
from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SEPARATOR = ","
"""Between the names of several locustfiles in `Source.main`."""
MAX_BYTES = 16 * 1024 * 1024
"""Of all files together."""
_OURS = frozenset({"swarm", "swarm_cli", "swarm_stats", "swarm_web", "locust", "__main__"})


class SourceError(SwarmError):
    """The locustfile cannot be sent, or what came is none."""


def content_hash(paths: Iterable[str]) -> str:
    """Return a hash of the files' contents in their order, empty when there is none or one cannot be read."""
    digest = hashlib.sha256()
    found = False
    for path in paths:
        try:
            digest.update(hashlib.sha256(Path(path).read_bytes()).digest())
        except OSError:
            return ""
        found = True
    return digest.hexdigest() if found else ""


def pack(paths: Iterable[str]) -> Source:
    """Return the loaded files and the local modules that they have imported or may, relative to where imports look.

    A module that was not imported yet is left out when it is no text, or would make it too much. Raises
    SourceError when another is no text, or all are together too large.
    """
    mains = [Path(path).resolve() for path in paths]
    roots = list(dict.fromkeys([Path.cwd().resolve(), *(main.parent for main in mains)]))
    files: dict[str, str] = {}
    for path in (*mains, *_local_modules(roots)):
        try:
            files.setdefault(_name(path, roots), path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{path} cannot be sent to the workers: {error}") from error
    size = sum(map(len, files.values()))
    for path in _modules_beside(dict.fromkeys(main.parent for main in mains)):
        name = _name(path, roots)
        text = None if name in files else _text_of(path)
        if text is not None and size + len(text) <= MAX_BYTES:
            files[name] = text
            size += len(text)
    if size > MAX_BYTES:
        raise SourceError(
            f"the locustfile and its modules are {size / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are sent "
            "to workers: put the files on their machines and start them with -f FILE"
        )
    names = [_name(main, roots) for main in mains]
    return Source(SEPARATOR.join(names), files, digest(files))


def unpack(source: Source) -> tuple[Path, list[Path]]:
    """Write the files into a new folder; return it, and the locustfiles in it.

    Raises SourceError when the digest is wrong, or a name leads out of the folder; nothing is written then.
    """
    if digest(source.files) != source.digest:
        raise SourceError("the master's locustfile came damaged: its digest is another one")
    mains = source.main.split(SEPARATOR)
    for name in (*source.files, *mains):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.name or "\\" in name or "\0" in name:
            raise SourceError(f"the master sent a file of the name {name!r}, which is not taken")
    if not set(mains) <= source.files.keys():
        raise SourceError("the master sent no locustfile")
    folder = Path(tempfile.mkdtemp(prefix="swarm-"))
    for name, text in source.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder, [folder / name for name in mains]


def digest(files: Mapping[str, str]) -> str:
    """Return a hash of names and contents."""
    whole = hashlib.sha256()
    for name in sorted(files):
        for part in (name, files[name]):
            data = part.encode()
            whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()


def _name(path: Path, roots: Iterable[Path]) -> str:
    """Return the path relative to the first root that it lies below: each root is where imports look."""
    return next(path.relative_to(root) for root in roots if path.is_relative_to(root)).as_posix()


def _modules_beside(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield the modules of the packages in these folders, and of their sub-packages."""
    for folder in folders:
        for entry in sorted(folder.iterdir()):
            if entry.name.isidentifier() and (entry / "__init__.py").is_file() and not entry.is_symlink():
                yield from sorted(entry.glob("*.py"))
                yield from _modules_beside([entry])


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _local_modules(roots: Iterable[Path]) -> list[Path]:
    installed = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")}
    found: dict[Path, None] = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or not str(file).endswith(".py") or name.partition(".")[0] in _OURS:
            continue
        path = Path(file).resolve()
        if (
            path.is_file()
            and any(map(path.is_relative_to, roots))
            and not any(map(path.is_relative_to, installed))
        ):
            found[path] = None
    return list(found)
