"""The hello service of `examples/grpc`, which counts what it answers.

`python hello_counting.py EXAMPLES USERS`, in the folder of the generated stubs, prints its port, answers who is
"everybody" when USERS such calls are in, and prints its counts as JSON when its stdin is closed.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from typing import Any

PATIENCE_S = 60


def main(examples: str, users: str) -> None:
    """Serve until stdin is closed."""
    sys.path[:0] = [".", examples]
    hello_server: Any = __import__("hello_server")
    counts: Counter[str] = Counter()
    changed = threading.Condition()

    class Counting(hello_server.HelloService):  # type: ignore[misc]  # found at run time
        def SayHello(self, request: Any, context: Any) -> Any:
            with changed:
                counts[request.name] += 1
                changed.notify_all()
                if request.name == "everybody":
                    changed.wait_for(lambda: counts["everybody"] >= int(users), PATIENCE_S)
            return super().SayHello(request, context)

        def CountFor(self, request: Any, context: Any) -> Any:
            with changed:
                counts["CountFor"] += 1
            yield from super().CountFor(request, context)

    server = hello_server.serve(Counting(), 0)
    sys.stdin.read()
    server.stop(None).wait()
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
