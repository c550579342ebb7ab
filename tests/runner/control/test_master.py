"""The master's decisions: who gets which users at which rate, who is told what, and how a run ends."""

from __future__ import annotations

import pytest

from swarm.control import effects as effect
from swarm.control import happenings as happen
from swarm.control import instructions as do
from swarm.control import messages as say
from swarm.control.lifecycle import LifecycleError
from swarm.control.records import RunRecord, WorkerRecord
from tests.runner.control.by_hand import MasterByHand, of_kind


def test_a_run_tells_each_worker_its_share_after_test_start():
    master = MasterByHand()
    master.join("a", "b")
    done = master.ask("start", {"Shopper": 5, "Reader": 2}, host="http://shop")
    told = master.assignments(done)
    assert sorted(sum(a.users.values()) for a in told.values()) == [3, 4]
    assert {a.host for a in told.values()} == {"http://shop"}
    kinds = [type(each) for each in done]
    assert kinds.index(effect.Remember) < kinds.index(do.FireTestStart) < kinds.index(effect.Send)


def test_the_run_is_running_when_every_worker_says_that_its_users_are_there():
    master = MasterByHand()
    master.join("a", "b")
    master.ask("start", {"Shopper": 4})
    master.beat("a")
    assert not of_kind(master.tick(), do.FireSpawningComplete)
    master.beat("b")
    done = master.tick()
    assert of_kind(done, do.FireSpawningComplete) == [do.FireSpawningComplete(4)]
    assert {m.user_count for m in master.sent(done, say.SpawningComplete)} == {4}
    assert master.core.state == "running"


def test_that_all_users_are_there_is_said_again_until_a_worker_knows():
    master = MasterByHand()
    master.running("a", users={"Shopper": 4})
    assert master.sent(master.tick(1.0), say.SpawningComplete)
    master.beat("a", complete=1)
    assert not master.sent(master.tick(2.0), say.SpawningComplete)


def test_an_assignment_is_repeated_until_it_is_known_to_have_arrived():
    master = MasterByHand()
    master.join("a")
    first = master.assignments(master.ask("start", {"Shopper": 4}))["a"]
    assert master.assignments(master.tick(1.0)) == {"a": first}
    master.beat("a", reached=0, state="spawning")
    assert not master.assignments(master.tick(2.0))


def test_the_spawn_rate_is_shared_in_proportion_to_what_each_worker_has_to_change():
    master = MasterByHand()
    master.join("a", "b", "c")
    told = master.assignments(master.ask("start", {"Shopper": 300}, rate=6.0))
    assert sum(a.spawn_rate for a in told.values()) == pytest.approx(6.0)
    assert sorted(a.start_after * 6.0 for a in told.values()) == pytest.approx([0.0, 1.0, 2.0])


def test_a_late_worker_takes_its_share_at_the_spawn_rate():
    master = MasterByHand()
    master.running("a", users={"Shopper": 100}, rate=10.0)
    master.join("late")
    told = master.assignments(master.tick(1.0, silent=()))
    assert {name: dict(a.users) for name, a in told.items()} == {
        "a": {"Shopper": 50},
        "late": {"Shopper": 50},
    }
    assert {a.spawn_rate for a in told.values()} == {10.0}


def test_a_lost_workers_users_move_to_the_others_at_the_spawn_rate():
    master = MasterByHand()
    master.running("a", "b", "c", users={"Shopper": 300}, rate=10.0)
    done = master.tick(4.0, silent=("c",))
    assert effect.WorkerLost("c") in done
    told = master.assignments(done)
    assert {name: a.users["Shopper"] for name, a in told.items()} == {"a": 150, "b": 150}
    assert sum(a.spawn_rate for a in told.values()) == pytest.approx(10.0)
    assert master.member("c").state == "missing"


def test_a_stalled_worker_is_taken_back_with_its_statistics_and_a_share():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 100})
    master.delta("b", 1, samples=7)
    master.tick(4.0, silent=("b",))
    done = master.delta("b", 2, samples=5)
    assert effect.WorkerBack("b") in done
    assert master.member("b").merged == 12
    told = master.assignments(master.tick(1.25, silent=()))
    assert told["b"].users["Shopper"] == 50
    assert told["b"].run == 1


