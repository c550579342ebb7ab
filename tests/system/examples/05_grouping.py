from locust import HttpUser, constant, task


class Reader(HttpUser):
    wait_time = constant(0.02)

    @task
    def by_name(self):
        for i in range(10):
            self.client.get(f"/blog?id={i}", name="/blog?id=[id]")

    @task
    def by_request_name(self):
        self.client.request_name = "/article?id=[id]"
        for i in range(10):
            self.client.get(f"/article?id={i}")
        self.client.request_name = None

    @task
    def by_renaming(self):
        with self.client.rename_request("/news?id=[id]"):
            for i in range(10):
                self.client.get(f"/news?id={i}")
