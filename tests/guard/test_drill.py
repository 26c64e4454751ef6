# SPDX-License-Identifier: MIT
"""What a drill finds, what it does not overlook, and what it leaves behind: nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from offswitch.cli import drill as command
from offswitch.guard import running
from offswitch.guard.drill import drilling, looking, outside, page
from offswitch.guard.drill.arena import Arena
from offswitch.guard.drill.attackers import attackers
from offswitch.guard.drill.composer import LATEST, compose
from offswitch.guard.drill.contained import CONTAINERS
from offswitch.guard.drill.contract import Blow, Outcome, Trial
from offswitch.guard.drill.drilling import DrillError, Plan, tasks_of
from offswitch.guard.drill.methods import OURS, usual_methods
from offswitch.guard.drill.outside import Outside
from offswitch.guard.drill.own import OwnTrial, Setting, try_own
from offswitch.guard.drill.trying import try_usual
from offswitch.guard.tiers import at_least, survey
from offswitch.guard.walls import cgroups

needs_jail = pytest.mark.skipif(
    not at_least(survey().tier, "rootless"), reason="no jail with a control group here"
)
SETSID = Blow(2, {"orphan": False})
DAEMON = Blow(3, {"daemons": 1, "stays": True})


def trial(*blows, order="now", since="deed", delay=0.02, number=0):
    return Trial(number, 0, blows, delay, since, order)


@pytest.fixture
def standing(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="offswitch-drill-test-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        monkeypatch.setenv("OFFSWITCH_RUN_DIR", str(folder / "run"))
        monkeypatch.setenv("OFFSWITCH_STATE_DIR", str(folder / "state"))
        with Outside(folder) as there:
            yield there


# The composer ----------------------------------------------------------------------------------------------------------


def test_a_trial_depends_on_its_seed_and_number_alone():
    first = [compose(5, number) for number in range(100)]
    assert [compose(5, number) for number in reversed(range(100))] == first[::-1]
    assert compose(6, 0) != first[0]


def test_every_attack_leads_equally_often():
    leads = [compose(1, number).blows[0].attack for number in range(3 * len(attackers()))]
    assert {leads.count(attack) for attack in attackers()} == {3}


def test_trials_mix_one_to_three_attacks_at_times_within_the_bounds():
    trials = [compose(2, number) for number in range(600)]
    assert {len(one.attacks) for one in trials} == {1, 2, 3}
    assert all(len(set(one.attacks)) == len(one.attacks) for one in trials)
    assert all(0 <= one.delay <= LATEST for one in trials)
    assert sum(one.delay < 0.03 for one in trials) > 100
    assert {one.order for one in trials} == {
        "now",
        "notice",
        "lease",
        "twice",
        "crowd",
        "early",
        "killed",
        "frozen",
    }


def test_what_the_host_cannot_run_is_not_drawn():
    assert {attack for number in range(50) for attack in compose(0, number, [1, 2, 3]).attacks} == {1, 2, 3}


# The usual methods: what is known of them is found -----------------------------------------------------------------------


@needs_jail
@pytest.mark.parametrize(
    ("method", "blow", "escapes"),
    [
        ("kill_pid", SETSID, True),
        ("kill_group", SETSID, True),
        ("timeout_k", SETSID, True),
        ("kill_tree", SETSID, False),
        ("kill_tree", DAEMON, True),
        ("pid_namespace", DAEMON, False),
        ("die_with_parent", DAEMON, False),
        ("kill_group", Blow(1, {"children": 2}), False),
        ("pid_file", Blow(27, {"turn": 0}), True),
        ("pid_file", Blow(29, {"way": "foreign pid"}), True),
        ("kill_pid", Blow(29, {"way": "zombie leader"}), False),
        ("kill_tree", Blow(19, {"signal": 9}), True),
        ("kill_pid", Blow(12, {"rounds": 1}), True),
    ],
)
def test_a_usual_method_fails_where_it_is_known_to(method, blow, escapes, standing):
    outcome = try_usual(trial(blow, delay=0.1), usual_methods()[method], standing)
    assert not outcome.fault
    assert bool(outcome.escapes) == escapes, outcome


@needs_jail
def test_nothing_of_an_arena_is_left(standing):
    outcome = try_usual(trial(Blow(7, {"width": 40, "deep": True})), usual_methods()["kill_pid"], standing)
    assert outcome.escapes
    assert os.geteuid() != 0 or looking.living(looking.of_user(Arena("none").uid)) == []
    homes = cgroups.find_homes()
    assert homes.killer is None or not list(
        (homes.killer.place / cgroups.HOUSE).glob(f"{cgroups.own_name()}/kill_pid*")
    )


# Our own: what must not be overlooked --------------------------------------------------------------------------------------


@needs_jail
@pytest.mark.parametrize("order", ["now", "notice", "lease", "twice", "crowd", "early", "killed", "frozen"])
def test_the_off_switch_holds_however_the_order_comes(order, standing):
    since = "start" if order in ("lease", "early") else "deed"
    outcome = try_own(trial(SETSID, DAEMON, order=order, since=since, delay=0.1), standing, Setting())
    assert outcome.escapes == ()
    assert not outcome.fault
    assert order in ("early", "lease") or {2, 3} & set(outcome.begun)


@needs_jail
def test_a_stop_that_only_claims_is_found_out(standing, monkeypatch):
    lie = {"verdict": "proved", "populated": 0, "persistence": {"changed": []}, "run": "x"}
    monkeypatch.setattr(running, "stop", lambda *_, **__: lie)
    outcome = try_own(trial(DAEMON), standing, Setting())
    told = " / ".join(outcome.escapes)
    assert "alive" in told
    assert "still holds the pipe" in told
    assert "proved while somebody lives" in told


@needs_jail
def test_a_stop_that_is_refused_is_an_escape(standing, monkeypatch):
    def refuse(*_, **__):
        raise running.RefusedError("no")

    monkeypatch.setattr(running, "stop", refuse)
    assert any("refused" in line for line in try_own(trial(SETSID), standing, Setting()).escapes)


@needs_jail
def test_a_planted_file_that_the_receipt_does_not_name_is_an_escape(standing, monkeypatch):
    honest = running.stop
    monkeypatch.setattr(
        running, "stop", lambda *words, **more: {**honest(*words, **more), "persistence": {"changed": []}}
    )
    outcome = try_own(trial(Blow(14, {"name": "Makefile"})), standing, Setting())
    assert outcome.escapes == ("Makefile was planted, and the receipt does not name it",)


@needs_jail
def test_a_renewal_that_nobody_made_is_an_escape(standing, monkeypatch):
    honest = running.stop
    forged = {"renewals": {"accepted": 1, "refused": 0}}
    monkeypatch.setattr(running, "stop", lambda *words, **more: {**honest(*words, **more), **forged})
    assert any("renewals" in line for line in try_own(trial(SETSID), standing, Setting()).escapes)


@needs_jail
def test_what_an_attacker_got_is_an_escape_whatever_the_receipt_says(standing):
    here = OwnTrial(trial(SETSID), standing, Setting())
    here.workspace.mkdir()
    here.heartbeat.told.append({"attack": 9, "got": "may write /proc/sys/kernel/core_pattern"})
    here.heartbeat.close_far()
    here.look({"verdict": "proved", "populated": 0})
    assert here.escapes == ["attack 9 got may write /proc/sys/kernel/core_pattern"]


# The canary and the desk -----------------------------------------------------------------------------------------------


def test_what_stands_outside_is_well_when_nothing_happens(standing):
    assert standing.harm() == []


@pytest.mark.parametrize(("number", "told"), [(signal.SIGKILL, "dead"), (signal.SIGSTOP, "frozen")])
def test_a_canary_that_is_hurt_is_noticed_and_replaced(number, told, standing, monkeypatch):
    monkeypatch.setattr(outside, "SECONDS", 0.5)
    standing.canary.send_signal(number)
    time.sleep(0.1)
    assert standing.harm() == [f"the canary outside is {told}"]
    assert standing.harm() == []


def test_a_changed_file_is_noticed(standing):
    standing.file.write_bytes(b"SPOILT")
    assert standing.harm() == ["the canary's file was changed"]
    assert standing.harm() == []


def test_a_request_at_the_desk_is_noticed(standing):
    for family, address in (
        (socket.AF_UNIX, standing.desk_path),
        (socket.AF_UNIX, "\0" + standing.desk_name),
        (socket.AF_INET, ("127.0.0.1", standing.desk_port)),
    ):
        with socket.socket(family) as line:
            line.connect(address)
        assert any("request" in harm for harm in standing.harm())


def test_a_zombie_whose_threads_live_is_alive():
    program = (
        "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(20,)).start(); "
        "ctypes.CDLL(None).syscall(ctypes.c_long(60 if __import__('os').uname().machine == 'x86_64' else 93), 0)"
    )
    feigning = subprocess.Popen([sys.executable, "-c", program])
    try:
        end = time.monotonic() + 10
        while looking.look_at(feigning.pid).state != "Z" and time.monotonic() < end:
            time.sleep(0.01)
        assert looking.look_at(feigning.pid).state == "Z"
        assert looking.look_at(feigning.pid).alive
    finally:
        feigning.kill()
        feigning.wait()


def test_a_zombie_is_dead():
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert not looking.look_at(ended.pid).alive
    ended.wait()


# Counting and telling ----------------------------------------------------------------------------------------------------


def outcomes(held, escaped, broken=0, method=OURS):
    kept = [Outcome(number, method, (1,), (), (1,), 10.0) for number in range(held)]
    kept += [
        Outcome(held + number, method, (1, 2), ("1 alive: sh (7)",), (1,), 20.0) for number in range(escaped)
    ]
    return kept + [
        Outcome(held + escaped + number, method, (1,), (), fault="no room") for number in range(broken)
    ]


def test_a_row_counts_escapes_and_leaves_out_what_broke():
    row = page.row(OURS, outcomes(7, 3, broken=2), command.interval, command.upper_bound)
    assert (row["trials"], row["escapes"], row["faults"]) == (10, 3, 2)
    assert row["interval"][0] < 0.3 < row["interval"][1]
    assert [
        (one["attack"], one["trials"], one["escapes"], one["alone_escapes"]) for one in row["attacks"]
    ] == [(1, 10, 3, 0), (2, 3, 3, 0)]


def test_no_escape_in_ten_thousand_is_below_three_in_ten_thousand():
    assert command.upper_bound(0, 10_000) == pytest.approx(1 - 0.05 ** (1 / 10_000))
    row = page.row(OURS, [], lambda k, n: (0.0, 1.0), command.upper_bound)
    row |= {"trials": 10_000, "escapes": 0, "upper_95": command.upper_bound(0, 10_000)}
    assert page.escapes_of(row) == "0 / 10,000 (< 0.03 %)"


def test_a_bound_is_never_rounded_down():
    assert page.percent(0.000304, up=True) == "0.04 %"
    assert page.percent(0.0295, up=True) == "3.0 %"
    assert page.percent(0.5) == "50 %"
    assert page.percent(0) == "0 %"


def test_without_scipy_there_is_a_bound_all_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    assert command.upper_bound(0, 100) == pytest.approx(0.0295, abs=1e-4)
    assert 0.3 < command.upper_bound(3, 10) < 1
    assert command.interval(3, 10)[0] < 0.3 < command.interval(3, 10)[1]


@pytest.mark.parametrize(
    ("held", "escaped", "broken", "code"), [(5, 0, 0, 0), (5, 1, 1, 4), (5, 0, 1, 3), (0, 0, 0, 3)]
)
def test_the_exit_code_says_what_happened(held, escaped, broken, code):
    told = {
        "methods": [page.row(OURS, outcomes(held, escaped, broken), command.interval, command.upper_bound)]
    }
    assert command.exit_code(told) == code


def test_the_page_names_every_attack_every_method_and_what_escaped():
    plan = Plan(10, seed=4)
    kept = {OURS: outcomes(9, 1), **{key: outcomes(2, 2, method=key) for key in usual_methods()}}
    drilled = drilling.Drilled(
        plan, "full", {"container stop": "no docker"}, {23: ("partition", "no engine")}, kept
    )
    text = page.markdown(
        page.record(drilled, command.interval, command.upper_bound), "offswitch drill", "today", "Linux"
    )
    for words in (
        *(method.name for method in usual_methods().values()),
        *(one.name for one in attackers().values()),
    ):
        assert words in text
    for words in ("no docker", "no engine", "--seed 4 --only 9", "1 / 10 = 10 %"):
        assert words in text


# Many trials -------------------------------------------------------------------------------------------------------------


def test_the_usual_methods_are_spread_over_the_whole_drill():
    tasks = tasks_of(Plan(trials=100, beside=10), ["kill_pid"])
    assert len(tasks) == 110
    places = [place for place, (method, _) in enumerate(tasks) if method == "kill_pid"]
    assert places[-1] > 90


def test_a_log_of_another_drill_is_refused_and_left_alone(tmp_path):
    log = tmp_path / "page.md.jsonl"
    drilling.open_log(log, Plan(seed=1))[1].close()
    before = log.read_bytes()
    with pytest.raises(DrillError, match="another seed"):
        drilling.open_log(log, Plan(seed=2))
    log.write_text("something of the user's\n")
    with pytest.raises(DrillError, match="no log of a drill"):
        drilling.open_log(log, Plan(seed=1))
    assert log.read_text() == "something of the user's\n"
    assert before


def test_a_torn_line_is_tried_again(tmp_path):
    log, plan = tmp_path / "log", Plan(seed=1)
    file = drilling.open_log(log, plan)[1]
    whole = outcomes(2, 0)
    lines = [json.dumps(drilling.asdict(one)) for one in whole]
    file.write(lines[0] + "\n" + lines[1][:30])
    file.close()
    kept, file = drilling.open_log(log, plan)
    file.write(lines[1] + "\n")
    file.close()
    assert list(kept.values()) == whole[:1]
    assert list(drilling.open_log(log, plan)[0].values()) == whole


@needs_jail
def test_a_small_drill_gives_every_method_its_row(tmp_path):
    out = tmp_path / "page.md"
    told = CliRunner().invoke(
        command.COMMAND,
        ["--trials", "4", "--usual", "1", "--json", "--seed", "3", "--out", str(out), "--quiet"],
    )
    assert told.exit_code == 0, told.output
    record = json.loads(told.stdout)
    assert record["tier"] == survey().tier
    ours, *usual = record["methods"]
    assert (ours["method"], ours["trials"], ours["escapes"]) == ("offswitch", 4, 0)
    there = {key for key, method in usual_methods().items() if not method.missing}
    there |= {key for key, kind in CONTAINERS.items() if kind.name not in record["methods_not_there"]}
    assert {row["method"] for row in usual} == there
    assert {one["attack"] for one in ours["attacks"]} == {
        attack for number in range(4) for attack in compose(3, number).attacks
    }
    assert "Fire drill" in out.read_text()
    assert not list(Path(tempfile.gettempdir()).glob(f"{drilling.PREFIX}{cgroups.own_name()}"))


@needs_jail
def test_one_trial_can_be_replayed():
    told = CliRunner().invoke(command.COMMAND, ["--only", "5", "--seed", "3", "--quiet"])
    assert told.exit_code == 0, told.output
    assert "trial 5 of seed 3" in told.output
    assert "offswitch (ours): held" in told.output


@needs_jail
def test_a_killed_drill_goes_on_and_leaves_nothing(tmp_path):
    out = tmp_path / "page.md"
    words = [
        "--trials",
        "40",
        "--usual",
        "0",
        "--seed",
        "8",
        "--quiet",
        "--jobs",
        "2",
        "--out",
        str(out),
        "--json",
    ]
    program = f"from offswitch.cli.drill import COMMAND; COMMAND({words!r})"
    log = out.with_name("page.md.jsonl")
    first = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while time.monotonic() < end and (not log.exists() or log.read_text().count("\n") < 8):
        time.sleep(0.02)
    first.kill()
    first.wait()
    kept = log.read_text().count('"trial"')
    again = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert json.loads(again.stdout)["methods"][0]["trials"] == 40
    assert 7 <= kept < 40
    assert log.read_text().count('"trial"') == 40
    lasting = Path(tempfile.gettempdir()).glob(f"{drilling.PREFIX}*-*-*")
    assert not [left for left in lasting if cgroups.is_leftover(left.name.removeprefix(drilling.PREFIX))]


ANSWER = json.dumps(drilling.asdict(Outcome(7, OURS, (1,), ())))
LISTENS = "import sys, time; sys.stdin.readline(); sys.stdin.readline()"


@pytest.mark.parametrize("end", ["", "; time.sleep(60)"])
def test_a_worker_that_dies_or_hangs_is_replaced_and_its_trial_is_tried_again(end, tmp_path, monkeypatch):
    programs = [LISTENS + end, f"{LISTENS}; print({ANSWER!r})"]

    class Frail(drilling.Worker):
        def __init__(self, plan, folder):
            argv = [sys.executable, "-c", programs.pop(0)]
            self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.task = None
            self._say({})

    monkeypatch.setattr(drilling, "Worker", Frail)
    monkeypatch.setattr(drilling, "STUCK_SECONDS", 1.0)
    found = list(drilling.work([(OURS, 7)], Plan(jobs=1), tmp_path))
    assert [(one.trial, one.fault) for one in found] == [(7, "")]
    assert programs == []
