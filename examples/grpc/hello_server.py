"""The service that the example calls: python hello_server.py [PORT], 50051 unless told; it prints its port."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from hello_pb2 import HelloReply
from hello_pb2_grpc import HelloServiceServicer, add_HelloServiceServicer_to_server


class HelloService(HelloServiceServicer):
    def SayHello(self, request, context):
        if not request.name:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a name is needed")
        return HelloReply(message=f"Hello, {request.name}!")

    def CountFor(self, request, context):
        for number in range(1, 4):
            time.sleep(0.02)
            yield HelloReply(message=f"{number} for {request.name}")


def serve(service, port):
    server = grpc.server(ThreadPoolExecutor(max_workers=100))
    add_HelloServiceServicer_to_server(service, server)
    print(server.add_insecure_port(f"localhost:{port}"), flush=True)
    server.start()
    return server


if __name__ == "__main__":
    serve(HelloService(), sys.argv[1] if len(sys.argv) > 1 else 50051).wait_for_termination()
