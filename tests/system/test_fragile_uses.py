"""Twenty uses that a file of Locust's may make and that are easily broken, each as its user wrote it.

The files are in `fragile/`; short ones stand here. What is missing of the twenty needs several processes or the
browser UI: messages to chosen workers, `_send_stats`, `clients`.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from tests.servers.site import Site
from tests.system.cli_process import Cli, Finished
from tests.system.results import Report, rows, table

FILES = Path(__file__).with_name("fragile")
OPTION_NAMES = [
    *("step-time", "step-users", "start-users", "max-users", "iterations", "pacing", "qps", "burst", "token"),
    *(
        "headers",
        "endpoint",
        "dataset",
        "run-id",
        "workers",
        "max-fail-ratio",
        "min-requests",
        "size",
        "type",
    ),
    "duration",
]


def run(cli: Cli, name: str, *args: str, time: str = "1", env: dict[str, str] | None = None) -> Finished:
    """Run one of the files headless, with its statistics on stdout."""
    shutil.copy(FILES / f"{name}.py", cli.folder)
    return cli.run("-f", f"{name}.py", "--headless", "--json", "-t", time, *args, env=env)


ASSIGNMENTS = {
    "import locust.stats": """
        import locust.stats
        import locust.runners

        locust.stats.PERCENTILES_TO_REPORT = [0.5, 0.99]
        locust.stats.PERCENTILES_TO_CHART = [0.5, 0.6]
        locust.stats.PERCENTILES_TO_STATISTICS = [0.6]
        locust.stats.CSV_STATS_INTERVAL_SEC = 0.1
        locust.stats.CSV_STATS_FLUSH_INTERVAL_SEC = 0.2
        locust.stats.CONSOLE_STATS_INTERVAL_SEC = 0.2
        locust.stats.HISTORY_STATS_INTERVAL_SEC = 0.1
        locust.stats.CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW = 2
        locust.runners.WORKER_REPORT_INTERVAL = 1
        assert locust.runners.WORKER_REPORT_INTERVAL == 1
    """,
    "from locust import stats": """
        from locust import runners, stats

        stats.PERCENTILES_TO_REPORT = [0.5, 0.99]
        stats.PERCENTILES_TO_CHART = [0.5, 0.6]
        stats.CSV_STATS_INTERVAL_SEC = 0.1
        stats.CONSOLE_STATS_INTERVAL_SEC = 0.2
        stats.HISTORY_STATS_INTERVAL_SEC = 0.1
        stats.CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW = 2
        runners.WORKER_REPORT_INTERVAL = 1
    """,
    "in an init listener": """
        import locust
        from locust import events

        @events.init.add_listener
        def set_up(**kwargs):
            import locust.stats
            locust.stats.PERCENTILES_TO_REPORT = [0.5, 0.99]
            locust.stats.PERCENTILES_TO_CHART = [0.5, 0.6]
            locust.stats.CSV_STATS_INTERVAL_SEC = 0.1
            locust.stats.CONSOLE_STATS_INTERVAL_SEC = 0.2
            locust.stats.HISTORY_STATS_INTERVAL_SEC = 0.1
            locust.stats.CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW = 2
    """,
}
SLEEPY = """
        import time
        from locust import User, constant, events as its_events, task

        class Sleepy(User):
            wait_time = constant(0.01)

            @task
            def nap(self):
                with self.environment.events.request.measure("SLEEP", "nap"):
                    time.sleep(0.005)
