"""Fails a pipeline when the run was too slow or too many requests failed: -f examples/first.py,examples/gate.py"""

from swarm import events


@events.quitting.add_listener
def judge(environment, **_):
    total = environment.stats.total
    too_many_failed = total.fail_ratio > 0.05
    too_slow = total.get_response_time_percentile(0.95) > 250  # ms
    environment.process_exit_code = 1 if too_many_failed or too_slow else 0
