import os
import time

import grpc
import grpc.experimental.gevent as grpc_gevent
from hello_pb2 import HelloRequest
from hello_pb2_grpc import HelloServiceStub
from locust import User, constant, task

grpc_gevent.init_gevent()


class ReportingStub:
    """Passes each call on to the stub and tells Locust about it."""

    def __init__(self, stub, environment):
        self._stub = stub
        self._request_event = environment.events.request

    def __getattr__(self, name):
        method = getattr(self._stub, name)

        def call(*args, **kwargs):
            request_meta = {
                "request_type": "grpc",
                "name": name,
                "start_time": time.time(),
                "response_length": 0,
                "exception": None,
                "context": None,
                "response": None,
            }
            start = time.perf_counter()
            try:
                request_meta["response"] = method(*args, **kwargs)
                request_meta["response_length"] = request_meta["response"].ByteSize()
            except grpc.RpcError as e:
                request_meta["exception"] = f"{e.code().name}: {e.details()}"
            request_meta["response_time"] = (time.perf_counter() - start) * 1000
            self._request_event.fire(**request_meta)
            return request_meta["response"]

        return call


class GrpcUser(User):
    abstract = True
    stub_class = None

    def __init__(self, environment):
        super().__init__(environment)
        self._channel = grpc.insecure_channel(self.host)
        self.stub = ReportingStub(self.stub_class(self._channel), environment)

    def on_stop(self):
        self._channel.close()


class HelloUser(GrpcUser):
    stub_class = HelloServiceStub
    wait_time = constant(0.02)

    def on_start(self):
        # The server answers when all users are in.
        self.stub.SayHello(HelloRequest(name="everybody"))

    @task(3)
    def say_hello(self):
        response = self.stub.SayHello(HelloRequest(name=os.environ["NAME"]))
        assert response.message == f"Hello, {os.environ['NAME']}!"

    @task
    def say_nothing(self):
        self.stub.SayHello(HelloRequest())
