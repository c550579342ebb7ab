import csv
import errno
import os
from pathlib import Path

import pytest

from swarm_cli.errors import CommandLineError
from swarm_cli.files import MAX_UNWRITTEN_BYTES, OutputFile, as_csv


class FullDisk:
    """Stands for os.write while a disk has room for so many bytes more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = 0
        self._write = os.write
        monkeypatch.setattr("swarm_cli.files.os.write", self)

    def __call__(self, descriptor: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(descriptor, data[: self.room])
        self.room -= written
        return written


def test_what_is_appended_is_written_at_the_next_flush(tmp_path: Path) -> None:
    file = OutputFile(tmp_path / "deep" / "out.csv", "--csv")
    file.append(b"one\n")
    assert (tmp_path / "deep" / "out.csv").read_bytes() == b""
    file.flush()
    file.append(b"two\n")
    file.flush()

    assert (tmp_path / "deep" / "out.csv").read_bytes() == b"one\ntwo\n"


def test_a_replaced_file_holds_nothing_of_before(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("from an earlier run")
    file = OutputFile(tmp_path / "out.csv", "--csv")
    file.replace(b"a long first text")
    file.replace(b"short")

    assert (tmp_path / "out.csv").read_bytes() == b"short"


def test_nothing_is_lost_when_there_is_room_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch)
    file = OutputFile(tmp_path / "out.csv", "--csv")
    disk.room = 2
    file.append(b"one\n")
    file.flush()
    assert file.problem == "No space left on device"
    file.append(b"two\n")
    file.flush()
    disk.room = 100
    file.flush()

    assert file.problem is None
    assert (tmp_path / "out.csv").read_bytes() == b"one\ntwo\n"


def test_a_file_that_never_finds_room_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch)
    file = OutputFile(tmp_path / "out.csv", "--csv")
    file.append(b"x" * (MAX_UNWRITTEN_BYTES + 1))
    file.flush()
    disk.room = 100
    file.append(b"later")
    file.flush()

    assert file.problem is not None
    assert (tmp_path / "out.csv").read_bytes() == b""


def test_a_path_that_cannot_be_written_is_refused_with_its_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CommandLineError, match=r"--csv: .*file/out\.csv cannot be written"):
        OutputFile(tmp_path / "file" / "out.csv", "--csv")


def test_cells_with_commas_and_lines_stay_one_cell() -> None:
    text = as_csv([["a,b", 'say "x"', "two\nlines"], [1, 2.5, ""]]).decode()

    assert list(csv.reader(text.splitlines(keepends=True))) == [
        ["a,b", 'say "x"', "two\nlines"],
        ["1", "2.5", ""],
    ]
