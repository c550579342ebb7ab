from locust import HttpUser, TaskSet, constant, tag, task


@tag("function")
def function(user):
    user.client.get("/function")


class Nested(TaskSet):
    @tag("tag1")
    @task
    def inside1(self):
        self.client.get("/inside1")
        self.interrupt()

    @task
    @tag("tag2")
    def inside2(self):
        self.client.get("/inside2")
        self.interrupt()


@tag("whole")
class Whole(TaskSet):
    @task
    def all_of_it(self):
        self.client.get("/whole")
        self.interrupt()

    @tag("tag3")
    @task
    def part(self):
        self.client.get("/part")
        self.interrupt()


class MyUser(HttpUser):
    wait_time = constant(0.01)
    tasks = [function, Nested, Whole]

    @tag("tag1")
    @task
    def task1(self):
        self.client.get("/task1")

    @tag("tag1", "tag2")
    @task
    def task2(self):
        self.client.get("/task2")

    @tag("tag3")
    @task
    def task3(self):
        self.client.get("/task3")

    @task
    def task4(self):
        self.client.get("/task4")
