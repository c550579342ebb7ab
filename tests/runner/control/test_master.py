"""The master's decisions: who gets which users at which rate, who is told what, and how a run ends."""

from __future__ import annotations

import pytest

from swarm.control import effects as effect
from swarm.control import happenings as happen
from swarm.control import instructions as do
from swarm.control import messages as say
from swarm.control.accounting import Accounting, WorkerAccount
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
    assert closed.accounting.open == ["b"]
    unheard = Accounting(
        1, (WorkerAccount("a", 1, 7, 7, final=True), WorkerAccount("b", 1, 3, 3, final=False))
    )
    assert unheard.sentence() == (
        "2 workers: 10 samples merged. 1 worker did not deliver its last report: b; what came after the one before "
        "is not counted."
    )


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


def test_who_connects_again_while_the_master_quits_is_waited_for_and_told_again():
    master = MasterByHand(quit_grace=1.0)
    master.join("a")
    master.bring(happen.Disconnected(b"a"))
    master.ask("quit")
    assert not of_kind(master.tick(), do.Shutdown)
    welcomed = master.hello("a", peer=b"a again")
    assert [type(message) for message in master.sent(welcomed, say.Message, "a")] == [say.Welcome, say.Quit]
    assert of_kind(master.say("a", say.Goodbye("s1")), do.Shutdown)


def test_what_was_said_on_a_connection_that_has_broken_since_counts():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 10})
    master.bring(happen.Disconnected(b"a"))  # a pulse could not be sent, while these were on their way
    done = master.bring(happen.Received(b"a", say.Delta("s1", 1, 1, 5, True, {})))
    assert of_kind(done, effect.Apply)
    left = master.bring(happen.Received(b"a", say.Goodbye("s1")))
    assert of_kind(left, effect.WorkerLeft)
    assert master.assignments(master.tick())["b"].users == {"Shopper": 10}
    assert not of_kind(master.tick(10.0, silent=()), effect.WorkerLost)


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


class TestAllUsersAreThere:
    def test_a_late_worker_hears_of_it_when_its_own_users_are_there_with_the_swarms_count(self):
        master = MasterByHand()
        master.running("a", users={"Shopper": 10})
        master.beat("a", complete=1)
        master.join("late")
        done = master.tick(0.75, silent=("late",))
        assert not master.sent(done, say.SpawningComplete, "late")
        told = master.assignments(master.tick(0.5, silent=("late",)))["late"]
        master.beat("late", reached=told.number - 1, state="spawning", users={"Shopper": 2})
        assert not master.sent(master.tick(), say.SpawningComplete, "late")
        master.beat("late")
        (said,) = master.sent(master.tick(), say.SpawningComplete, "late")
        assert (said.user_count, said.ramp) == (10, 1)
        assert master.sent(master.tick(1.0, silent=()), say.SpawningComplete, "late")  # again, until it knows
        master.now += 0.1
        master.beat("late", complete=1)
        assert not master.sent(master.tick(2.0, silent=()), say.SpawningComplete)

    def test_who_came_back_and_had_heard_of_it_is_not_told_again(self):
        master = MasterByHand()
        master.running("a", "b", users={"Shopper": 10})
        for name in "ab":
            master.beat(name, complete=1)
        master.tick(4.0, silent=("b",))
        master.beat("b", complete=1)
        assert not master.sent(master.tick(3.0, silent=()), say.SpawningComplete)

    def test_a_ramp_that_it_missed_is_told_to_a_worker_that_comes_back(self):
        master = MasterByHand()
        master.running("a", "b", users={"Shopper": 10})
        for name in "ab":
            master.beat(name, complete=1)
        master.tick(4.0, silent=("b",))
        master.ask("retarget", {"Shopper": 20})
        master.beat("a")
        master.tick(silent=("b",))
        assert master.core.plan.ramp == 2
        master.hello("b", run=1)
        told = master.sent(master.tick(2.0, silent=()), say.SpawningComplete, "b")
        assert {each.user_count for each in told} == {20}

    def test_it_is_known_again_after_the_masters_death(self):
        master = MasterByHand()
        record = RunRecord(1, "running", {"Shopper": 10}, 10.0, complete=True, ramp=4)
        master.bring(happen.Restored(record, [WorkerRecord("a", 1), WorkerRecord("b", 1, 1)]))
        master.hello("a", run=1, applied=3)
        master.hello("b", run=1, applied=3)
        master.beat("a", complete=4, reached=0)
        master.beat("b", complete=3, reached=0)  # it was to be told when the master died
        told = master.tick(2.0, silent=())
        assert not master.sent(told, say.SpawningComplete, "a")
        assert {each.ramp for each in master.sent(told, say.SpawningComplete, "b")} == {4}
        assert not of_kind(told, do.FireSpawningComplete)


