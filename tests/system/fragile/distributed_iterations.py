"""Ends a worker after so many iterations, as plugins do: its statistics are sent at once, then it quits."""

import logging
from functools import wraps

from locust import HttpUser, constant, events, task
from locust.exception import StopUser
from locust.runners import WorkerRunner
from locust.user.task import DefaultTaskSet


@events.init_command_line_parser.add_listener
def add_arguments(parser, **_kwargs):
    parser.add_argument("-i", "--iterations", type=int, default=0, env_var="LOCUST_ITERATIONS")


@events.test_start.add_listener
def set_up_iteration_limit(environment, **_kwargs):
    runner = environment.runner
    runner.iterations_started = 0
    runner.iteration_target_reached = False

    def limited(method):
        @wraps(method)
        def execute(self, task):
            if runner.iterations_started == environment.parsed_options.iterations:
                if not runner.iteration_target_reached:
                    runner.iteration_target_reached = True
                    logging.info("iteration limit reached")
                if runner.user_count == 1:
                    logging.info("last user stopped")
                    if isinstance(runner, WorkerRunner):
                        runner._send_stats()
                    runner.quit()
                raise StopUser
            runner.iterations_started += 1
            method(self, task)

        return execute

    DefaultTaskSet.execute_task = limited(DefaultTaskSet.execute_task)


class Visitor(HttpUser):
    wait_time = constant(0.01)

    @task
    def hello(self):
        self.client.get("/hello")
