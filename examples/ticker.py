from swarm import task
from swarm.contrib.sse import SSEUser


class Reader(SSEUser):
    host = "http://localhost:8000"

    def on_start(self):
        self.ticker = self.event_source("/ticker")

    @task
    def read(self):
        event = self.ticker.receive(timeout=30)
        assert event.event == "price", event
