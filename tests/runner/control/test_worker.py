"""The worker's decisions: what it does of its own accord, what it is told, and what it keeps until it is safe."""

from __future__ import annotations

import pytest

from swarm.control import effects as effect
from swarm.control import happenings as happen
from swarm.control import instructions as do
from swarm.control import messages as say
from tests.runner.control.by_hand import WorkerByHand, of_kind


def test_it_says_hello_until_it_is_welcomed_and_nothing_else():
    worker = WorkerByHand()
    done = worker.tick(2.5)
    assert len(worker.said(done, say.Hello)) == 3
    assert len(of_kind(done, effect.Say)) == 3
    done = worker.welcome()
    assert of_kind(done, effect.Welcomed) == [effect.Welcomed(0, {}, again=False)]
    assert worker.said(done, say.Heartbeat)


def test_a_welcome_that_answers_no_hello_of_now_is_ignored():
    worker = WorkerByHand()
    worker.tick()
    worker.welcome()
    before = worker.core.contact.hello_at
    worker.tick(4.0)
    assert worker.core.contact.greeting
    assert not worker.hear(say.Welcome("s0", 0.0, 0, 0, 0, 1.0, 1.0, {}, before))
    assert worker.core.contact.session == "s1"


def test_a_run_begins_with_its_settings_test_start_and_the_ramp():
    worker = WorkerByHand()
    worker.welcome()
    done = worker.assign(1)
    kinds = [type(each) for each in done if not isinstance(each, effect.Say)]
    assert kinds == [effect.PrepareRun, do.ClearStatistics, do.FireTestStart, do.Spawn]
    assert worker.said(done, say.Heartbeat)[-1].applied == 1


def test_reaching_the_share_is_reported_at_once_and_completion_is_the_swarms_to_announce():
    worker = WorkerByHand()
    worker.welcome()
    worker.assign(1)
    done = worker.spawned()
    assert [beat.reached for beat in worker.said(done, say.Heartbeat)] == [1]
    assert not of_kind(done, do.FireSpawningComplete)
    twice = [worker.hear(say.SpawningComplete("s1", 1, 40, 1)) for _ in range(2)]
    assert [of_kind(each, do.FireSpawningComplete) for each in twice] == [[do.FireSpawningComplete(40)], []]


def test_an_assignment_that_comes_twice_or_late_changes_nothing_but_is_known_of():
    worker = WorkerByHand()
    worker.running()
    worker.assign(3, users=8)
    for late in (3, 2):
        done = worker.assign(late, users=1)
        assert not of_kind(done, do.Spawn)
        assert [beat.applied for beat in worker.said(done, say.Heartbeat)] == [3]


def test_the_same_users_again_are_reached_without_a_ramp():
    worker = WorkerByHand()
    worker.running()
    done = worker.assign(2)
    assert not of_kind(done, do.Spawn)
    assert worker.core.part.reached == 2


def test_messages_of_another_session_are_ignored():
    worker = WorkerByHand()
    worker.running()
    assert not worker.assign(9, "stop", session="s0")
    assert worker.core.state == "running"


def test_pause_and_resume():
    worker = WorkerByHand()
    worker.running()
    assert of_kind(worker.assign(2, "pause"), do.HoldUsers)
    assert worker.core.part.reached == 2
    done = worker.assign(3)
    assert of_kind(done, do.ReleaseUsers)
    assert not of_kind(done, do.Spawn)
    assert (worker.core.state, worker.core.part.reached) == ("running", 3)


def test_a_pause_before_the_first_assignment_of_a_run_begins_it_held():
    worker = WorkerByHand()
    worker.welcome()
    kinds = [type(each) for each in worker.assign(1, "pause")]
    assert kinds.index(do.FireTestStart) < kinds.index(do.HoldUsers)


def test_a_stop_cuts_the_last_delta_before_test_stop():
    worker = WorkerByHand()
    worker.running()
    done = worker.assign(2, "stop")
    assert [type(each) for each in done[:2]] == [do.FireTestStopping, do.StopUsers]
    assert worker.stopped() == [effect.Cut(1, final=True), do.FireTestStop()]
    assert [delta.final for delta in worker.said(worker.cut(final=True), say.Delta)] == [True]


