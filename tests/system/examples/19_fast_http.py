import os

from locust import FastHttpUser, constant, events, task


class Plain(FastHttpUser):
    host = os.environ["PLAIN"]
    wait_time = constant(0.02)
    network_timeout = 10.0
    connection_timeout = 2.0

    @task
    def good_rest(self):
        with self.rest("POST", "/json", json={"foo": 1}) as response:
            if response.js is None:
                pass
            elif response.js["greeting"] != "hello":
                response.failure(f"Unexpected greeting {response.js['greeting']}")

    @task
    def rest_that_is_no_json(self):
        with self.rest("GET", "/hello"):
            pass

    @task
    def rest_that_lacks_a_key(self):
        with self.rest("GET", "/echo") as response:
            assert response.js["greeting"] == "hello"

    @task
    def past_caches(self):
        with self.rest_("GET", "/json") as response:
            assert response.js["number"] == 42

    @task
    def redirects(self):
        response = self.client.get("/redirect/3")
        assert [each.status_code for each in response.history] == [302, 302, 302]
        assert response.url.endswith("/redirect/0")
        assert self.client.get("/redirect/1", allow_redirects=False, name="not followed").status_code == 302

    @task
    def cookies(self):
        self.client.get("/set/session/abc")
        assert "session=abc" in self.client.get("/echo", name="with a cookie").json()["headers"]["cookie"]

    @task
    def stream(self):
        response = self.client.get("/lines/5", stream=True)
        assert b"".join(response.iter_content(16)).count(b"line") == 5
        assert [line.decode() for line in self.client.iter_lines("/lines/2", name="by line")] == [
            "line 0",
            "line 1",
        ]

    @task
    def too_slow(self):
        self.client.get("/slow/2000", timeout=0.05)


class Secure(FastHttpUser):
    host = os.environ["SECURE"]
    wait_time = constant(0.05)
    insecure = True

    @task
    def hello(self):
        assert self.client.get("/hello", name="over TLS").text == "Hello!"


class Strict(FastHttpUser):
    host = os.environ["SECURE"]
    wait_time = constant(0.05)
    insecure = False

    @task
    def hello(self):
        assert self.client.get("/hello", name="unknown authority").status_code == 0


@events.user_error.add_listener
def show(exception, **kwargs):
    print("a task raised", repr(exception))