"""


@pytest.mark.parametrize("assignment", ASSIGNMENTS.values(), ids=ASSIGNMENTS)
def test_1_settings_are_read_when_they_are_needed(cli: Cli, assignment: str) -> None:
    history = """
        @its_events.quitting.add_listener
        def show(environment, **kwargs):
            print(sorted(environment.stats.history[-1]), environment.stats.current_window)
            print(len(environment.stats.history))
    """
    cli.write("locustfile.py", assignment + SLEEPY + history)

    result = cli.headless("--csv", "run")

    assert result.code == 0, result.err
    columns = [name for name in rows(cli.folder / "run_stats.csv")[0] if name.endswith("%")]
    assert columns == ["50%", "99%"]
    assert len(rows(cli.folder / "run_stats_history.csv")) > 3
    assert result.err.count("failures/s") > 2  # the summary's, and some while the run lasted
    assert "response_time_percentile_0.6" in result.out
    window, rows_of_history = result.out.split()[-2:]
    assert (int(window), int(rows_of_history) > 3) == (2, True)


def test_1_percentiles_that_are_none_are_refused_before_the_run(cli: Cli) -> None:
    cli.write("locustfile.py", "import locust.stats\nlocust.stats.PERCENTILES_TO_REPORT = [50, 95]\n")
    with (cli.folder / "locustfile.py").open("a") as file:
        file.write(textwrap.dedent(SLEEPY))

    assert "PERCENTILES_TO_REPORT contains 50" in cli.headless().refused(1)


def test_2_a_replaced_execute_task_is_called_at_every_step_and_3_runners_take_foreign_attributes(
    cli: Cli,
) -> None:
    with Site() as site:
        result = run(cli, "iteration_limit", "-H", site.url, "-i", "12", "-u", "4", "-r", "4", time="30")

    assert result.code == 0, result.err
    assert "last user stopped" in result.err
    # Two steps went into the task sets, in which the steps count as well.
    assert len(site.seen) == 12 - 2
    assert set(site.counts()) == {"GET /hello", "GET /world"}


def test_3_an_environment_takes_foreign_attributes(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPY
        + """
        @its_events.init.add_listener
        def on_init(environment, **kwargs):
            environment.cache_conn = {"a": 1}
            environment.start_time = time.time()
            environment.users_count = 7

        @its_events.quitting.add_listener
        def on_quit(environment, **kwargs):
            print(environment.cache_conn, environment.users_count, environment.start_time > 0)
        """,
    )

    assert cli.headless().out == "{'a': 1} 7 True\n"


def test_4_a_closed_client_pool_opens_a_new_connection(cli: Cli) -> None:
    with Site() as site:
        result = run(cli, "new_connections", "-H", site.url)

    assert result.code == 0, result.err
    assert len(site.seen) > 2
    assert site.connections == len(site.seen)
    assert Report(result).counts == site.counts()


def test_5_a_user_has_several_sessions(cli: Cli) -> None:
    with Site() as site, Site() as basket, Site() as search:
        result = run(
            cli, "several_sessions", "-H", site.url, env={"BASKET": basket.url, "SEARCH": search.url}
        )

    assert result.code == 0, result.err
    assert Report(result).counts == {
        "GET /hello": len(site.seen),
        f"GET {basket.url}/hello": len(basket.seen),
        "GET search": len(search.seen),
    }
    total = len(site.seen) + len(basket.seen) + len(search.seen)
    assert f"seen by the listener: {total}\n" in result.out


def test_6_what_a_task_writes_into_request_meta_is_counted(cli: Cli) -> None:
    with Site() as site:
        result = run(cli, "request_meta", "-H", site.url, "-u", "2", "-r", "2")

    assert result.code == 0, result.err
    report = Report(result)
    assert report.names == {"GET plain with its queue", "GET fast with its queue", "GET as it was"}
    assert sum(report.counts.values()) == len(site.seen)
    for kind in ("plain", "fast"):
        entry = report["GET", f"{kind} with its queue"]
        assert entry["min_response_time"] == entry["max_response_time"] == 1234
    assert report["GET", "as it was"]["max_response_time"] < 1234


def test_7_adapters_of_requests_are_mounted(cli: Cli) -> None:
    with Site() as site:
        result = run(cli, "adapters", "-H", site.url, "-u", "3", "-r", "3")

    assert result.code == 0, result.err
    counts = Report(result).counts
    assert counts["GET /hello"] == len(site.of("/hello"))
    assert {seen.headers["x-from"] for seen in site.of("/hello")} == {"pooled"}
    # Each success is the third answer; the last request may have been cut between its attempts.
    assert counts["GET /flaky"] == len(site.of("/flaky")) // 3 > 0
    assert {seen.address for seen in site.of("/world")} == {"127.0.0.2"}


def test_8_what_a_local_runner_lacks_is_an_error_of_the_listener(cli: Cli) -> None:
    lacking = ["len(environment.runner.clients)", "environment.runner.run_time", "environment.runner.host"]
    listeners = "".join(
        f"\n        @its_events.test_start.add_listener\n        def on_start_{number}(environment, **kwargs):"
        f"\n            {expression}\n"
        for number, expression in enumerate(lacking)
    )
    cli.write("locustfile.py", SLEEPY + listeners)

    result = cli.headless()

    assert result.code == 2
    assert result.err.count("AttributeError: 'LocalRunner' object has no attribute") == 3
    assert table(result)["SLEEP nap"][0] > 0


def test_9_a_runners_greenlets_have_their_names(cli: Cli) -> None:
    cli.write(
        "script.py",
        """
        import swarm.compat.locust
        import gevent
        from locust import LoadTestShape, User, constant, task
        from locust.env import Environment

        class Sleepy(User):
            wait_time = constant(0.01)

            @task
            def nap(self):
                self.environment.events.request.fire(
                    request_type="NAP", name="nap", response_time=1, response_length=0
                )

        class Step(LoadTestShape):
            def tick(self):
                return (2, 2) if self.get_run_time() < 1 else None

        environment = Environment(user_classes=[Sleepy])
        runner = environment.create_local_runner()
        runner.start(4, spawn_rate=20)
        assert isinstance(runner.spawning_greenlet, gevent.Greenlet)
        runner.spawning_greenlet.join()
        assert runner.user_count == 4
        runner.stop()
        environment.shape_class = Step()
        runner.start_shape()
        assert isinstance(runner.shape_greenlet, gevent.Greenlet)
        runner.shape_greenlet.join()
        gevent.spawn_later(0.1, runner.quit)
        runner.greenlet.join()
        print(runner.state, environment.stats.total.num_requests > 0)

        other = Environment(user_classes=[Sleepy]).create_local_runner()
        other.start(2, spawn_rate=2)
        other.greenlet.kill()
        print("killed")
        """,
    )

    result = cli.run_program([sys.executable, "script.py"])

    assert result.code == 0, result.err
    assert result.out == "stopped True\nkilled\n"


def test_10_a_script_extends_its_arguments_and_calls_main(cli: Cli) -> None:
    shutil.copy(FILES / "as_a_script.py", cli.folder)
    with Site() as site:
        result = cli.run_program([sys.executable, "as_a_script.py", site.url])

    assert result.code == 0, result.err
    assert Report(result).counts == site.counts()
    assert len(site.seen) > 1


def test_11_the_names_that_files_give_their_options_are_free(cli: Cli) -> None:
    names = OPTION_NAMES
    given = [argument for name in names for argument in (f"--{name}", f"<{name}>")]
    given += [argument for letter in "ikmnopd" for argument in (f"-{letter}", f"<{letter}>")]
    given += ["--debug", "--no-stream", "--api-key", "sesame", "--sizes", "1", "2"]

    result = run(cli, "own_options", *given, env={"MODEL": "large"})

    assert result.code == 0, result.err
    shown = [f"<{name}>" for name in names] + [f"<{letter}>" for letter in "ikmnopd"]
    assert result.out.splitlines()[0] == " ".join([*shown, "True False large sesame [1, 2]"])
    assert "sesame" not in result.err


def test_11_an_option_that_we_own_is_refused_by_name(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPY
        + """
        @its_events.init_command_line_parser.add_listener
        def add(parser):
            parser.add_argument("--profile")
        """,
    )

    assert "--profile" in cli.headless().refused(1)


def test_12_users_and_task_sets_take_attributes_of_any_name(cli: Cli) -> None:
    with Site() as site:
        result = run(cli, "own_attributes", "-H", site.url, "-u", "3", "-r", "3")

    assert result.code == 0, result.err
    assert Report(result).counts["GET /hello"] == len(site.seen) > 0
    assert Report(result)["grpc", "step"]["num_requests"] > 0


def test_13_what_is_wrong_in_every_release_leaves_exit_code_1(cli: Cli) -> None:
    with Site() as site:
        result = run(cli, "wrong_steps", "-H", site.url, "-u", "4", "-r", "4")

    assert result.code == 1, result.err
    assert "AttributeError" in result.err
    assert "CatchResponseError" in result.err
    assert Report(result).failures == {}  # the requests themselves went well


def test_14_tasks_come_together_in_every_way(cli: Cli) -> None:
    with Site() as site:
        result = run(cli, "task_lists", "-H", site.url, "-u", "18", "-r", "18")

    assert result.code == 0, result.err
    assert "all users spawned" in result.err
    # By weight: 4 classes of weight 1, one of 0.5, one of 0.
    assert "Looped=4 Appended=4 Weighted=4 PerInstance=4 Half=2" in result.err
    paths = {seen.path for seen in site.seen}
    assert paths == {
        "/looped/0",
        "/looped/1",
        "/looped/2",
        "/own",
        "/plain",
        "/nested",
        "/mine",
        "/half",
    }


def test_18_a_second_patch_asyncio_and_locks_of_the_module_work(cli: Cli) -> None:
    with Site() as site:
        result = run(
            cli,
            "blocking_protocols",
            *("-H", site.url, "-u", "4", "-r", "4"),
            env={"PORT": site.url.rpartition(":")[2]},
        )

    assert result.code == 0, result.err
    assert Report(result)["WS", "asyncio"]["num_requests"] == len(site.of("/asyncio")) > 0
    assert Report(result)["GET", "/slow/20"]["num_requests"] == len(site.of("/slow/20")) > 0
    assert "at most inside: 2\n" in result.out


def test_19_files_reach_into_the_statistics(cli: Cli) -> None:
    with Site() as site:
        result = run(cli, "statistics", "-H", site.url)

    assert result.code == 0, result.err
    assert "all of it there" in result.out
    assert "a line beside the table" in result.err


def test_20_urls_are_joined_as_text_and_absolute_ones_go_elsewhere(cli: Cli) -> None:
    with Site() as site, Site() as other:
        result = run(cli, "urls", "-H", site.url, "-u", "4", "-r", "4", env={"ELSEWHERE": other.url})

    assert result.code == 1, result.err
    assert not site.seen
    assert "a task" in result.err
    assert "v1" in result.err
    report = Report(result)
    assert report.failures == {}  # the call raised in the task; no request was made
    assert report.names == {"GET /hello", f"GET {other.url}/hello"}
    assert sum(report.counts.values()) == len(other.seen) > 0
