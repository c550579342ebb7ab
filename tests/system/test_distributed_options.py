"""What the master was told on its command line holds on its workers, which were told nothing."""

from __future__ import annotations

import signal

from swarm.runners.options import NODES_OWN
from swarm_cli.options import get_parser
from tests.system.cli_process import Cli
from tests.system.swarm_of import SwarmOf, facts, until


def test_tags_classes_options_and_the_reset_of_the_master_hold_on_its_workers(cli: Cli) -> None:
    cli.write(
        "locustfile.py",
        """
        from swarm import User, constant, events, tag, task

        @events.init_command_line_parser.add_listener
        def declare(parser):
            parser.add_argument("--tier", default="iron")
            parser.add_argument("--hidden", default="none", include_in_web_ui=False)
            parser.add_argument("--token", default="", is_secret=True)
            parser.add_argument("--key", default="", is_secret=True, include_in_web_ui=False)

        @events.test_start.add_listener
        def start(environment, **kwargs):
            options = environment.parsed_options
            print("options", options.tier, options.hidden, repr(options.token), repr(options.key), options.tags,
                  options.exclude_tags, options.user_classes, options.num_users, flush=True)
            print("environment", environment.host, environment.stop_timeout, environment.reset_stats,
                  [cls.__name__ for cls in environment.user_classes], flush=True)

        @events.reset_stats.add_listener
        def reset():
            print("reset", flush=True)

        @events.spawning_complete.add_listener
        def complete(user_count, **kwargs):
            print("complete", user_count, flush=True)

        class Chosen(User):
            wait_time = constant(0.01)

            @tag("slow")
            @task
            def slow(self):
                self.count("slow")

            @tag("slow", "broken")
            @task
            def broken(self):
                self.count("broken")

            @task
            def fast(self):
                self.count("fast")

            def count(self, name):
                self.environment.events.request.fire(
                    request_type="GET", name=name, response_time=1, response_length=0
                )

        class Other(Chosen):
            pass
        """,
    )
    arguments = "-u 4 -r 2 -H http://masters -T slow -E broken -s 3 --reset-stats --tier gold --hidden too"
    with SwarmOf(cli) as swarm:
        swarm.start(*arguments.split(), "--token", "sesame", "--key", "open", "Chosen")
        for worker in swarm.workers:
            worker.wait_for_output("complete 4")
        until(lambda: swarm.master.out.count("complete") == 1, "the end of the ramp")
        swarm.master.signal(signal.SIGTERM)
        finished, report = swarm.finish()
        workers = [worker.finish() for worker in swarm.workers]

    assert finished.code == 0, finished.err
    expected = [
        "options gold too '' '' ['slow'] ['broken'] ['Chosen'] 4",
        "environment http://masters 3.0 True ['Chosen']",
        "reset",
        "complete 4",
    ]
    assert [worker.out.splitlines() for worker in workers] == [expected, expected], workers[0].err
    assert finished.out.splitlines()[0] == expected[0].replace("'' ''", "'sesame' 'open'")
    assert finished.out.splitlines()[1:4] == expected[1:]
    for process in (finished, *workers):
        assert "sesame" not in process.err
    assert report.names == {"GET slow"}
    run = facts(report)
    assert sum(report.counts.values()) == run["samples_merged"]
    assert run["samples_reset"] > 0
    assert run["samples_complete"]


def test_every_option_is_either_one_nodes_own_or_for_all() -> None:
    ours = {action.dest for action in get_parser()._actions}

    assert ours - NODES_OWN == {
        *("config_users", "equal_weights", "exclude_tags", "host", "num_users", "profile", "reset_stats"),
        *("run_time", "spawn_rate", "stop_timeout", "tags", "user_classes"),
    }
    assert ours >= NODES_OWN
