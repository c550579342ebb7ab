"""Measures one step of the apportionment: 100,000 users on 1,000 workers, from zero and when one worker is lost,
in CPU time, the best of seven.

Run it in the project's environment: .venv/bin/python scripts/bench/apportion.py
"""

from __future__ import annotations

import argparse
import time

from swarm.control.apportion import ClassShare, paces, users_per_class, users_per_worker


def step_ms(
    classes: list[ClassShare], users: int, held: list[dict[str, int]]
) -> tuple[float, list[dict[str, int]]]:
    begin = time.process_time()
    shares = users_per_worker(users_per_class(classes, users), held)
    paces(shares, held, 1000.0)
    return 1000 * (time.process_time() - begin), shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--users", type=int, default=100_000)
    arguments = parser.parse_args()
    for kinds in (1, 3, 10):
        classes = [ClassShare(f"User{kind}", 1 + kind % 3) for kind in range(kinds)]
        best = {"from zero": 1e9, "one lost": 1e9}
        for _ in range(7):
            elapsed, shares = step_ms(classes, arguments.users, [{} for _ in range(arguments.workers)])
            best["from zero"] = min(best["from zero"], elapsed)
            elapsed, _ = step_ms(classes, arguments.users, shares[1:])
            best["one lost"] = min(best["one lost"], elapsed)
        figures = ", ".join(f"{what} {ms:.2f} ms" for what, ms in best.items())
        print(f"{arguments.users} users of {kinds} classes on {arguments.workers} workers: {figures}")


if __name__ == "__main__":
    main()
