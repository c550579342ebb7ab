"""Feeds of files, queries and iterables, read in this process: rows, policies, their end, and what is wrong."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from swarm import StopTest, StopUser
from swarm.data import CsvFeed, Feed, FeedError, IterableFeed, JsonLinesFeed, SqlFeed, attach
from swarm.data.feed import Row
from swarm.data.supply import Policy


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text("name,city\nanna,Bern\nbo,Ulm\ncleo,Rom\n")
    return path


def names(feed: Feed) -> list[str]:
    return [row["name"] for row in feed]


def feeds_of_all_kinds(folder: Path) -> list[Feed]:
    rows = [{"name": "anna"}, {"name": "bo"}, {"name": "cleo"}]
    (folder / "u.csv").write_text("name\n" + "\n".join(row["name"] for row in rows))
    (folder / "u.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    database = sqlite3.connect(folder / "u.db")
    database.execute("CREATE TABLE u (name TEXT)")
    database.executemany("INSERT INTO u VALUES (:name)", rows)
    database.commit()
    database.close()
    return [
        CsvFeed(folder / "u.csv"),
        JsonLinesFeed(folder / "u.jsonl"),
        SqlFeed(folder / "u.db", "SELECT name FROM u"),
        SqlFeed(lambda: sqlite3.connect(folder / "u.db"), "SELECT name FROM u WHERE name != ?", ["nobody"]),
        IterableFeed(rows),
        IterableFeed(row for row in rows),
    ]


# -- rows and policies --


def test_every_kind_of_feed_gives_its_rows_once_as_dictionaries(tmp_path: Path) -> None:
    for feed in feeds_of_all_kinds(tmp_path):
        assert feed.next() == {"name": "anna"}
        assert json.dumps(feed.next()) == '{"name": "bo"}'
        assert names(feed) == ["cleo"]
        with pytest.raises(StopUser, match="has no more rows"):
            feed.next()


def test_a_feed_can_end_the_test(users: Path) -> None:
    feed = CsvFeed(users, exhausted=StopTest)
    assert len(list(feed)) == 3

    with pytest.raises(StopTest, match=r"users\.csv has no more rows"):
        feed.next()


def test_cycle_begins_again(users: Path) -> None:
    feed = CsvFeed(users, policy="cycle")

    assert [feed.next()["name"] for _ in range(7)] == ["anna", "bo", "cleo", "anna", "bo", "cleo", "anna"]


def test_cycle_of_a_generator_keeps_what_it_gave() -> None:
    feed = IterableFeed(({"n": n} for n in range(3)), policy="cycle")

    assert [feed.next()["n"] for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]


def test_random_takes_any_row_each_time_and_the_same_with_a_seed(users: Path) -> None:
    one, other = (CsvFeed(users, policy="random", seed=7) for _ in range(2))
    assert [one.next() for _ in range(20)] == [other.next() for _ in range(20)]

    feed = CsvFeed(users, policy="random")
    assert Counter(feed.next()["name"] for _ in range(1_000)).keys() == {"anna", "bo", "cleo"}


def test_restart_begins_with_the_first_row(users: Path) -> None:
    feed = CsvFeed(users)
    assert len(names(feed)) == 3
    feed.restart()

    assert names(feed) == ["anna", "bo", "cleo"]


def test_two_feeds_of_one_file_have_their_own_rows_and_names(users: Path) -> None:
    one, other = CsvFeed(users), CsvFeed(users)
    one.next()

    assert other.next()["name"] == "anna"
    assert (one.name, other.name) == ("users.csv", "users.csv #2")


def test_a_csv_file_as_spreadsheets_write_it(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes('\ufeffname;note\r\n"Bo; Jr.";"two\r\nlines"\r\n\r\nAna;""\r\n'.encode())

    assert list(CsvFeed(path, delimiter=";")) == [
        {"name": "Bo; Jr.", "note": "two\r\nlines"},
        {"name": "Ana", "note": ""},
    ]


def test_a_csv_file_without_names_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("anna,1\nbo,2\n")

    assert list(CsvFeed(path, columns=["name", "id"])) == [
        {"name": "anna", "id": "1"},
        {"name": "bo", "id": "2"},
    ]


def test_rows_of_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes("name\nJürgen\n".encode("cp1252"))

    assert names(CsvFeed(path, encoding="cp1252")) == ["Jürgen"]


@pytest.mark.parametrize("policy", ["cycle", "random"])
def test_a_row_may_be_changed_and_comes_again_as_it_was(users: Path, policy: Policy) -> None:
    rows = [{"name": "anna"}, {"name": "bo"}]
    for feed in (
        CsvFeed(users, policy=policy),
        IterableFeed(rows, policy=policy),
        IterableFeed(iter(rows), policy=policy),
    ):
        for _ in range(20):
            row = feed.next()
            assert row["name"] != "changed"
            row["name"] = "changed"


# -- what is wrong, and when it is told --


def test_a_column_that_is_not_there(users: Path) -> None:
    row = CsvFeed(users).next()

    with pytest.raises(FeedError, match=r"users\.csv has no column 'nmae'; it has: name, city"):
        row["nmae"]
    assert isinstance(row, Row)
    assert row.get("nmae") is None


def test_making_a_feed_reads_nothing_and_attaching_does(tmp_path: Path) -> None:
    feed = CsvFeed(tmp_path / "nowhere.csv")

    with pytest.raises(FeedError, match=r"nowhere\.csv cannot be read: No such file or directory"):
        attach(None)
    assert feed.name == "nowhere.csv"


def test_a_relative_path_is_told_with_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FeedError, match=f"from the working directory {tmp_path}"):
        CsvFeed("users.csv").check()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"users\.csv has no rows"),
        (b"name,city\n", r"users\.csv has no rows"),
        (b"name,city\nanna\n", "line 2: 1 values for 2 columns \\('name', 'city'\\)"),
        (b"name,city\nanna,Bern,7\n", "line 2: 3 values for 2 columns"),
        (b"name,name\nanna,Bern\n", "does not name the columns"),
        (b"name,\nanna,Bern\n", "does not name the columns"),
        (b'name\nanna\n"open', "line 3: unexpected end of data"),
        ("name\nJürgen\n".encode("cp1252"), r'is not in utf-8-sig: .* \(byte 0xfc\).*encoding="cp1252"'),
    ],
)
def test_a_csv_file_that_is_wrong_is_told_before_the_run(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(content)

    with pytest.raises(FeedError, match=message):
        CsvFeed(path).check()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"name": "anna"}\n\n{"name": \n', "line 3 is no JSON: "),
        ('["anna"]\n', "line 1 is no JSON object but a list"),
        ("\n \n", "has no rows"),
    ],
)
def test_a_file_of_json_lines_that_is_wrong_is_told_before_the_run(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "users.jsonl"
    path.write_text(content)

    with pytest.raises(FeedError, match=message):
        JsonLinesFeed(path).check()


def test_an_encoding_that_does_not_exist(users: Path) -> None:
    with pytest.raises(FeedError, match="unknown encoding: utf-9"):
        CsvFeed(users, encoding="utf-9").check()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT nmae FROM u", "failed: OperationalError: no such column: nmae .*SELECT nmae FROM u"),
        ("SELECT name, name FROM u", "two columns of one name"),
        ("SELECT name FROM u WHERE 0", r"u\.db( #2)? has no rows"),
        ("PRAGMA user_version = 7", "gives no rows|readonly database"),
    ],
)
def test_a_query_that_is_wrong_is_told_before_the_run(tmp_path: Path, query: str, message: str) -> None:
    feeds_of_all_kinds(tmp_path)

    with pytest.raises(FeedError, match=message):
        SqlFeed(tmp_path / "u.db", query).check()


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="There is no database"):
        SqlFeed(tmp_path / "u.db", "SELECT 1").check()
    assert not (tmp_path / "u.db").exists()


def test_settings_that_are_none(users: Path) -> None:
    with pytest.raises(
        FeedError, match="The policy of users.csv is 'twice'; it is one of 'once', 'cycle', 'random'"
    ):
        CsvFeed(users, policy="twice")  # type: ignore[arg-type]
    with pytest.raises(FeedError, match="exhausted of users.csv is 'test'; it is StopUser or StopTest"):
        CsvFeed(users, exhausted="test")


def test_an_empty_iterable_says_so() -> None:
    with pytest.raises(FeedError, match="the iterable has no rows"):
        IterableFeed([]).check()
    with pytest.raises(FeedError, match="empty one has no rows, so there is nothing to begin again with"):
        IterableFeed(iter(()), policy="cycle", name="empty one").next()


def test_a_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    with path.open("w") as file:
        file.write("name\n")
        file.writelines(f"user {n}\n" for n in range(20_000))
    feed = CsvFeed(path)
    feed.check()

    assert feed.count == 20_000
    assert not any(
        len(value) > 100 for value in vars(feed).values() if isinstance(value, list | dict | tuple)
    )
    assert sum(1 for _ in feed) == 20_000
