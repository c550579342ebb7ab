"""What users of load tests write every day, numbers 1 to 10, 15 and 16: requests, users, tasks.

Each is a file in `examples/`, run in both names, and checked by what the server saw and what the run reported.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from swarm_cli.demo.process import open_shop
from tests.servers.site import Site
from tests.system.example import Example
from tests.system.results import Report, rows, table


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The demo shop, in a process of its own."""
    with open_shop() as url:
        yield url


def as_sampled(count: int, of: int, share: float) -> bool:
    """Tell whether so many of a number of independent choices fit a share: within five standard deviations."""
    return abs(count - of * share) <= 5 * (of * share * (1 - share)) ** 0.5


def test_1_requests_of_two_names(example: Example, site: Site) -> None:
    result = example.run("01_hello_world", "-u", "5", "-r", "5", "-H", site.url)

    assert result.code == 0, result.err
    assert len(site.seen) > 10
    assert site.counts() == Report(result).counts
    total = len(site.seen)
    assert table(result) == {
        "GET /hello": (len(site.of("/hello")), 0),
        "GET /world": (len(site.of("/world")), 0),
    }
    assert re.search(rf"^\s+Aggregated\s+{total}\s", result.err, re.MULTILINE)


def asked(shop: str) -> Counter[str]:
    with urllib.request.urlopen(f"{shop}/stats") as answer:
        routes = json.load(answer)["routes"]
    return Counter({f"{route['method']} {route['name']}": route["requests"] for route in routes})


def test_2_users_log_in_once_and_out_once(example: Example, shop: str) -> None:
    users = 60
    before = asked(shop)
    result = example.run("02_log_in_and_out", "-u", str(users), "-r", str(users), "-H", shop, time="2")
    after = asked(shop) - before

    assert result.code == 0, result.err
    counts = Report(result).counts
    assert {name: after[name] for name in counts} == counts
    assert counts["POST /login"] == counts["POST /logout"] == users
    tasks = counts["GET /basket"] + counts["GET /catalogue"]
    assert tasks >= users
    assert as_sampled(counts["GET /catalogue"], tasks, 0.75)


def test_3_a_with_block_judges_the_response(example: Example, site: Site) -> None:
    result = example.run("03_judge_responses", "-u", "3", "-r", "3", "-H", site.url, "--csv", "run")

    assert result.code == 1
    wrong, slow = len(site.of("/hello")), len(site.of("/slow/60"))
    failures = {
        "CatchResponseError('Got wrong response')": wrong,
        "CatchResponseError('Request took too long')": slow,
    }
    assert Report(result).failures == failures
    assert {row["Error"]: int(row["Occurrences"]) for row in rows(example.folder / "run_failures.csv")} == (
        failures
    )
    assert table(result) == {
        "GET /hello": (wrong, wrong),
        "GET /slow/60": (slow, slow),
        "GET /status/404": (len(site.of("/status/404")), 0),
    }
    assert "GET /hello: CatchResponseError('Got wrong response')" in result.err


def test_4_bodies_that_are_no_json_and_lack_a_key_are_failures(example: Example, site: Site) -> None:
    result = example.run("04_json", "-u", "4", "-r", "4", "-H", site.url)

    assert result.code == 1
    assert Report(result).failures == {
        "CatchResponseError('Response could not be decoded as JSON')": len(site.of("/hello")),
        "CatchResponseError(\"Response did not contain expected key 'greeting'\")": len(site.of("/echo")),
    }
    assert Report(result).counts == site.counts()
    assert {json.dumps(seen.json) for seen in site.seen} == {'{"foo": 42, "bar": null}'}


def test_5_requests_are_grouped_in_three_ways(example: Example, site: Site) -> None:
    result = example.run("05_grouping", "-u", "3", "-r", "3", "-H", site.url)

    assert result.code == 0, result.err
    assert Report(result).counts == {
        f"GET {path}?id=[id]": len(site.of(path)) for path in ("/blog", "/article", "/news")
    }
    assert {seen.target.partition("=")[2] for seen in site.seen} == {str(number) for number in range(10)}


