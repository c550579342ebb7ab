from locust import HttpUser, constant, events, task
from locust.runners import MasterRunner, WorkerRunner

usernames = []


def setup_test_users(environment, msg, **kwargs):
    # Fired when the worker receives a message of type 'test_users'
    usernames.extend([u["name"] for u in msg.data])
    environment.runner.send_message("concurrent_message", "This is a non blocking message")
    environment.runner.send_message("acknowledge_users", f"Thanks for the {len(msg.data)} users!")


def on_acknowledge(msg, **kwargs):
    # Fired when the master receives a message of type 'acknowledge_users'
    print(f"acknowledged: {msg.data}", flush=True)


def on_concurrent_message(msg, **kwargs):
    print(f"concurrent: {msg.data}", flush=True)


@events.init.add_listener
def on_locust_init(environment, **_kwargs):
    if not isinstance(environment.runner, MasterRunner):
        environment.runner.register_message("test_users", setup_test_users)
    if not isinstance(environment.runner, WorkerRunner):
        environment.runner.register_message("acknowledge_users", on_acknowledge)
        environment.runner.register_message("concurrent_message", on_concurrent_message, concurrent=True)


@events.test_start.add_listener
def on_test_start(environment, **_kwargs):
    # When the test is started, evenly divides the users among the workers
    if not isinstance(environment.runner, WorkerRunner):
        users = [{"name": f"user{i}"} for i in range(environment.runner.target_user_count)]
        if isinstance(environment.runner, MasterRunner):
            worker_count = environment.runner.worker_count
            chunk_size = int(len(users) / worker_count)
            for i, worker in enumerate(environment.runner.clients):
                start_index = i * chunk_size
                end_index = start_index + chunk_size if i + 1 < worker_count else len(users)
                data = users[start_index:end_index]
                environment.runner.send_message("test_users", data, worker)
        else:
            environment.runner.send_message("test_users", users)


class WebsiteUser(HttpUser):
    wait_time = constant(0.05)

    @task
    def look(self):
        if usernames:
            self.client.get("/echo", params={"user": usernames.pop()}, name="/echo")
