"""Load in stages: up, hold, down. Run it beside a file with users: -f examples/first.py,examples/stages.py"""

from swarm import LoadTestShape


class Stages(LoadTestShape):
    # (until which second, users, users started or stopped a second)
    stages = [(10, 20, 2), (30, 20, 2), (40, 0, 2)]

    def tick(self):
        now = self.get_run_time()
        for end, users, rate in self.stages:
            if now < end:
                return users, rate
        return None
