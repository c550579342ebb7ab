"""A second patch_all, asyncio in tasks, locks and semaphores of the module's own."""

from gevent import monkey

monkey.patch_all()

import asyncio  # noqa: E402
import os  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

from locust import HttpUser, constant, events, task  # noqa: E402

slots = threading.Semaphore(2)
lock = threading.Lock()
inside = 0
most = 0


async def ask(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /asyncio HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = await reader.readuntil(b"ok")
    writer.close()
    await writer.wait_closed()
    return answer


class Mixed(HttpUser):
    wait_time = constant(0.02)

    @task
    def over_asyncio(self):
        start = time.time()
        begun = time.perf_counter()
        answer = asyncio.run(ask("127.0.0.1", int(os.environ["PORT"])))
        events.request.fire(
            request_type="WS",
            name="asyncio",
            response_time=(time.perf_counter() - begun) * 1000,
            response_length=len(answer),
            exception=None,
            context={},
            start_time=start,
        )

    @task
    def limited(self):
        global inside, most
        with slots:
            with lock:
                inside += 1
                most = max(most, inside)
            self.client.get("/slow/20")
            with lock:
                inside -= 1


@events.quitting.add_listener
def show(**_kwargs):
    print("at most inside:", most)