def test_a_new_run_while_the_last_one_still_goes_on_ends_that_first():
    worker = WorkerByHand()
    worker.running()
    worker.cut()
    assert of_kind(worker.assign(2, run=2), do.StopUsers)
    done = worker.stopped()
    kinds = [type(each) for each in done]
    assert kinds.index(do.FireTestStop) < kinds.index(do.ClearStatistics) < kinds.index(do.Spawn)
    assert (worker.core.run, len(worker.core.reports)) == (2, 0)


def test_the_oldest_delta_is_said_again_until_it_is_safe_and_ever_more_rarely():
    worker = WorkerByHand()
    worker.running()
    worker.cut()
    worker.cut()

    def again(seconds):
        return [delta.number for delta in worker.said(worker.tick(seconds, pulses=True), say.Delta)]

    assert again(2.25) == [1]
    assert again(3.5) == []
    assert again(0.75) == [1]
    worker.pulse(1)
    assert again(0.25) == [2]  # it was said long ago
    worker.pulse(2)
    assert again(2.25) == []


def test_a_heartbeat_carries_the_running_count_of_samples():
    worker = WorkerByHand()
    worker.running()
    worker.cut(3)
    worker.uncut = 4
    beats = worker.said(worker.tick(1.0, pulses=True), say.Heartbeat)
    assert beats[-1].samples == 7


def test_reports_are_cut_each_interval_until_the_window_is_full():
    worker = WorkerByHand(delta_window=2)
    worker.running()
    assert len(of_kind(worker.tick(1.25, pulses=True), effect.Cut)) == 1
    worker.cut()
    worker.cut()
    assert not of_kind(worker.tick(3.0, pulses=True), effect.Cut)


def test_a_silent_master_leads_to_a_new_socket_and_the_users_go_on():
    worker = WorkerByHand()
    worker.running()
    done = worker.tick(3.5)
    assert of_kind(done, effect.Reconnect)
    (hello,) = worker.said(done, say.Hello)
    assert (hello.session, hello.run, hello.applied) == ("s1", 1, 1)
    assert worker.core.state == "running"
    # The next one comes later: a master that is slow is not to be kept busy by connections.
    assert not of_kind(worker.tick(5.75), effect.Reconnect)
    assert of_kind(worker.tick(0.5), effect.Reconnect)


def test_a_stall_of_its_own_is_not_the_masters_silence():
    worker = WorkerByHand()
    worker.running()
    worker.now += 60
    assert not of_kind(worker.bring(happen.WorkerTick()), effect.Reconnect)
    assert of_kind(worker.tick(3.5), effect.Reconnect)


def test_being_taken_back_drops_what_is_merged_and_says_the_rest_again():
    worker = WorkerByHand()
    worker.running()
    for _ in range(3):
        worker.cut()
    worker.tick(4.0)
    done = worker.welcome(run=1, applied=2, session="s2")
    assert of_kind(done, effect.Welcomed)[0].again
    assert [(delta.session, delta.number) for delta in worker.said(done, say.Delta)] == [("s2", 3)]
    assert worker.core.state == "running"


def test_without_a_master_for_too_long_it_stops_its_users_and_keeps_its_deltas():
    worker = WorkerByHand(orphan_after=10.0)
    worker.running()
    worker.cut()
    assert of_kind(worker.tick(11.0), do.StopUsers)
    assert worker.stopped()[0] == effect.Cut(1, final=False)
    worker.cut()
    done = worker.welcome(run=1, session="s2")
    assert [delta.number for delta in worker.said(done, say.Delta)] == [1, 2]
    done = worker.assign(2, session="s2")
    assert of_kind(done, do.Spawn)
    assert not of_kind(done, do.ClearStatistics)


def test_a_swarm_that_stopped_meanwhile_gets_its_last_delta():
    worker = WorkerByHand(orphan_after=10.0)
    worker.running()
    worker.tick(11.0)
    worker.stopped()
    worker.welcome(run=1)
    assert of_kind(worker.assign(2, "stop"), effect.Cut) == [effect.Cut(1, final=True)]


