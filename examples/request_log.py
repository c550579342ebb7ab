"""A CSV file with a row for each request."""

from swarm import FastHttpUser, constant, events, task
from swarm.contrib.csv_request_logger import CsvRequestLogger


@events.init.add_listener
def log_requests(environment, **_):
    CsvRequestLogger("requests.csv").register(environment)


class Visitor(FastHttpUser):
    wait_time = constant(0.1)

    @task
    def turn_pages(self):
        self.client.get("/catalogue")
