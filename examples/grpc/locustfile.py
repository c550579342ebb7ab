from hello_pb2 import HelloRequest
from hello_pb2_grpc import HelloServiceStub

from swarm import between, task
from swarm.contrib.grpc import GrpcUser


class HelloUser(GrpcUser):
    host = "localhost:50051"
    stub_class = HelloServiceStub
    wait_time = between(0.1, 0.5)

    @task(3)
    def say_hello(self):
        reply = self.stub.SayHello(HelloRequest(name="Swarm"))
        assert reply.message == "Hello, Swarm!"

    @task
    def count(self):
        for reply in self.stub.CountFor(HelloRequest(name="you"), timeout=10):
            print(reply.message)