def test_a_run_that_the_master_does_not_know_is_given_up():
    worker = WorkerByHand()
    worker.running()
    worker.cut()
    worker.tick(4.0)
    done = worker.welcome(run=0, session="s2")
    assert of_kind(done, do.StopUsers)
    assert not worker.said(done, say.Delta)
    worker.assign(2, run=1, session="s2")
    done = worker.stopped()
    assert of_kind(done, do.ClearStatistics)
    assert not of_kind(done, effect.Cut)
    assert worker.core.run == 1


def test_a_refusal_leads_to_a_hello_at_once_and_then_one_an_interval():
    worker = WorkerByHand()
    worker.running()
    worker.tick(pulses=True)
    refusal = say.Refusal("unknown", retry=True)
    assert len(worker.said(worker.hear(refusal), say.Hello)) == 1
    assert not worker.said(worker.hear(refusal), say.Hello)
    assert len(worker.said(worker.tick(1.0), say.Hello)) == 1


def test_a_refusal_for_good_ends_the_process_with_its_reason():
    worker = WorkerByHand()
    worker.tick()
    assert of_kind(worker.hear(say.Refusal("too many")), effect.End) == [effect.End("too many")]
    assert worker.tick() == []


def test_a_quit_ends_the_process_after_a_goodbye():
    worker = WorkerByHand()
    worker.running()
    done = worker.hear(say.Quit("s1"))
    assert worker.said(done, say.Goodbye)
    assert done[-1] == effect.End()


def test_leaving_in_order_delivers_everything_first():
    worker = WorkerByHand()
    worker.running()
    assert of_kind(worker.bring(happen.LeaveAsked()), do.StopUsers)
    assert of_kind(worker.stopped(), effect.Cut) == [effect.Cut(1, final=True)]
    worker.cut(final=True)
    assert not of_kind(worker.tick(1.0, pulses=True), effect.End)
    done = worker.pulse(1)
    assert worker.said(done, say.Goodbye)
    assert of_kind(done, effect.End)


def test_leaving_without_a_master_does_not_take_for_ever():
    worker = WorkerByHand(leave_deadline=5.0)
    worker.running()
    worker.bring(happen.LeaveAsked())
    worker.stopped()
    worker.cut(final=True)
    assert of_kind(worker.tick(5.0), effect.End)


def test_leaving_while_it_connects_again_waits_a_moment_to_say_goodbye():
    worker = WorkerByHand()
    worker.welcome()
    worker.now += 0.25
    worker.hear(say.Refusal("another connection", retry=True))
    assert not of_kind(worker.bring(happen.LeaveAsked()), effect.End)
    done = worker.welcome() + worker.tick()
    assert worker.said(done, say.Goodbye)
    assert of_kind(done, effect.End)

    alone = WorkerByHand()
    alone.welcome()
    alone.hear(say.Refusal("another connection", retry=True))
    alone.bring(happen.LeaveAsked())
    done = alone.tick(2.0)
    assert not alone.said(done, say.Goodbye)
    assert of_kind(done, effect.End)


def test_a_run_that_is_over_before_it_was_heard_of_is_closed_with_an_empty_delta():
    worker = WorkerByHand()
    worker.running()
    worker.assign(2, phase="stop")
    worker.stopped()
    worker.cut(final=True)
    worker.pulse(1)
    done = worker.assign(4, phase="stop", run=2)
    assert [type(each) for each in done if isinstance(each, do.ClearStatistics | effect.Cut)] == [
        do.ClearStatistics,
        effect.Cut,
    ]
    (delta,) = worker.said(worker.cut(samples=0, final=True), say.Delta)
    assert (delta.run, delta.number, delta.samples, delta.final) == (2, 1, 0, True)
    assert worker.core.state == "stopped"
    worker.assign(5, run=3)
    assert worker.core.state == "spawning"


def test_leaving_before_any_run_is_immediate():
    worker = WorkerByHand()
    worker.welcome()
    assert of_kind(worker.bring(happen.LeaveAsked()), effect.End)


def test_the_report_of_an_overtaken_phase_changes_nothing():
    worker = WorkerByHand()
    worker.welcome()
    worker.assign(1)
    overtaken = worker.core.phase
    worker.assign(2, users=9)
    assert worker.bring(happen.Spawned(overtaken)) == []
    assert worker.core.part.reached == 0