def test_6_paces_count_from_the_start_of_a_task(example: Example) -> None:
    result = example.run("06_paces", "-u", "80", "-r", "80", time="2")

    assert result.code == 0, result.err
    starts: dict[str, list[list[float]]] = {}
    for owner, times in json.loads((example.folder / "starts.json").read_text()).items():
        starts.setdefault(owner.split()[0], []).append(times)
    assert {name: len(users) for name, users in starts.items()} == dict.fromkeys(
        ("Seldom", "TwicePerSecond", "EveryHalfSecond", "OnceLate"), 20
    )
    assert all(len(times) == 1 for times in starts["Seldom"])  # the next one would be due after ten seconds
    for name in ("TwicePerSecond", "EveryHalfSecond"):
        # At 0, 0.5, 1, 1.5 seconds: the task's own time is in the pace.
        assert 20 * 3 <= sum(map(len, starts[name])) <= 20 * 5
        assert min(gaps_of(starts[name])) > 0.45
    late = [[after - before for before, after in pairwise(times)] for times in starts["OnceLate"]]
    assert min(gaps[0] for gaps in late) > 0.95
    assert min(gap for gaps in late for gap in gaps[1:]) > 0.15  # nothing is caught up


def gaps_of(users: list[list[float]]) -> list[float]:
    return [after - before for times in users for before, after in pairwise(times)]


def test_7_a_wait_time_of_the_users_own_grows(example: Example) -> None:
    result = example.run("07_growing_wait")

    assert result.code == 0, result.err
    times = [float(line) for line in result.out.split() if line[0].isdigit()]
    gaps = gaps_of([times])
    assert len(gaps) >= 3
    assert all(gap > number * 0.09 for number, gap in enumerate(gaps, start=1))


def test_8_weights_and_fixed_counts_give_the_instances(example: Example) -> None:
    result = example.python("08_instances")

    assert result.code == 0, result.err
    assert [json.loads(line) for line in result.out.splitlines()] == [
        {"WebUser": 1, "MobileUser": 0},
        {"WebUser": 2, "MobileUser": 0},
        {"WebUser": 8, "MobileUser": 2},
        {"WebUser": 750, "MobileUser": 250},
        {"AdminUser": 1, "WebUser": 0, "MobileUser": 0},
        {"AdminUser": 1, "WebUser": 1, "MobileUser": 0},
        {"AdminUser": 1, "WebUser": 7, "MobileUser": 2},
        {"AdminUser": 1, "WebUser": 749, "MobileUser": 250},
    ]


def test_9_tasks_are_functions_and_classes_in_lists_and_dictionaries(example: Example, site: Site) -> None:
    result = example.run("09_tasks", "-u", "9", "-r", "9", "-H", site.url)

    assert result.code == 0, result.err
    counts = site.counts()
    assert Report(result).counts == counts
    weighted = counts["GET /forum/weighted"]
    # /first comes from Listed (1 of 3) and from Weighted (1 of 4).
    listed = round(counts["GET /second"] * 3 / 2)
    assert as_sampled(counts["GET /forum/mixed"], counts["GET /forum/mixed"] + counts["GET /own"], 0.5)
    expected = counts["GET /second"] / 2 + weighted / 3
    assert abs(counts["GET /first"] - expected) <= 5 * (listed + weighted) ** 0.5


@pytest.mark.parametrize(
    ("options", "ran"),
    [
        ("-T tag1 whole -E tag2", "inside1 part task1 whole"),
        ("-E tag1 tag3 function", "inside2 task4 whole"),
    ],
)
def test_10_tags_choose_the_tasks(example: Example, site: Site, options: str, ran: str) -> None:
    result = example.run("10_tags", "-u", "4", "-r", "4", "-H", site.url, *options.split())

    assert result.code == 0, result.err
    assert " ".join(sorted({seen.path.removeprefix("/") for seen in site.seen})) == ran
    assert Report(result).counts == site.counts()


def test_15_payloads_in_korean_are_each_users_own(example: Example, site: Site) -> None:
    users = 30
    result = example.run("15_korean_payloads", "-u", str(users), "-r", str(users), "-H", site.url)

    assert result.code == 0, result.err
    payloads: list[dict[str, Any]] = [seen.json for seen in site.seen]
    assert len(payloads) > users
    assert len({json.dumps(payload) for payload in payloads}) == users
    assert len({payload["number"] for payload in payloads}) == users
    assert all(re.fullmatch(r"[가-힣]+", payload["name"]) for payload in payloads)


def test_16_nested_task_sets_are_left_and_go_on_in_their_order(example: Example) -> None:
    result = example.run("16_nested_task_sets", time="30")

    assert result.code == 0, result.err
    visits = result.out[: result.out.index("[")].split("\n")[:-1]
    assert visits == [
        "library opens",
        *("enter", "…"),
        "take",  # and back without a wait
        *("read", "…", "read", "…", "back", "…"),
        *("door", "…", "shelf", "…", "till", "…"),
        *("leave", "…", "end"),
        "library closes",
    ]
