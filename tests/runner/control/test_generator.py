"""When a run says that its own generator was the bottleneck."""

from __future__ import annotations

from swarm.control.generator import LAG_REPEATS, GeneratorHealth


def test_an_idle_generator_with_a_prompt_loop_is_valid():
    health = GeneratorHealth()
    for _ in range(10):
        health.record_cpu(0.3, 1.0)
        health.record_lag(200)
    assert health.verdict(20_000).valid


def test_a_core_busy_over_five_seconds_is_a_reason():
    health = GeneratorHealth()
    for _ in range(5):
        health.record_cpu(0.97, 1.0)
    verdict = health.verdict(20_000)
    assert not verdict.valid
    assert "97 %" in verdict.reasons[0]


def test_a_busy_second_in_a_long_quiet_run_is_no_reason():
    health = GeneratorHealth()
    for busy in [0.2] * 10 + [1.0] + [0.2] * 10:
        health.record_cpu(busy, 1.0)
    assert health.verdict(20_000).valid


def test_a_run_shorter_than_the_window_is_judged_by_its_mean():
    health = GeneratorHealth()
    health.record_cpu(0.99, 1.0)
    assert not health.verdict(None).valid


def test_lag_is_judged_beside_the_response_times():
    health = GeneratorHealth()
    for _ in range(LAG_REPEATS):
        health.record_lag(8_000)
    assert not health.verdict(20_000).valid
    assert health.verdict(200_000).valid


def test_lag_under_the_floor_never_distorts():
    health = GeneratorHealth()
    for _ in range(LAG_REPEATS):
        health.record_lag(4_900)
    assert health.verdict(130).valid


def test_nothing_sampled_is_valid():
    assert GeneratorHealth().verdict(None).valid


def test_a_turn_or_two_that_were_late_say_nothing():
    health = GeneratorHealth()
    for _ in range(LAG_REPEATS - 1):
        health.record_lag(50_000)
    assert health.verdict(1_000).valid


def test_a_lag_is_told_when_it_was_there_more_than_once_or_twice():
    health = GeneratorHealth()
    for _ in range(2):
        health.record_lag(50_000)
    assert health.repeated_lag_us() == 0.0
    health.record_lag(50_000)
    assert health.repeated_lag_us() > 40_000