class TestWhatCannotBeMerged:
    def test_it_is_acknowledged_and_missing_and_the_run_ends(self):
        master = MasterByHand()
        master.running("a", users={"Shopper": 10})
        master.delta("a", 1, samples=3)
        master.say("a", say.Delta("s1", 1, 2, 1_000_000, False, {}))
        master.bring(happen.Journaled("a", 1, 1, 2, refused=True))
        assert [pulse.applied for pulse in master.sent(master.tick(), say.Pulse)] == [2]
        master.ask("stop")
        (closed,) = of_kind(master.delta("a", 3, samples=4, final=True), effect.RunClosed)
        account = closed.accounting
        assert (account.merged, account.refused, account.missing, account.closed) == (
            7,
            1_000_000,
            1_000_000,
            False,
        )
        assert (
            "at least 1000000 missing (of a); 1000000 of them came and could not be read"
            in account.sentence()
        )

    def test_a_delta_of_after_a_reset_that_there_was_not_is_refused(self):
        master = MasterByHand()
        master.running("a", users={"Shopper": 10})
        done = master.say("a", say.Delta("s1", 1, 1, 5, False, {}, resets=3))
        (discarded,) = of_kind(done, effect.Discard)
        assert discarded.refused
        assert not of_kind(done, effect.Apply)

    def test_what_is_of_no_worker_is_counted_and_not_merged(self):
        master = MasterByHand()
        master.running("a", users={"Shopper": 10})
        for peer, session in ((b"nobody", "s1"), (b"a", "s0")):
            done = master.bring(happen.Received(peer, say.Delta(session, 1, 1, 5, False, {})))
            assert not of_kind(done, effect.Apply)
            (drop,) = of_kind(done, effect.Drop)
            assert drop == effect.Drop("messages of no worker of this session", "Delta")

    def test_a_connection_is_one_workers(self):
        master = MasterByHand()
        master.running("a", users={"Shopper": 10})
        for identity, incarnation in (("b", 1), ("a", 2)):
            done = master.hello(identity, incarnation, peer=b"a")
            assert [each.reason for each in of_kind(done, effect.Drop)] == [
                "hellos under another worker's name"
            ]
        assert list(master.core.fleet.members) == [("a", 1)]
        assert master.member("a").peer == b"a"

    def test_a_hello_that_cannot_be_is_dropped(self):
        master = MasterByHand()
        done = master.hello("a", applied=2**62)
        assert [each.reason for each in of_kind(done, effect.Drop)] == ["hellos that cannot be"]
        assert not master.core.fleet.members


