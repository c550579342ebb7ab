"""The workers of a swarm take turns: a ramp's first step waits for as long as the master says."""

from __future__ import annotations

import time

import gevent

from swarm import User, constant
from swarm.control.instructions import Target


class Idle(User):
    wait_time = constant(60)

    def task(self) -> None: ...

    tasks = [task]


def test_the_first_user_waits_for_its_turn(environments, until) -> None:
    pool = environments(Idle).runner._swarm_pool
    begin = time.perf_counter()
    ramp = gevent.spawn(pool.ramp, Target({"Idle": 2}, 10, start_after=0.2), {"Idle": Idle})
    until(lambda: len(pool) == 2)
    assert time.perf_counter() - begin >= 0.2
    ramp.join()
    pool.stop_all()


def test_a_ramp_that_is_overtaken_in_its_wait_starts_nobody(environments) -> None:
    pool = environments(Idle).runner._swarm_pool
    ramp = gevent.spawn(pool.ramp, Target({"Idle": 2}, 10, start_after=60), {"Idle": Idle})
    gevent.sleep(0)
    ramp.kill()
    assert len(pool) == 0
