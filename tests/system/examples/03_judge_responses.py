from locust import HttpUser, constant, task


class Judge(HttpUser):
    wait_time = constant(0.05)

    @task
    def wrong_text(self):
        with self.client.get("/hello", catch_response=True) as response:
            if response.text != "Success":
                response.failure("Got wrong response")

    @task
    def too_slow(self):
        with self.client.get("/slow/60", catch_response=True) as response:
            if response.elapsed.total_seconds() > 0.05:
                response.failure("Request took too long")

    @task
    def missing_is_fine(self):
        with self.client.get("/status/404", catch_response=True) as response:
            if response.status_code == 404:
                response.success()
