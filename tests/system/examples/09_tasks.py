from locust import HttpUser, TaskSet, constant, task


def first(user):
    user.client.get("/first")


def second(user):
    user.client.get("/second")


class Forum(TaskSet):
    @task(2)
    def read(self):
        assert isinstance(self.user, HttpUser)
        self.user.client.get(f"/forum/{self.user.nickname}")
        self.interrupt()


class Listed(HttpUser):
    wait_time = constant(0.01)
    tasks = [first, second, second]


class Weighted(HttpUser):
    wait_time = constant(0.01)
    nickname = "weighted"
    tasks = {first: 1, Forum: 3}


class Mixed(HttpUser):
    wait_time = constant(0.01)
    nickname = "mixed"
    tasks = [Forum]

    @task
    def own(self):
        self.client.get("/own")