def test_many_that_come_back_together_share_together():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 100})
    master.tick(4.0)
    assert master.member("a").state == master.member("b").state == "missing"
    master.beat("a")
    master.now += 0.5
    master.beat("b")
    told = master.assignments(master.tick(1.0, silent=()))
    assert {name: a.users["Shopper"] for name, a in told.items()} == {"a": 50, "b": 50}


def test_a_master_that_stalled_itself_takes_nobody_for_missing():
    master = MasterByHand()
    master.running("a", users={"Shopper": 10})
    master.now += 10.0
    assert not of_kind(master.bring(happen.MasterTick()), effect.WorkerLost)


def test_pause_and_resume_are_told_and_users_stay():
    master = MasterByHand()
    master.running("a", users={"Shopper": 10})
    assert master.assignments(master.ask("pause"))["a"].phase == "pause"
    master.beat("a")
    resumed = master.assignments(master.ask("resume"))["a"]
    assert (resumed.phase, dict(resumed.users)) == ("run", {"Shopper": 10})
    assert master.core.state == "running"


def test_a_new_target_changes_the_mix_without_a_new_run():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 10, "Reader": 0})
    done = master.ask("retarget", {"Shopper": 4, "Reader": 6})
    assert {a.run for a in master.assignments(done).values()} == {1}
    assert not of_kind(done, do.ClearStatistics)
    assert {tuple(a.users.items()) for a in master.assignments(done).values()} == {
        (("Shopper", 2), ("Reader", 3))
    }


def test_a_stop_waits_for_the_last_delta_of_every_worker():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 10})
    assert {a.phase for a in master.assignments(master.ask("stop")).values()} == {"stop"}
    master.delta("a", 1, samples=3, final=True)
    master.tick(1.0, silent=())
    assert master.core.state == "stopping"
    done = master.delta("b", 1, samples=4, final=True)
    assert of_kind(done, do.FireTestStop)
    (closed,) = of_kind(done, effect.RunClosed)
    assert (closed.accounting.merged, closed.accounting.missing, closed.accounting.closed) == (7, 0, True)
    assert master.core.state == "stopped"


def test_a_stop_ends_at_the_deadline_and_says_at_least_how_many_are_missing():
    master = MasterByHand(final_deadline=5.0)
    master.running("a", "b", users={"Shopper": 10})
    master.delta("b", 1, samples=4)
    master.beat("b", samples=9)
    master.ask("stop", stop_timeout=None)
    master.delta("a", 1, samples=3, final=True)
    done = master.tick(5.0)
    (closed,) = of_kind(done, effect.RunClosed)
    assert closed.accounting.missing == 5
    assert "at least 5 missing (of b)" in closed.accounting.sentence()


def test_a_worker_that_comes_back_while_the_run_stops_is_told_to_stop_and_counts():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 10})
    master.tick(4.0, silent=("b",))
    master.ask("stop")
    master.delta("a", 1, final=True)
    assert master.assignments(master.beat("b"))["b"].phase == "stop"
    master.delta("b", 1, samples=8, final=True)
    assert master.core.accounting().merged == 9


def test_what_comes_after_the_account_is_closed_is_acknowledged_and_not_counted():
    master = MasterByHand(final_deadline=1.0)
    master.running("a", users={"Shopper": 10})
    master.ask("stop")
    master.tick(1.0)
    done = master.delta("a", 1, samples=8, final=True)
    assert not of_kind(done, effect.Apply)
    assert [pulse.applied for pulse in master.sent(master.tick(), say.Pulse)] == [1]
    assert master.core.accounting().merged == 0


def test_deltas_are_merged_once_and_in_order():
    master = MasterByHand()
    master.running("a", users={"Shopper": 10})
    assert not of_kind(master.delta("a", 2), effect.Apply)
    assert [each.delta.number for each in of_kind(master.delta("a", 1), effect.Apply)] == [1, 2]
    assert not of_kind(master.delta("a", 2), effect.Apply)
    assert not of_kind(master.delta("a", 3, run=9), effect.Apply)


