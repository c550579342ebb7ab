from locust import LoadTestShape, User, constant, task


class Buyer(User):
    wait_time = constant(0.1)

    @task
    def buy(self):
        with self.environment.events.request.measure("shop", "buy"):
            pass


class Visitor(User):
    wait_time = constant(0.1)

    @task
    def look(self):
        with self.environment.events.request.measure("shop", "look"):
            pass


class Stages(LoadTestShape):
    stages = [
        {"duration": 1.5, "users": 4, "spawn_rate": 20, "user_classes": [Visitor]},
        {"duration": 2.5, "users": 10, "spawn_rate": 20, "user_classes": [Visitor, Buyer]},
        {"duration": 3.5, "users": 6, "spawn_rate": 20, "user_classes": [Buyer]},
    ]

    def tick(self):
        run_time = self.get_run_time()
        print(self.get_current_user_count(), self.runner.user_classes_count)
        for stage in self.stages:
            if run_time < stage["duration"]:
                return stage["users"], stage["spawn_rate"], stage["user_classes"]
        return None