class TestAReset:
    def test_what_was_merged_lies_before_it_and_every_worker_is_told(self):
        master = MasterByHand()
        master.running("a", "b", users={"Shopper": 10})
        master.delta("a", 1, samples=7)
        master.say("b", say.Delta("s1", 1, 1, 5, False, {}))  # merged, and not safe yet
        done = master.ask("reset")
        kinds = [type(each) for each in done]
        assert kinds[:3] == [effect.Remember, effect.ResetStatistics, effect.FireResetStats]
        assert {pulse.resets for pulse in master.sent(done, say.Pulse)} == {1}
        assert done[0].run.resets == 1
        master.bring(happen.Journaled("b", 1, 1, 1))
        account = master.core.accounting()
        assert (account.merged, account.reset) == (0, 12)

    def test_a_worker_that_had_not_heard_of_it_reports_of_before_it(self):
        master = MasterByHand()
        master.running("a", users={"Shopper": 10})
        master.ask("reset")
        done = master.say("a", say.Delta("s1", 1, 1, 5, False, {}))
        assert of_kind(done, effect.Discard) == [effect.Discard("a", 1, say.Delta("s1", 1, 1, 5, False, {}))]
        master.bring(happen.Journaled("a", 1, 1, 1))
        (applied,) = of_kind(master.say("a", say.Delta("s1", 1, 2, 4, False, {}, resets=1)), effect.Apply)
        assert applied.delta.number == 2
        master.bring(happen.Journaled("a", 1, 1, 2))
        master.ask("stop")
        done = master.say("a", say.Delta("s1", 1, 3, 2, True, {}, resets=1))
        (closed,) = of_kind(done + master.bring(happen.Journaled("a", 1, 1, 3)), effect.RunClosed)
        account = closed.accounting
        assert (account.merged, account.reset, account.missing, account.closed) == (6, 5, 0, True)
        assert "all 6 samples merged, none missing (5 before the reset are not counted)" in account.sentence()

    def test_it_comes_before_spawning_complete_when_the_run_asks_for_it(self):
        master = MasterByHand()
        master.join("a")
        master.ask("start", {"Shopper": 4}, reset_when_complete=True)
        master.beat("a")
        kinds = [type(each) for each in master.tick()]
        order = [effect.ResetStatistics, effect.FireResetStats, do.FireSpawningComplete]
        assert [kinds.index(kind) for kind in order] == sorted(kinds.index(kind) for kind in order)

    def test_a_late_worker_and_a_second_run_begin_after_the_right_one(self):
        master = MasterByHand()
        master.running("a", users={"Shopper": 10})
        master.ask("reset")
        master.join("late")
        told = master.assignments(master.tick(1.5, silent=()))
        assert told["late"].resets == 1
        master.ask("stop")
        for name in ("a", "late"):
            master.delta(name, 1, final=True)
        assert {each.resets for each in master.assignments(master.ask("start", {"Shopper": 2})).values()} == {
            0
        }

    def test_it_may_come_when_the_run_is_over_and_before_the_first(self):
        master = MasterByHand()
        assert of_kind(master.ask("reset"), effect.ResetStatistics)
        master.running("a", users={"Shopper": 10})
        master.ask("stop")
        master.delta("a", 1, samples=3, final=True)
        assert of_kind(master.ask("reset"), effect.ResetStatistics)
        assert (master.core.accounting().merged, master.core.accounting().reset) == (0, 3)
        assert master.core.accounting().closed

    def test_it_is_known_after_the_masters_death(self):
        master = MasterByHand()
        record = RunRecord(1, "running", {"Shopper": 10}, 10.0, complete=True, ramp=1, resets=2)
        master.bring(happen.Restored(record, [WorkerRecord("a", 1, 0, 4, 6, reset=30)]))
        master.hello("a", run=1, applied=1)
        before = master.say("a", say.Delta("s1", 1, 5, 5, False, {}, resets=1))
        assert of_kind(before, effect.Discard)
        assert of_kind(master.say("a", say.Delta("s1", 1, 6, 5, False, {}, resets=2)), effect.Apply)
        account = master.core.accounting()
        assert (account.merged, account.reset, account.missing) == (6, 30, 0)