def test_an_acknowledgement_waits_for_the_journal():
    master = MasterByHand()
    master.running("a", users={"Shopper": 10})
    master.say("a", say.Delta("s1", 1, 1, 3, False, {}))
    assert {pulse.applied for pulse in master.sent(master.tick(1.0), say.Pulse)} == {0}
    master.bring(happen.Journaled("a", 1, 1, 1))
    assert {pulse.applied for pulse in master.sent(master.tick(), say.Pulse)} == {1}


def test_a_wrong_session_is_refused_and_asked_to_say_hello_again():
    master = MasterByHand()
    master.join("a")
    done = master.say("a", say.Delta("other", 1, 1, 3, False, {}))
    assert [refusal.retry for refusal in master.sent(done, say.Refusal)] == [True]
    done = master.bring(happen.Received(b"stranger", say.Pulse("s1", 0.0, 1, 1)))
    assert [refusal.retry for refusal in master.sent(done, say.Refusal)] == [True]
    assert master.core.strangers == 2


def test_a_worker_of_another_protocol_is_refused_for_good_with_both_versions():
    master = MasterByHand(version="2.0")
    (refusal,) = master.sent(master.hello("a", protocol=99, version="9.9"), say.Refusal)
    assert not refusal.retry
    assert "2.0" in refusal.reason
    assert "9.9" in refusal.reason


def test_no_more_workers_are_taken_than_the_master_can_hold():
    master = MasterByHand(capacity=2)
    master.join("a", "b")
    done = master.hello("c")
    assert "can hold 2 workers" in master.sent(done, say.Refusal)[0].reason
    assert of_kind(done, effect.Log)
    assert len(master.core.fleet.members) == 2


def test_a_second_worker_of_a_living_ones_name_waits_until_that_one_is_gone():
    master = MasterByHand()
    master.join("a")
    (refusal,) = master.sent(master.hello("a", incarnation=2, peer=b"other"), say.Refusal)
    assert refusal.retry
    master.tick(4.0)
    assert master.sent(master.hello("a", incarnation=2, peer=b"other"), say.Welcome)
    assert len(master.core.fleet.members) == 2


def test_a_worker_that_connects_anew_keeps_its_place_and_an_old_hello_changes_nothing():
    master = MasterByHand()
    master.running("a", users={"Shopper": 10})
    old = say.Hello("a", 1, "s1", master.now)
    master.now += 1
    (welcome,) = master.sent(master.hello("a", peer=b"new", session="s1", run=1), say.Welcome)
    assert (welcome.index, welcome.run) == (0, 1)
    assert not of_kind(master.bring(happen.Received(b"a", old)), effect.Send)
    assert master.member("a").peer == b"new"


def test_a_different_locustfile_is_warned_of():
    master = MasterByHand(locustfile="abc")
    assert "-f -" in of_kind(master.hello("a", locustfile="xyz"), effect.Log)[0].text
    assert not of_kind(master.hello("b", locustfile="abc"), effect.Log)


def test_a_goodbye_moves_the_users_and_closes_the_account():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 10})
    master.delta("b", 1, samples=2, final=True)
    assert effect.WorkerLeft("b") in master.say("b", say.Goodbye("s1"))
    assert master.assignments(master.tick(silent=()))["a"].users["Shopper"] == 10
    master.ask("stop")
    master.delta("a", 1, final=True)
    assert master.core.state == "stopped"
    assert master.core.accounting().merged == 3


def test_custom_messages_are_repeated_until_acknowledged_and_delivered_once_and_in_order():
    master = MasterByHand()
    master.join("a", "b")
    done = master.bring(happen.CustomAsked("hi", 1)) + master.bring(happen.CustomAsked("hi", 2, "a"))
    assert [m.data for m in master.sent(done, say.Custom, "a")] == [1, 2]
    assert [m.data for m in master.sent(done, say.Custom, "b")] == [1]
    master.say("a", say.CustomReceived("s1", 1))
    assert {m.number for m in master.sent(master.tick(2.25), say.Custom, "a")} == {2}
    got = [
        each.data
        for number in (2, 1, 1, 2)
        for each in of_kind(master.say("a", say.Custom("s1", number, "yo", number)), effect.DeliverCustom)
    ]
    assert got == [1, 2]


