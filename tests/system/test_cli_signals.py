"""Ctrl-C and SIGTERM: in order once, with the report; at once the second time."""

import signal

import pytest

from tests.system.cli_process import SLEEPER, Cli


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_a_run_in_order_with_its_report(sleeper: Cli, number: int) -> None:
    with sleeper.running("--headless", "-u", "5", "-r", "5", "--json", "--csv", "out") as run:
        run.wait_for("all users spawned")
        run.wait_for("Aggregated")
        run.signal(number)
        result = run.finish()

    assert result.code == 0, result.err
    assert "Response time percentiles" in result.err
    assert '"name": "nap"' in result.out
    assert "Aggregated" in (sleeper.folder / "out_stats.csv").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_ramp_stops_it(sleeper: Cli, number: int) -> None:
    with sleeper.running("--headless", "-u", "1000", "-r", "2", "-t", "10m") as run:
        run.wait_for("Aggregated")
        run.signal(number)
        result = run.finish()

    assert result.code == 0, result.err
    assert "Response time percentiles" in result.err
    assert "all users spawned" not in result.err


def test_a_signal_ends_a_run_that_follows_a_shape(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER
        + """
    from swarm import LoadTestShape

    class Endless(LoadTestShape):
        def tick(self):
            return int(self.get_run_time()) + 1, 10
    """,
    )
    with cli.running("--headless") as run:
        run.wait_for("Aggregated")
        run.signal(signal.SIGTERM)
        result = run.finish()

    assert result.code == 0, result.err
    assert "Response time percentiles" in result.err


def test_a_second_ctrl_c_ends_the_process_at_once(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER + "\n        def on_stop(self):\n            time.sleep(60)\n",
    )
    with cli.running("--headless", "-s", "60") as run:
        run.wait_for("all users spawned")
        run.signal(signal.SIGINT)
        run.wait_for("SIGINT: stopping in order")
        run.signal(signal.SIGINT)
        result = run.finish()

    assert result.code == 130
    assert "Traceback" not in result.err


def test_the_second_ctrl_c_works_while_a_task_keeps_the_loop_from_turning(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        """
        from swarm import User, task

        class Hog(User):
            @task
            def compute(self):
                print("computing", flush=True)
                while True:
                    pass
        """,
    )
    with cli.running("--headless") as run:
        run.wait_for_output("computing")
        run.signal(signal.SIGINT)
        run.wait_for("SIGINT: stopping in order")
        run.signal(signal.SIGINT)
        result = run.finish()

    assert result.code == 130


def test_ctrl_c_while_the_file_is_loading_is_no_traceback(cli: Cli) -> None:
    cli.write("locustfile.py", 'import time\nprint("loading", flush=True)\ntime.sleep(60)\n')

    with cli.running("--headless") as run:
        run.wait_for_output("loading")
        run.signal(signal.SIGINT)
        result = run.finish()

    assert result.code == 130
    assert "Traceback" not in result.err


def test_a_slow_test_start_does_not_keep_ctrl_c_from_ending_the_run(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        SLEEPER
        + """
    from swarm import events

    @events.test_start.add_listener
    def prepare(**_):
        print("preparing", flush=True)
        time.sleep(2)
    """,
    )
    with cli.running("--headless", "-u", "5") as run:
        run.wait_for_output("preparing")
        run.signal(signal.SIGINT)
        result = run.finish()

    assert result.code == 0, result.err
    assert "shutting down (exit code 0)" in result.err