class TestOptions:
    def test_they_go_with_assignments_until_a_worker_has_taken_one_with_them(self):
        master = MasterByHand(options={"tags": ["slow"]})
        master.join("a", "b")
        told = master.assignments(master.ask("start", {"Shopper": 10}))
        assert {str(each.options) for each in told.values()} == {"{'tags': ['slow']}"}
        master.beat("a")
        told = master.assignments(master.ask("retarget", {"Shopper": 20}))
        assert (told["a"].options, told["b"].options) == ({}, {"tags": ["slow"]})

    def test_others_are_told_though_the_users_stay(self):
        master = MasterByHand(options={"tier": "gold"})
        master.running("a", users={"Shopper": 10})
        assert not master.assignments(master.ask("retarget", {"Shopper": 10}, options={"tier": "gold"}))
        told = master.assignments(master.ask("retarget", {"Shopper": 10}, options={"tier": "silver"}))
        assert told["a"].options == {"tier": "silver"}

    def test_they_come_with_the_welcome(self):
        master = MasterByHand(options={"tier": "gold"})
        (welcome,) = master.sent(master.hello("a"), say.Welcome)
        assert welcome.options == {"tier": "gold"}


class TestARunThatIsTakenUp:
    def test_while_it_was_stopping_goes_on_stopping_until_the_last_delta_of_all(self):
        master = MasterByHand()
        record = RunRecord(2, "stopping", {"Shopper": 10}, 5.0, complete=True, ramp=1)
        workers = [WorkerRecord("a", 1, 0, 4, 40), WorkerRecord("b", 1, 1, 5, 20, final=True)]
        done = master.bring(happen.Restored(record, workers))
        assert [type(each) for each in done if isinstance(each, do.FireTestStart | do.FireTestStopping)] == [
            do.FireTestStart,
            do.FireTestStopping,
        ]
        assert master.core.state == "stopping"
        told = master.assignments(master.hello("a", run=2, applied=6, state="stopped"))
        assert (told["a"].phase, told["a"].number) == ("stop", 7)
        assert not master.assignments(master.hello("b", run=2, applied=6, state="stopped"))
        done = master.delta("a", 5, samples=2, final=True, run=2)
        (closed,) = of_kind(done, effect.RunClosed)
        assert (closed.accounting.merged, closed.accounting.closed) == (62, True)
        assert master.core.state == "stopped"

    def test_while_it_was_stopping_ends_at_its_deadline_when_nobody_comes(self):
        master = MasterByHand(final_deadline=5.0)
        record = RunRecord(2, "stopping", {"Shopper": 10}, 5.0)
        master.bring(happen.Restored(record, [WorkerRecord("a", 1, 0, 4, 40)]))
        (closed,) = of_kind(master.tick(5.0), effect.RunClosed)
        assert not closed.accounting.closed

    def test_when_it_was_over_has_its_account_and_another_run_may_begin(self):
        master = MasterByHand()
        record = RunRecord(2, "stopped", {"Shopper": 10}, 5.0)
        master.bring(happen.Restored(record, [WorkerRecord("a", 1, 0, 4, 40, final=True)]))
        assert master.core.state == "ready"
        assert (master.core.accounting().merged, master.core.accounting().closed) == (40, True)
        master.hello("a", run=2, applied=6)
        assert {each.run for each in master.assignments(master.ask("start", {"Shopper": 3})).values()} == {3}

    def test_while_it_was_paused_stays_paused_and_goes_on(self):
        master = MasterByHand()
        record = RunRecord(2, "paused", {"Shopper": 10}, 5.0, complete=True, ramp=1)
        master.bring(happen.Restored(record, [WorkerRecord("a", 1, 0, 4, 40)]))
        told = master.assignments(master.hello("a", run=2, applied=6))
        assert told["a"].phase == "pause"
        assert master.core.state == "paused"
        assert master.assignments(master.ask("resume"))["a"].phase == "run"

    def test_it_has_begun_when_it_began(self):
        master = MasterByHand()
        (remembered, *_) = of_kind(master.ask("start", {"Shopper": 1}), effect.Remember)
        assert remembered.run.began_at == master.now
        again = MasterByHand()
        again.now += 100
        again.bring(happen.Restored(remembered.run, []))
        assert again.core.plan.began_at == master.now