def test_a_message_to_nobody_is_said_in_the_log():
    master = MasterByHand()
    assert "no such worker" in of_kind(master.bring(happen.CustomAsked("hi", 1, "x")), effect.Log)[0].text


def test_a_duplicated_or_older_heartbeat_changes_nothing():
    master = MasterByHand()
    master.running("a", users={"Shopper": 10})
    late = say.Heartbeat("s1", master.now - 5, 1, "spawning", {"Shopper": 3}, 0, 0, 0, 0)
    master.say("a", late)
    assert master.member("a").user_count == 10
    assert master.member("a").state == "running"


def test_a_restored_run_goes_on_with_its_counts_and_waits_for_its_workers():
    master = MasterByHand()
    record = RunRecord(3, "running", {"Shopper": 10}, 5.0, "http://shop", None)
    done = master.bring(
        happen.Restored(record, [WorkerRecord("a", 1, 0, 4, 40), WorkerRecord("b", 1, 1, 2, 20)])
    )
    assert of_kind(done, do.FireTestStart)
    assert not of_kind(done, do.ClearStatistics)
    (welcome,) = master.sent(master.hello("a", run=3, applied=6, cut=5), say.Welcome)
    assert (welcome.run, welcome.applied) == (3, 4)
    assert not master.assignments(master.tick(1.5, silent=("b",)))  # b may come yet
    master.hello("b", run=3, applied=6)
    told = master.assignments(master.tick(1.0, silent=()))
    assert {name: (a.number, a.users["Shopper"]) for name, a in told.items()} == {"a": (7, 5), "b": (7, 5)}
    assert master.core.accounting().merged == 60
    assert not of_kind(master.tick(1.0, silent=()), do.FireSpawningComplete)  # it was complete before
    assert master.core.state == "running"


def test_a_worker_of_a_run_that_the_master_does_not_know_is_told_so():
    master = MasterByHand()
    (welcome,) = master.sent(master.hello("a", run=5, cut=9), say.Welcome)
    assert (welcome.run, welcome.applied) == (0, 0)


def test_quitting_waits_for_goodbyes_up_to_its_grace():
    master = MasterByHand(quit_grace=1.0)
    master.join("a", "b")
    assert len(master.sent(master.ask("quit"), say.Quit)) == 2
    master.say("a", say.Goodbye("s1"))
    assert master.core.state == "ready"
    assert of_kind(master.tick(1.0), do.Shutdown)


def test_what_the_state_does_not_allow_is_refused():
    master = MasterByHand()
    with pytest.raises(LifecycleError):
        master.ask("stop")
    master.ask("quit")
    with pytest.raises(LifecycleError):
        master.ask("start", {"Shopper": 1})


def test_a_source_request_is_answered_before_any_hello():
    master = MasterByHand()
    (forwarded,) = of_kind(master.bring(happen.Received(b"new", say.SourceRequest())), effect.Forward)
    assert (forwarded.peer, forwarded.identity) == (b"new", "")


def test_a_worker_that_has_more_to_change_than_was_known_gets_another_pace():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 100}, rate=10.0)
    master.beat("b", reached=0)
    master.ask("retarget", {"Shopper": 104}, rate=2.0)
    slow = {"reached": 1, "state": "spawning", "users": {"Shopper": 12}}
    done = []
    for _ in range(12):
        master.beat("a")
        master.beat("b", **slow)
        done += master.tick()
    assert master.assignments(done)["b"].spawn_rate == 2.0


def test_impossible_reports_of_a_mad_worker_change_nothing():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 10})
    master.now += 0.1
    master.beat("a", users={"Shopper": -1_000_000})
    assert not of_kind(master.delta("a", 1, samples=-5), effect.Apply)
    assert not of_kind(master.delta("a", 10**12), effect.Apply)
    assert master.member("a").user_count == 5
    assert master.core.accounting().merged == 0