def test_custom_messages_go_up_again_until_acknowledged_and_begin_anew_with_another_master():
    worker = WorkerByHand()
    worker.welcome()
    worker.bring(happen.CustomAsked("hi", "one"))
    assert len(worker.said(worker.tick(2.25, pulses=True), say.Custom)) == 1
    worker.hear(say.CustomReceived("s1", 1))
    worker.bring(happen.CustomAsked("hi", "two"))
    worker.tick(4.0)
    worker.welcome(session="s2")
    assert [(m.number, m.data) for m in worker.said(worker.tick(pulses=False), say.Custom)] == [(1, "two")]


def test_custom_messages_are_delivered_once_and_in_order():
    worker = WorkerByHand()
    worker.welcome()
    got = [
        each.data
        for number in (2, 1, 1, 2)
        for each in of_kind(worker.hear(say.Custom("s1", number, "yo", number)), effect.DeliverCustom)
    ]
    assert got == [1, 2]


def test_other_messages_go_on_to_the_shell():
    worker = WorkerByHand()
    worker.welcome()
    lease = say.Lease("s1", "people", 1, 1, [], exhausted=True)
    assert worker.hear(lease) == [effect.Forward(lease)]


@pytest.mark.parametrize(
    "message", [say.Pulse("s1", 1.0, 1, 1), say.Quit("s1"), say.Assignment("", 1, 1, "run", {}, 1.0)]
)
def test_nothing_is_heard_from_a_master_before_its_welcome(message):
    worker = WorkerByHand()
    worker.tick()
    assert worker.hear(message) == []


def test_an_assignment_waits_for_the_welcome_that_says_which_run_is_known():
    worker = WorkerByHand()
    worker.welcome()
    worker.now += 1
    worker.hear(say.Refusal("unknown", retry=True))
    assert not of_kind(worker.assign(1), do.Spawn)
    worker.welcome(run=1)
    assert of_kind(worker.assign(1), do.Spawn)


class TestAReset:
    def test_what_was_recorded_until_it_is_heard_of_lies_before_it(self):
        worker = WorkerByHand()
        worker.running()
        done = worker.hear(say.Pulse("s1", worker.now, 1, 0, resets=1))
        assert of_kind(done, effect.Reset) == [effect.Reset(1, 1)]
        worker.bring(happen.DeltaCut(1, False, 3, {}, resets=0))
        (delta,) = worker.said(worker.bring(happen.DeltaCut(1, False, 2, {}, resets=1)), say.Delta)
        assert (delta.number, delta.samples, delta.resets) == (2, 2, 1)

    def test_it_is_taken_once_from_whatever_tells_of_it(self):
        worker = WorkerByHand()
        worker.running()
        done = worker.hear(say.Assignment("s1", 2, 1, "run", {"Shopper": 5}, 10.0, resets=2))
        for resets in (1, 2):
            done += worker.hear(say.Pulse("s1", worker.now, 1, 0, resets=resets))
        assert of_kind(done, effect.Reset) == [effect.Reset(1, 2)]

    def test_a_worker_begins_a_run_after_the_resets_that_it_had(self):
        worker = WorkerByHand()
        worker.welcome()
        done = worker.hear(say.Assignment("s1", 1, 1, "run", {"Shopper": 5}, 10.0, resets=3))
        assert [each.resets for each in of_kind(done, effect.PrepareRun)] == [3]
        assert not of_kind(done, effect.Reset)

    def test_one_of_another_run_is_none(self):
        worker = WorkerByHand()
        worker.running()
        assert not of_kind(worker.hear(say.Pulse("s1", worker.now, 2, 0, resets=1)), effect.Reset)

    def test_nothing_is_said_after_the_last_delta(self):
        worker = WorkerByHand()
        worker.running()
        worker.assign(2, "stop")
        worker.stopped()
        worker.cut(final=True)
        assert of_kind(worker.hear(say.Pulse("s1", worker.now, 1, 0, resets=1)), effect.Reset)
        assert not worker.said(worker.cut(), say.Delta)
        assert worker.core.reports.closed