# -- a worker that is drained --------------------------------------------------------------------------------------


def drain(master: MasterByHand, identity: str):
    return master.bring(happen.DrainAsked(identity))


def test_a_drained_workers_users_go_to_the_others_at_the_spawn_rate_and_it_ends_its_own():
    master = MasterByHand()
    master.running("a", "b", "c", users={"Shopper": 300}, rate=10.0)
    done = drain(master, "c")
    assert (master.assignments(done)["c"].phase, master.member("c").state) == ("stop", "draining")
    told = master.assignments(master.tick(0.25, silent=()))
    assert {name: a.users["Shopper"] for name, a in told.items()} == {"a": 150, "b": 150}
    assert sum(a.spawn_rate for a in told.values()) == pytest.approx(10.0)
    assert master.core.state == "running"


def test_a_drained_worker_may_go_when_its_last_report_is_safe_and_is_told_so_until_it_goes():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 4})
    master.delta("b", 1, samples=7)
    assert not master.sent(drain(master, "b") + master.tick(2.0, silent=()), say.Quit)
    assert master.sent(master.delta("b", 2, samples=5, final=True), say.Quit, "b")
    assert len(master.sent(master.tick(2.0, silent=()), say.Quit, "b")) == 2
    done = master.say("b", say.Goodbye("s1"))
    assert of_kind(done, effect.WorkerLeft) == [effect.WorkerLeft("b", drained=True)]
    assert not master.sent(master.tick(2.0, silent=()), say.Quit)
    row = next(row for row in master.core.accounting().workers if row.identity == "b")
    assert (row.merged, row.closed, row.missing) == (12, True, 0)


def test_a_worker_without_part_in_a_run_may_go_at_once():
    master = MasterByHand()
    master.join("a")
    assert master.sent(drain(master, "a"), say.Quit, "a")
    assert of_kind(master.say("a", say.Goodbye("s1")), effect.WorkerLeft)


def test_a_drained_worker_whose_goodbye_is_lost_has_left_and_is_not_lost():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 4})
    drain(master, "b")
    master.delta("b", 1, final=True)
    done = master.tick(4.0, silent=("b",))
    assert of_kind(done, effect.WorkerLeft) == [effect.WorkerLeft("b", drained=True)]
    assert not of_kind(done, effect.WorkerLost)


def test_nothing_late_revives_a_drained_worker():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 4})
    drain(master, "b")
    master.delta("b", 1, final=True)
    master.say("b", say.Goodbye("s1"))
    late = master.hello("b", session="s1")
    assert master.sent(late, say.Quit) == [say.Quit("s1")]
    beat = say.Heartbeat("s1", master.now, 1, "running", {"Shopper": 2}, 9, 1, 1, 1)
    for message in (beat, say.Delta("s1", 1, 2, 1, False, {})):
        assert not of_kind(master.bring(happen.Received(b"b", message)), effect.Apply | effect.WorkerJoined)
    master.tick(1.0, silent=())
    assert [m.identity for m in master.core.fleet.takers()] == ["a"]
    assert master.member("b").state == "quit"


def test_a_draining_worker_that_was_silent_goes_on_draining():
    master = MasterByHand()
    master.running("a", "b", "c", users={"Shopper": 30})
    drain(master, "c")
    assert effect.WorkerLost("c") in master.tick(4.0, silent=("c",))
    done = master.beat("c")
    assert of_kind(done, effect.WorkerBack)
    assert master.assignments(done)["c"].phase == "stop"
    master.tick(2.0, silent=())
    assert master.member("c").state == "draining"
    assert master.sent(master.delta("c", 1, final=True), say.Quit, "c")


