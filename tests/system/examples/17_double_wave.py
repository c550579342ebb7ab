import math

from locust import LoadTestShape, User, constant, events, task


class Visitor(User):
    wait_time = constant(0.1)

    @task
    def look(self):
        with self.environment.events.request.measure("shop", "look"):
            pass


class DoubleWave(LoadTestShape):
    min_users = 2
    peak_one_users = 20
    peak_two_users = 10
    time_limit = 6

    def tick(self):
        run_time = round(self.get_run_time())
        if run_time < self.time_limit:
            user_count = (
                (self.peak_one_users - self.min_users)
                * math.e ** -(((run_time / (self.time_limit / 10 * 2 / 3)) - 5) ** 2)
                + (self.peak_two_users - self.min_users)
                * math.e ** -(((run_time / (self.time_limit / 10 * 2 / 3)) - 10) ** 2)
                + self.min_users
            )
            return (round(user_count), 1000)
        return None


@events.spawning_complete.add_listener
def on_spawning_complete(user_count, **kwargs):
    print(user_count)