class TestOptions:
    def test_they_are_taken_over_before_the_run_begins(self):
        worker = WorkerByHand()
        worker.welcome()
        done = worker.hear(say.Assignment("s1", 1, 1, "run", {"S": 5}, 1.0, options={"tier": "gold"}))
        kinds = [type(each) for each in done]
        assert kinds.index(effect.PrepareRun) < kinds.index(do.FireTestStart)
        assert [each.options for each in of_kind(done, effect.PrepareRun)] == [{"tier": "gold"}]

    def test_new_ones_are_taken_over_in_a_run_that_goes_on(self):
        worker = WorkerByHand()
        worker.running()
        done = worker.hear(say.Assignment("s1", 2, 1, "run", {"Shopper": 5}, 1.0, options={"tier": "gold"}))
        assert [each.options for each in of_kind(done, effect.PrepareRun)] == [{"tier": "gold"}]
        assert not of_kind(worker.assign(3), effect.PrepareRun)

    def test_they_are_not_lost_when_another_assignment_comes_before_the_run_can_begin(self):
        worker = WorkerByHand()
        worker.running()
        worker.hear(say.Assignment("s1", 2, 2, "run", {"Shopper": 5}, 1.0, options={"tier": "gold"}))
        worker.assign(3, run=2)
        assert [each.options for each in of_kind(worker.stopped(), effect.PrepareRun)] == [{"tier": "gold"}]


def test_the_ramps_end_is_heard_once_in_a_run_though_the_master_is_another():
    worker = WorkerByHand()
    worker.running()
    worker.hear(say.SpawningComplete("s1", 1, 40, 1))
    worker.tick(4.0)
    worker.welcome(run=1, session="s2")
    assert not of_kind(worker.hear(say.SpawningComplete("s2", 1, 40, 1)), do.FireSpawningComplete)
    assert of_kind(worker.hear(say.SpawningComplete("s2", 1, 50, 2)), do.FireSpawningComplete)


def test_a_worker_that_had_stopped_hears_of_the_ramps_end_when_it_runs_users_again():
    worker = WorkerByHand(orphan_after=10.0)
    worker.running()
    worker.tick(11.0)
    worker.stopped()
    worker.welcome(run=1)
    assert not of_kind(worker.hear(say.SpawningComplete("s1", 1, 40, 1)), do.FireSpawningComplete)
    worker.assign(2)
    assert of_kind(worker.hear(say.SpawningComplete("s1", 1, 40, 1)), do.FireSpawningComplete)


def test_a_cut_ends_the_users_that_drain_and_once_is_enough():
    worker = WorkerByHand()
    worker.running()
    worker.assign(2, "stop")
    phase = worker.core.phase
    assert of_kind(worker.assign(3, "cut"), do.CutUsers) == [do.CutUsers(phase)]
    assert not of_kind(worker.assign(4, "cut"), do.CutUsers)
    assert worker.stopped()[0] == effect.Cut(1, final=True)
    assert worker.core.part.reached == 4


def test_a_cut_that_comes_before_the_stop_stops_and_cuts():
    worker = WorkerByHand()
    worker.running()
    done = worker.assign(2, "cut")
    assert [type(each) for each in done[:3]] == [do.FireTestStopping, do.StopUsers, do.CutUsers]
    assert not of_kind(worker.assign(2, "stop"), do.StopUsers)


def test_a_cut_of_a_run_that_was_never_heard_of_closes_it():
    worker = WorkerByHand()
    worker.welcome()
    assert of_kind(worker.assign(1, "cut"), effect.Cut) == [effect.Cut(1, final=True)]


def test_who_leaves_by_itself_has_its_stop_timeout_besides_the_deadline():
    worker = WorkerByHand(leave_deadline=2.0)
    worker.welcome()
    worker.hear(say.Assignment("s1", 1, 1, "run", {"Shopper": 5}, 10.0, stop_timeout=8.0))
    worker.spawned()
    worker.bring(happen.LeaveAsked())
    assert not of_kind(worker.tick(9.0, pulses=True), effect.End)
    assert of_kind(worker.tick(1.5, pulses=True), effect.End)
