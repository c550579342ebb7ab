"""What is an error in every release, and leaves the exit code 1 that pipelines look for."""

from locust import FastHttpUser, HttpUser, TaskSet, constant, task


class Steps(TaskSet):
    @task
    def assign_user(self):
        self.user = "somebody"

    @task
    def judge_without_with(self):
        response = self.client.get("/hello")
        response.failure("too late")


class Plain(HttpUser):
    tasks = [Steps]
    wait_time = constant(0.02)


class Fast(FastHttpUser):
    tasks = [Steps]
    wait_time = constant(0.02)
