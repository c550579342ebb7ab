from locust import HttpUser, constant, events, task
from locust.runners import MasterRunner, WorkerRunner


class Visitor(HttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        print("on_start")

    def on_stop(self):
        print("on_stop")

    @task
    def hello(self):
        self.client.get("/hello", context={"step": 1})


@events.init_command_line_parser.add_listener
def on_parser(parser):
    print("init_command_line_parser", type(parser).__name__)


@events.init.add_listener
def on_init(environment, **kwargs):
    print("init", sorted(kwargs))
    if isinstance(environment.runner, MasterRunner):
        print("I'm on master node")
    elif isinstance(environment.runner, WorkerRunner):
        print("I'm on a worker")
    else:
        print("I'm on a standalone node")


@events.test_start.add_listener
def on_test_start(environment, **kwargs):
    print("test_start", environment.host, sorted(kwargs))


@events.spawning_complete.add_listener
def on_spawning_complete(user_count, **kwargs):
    print("spawning_complete", user_count)


@events.request.add_listener
def on_request(
    request_type, name, response_time, response_length, response, context, exception, start_time, url
):
    if not seen:
        seen.append(name)
        print(
            "request",
            request_type,
            name,
            response_time > 0,
            response_length,
            response.text,
            context,
            exception,
        )
        print(start_time > 1_000_000_000, url)


@events.test_stopping.add_listener
def on_test_stopping(environment, **kwargs):
    print("test_stopping", environment.runner.user_count)


@events.test_stop.add_listener
def on_test_stop(environment, **kwargs):
    print("test_stop", environment.runner.user_count)


@events.quitting.add_listener
def on_quitting(environment, **kwargs):
    print("quitting", environment.stats.total.num_failures)


@events.quit.add_listener
def on_quit(exit_code, **kwargs):
    print("quit", exit_code)


seen = []