def test_a_restored_master_goes_on_draining():
    before = MasterByHand()
    before.running("a", "b", users={"Shopper": 4})
    (record,) = [each.worker for each in of_kind(drain(before, "b"), effect.RememberWorker)]
    assert record.draining
    master = MasterByHand()
    workers = [WorkerRecord("a", 1, 0), record]
    master.bring(happen.Restored(RunRecord(1, "running", {"Shopper": 4}, 10.0, complete=True), workers))
    told = master.assignments(master.hello("a") + master.hello("b") + master.tick(1.0, silent=()))
    assert (told["b"].phase, told["a"].users) == ("stop", {"Shopper": 4})
    assert master.sent(master.delta("b", 1, final=True), say.Quit, "b")


def test_a_run_that_is_stopped_waits_for_a_draining_workers_last_report():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 4})
    drain(master, "b")
    master.ask("stop")
    master.delta("a", 1, final=True)
    assert master.core.state == "stopping"
    done = master.delta("b", 1, final=True)
    assert master.core.state == "stopped"
    assert master.sent(done, say.Quit, "b")


@pytest.mark.parametrize(
    ("identity", "says"),
    [("z", "no worker"), ("a", "last worker"), ("b", "missing"), ("c", "draining already")],
)
def test_a_worker_that_cannot_leave_now_stays(identity, says):
    master = MasterByHand()
    master.running("a", "b", "c", users={"Shopper": 4})
    drain(master, "c")
    master.tick(4.0, silent=("b",))
    with pytest.raises(LifecycleError, match=says):
        drain(master, identity)


# -- a stop that is forced -----------------------------------------------------------------------------------------


def test_a_forced_stop_is_told_until_it_is_taken_and_shortens_the_deadline():
    master = MasterByHand(final_deadline=5.0)
    master.join("a", "b")
    master.ask("start", {"Shopper": 4}, stop_timeout=600.0)
    master.beat_all()
    master.tick()
    master.ask("stop")
    told = master.assignments(master.ask("force"))
    assert {name: a.phase for name, a in told.items()} == {"a": "cut", "b": "cut"}
    assert not master.assignments(master.ask("force"))
    assert master.assignments(master.tick(1.0)) == told
    master.tick(5.0)
    assert master.core.state == "stopped"


def test_who_comes_back_while_a_stop_is_forced_cuts_as_well_and_the_next_stop_does_not():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 4})
    master.tick(4.0, silent=("b",))
    master.ask("stop")
    master.ask("force")
    assert master.assignments(master.beat("b"))["b"].phase == "cut"
    master.delta("a", 1, final=True)
    master.delta("b", 1, final=True)
    master.ask("start", {"Shopper": 4})
    assert {a.phase for a in master.assignments(master.ask("stop")).values()} == {"stop"}


def test_a_restored_master_still_forces():
    before = MasterByHand()
    before.running("a", users={"Shopper": 4})
    before.ask("stop")
    record = of_kind(before.ask("force"), effect.Remember)[-1].run
    assert record.forced
    master = MasterByHand()
    master.bring(happen.Restored(record, [WorkerRecord("a", 1, 0)]))
    assert master.assignments(master.hello("a"))["a"].phase == "cut"


def test_options_reach_the_workers_of_a_run_that_goes_on_and_no_user_moves():
    master = MasterByHand()
    master.running("a", "b", users={"Shopper": 4})
    shares = {m.identity: m.share for m in master.core.fleet}
    told = master.assignments(master.ask("configure", options={"tier": "gold"}))
    assert {name: (a.options, a.users) for name, a in told.items()} == {
        name: ({"tier": "gold"}, share) for name, share in shares.items()
    }
    assert master.core.state == "running"
    assert not master.assignments(master.ask("configure", options={"tier": "gold"}))
