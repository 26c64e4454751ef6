# SPDX-License-Identifier: MIT
"""What a member does with orders, with silence, with lies, and with its own restarts. The host is a table, the engine a dict."""

import json
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from offswitch.guard.fleet.errors import FleetError
from offswitch.guard.fleet.member import Member
from offswitch.guard.fleet.memory import Memory
from offswitch.guard.fleet.order import SKEW, Order, Scope
from offswitch.guard.fleet.roster import read_deaths, read_roster
from offswitch.guard.fleet.sealed import seal, unseal
from offswitch.guard.fleet.stopping import give, stop_fleet

sys.path.insert(0, str(Path(__file__).parent))
from fleets import SECRET, Rehearsed, Shelf, wait_until

BEAT = 0.1


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("OFFSWITCH_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("OFFSWITCH_STATE_DIR", str(tmp_path / "state"))


@contextmanager
def joined(engine, runs, host="h", **more):
    """Let a member serve in a thread; it ends with the block, as one that is killed would, or says goodbye."""
    memory, said = Memory(host, SECRET), []
    member = Member(engine, memory, host, runs, beat=BEAT, say=said.append, **more)
    member.said = said
    thread = threading.Thread(target=member.serve, daemon=True)
    thread.start()
    try:
        yield member
    finally:
        member.ended.set()
        thread.join(10.0)
        memory.close()
        assert not thread.is_alive()


def roster_of(engine, host="h"):
    value = engine.values.get(f"hosts/{host}")
    return None if value is None else read_roster(f"hosts/{host}", unseal(SECRET, f"hosts/{host}", value))


def deaths_of(engine, host="h"):
    value = engine.values.get(f"reports/{host}", None)
    return (
        {}
        if value is None
        else {
            death.run: death
            for death in read_deaths(f"reports/{host}", unseal(SECRET, f"reports/{host}", value)).deaths
        }
    )


def put_order(engine, scope, kind="stop", sequence=None, wall=None, **more):
    order = Order("id", kind, sequence or time.time_ns(), time.time() if wall is None else wall, "me", **more)
    engine.put(scope.key(kind), seal(SECRET, scope.key(kind), order.record()))


class TestOrders:
    def test_a_stop_of_all_stops_everybody_and_all_is_proved(self):
        engine, runs = Shelf(), Rehearsed()
        for number in range(5):
            runs.begin(f"agent-{number}", f"r{number}")
        with joined(engine, runs):
            wait_until(lambda: (seen := roster_of(engine)) and len(seen.runs) == 5)
            report = stop_fleet(engine, SECRET, wait=10.0)
        assert report["complete"]
        assert sorted(one["name"] for one in report["proved"]) == [f"agent-{number}" for number in range(5)]
        assert report["unproved"] == report["silent"] == []
        assert report["last_proved_after"] < 5.0

    def test_what_starts_while_a_stop_stands_is_stopped_at_once_until_it_is_lifted(self):
        engine, runs = Shelf(), Rehearsed()
        put_order(engine, Scope())
        with joined(engine, runs) as member:
            runs.begin("a", "r1")
            wait_until(lambda: "r1" in deaths_of(engine))
            give(engine, SECRET, Scope(), "lift")
            wait_until(lambda: any("heard: lift" in line for line in member.said))
            runs.begin("a", "r2")
            time.sleep(1.0)
            assert [run.run for run in runs.living()] == ["r2"]

    def test_a_stop_of_one_agent_leaves_the_others_and_its_next_run_alone(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1")
        runs.begin("b", "r2")
        with joined(engine, runs):
            give(engine, SECRET, Scope("h", "a"), "stop")
            wait_until(lambda: "r1" in deaths_of(engine))
            runs.begin("a", "r3")
            time.sleep(0.8)
        with joined(engine, runs):  # and after a restart of the member the order is still an old one
            time.sleep(0.8)
            assert {run.run for run in runs.living()} == {"r2", "r3"}

    def test_an_order_given_while_the_host_was_cut_off_is_obeyed_when_it_is_back(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1")
        with joined(engine, runs):
            wait_until(lambda: roster_of(engine))
            engine.lost = True
            other = Shelf()
            other.values = engine.values  # the same store, seen from a host that is not cut off
            put_order(other, Scope())
            time.sleep(0.5)
            assert runs.living()
            engine.lost = False
            wait_until(lambda: "r1" in deaths_of(engine))

    def test_an_order_heard_late_spares_a_run_that_began_long_after_it(self):
        engine, runs = Shelf(), Rehearsed()
        put_order(engine, Scope("h", "a"), wall=time.time() - SKEW - 60)
        runs.begin("a", "new")
        runs.begin("b", "x")
        with joined(engine, runs):
            time.sleep(0.8)
            assert len(runs.living()) == 2
            put_order(engine, Scope("h", "b"), wall=time.time() - SKEW + 60)
            wait_until(
                lambda: "x" in deaths_of(engine)
            )  # near the order clocks may differ: it counts as before it

    def test_now_overtakes_a_stop_that_gives_grace(self):
        engine, runs = Shelf(), Rehearsed(grace=30.0)
        runs.begin("a", "r1")
        with joined(engine, runs):
            give(engine, SECRET, Scope(), "stop")
            wait_until(lambda: ("stop", "r1", False) in runs.told)
            give(engine, SECRET, Scope("h"), "stop", now=True)
            wait_until(lambda: "r1" in deaths_of(engine), 5.0)

    def test_a_shorten_is_told_once_and_ends_the_lease(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1", lease=3600.0)
        with joined(engine, runs, renew=True):
            give(engine, SECRET, Scope(), "shorten", seconds=1.0)
            death = wait_until(lambda: deaths_of(engine).get("r1"))
        assert death.by == "lease"
        assert sum(told[0] == "shorten" for told in runs.told) == 1
        assert ("renew", "r1") not in runs.told

    def test_who_cannot_be_proved_dead_is_tried_again_and_listed_with_the_reason(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("deaf", "r1")
        runs.begin("tame", "r2")
        runs.deaf.add("deaf")
        with joined(engine, runs):
            report = stop_fleet(engine, SECRET, wait=4.0, hosts=["h"])
            assert not report["complete"]
            assert [one["name"] for one in report["proved"]] == ["tame"]
            (left,) = report["unproved"]
            assert left["name"] == "deaf"
            assert "not proved dead" in left["why"]
            assert sum(told[:2] == ("stop", "r1") for told in runs.told) > 1
            runs.deaf.clear()
            assert stop_fleet(engine, SECRET, wait=10.0)["complete"]

    def test_a_run_whose_supervisor_is_gone_is_seen_to(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1")
        one = runs.table["r1"][0]
        runs.table["r1"][0] = type(one)(**{**one.__dict__, "orphan": True})
        with joined(engine, runs):
            wait_until(lambda: ("bury", "r1") in runs.told)

    def test_a_run_that_leaves_no_receipt_is_not_dead_but_unproved(self, monkeypatch):
        monkeypatch.setattr("offswitch.guard.fleet.member.MOURN", 1.0)
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1")
        with joined(engine, runs):
            wait_until(lambda: roster_of(engine).runs if roster_of(engine) else None)
            runs.table.clear()
            wait_until(lambda: roster_of(engine).runs and roster_of(engine).runs[0].trouble)
            assert wait_until(lambda: deaths_of(engine).get("r1")).verdict == "not proved"
            (left,) = stop_fleet(engine, SECRET, wait=1.0)["unproved"]
            assert "no receipt" in left["why"]


class TestSilence:
    def test_leases_are_renewed_while_the_engine_answers_and_no_longer(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1", lease=1.5)
        with joined(engine, runs, renew=True, patience=0.5):
            time.sleep(4.0)
            assert runs.living(), "renewed"
            engine.lost, lost_at = True, time.monotonic()
            wait_until(lambda: not runs.living())
            assert time.monotonic() - lost_at < 0.5 + 1.5 + 0.5, "patience, lease, and a look"
            assert runs.dead["r1"].by == "lease"
            engine.lost = False
            wait_until(lambda: "r1" in deaths_of(engine))

    def test_without_renew_nothing_is_ever_renewed(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1", lease=1.0)
        with joined(engine, runs):
            wait_until(lambda: not runs.living(), 3.0)
        assert ("renew", "r1") not in runs.told

    def test_a_member_that_never_heard_the_engine_renews_nothing(self):
        engine, runs = Shelf(), Rehearsed()
        engine.lost = True
        runs.begin("a", "r1", lease=1.0)
        with joined(engine, runs, renew=True, patience=60.0):
            wait_until(lambda: not runs.living(), 3.0)
        assert ("renew", "r1") not in runs.told

    def test_what_was_renewed_on_a_permission_that_ran_out_is_taken_back(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1", lease=100.0)
        runs.table["r1"][1] -= 60.0
        memory = Memory("h", SECRET)
        now = [1000.0]
        member = Member(engine, memory, "h", runs, renew=True, patience=5.0, clock=lambda: now[0])
        member.told_at, member.alive = 999.0, {"r1": runs.living()[0]}

        def paused(run):
            Rehearsed.renew(runs, run)
            now[0] += 30.0  # the host slept between the look and the act

        runs.renew = paused
        member.see_to_lease(runs.living()[0])
        memory.close()
        (told,) = [told for told in runs.told if told[0] == "shorten"]
        assert told[2] == pytest.approx(10.0, abs=1.0), "40 s were left, 30 s are over"

    def test_where_the_engine_is_dead_those_heard_of_last_are_listed_by_name(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1", lease=60.0)
        runs.deaf.add("a")
        with joined(engine, runs):
            wait_until(lambda: roster_of(engine) and roster_of(engine).runs)
            stop_fleet(engine, SECRET, wait=0.0)
            engine.lost = True
            report = stop_fleet(engine, SECRET, wait=0.5)
        assert report["order"] is None
        assert not report["complete"]
        assert [one["name"] for one in report["unproved"]] == ["a"]
        assert "has not answered" in report["unproved"][0]["why"]
        assert report["trouble"]

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": 1}', '{"schema": "offswitch.fleet-last-heard/1", "values": [1]}', '{"schema": "offswitch.fleet-last-heard/1", "values": {"hosts/h": "x"}}'])  # fmt: skip
    def test_a_broken_list_of_who_was_heard_of_hinders_nothing(self, text):
        engine = Shelf()
        engine.lost = True
        stop_fleet(engine, SECRET, wait=0.0)
        folder = Path(Memory("h", SECRET).file).parent
        (folder / "last-heard.json").write_text(text)
        assert not stop_fleet(engine, SECRET, wait=0.0)["complete"]


class TestLies:
    # fmt: off
    VALUES = (
        b"", b"{}", b"\x00" * 1000, b"x" * 600_000, b"0" * 64 + b"\n" + b"[" * 200_000, b"\xff\xfe",
        seal(SECRET, "orders/all/stop", {"schema": "offswitch.order/1"}), seal(SECRET, "orders/all/stop", {"kind": ["stop"]}),
        seal(b"y" * 32, "orders/all/stop", Order("1", "stop", 1, 1.0, "x").record()),
        seal(SECRET, "orders/other/stop", Order("1", "stop", 1, 1.0, "x").record()),
    )
    # fmt: on

    @pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
    def test_a_value_that_is_not_believed_stops_nobody_is_told_and_hides_no_order(self, value):
        engine, runs = Shelf(), Rehearsed()
        engine.values["orders/all/stop"] = value
        engine.values["orders/h/\x1b[2J/stop"] = value
        runs.begin("a", "r1")
        with joined(engine, runs) as member:
            wait_until(lambda: (seen := roster_of(engine)) and len(seen.refused) == 2)
            assert runs.living()
            assert all(line.isprintable() for line in member.said)
            report = stop_fleet(engine, SECRET, wait=10.0)
        assert report["complete"], report
        assert any("1b[2J" in word for word in report["refused"])

    def test_an_order_put_back_is_refused_and_what_is_taken_away_still_stands(self):
        engine, runs = Shelf(), Rehearsed()
        give(engine, SECRET, Scope(), "lift")
        lift = engine.values["orders/all/stop"]
        with joined(engine, runs) as member:
            wait_until(lambda: any("lift" in line for line in member.said))
            give(engine, SECRET, Scope(), "stop")
            wait_until(lambda: any("stop for" in line for line in member.said))
            engine.values["orders/all/stop"] = lift
            wait_until(lambda: roster_of(engine).refused)
            runs.begin("a", "r1")
            wait_until(lambda: "r1" in deaths_of(engine))
        with joined(engine, runs):
            del engine.values["orders/all/stop"]
            runs.begin("a", "r2")
            wait_until(lambda: "r2" in deaths_of(engine))

    def test_a_forged_roster_or_proof_makes_nobody_dead_and_no_host(self):
        engine, runs = Shelf(), Rehearsed()
        runs.deaf.add("a")
        runs.begin("a", "r1")
        forged = {"schema": "offswitch.deaths/1", "host": "h", "deaths": [{"name": "a", "run": "r1", "verdict": "proved", "by": "stop", "began": 1.0, "ended": 2.0, "receipt": "", "why": ""}]}  # fmt: skip
        engine.values["reports/h"] = seal(b"z" * 32, "reports/h", forged)
        engine.values["hosts/ghost"] = seal(b"z" * 32, "hosts/ghost", {})
        engine.values["reports/other"] = seal(SECRET, "reports/h", forged)
        with joined(engine, runs):
            wait_until(lambda: roster_of(engine))
            report = stop_fleet(engine, SECRET, wait=1.5)
        assert [one["name"] for one in report["unproved"]] == ["a"]
        assert report["hosts"] == ["h"]
        assert any("ghost" in word for word in report["refused"])

    def test_a_member_outlives_what_nobody_foresaw(self):
        engine, runs = Shelf(), Rehearsed()
        runs.begin("a", "r1")
        whole, calls = engine.list, []

        def broken(prefix):
            calls.append(prefix)
            if len(calls) % 2:
                raise RuntimeError("\x1b[2J a fault of ours")
            return whole(prefix)

        engine.list = broken
        with joined(engine, runs) as member:
            put_order(engine, Scope())
            wait_until(lambda: not runs.living(), 20.0)
            assert any("goes on" in line for line in member.said)
            assert all(line.isprintable() for line in member.said)


class TestNames:
    def test_one_member_a_host_name_on_a_machine(self):
        first = Memory("h", SECRET)
        with pytest.raises(FleetError, match="already"):
            Memory("h", SECRET)
        first.close()
        Memory("h", SECRET).close()

    def test_two_hosts_under_one_name_prove_nothing(self, tmp_path, monkeypatch):
        engine, here, there = Shelf(), Rehearsed(), Rehearsed()
        with joined(engine, here):
            wait_until(lambda: roster_of(engine))
            monkeypatch.setenv("OFFSWITCH_STATE_DIR", str(tmp_path / "another machine"))
            with joined(engine, there):
                wait_until(lambda: roster_of(engine).rival)
                report = stop_fleet(engine, SECRET, wait=1.0)
        assert not report["complete"]
        assert "more than one host" in report["silent"][0]["why"]

    def test_a_memory_that_somebody_changed_is_refused_with_the_cure(self):
        engine, runs = Shelf(), Rehearsed()
        put_order(engine, Scope())
        with joined(engine, runs) as member:
            wait_until(lambda: Path(member.memory.file).exists())
        text = json.loads(Path(member.memory.file).read_text())
        text["orders"]["orders/all/stop"][0] = text["orders"]["orders/all/stop"][0].replace("stop", "lift")
        for wrong in (
            json.dumps(text),
            "",
            "[]",
            "{",
            json.dumps({**text, "orders": []}),
            json.dumps({**text, "schema": 1}),
        ):
            Path(member.memory.file).write_text(wrong)
            with pytest.raises(FleetError, match="removing it"):
                Memory("h", SECRET)
        with pytest.raises(FleetError, match="key is another"):
            Memory("h", b"another key of the fleet")
