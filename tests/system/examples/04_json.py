from json import JSONDecodeError

from locust import HttpUser, constant, task


class Greeted(HttpUser):
    wait_time = constant(0.02)

    def greet(self, path):
        with self.client.post(path, json={"foo": 42, "bar": None}, catch_response=True) as response:
            try:
                if response.json()["greeting"] != "hello":
                    response.failure("Did not get expected value in greeting")
            except JSONDecodeError:
                response.failure("Response could not be decoded as JSON")
            except KeyError:
                response.failure("Response did not contain expected key 'greeting'")

    @task
    def good(self):
        self.greet("/json")

    @task
    def no_json(self):
        self.greet("/hello")

    @task
    def no_key(self):
        self.greet("/echo")
