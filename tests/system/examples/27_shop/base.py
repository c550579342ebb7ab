from locust import HttpUser, constant


class Shopper(HttpUser):
    abstract = True
    wait_time = constant(0.05)

    def visit(self):
        self.client.get(f"/{type(self).__name__}")
