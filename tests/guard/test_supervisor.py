# SPDX-License-Identifier: MIT
"""The off-switch, with real runs: it stops when told, it stops when nobody can tell it, and there is proof.

Life is looked for from outside: every process of the jail's own user, whatever group, session or name it has.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from offswitch.guard import kernel, running
from offswitch.guard.errors import (
    GuardError,
    JailStartError,
    NameInUseError,
    NoProgramError,
    NoSuchRunError,
    NotProvedDeadError,
    PlaceError,
    RefusedError,
    SilentError,
)
from offswitch.guard.limits import MIB, Limits
from offswitch.guard.running import (
    Wish,
    ask,
    last_receipt,
    names,
    posthumous,
    renew,
    shorten,
    start,
    status,
    stop,
    stop_all,
)
from offswitch.guard.switch import lease, places, receipts
from offswitch.guard.switch.places import Place
from offswitch.guard.tiers import at_least, survey
from offswitch.guard.walls import cgroups
from offswitch.guard.walls.keeper import FIRST_UID, UIDS

SMALL = Limits(memory=128 * MIB, processes=64, disk=32 * MIB, output=MIB)
DEFIANT = "trap '' TERM; (setsid sleep 1000 &) ; (setsid setsid sleep 1000 &); while :; do sleep 0.05; done"

FREEZER = Path("/sys/fs/cgroup/freezer")
LATE = 2.0  # seconds that a crowded machine may add; how quick it is, is measured in bench/
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"

pytestmark = pytest.mark.skipif(not at_least(survey().tier, "rootless"), reason="no control groups here")


@pytest.fixture(autouse=True)
def folders(monkeypatch):
    """Return a folder that every user of the host can pass, as those of pytest are not."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        monkeypatch.setenv("OFFSWITCH_RUN_DIR", str(folder / "run"))
        monkeypatch.setenv("OFFSWITCH_STATE_DIR", str(folder / "state"))
        yield folder
        stop_all(now=True)


def ready(program, **settings):
    """Start a shell program, and return when it has said that it is ready."""
    read, write = os.pipe()
    run = a_run("bash", "-c", program, stdio=(read, write, write), **settings)
    os.close(write)
    assert os.read(read, 6) == b"ready\n"
    run.read = read
    return run


def a_run(*argv, **settings):
    return start(Wish(argv or ("sleep", "1000"), **{"name": "a", "limits": SMALL, **settings}))


def alive(uid):
    """Return every process of a user, asked of the kernel."""
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == uid:
                state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
                found += [int(name)] if state not in "ZX" else []
    return found


def eventually(true, seconds=5.0, pause=0.01):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(pause)


def supervisor_of(run):
    return run._process.pid


def keeper_of(run):
    children = Path(f"/proc/{supervisor_of(run)}/task/{supervisor_of(run)}/children").read_text().split()
    return int(children[0])


class TestItStopsWhenItIsTold:
    def test_an_agent_that_ignores_every_signal_is_proved_dead(self):
        run = a_run("bash", "-c", DEFIANT, grace=0.1)
        eventually(lambda: len(alive(run.uid)) > 4)
        receipt = stop("a")
        assert alive(run.uid) == []
        assert (receipt["verdict"], receipt["populated"], receipt["order"]["by"]) == ("proved", 0, "stop")
        assert receipt["order"]["boot"] <= receipt["killed"]["boot"] <= receipt["empty"]["boot"]
        assert not any(os.path.exists(folder) for folder in run.folders)

    def test_notice_and_grace_come_before_the_kill(self):
        run = ready("trap 'echo last words; exit 7' TERM; echo ready; sleep 1000 & wait")
        receipt = stop("a")
        assert run.wait().exit == 7
        assert os.read(run.read, 100) == b"last words\n"
        assert receipt["grace"]["used"] < receipt["grace"]["given"] == 5.0

    def test_grace_ends_when_it_ends(self):
        _front = ready(STUBBORN, grace=0.3)
        receipt = stop("a")
        assert receipt["grace"]["used"] == pytest.approx(0.3, abs=LATE)

    def test_now_means_no_grace(self):
        _front = ready(STUBBORN, grace=30.0)
        assert stop("a", now=True)["grace"]["used"] == 0.0

    def test_a_second_order_can_hasten_the_first(self):
        _front = ready(STUBBORN, grace=30.0)
        first = threading.Thread(target=stop, args=("a",))
        first.start()
        eventually(lambda: status("a")["state"] == "stopping")
        assert stop("a", now=True)["verdict"] == "proved"
        first.join(5)

    def test_the_network_goes_before_the_notice(self):
        with socket.create_server(("127.0.0.1", 0)) as host:
            host.settimeout(20.0)
            port = host.getsockname()[1]
            dial = f"exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT 127.0.0.1:{port} HTTP/1.1\\r\\n\\r\\n' >&3; "
            run = ready(dial + STUBBORN, grace=30.0, allow=(f"127.0.0.1:{port}",))
            line, _ = host.accept()
            first = threading.Thread(target=stop, args=("a",))
            first.start()
            with line:
                assert select.select([line], [], [], 10.0)[0], "its line is still open"
            assert alive(run.uid), "it has its grace"
            stop("a", now=True)
            first.join(5)

    def test_whoever_multiplies_after_the_notice_has_no_more_grace(self):
        _front = ready("trap 'while :; do sleep 100 & done' TERM; echo ready; sleep 1000 & wait", grace=30.0)
        receipt = stop("a")
        assert receipt["grace"]["cut_short_by"] == "it multiplied after the notice"
        assert receipt["verdict"] == "proved"

    def test_whoever_sends_a_false_renewal_has_no_grace(self):
        _front = ready(STUBBORN, grace=30.0, lease=60.0)
        with pytest.raises(RefusedError, match="not sealed"):
            renew("a", key=b"x" * 32)
        receipt = stop("a")
        assert receipt["defied"] == "a renewal that does not hold"
        assert receipt["grace"]["used"] == 0.0
        assert receipt["renewals"] == {"accepted": 0, "refused": 1}

    def test_a_stop_during_the_start_is_taken(self):
        told, threads = [], []

        def begin():
            with contextlib.suppress(JailStartError):
                told.append(a_run("bash", "-c", DEFIANT))

        threads.append(threading.Thread(target=begin))
        threads[0].start()
        eventually(lambda: Place("a").held() and os.path.exists(Place("a").file(places.CONTROL)))
        receipt = stop("a", now=True)
        threads[0].join(10)
        assert receipt["verdict"] == "proved"

    def test_a_stop_is_taken_before_the_jail_stands(self):
        def quietly(act, *words, **settings):
            with contextlib.suppress(GuardError):
                act(*words, **settings)

        early = False
        for _ in range(20):  # until one was asked while it was still starting
            threads = [threading.Thread(target=quietly, args=(a_run, "bash", "-c", DEFIANT))]
            threads[0].start()
            eventually(lambda: os.path.exists(Place("a").file(places.CONTROL)), pause=0.0)
            with contextlib.suppress(GuardError, OSError):
                early = ask("a", do="status")["state"] == "starting"
            threads.append(threading.Thread(target=quietly, args=(stop, "a"), kwargs={"now": True}))
            threads[1].start()
            eventually(lambda: not Place("a").held(), 10.0)
            for thread in threads:
                thread.join(10)
            if early:
                break
        assert early
        assert (last_receipt("a")["order"]["by"], last_receipt("a")["verdict"]) == ("stop", "proved")

    def test_a_thousand_orders_at_once_get_their_receipts(self):
        run = a_run("bash", "-c", DEFIANT)
        with ThreadPoolExecutor(1000) as pool:
            ended = list(pool.map(lambda _: stop("a", now=True), range(1000)))
        assert {receipt["run"] for receipt in ended} == {run.run_id}
        assert {receipt["verdict"] for receipt in ended} == {"proved"}
        assert alive(run.uid) == []

    def test_a_stop_after_the_end_gives_the_receipt_again(self):
        a_run("true").wait()
        assert stop("a")["order"]["by"] == "command ended"

    def test_the_last_receipt_is_that_of_the_last_run_though_the_clock_was_set_back(self):
        a_run("true").wait()
        last = a_run("true").wait()
        os.utime(last.path, (0, 0))
        assert stop("a")["run"] == last.receipt["run"]

    def test_all_are_stopped_side_by_side(self):
        runs = [a_run("bash", "-c", DEFIANT, name=f"r{number}") for number in range(5)]
        ended = stop_all(now=True)
        assert sorted(ended) == [f"r{number}" for number in range(5)]
        assert all(receipt["verdict"] == "proved" for receipt in ended.values())
        assert not [pid for run in runs for pid in alive(run.uid)]

    def test_a_run_that_never_was_is_said_to_be_none(self):
        with pytest.raises(NoSuchRunError, match="no run named 'b'"):
            stop("b")


class TestItStopsWhenNobodyCanTellIt:
    def test_a_lease_that_nobody_renews_ends_it(self):
        run = a_run("bash", "-c", DEFIANT, lease=0.4)
        ended = run.wait(5.0)
        assert alive(run.uid) == []
        assert ended.receipt["order"]["by"] == "lease"
        lived = ended.receipt["empty"]["boot"] - ended.receipt["started"]["boot"]
        assert 0.4 <= lived < 0.4 + LATE

    def test_a_lease_that_is_renewed_does_not(self):
        run = a_run(lease=1.5)
        for _ in range(6):
            time.sleep(0.3)
            assert alive(run.uid)
            assert 0 < renew("a") <= 1.5
        assert run.wait(5.0).receipt["renewals"] == {"accepted": 6, "refused": 0}

    def test_a_renewal_that_the_end_overtakes_is_told_so(self, monkeypatch):
        def after_the_end(*words):
            stop("a", now=True)
            return lease.sealed_renewal(*words)

        a_run(lease=60.0)
        monkeypatch.setattr(running, "sealed_renewal", after_the_end)
        with pytest.raises(NoSuchRunError, match="has just ended"):
            renew("a")

    def test_a_shortened_lease_cannot_be_renewed_beyond(self):
        run = a_run(lease=60.0)
        assert shorten("a", 0.5) == pytest.approx(0.5, abs=0.1)
        with pytest.raises(RefusedError, match="shortened by order"):
            renew("a")
        assert run.wait(5.0).receipt["order"]["by"] == "lease"

    def test_grace_never_outlasts_the_lease(self):
        run = ready(STUBBORN, lease=0.6, grace=30.0)
        stop("a")
        receipt = run.wait(5.0).receipt
        assert receipt["empty"]["boot"] - receipt["started"]["boot"] < 0.6 + LATE

    def test_its_time_is_a_limit_too(self):
        run = a_run(
            "bash", "-c", DEFIANT, limits=Limits(memory=128 * MIB, processes=64, disk=MIB, seconds=2.0)
        )
        assert run.wait(5.0).receipt["order"]["by"] == "time"
        assert alive(run.uid) == []

    @pytest.mark.parametrize("who", [supervisor_of, keeper_of])
    def test_killing_who_watches_kills_the_agent(self, who):
        run = a_run("bash", "-c", DEFIANT)
        os.kill(who(run), signal.SIGKILL)
        receipt = run.wait(10.0).receipt
        assert alive(run.uid) == []
        assert receipt["verdict"] == "proved"
        assert receipt["order"]["by"] == ("supervisor lost" if who is supervisor_of else "keeper lost")
        assert receipts.holds(receipt, receipts.host_key())

    @pytest.mark.parametrize("who", [supervisor_of, keeper_of])
    def test_freezing_who_watches_kills_the_agent(self, who):
        run = a_run("bash", "-c", DEFIANT)
        frozen = who(run)
        os.kill(frozen, signal.SIGSTOP)
        eventually(lambda: not alive(run.uid), 15.0)
        with contextlib.suppress(ProcessLookupError):
            os.kill(frozen, signal.SIGCONT)
        assert run.wait(10.0).receipt["verdict"] == "proved"

    def test_a_frozen_supervisor_does_not_lengthen_the_lease(self):
        run = a_run("bash", "-c", DEFIANT, lease=0.5)
        os.kill(supervisor_of(run), signal.SIGSTOP)
        began = kernel.boot_time()
        eventually(lambda: not alive(run.uid), 0.5 + LATE)
        assert kernel.boot_time() - began < 0.5 + LATE
        os.kill(supervisor_of(run), signal.SIGCONT)
        assert run.wait(10.0).receipt["order"]["by"] == "lease"

    def test_what_a_frozen_supervisor_finds_is_that_the_lease_was_over(self):
        run = a_run("bash", "-c", DEFIANT, lease=0.5)
        frozen, last = supervisor_of(run), Path(Place("a").file(places.LAST))
        os.kill(frozen, signal.SIGSTOP)
        eventually(last.read_text, 10.0)  # told when the keeper gives the supervisor up, which comes later
        assert json.loads(last.read_text())["why"] == "its lease is over"
        os.kill(frozen, signal.SIGCONT)
        assert run.wait(10.0).receipt["verdict"] == "proved"

    def test_a_frozen_keeper_does_not_lengthen_the_lease(self):
        run = a_run("bash", "-c", DEFIANT, lease=60.0)
        os.kill(keeper_of(run), signal.SIGSTOP)
        shorten("a", 0.5)  # which the keeper does not hear
        over = kernel.boot_time() + 0.5
        receipt = run.wait(10.0).receipt
        assert receipt["order"]["by"] == "lease"
        assert receipt["order"]["boot"] - over < LATE
        assert (receipt["verdict"], alive(run.uid)) == ("proved", [])

    @pytest.mark.skipif(
        not os.access(FREEZER, os.W_OK), reason="no freezer of version 1 here, which keeps the killed alive"
    )
    def test_a_keeper_that_cannot_die_holds_up_the_proof_and_not_the_kill(self):
        run = a_run("bash", "-c", DEFIANT)
        cold = FREEZER / f"offswitch-test-{os.getpid()}"
        cold.mkdir()
        try:
            (cold / "cgroup.procs").write_text(str(keeper_of(run)))
            (cold / "freezer.state").write_text("FROZEN")
            eventually(lambda: not cgroups.populated(Path(run.folders[0])), 15.0)
            with pytest.raises(TimeoutError):
                run.wait(0.5)
        finally:
            (cold / "freezer.state").write_text("THAWED")
            receipt = run.wait(10.0).receipt
            assert (receipt["order"]["by"], receipt["verdict"]) == ("keeper lost", "proved")
            eventually(lambda: not (cold / "cgroup.procs").read_text())
            cold.rmdir()

    @pytest.mark.skipif(os.geteuid() != 0, reason="an agent is told from others by a user id of its own")
    def test_a_keeper_killed_at_any_moment_of_a_start_leaves_nobody_where_that_is_proved(self):
        begun, early = 0, []
        for moment in range(40):
            keepers = []
            killer = threading.Thread(target=self.kill_the_keeper, args=(keepers, moment * 0.0003))
            killer.start()
            with contextlib.suppress(GuardError):
                a_run("bash", "-c", DEFIANT).wait(10.0)
                begun += 1
            killer.join(10)
            early += [moment for keeper in keepers if alive(FIRST_UID + (keeper * 64) % UIDS)]
            receipt = last_receipt("a")
            assert (receipt["order"]["by"], receipt["verdict"]) == ("keeper lost", "proved")
        assert early == []
        assert begun < 40, "some were killed before the command began"

    def kill_the_keeper(self, keepers, seconds):
        about = Place("a").file(places.ABOUT)
        eventually(lambda: os.path.exists(about) and Path(about).read_text().endswith("}"), pause=0.0)
        keepers.append(int(json.loads(Path(about).read_text())["groups"].partition("-")[0]))
        time.sleep(seconds)
        os.kill(keepers[0], signal.SIGKILL)

    def test_when_both_are_killed_at_once_the_agent_dies_all_the_same(self):
        run = a_run("bash", "-c", DEFIANT)
        for pid in (keeper_of(run), supervisor_of(run)):
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: not alive(run.uid))
        receipt = run.wait(10.0).receipt
        assert (receipt["verdict"], receipt["how"]) == ("proved", "whoever came after")

    def test_the_death_of_the_front_is_an_order_unless_the_run_is_detached(self, folders):
        program = (
            "import sys, time\nfrom offswitch.guard.running import Wish, start\n"
            "run = start(Wish(('sleep', '1000'), name=sys.argv[1], detach=sys.argv[2] == 'detach'))\n"
            "print(run.uid, flush=True)\ntime.sleep(1000)"
        )
        for name, how in (("front", "stay"), ("alone", "detach")):
            front = subprocess.Popen([sys.executable, "-c", program, name, how], stdout=subprocess.PIPE)
            uid = int(front.stdout.readline())
            front.kill()
            front.wait()
            if how == "stay":
                eventually(lambda uid=uid: not alive(uid))
                eventually(lambda name=name: not Place(name).held())
                assert last_receipt(name)["order"]["by"] == "front lost"
            else:
                time.sleep(0.5)
                assert alive(uid)
                assert stop(name, now=True)["verdict"] == "proved"

    def test_a_run_whose_folder_is_taken_away_stops(self):
        run = a_run()
        os.unlink(Place("a").file(places.CONTROL))
        assert run.wait(5.0).receipt["order"]["by"] == "fault"
        assert alive(run.uid) == []


class TestThereIsProof:
    def test_what_the_command_left_in_the_background_dies_with_it(self):
        run = a_run("bash", "-c", "(setsid sleep 1000 &); exit 3")
        ended = run.wait(5.0)
        assert ended.exit == 3
        assert alive(run.uid) == []
        assert (ended.receipt["order"]["by"], ended.receipt["verdict"]) == ("command ended", "proved")

    def test_the_receipt_is_sealed_and_kept(self):
        ended = a_run("true").wait(5.0)
        kept = receipts.read(ended.path)
        assert kept == ended.receipt
        assert receipts.holds(kept, receipts.host_key())

    def test_it_names_what_may_start_again(self, folders):
        work = folders / "work"
        work.mkdir()
        (work / "shutdown.sh").write_text("kill the agent")
        (work / "shutdown.sh").chmod(0o755)
        for path in (work, work / "shutdown.sh"):
            os.chown(path, 65534, 65534)
        do = "echo true > shutdown.sh; echo x > sitecustomize.py; echo y > notes.txt; ln -s /etc/passwd out"
        ended = a_run("bash", "-c", do, workspace=str(work)).wait(5.0)
        told = {
            (os.path.basename(one["path"]), one["how"]) for one in ended.receipt["persistence"]["changed"]
        }
        assert told == {("shutdown.sh", "changed"), ("sitecustomize.py", "new"), ("out", "new")}
        assert (work / "notes.txt").read_text() == "y\n"

    def test_a_status_of_the_dead_comes_from_the_receipt(self):
        a_run("true").wait(5.0)
        seen = status("a")
        assert (seen["state"], seen["verdict"]) == ("dead", "proved")
        assert names() == []


class TestTheAgentHasNoSay:
    def test_it_is_not_root_and_cannot_see_or_reach_the_off_switch(self, folders):
        read, write = os.pipe()
        probe = (
            "id -u; ls /run /var/lib 2>&1 | tr '\\n' ' '; "
            "for f in /proc/sys/kernel/core_pattern /sys/fs/cgroup /usr/bin/env; do test -w $f && echo WRITABLE $f; done; "
            "grep -c offswitch /proc/*/cmdline 2>/dev/null | grep -v ':0'; echo end"
        )
        a_run("bash", "-c", probe, stdio=(read, write, write), env={"A": "1"}).wait(5.0)
        told = os.read(read, 4096).decode()
        assert told.startswith("1000\n")
        assert "WRITABLE" not in told
        assert str(folders) not in told

    def test_a_name_in_use_is_refused_and_the_first_run_lives_on(self):
        run = a_run()
        with pytest.raises(NameInUseError, match="give another --name"):
            a_run("true")
        assert alive(run.uid)
        stop("a")

    def test_a_renewal_for_an_earlier_run_of_the_name_is_void(self):
        run = a_run(lease=30.0)
        old = Path(Place("a").file(places.RENEW_KEY)).read_bytes()
        stop("a")
        run.wait(5.0)
        run = a_run(lease=30.0)
        with pytest.raises(RefusedError, match="not sealed"):
            renew("a", key=old)
        stop("a")

    @pytest.mark.parametrize(
        "data",
        [
            b"{",
            b"[]",
            b"null",
            b'{"do": 5}',
            b'{"do": "renew", "seal": 5}',
            b'{"do": "die"}',
            b"\xff" * 60000,
            b'"' * 9,
        ],
    )
    def test_nonsense_on_the_control_line_is_answered_and_changes_nothing(self, data):
        run = a_run(lease=60.0)
        with Place("a").connect(5.0) as line:
            line.send(data)
            assert "refused" in json.loads(line.recv(65536))
        assert status("a")["state"] == "running"
        stop("a")
        run.wait(5.0)

    def test_another_user_of_the_host_may_not_ask(self):
        run = a_run()
        program = "import os, sys\nos.setgid(65534); os.setuid(65534)\nfrom offswitch.guard.running import stop\nstop('a')"
        told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert told.returncode != 0
        assert alive(run.uid)
        stop("a")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become the renewer")
    def test_the_renewer_may_renew_and_others_may_not(self, folders):
        run = a_run(lease=30.0, renewer=65534)
        program = (
            "import os, sys\nfrom offswitch.guard.running import renew\nos.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))\n"
            "print(renew('a'))"
        )
        for user, may in ((65534, True), (12345, False)):
            told = subprocess.run(
                [sys.executable, "-c", program, str(user)], capture_output=True, text=True, check=False
            )
            assert (told.returncode == 0) is may, told.stderr
        stop("a")
        assert run.wait(5.0).receipt["renewals"]["accepted"] == 1

    def test_ten_thousand_lines_of_output_fill_no_disk_and_the_beginning_is_kept(self):
        run = a_run("bash", "-c", "yes 0123456789 | head -c 30000000; sleep 1000", detach=True)
        eventually(lambda: os.stat(Place("a").file(places.OUTPUT)).st_size >= MIB)
        time.sleep(0.3)
        assert os.stat(Place("a").file(places.OUTPUT)).st_size == MIB
        assert status("a")["state"] == "running"
        assert stop("a", now=True)["verdict"] == "proved"
        assert alive(run.uid) == []


class TestItRefusesToBegin:
    def test_what_is_no_program_is_said_to_be_none(self):
        with pytest.raises(NoProgramError, match="No such file") as failure:
            a_run("no-such-program")
        assert failure.value.exit == 127
        assert last_receipt("a")["verdict"] == "proved"

    def test_a_workspace_of_roots_is_refused_with_the_cure(self, folders):
        with pytest.raises(PlaceError, match="chown -R"):
            a_run("true", workspace=str(folders))

    def test_a_workspace_that_is_not_there_is_refused(self, folders):
        with pytest.raises(PlaceError, match="No such file"):
            a_run("true", workspace=str(folders / "nowhere"))

    @pytest.mark.parametrize(
        "wrong", [{"lease": 0.0}, {"lease": -1.0}, {"grace": -1.0}, {"name": "a/b"}, {"show": ("etc",)}]
    )
    def test_settings_that_cannot_be_are_refused_before_anything_runs(self, wrong):
        with pytest.raises((ValueError, PlaceError)):
            a_run("true", **wrong)
        assert names() == []

    def test_a_beginning_that_fails_leaves_no_folder_and_no_empty_receipt(self, folders, monkeypatch):
        (folders / "state").mkdir(mode=0o700)
        (folders / "state" / "host.key").write_bytes(b"short")
        with pytest.raises(PlaceError, match=r"host\.key"):
            a_run("true")
        assert names() == []
        assert (
            not (folders / "state" / "receipts").exists() or os.listdir(folders / "state" / "receipts") == []
        )


def test_an_order_for_a_run_that_has_ended_lets_the_next_of_its_name_alone():
    first = a_run()
    ended = stop("a", now=True, run=first.run_id)
    later = a_run(lease=30.0)
    assert stop("a", now=True, run=first.run_id)["run"] == ended["run"] == first.run_id
    with pytest.raises(NoSuchRunError, match=later.run_id):
        shorten("a", 0.1, first.run_id)
    with pytest.raises(NoSuchRunError, match=later.run_id):
        stop("a", now=True, run="another")
    seen = ask("a", do="status")
    assert (seen["run"], seen["state"]) == (later.run_id, "running")
    assert seen["left"] > 1
    assert later.stop(now=True)["run"] == later.run_id


def test_every_question_has_an_answer_while_it_lives():
    run = a_run(lease=30.0)
    seen = ask("a", do="status")
    assert seen["state"] == "running"
    assert seen["processes"] == 1
    assert 29 < seen["left"] <= 30
    run.ask_to_stop(now=True)
    assert run.wait(5.0).receipt["verdict"] == "proved"


def test_a_supervisor_that_does_not_answer_is_said_to_be_silent_and_is_killed_past(monkeypatch):
    monkeypatch.setattr("offswitch.guard.running.ANSWER_SECONDS", 0.5)
    run = a_run("bash", "-c", DEFIANT)
    os.kill(supervisor_of(run), signal.SIGSTOP)
    with pytest.raises(SilentError, match="kills past it"):
        ask("a", do="status", timeout=0.5)
    with pytest.raises(NotProvedDeadError, match="is it frozen"):
        stop("a", now=True)
    eventually(lambda: not alive(run.uid))
    os.kill(supervisor_of(run), signal.SIGCONT)
    assert run.wait(20.0).receipt["verdict"] == "proved"


def test_a_run_that_ends_while_its_receipt_is_asked_for_is_not_lost():
    a_run("true").wait(5.0)
    assert posthumous("a")["verdict"] == "proved"
    with pytest.raises(NoSuchRunError, match="no receipt of one"):
        posthumous("never")


def test_an_order_that_comes_before_the_supervisor_listens_waits_for_it():
    place = Place("a")
    place.claim()  # as one does that is starting
    got = []
    asked = threading.Thread(target=lambda: got.append(ask("a", do="status")))
    asked.start()
    time.sleep(0.2)
    with place.listen(1) as listener:
        eventually(lambda: select.select([listener], [], [], 0)[0])
        line, _ = listener.accept()
        with line:
            assert json.loads(line.recv(100)) == {"do": "status"}
            line.send(b'{"state": "starting"}')
            asked.join(5)
    assert got == [{"state": "starting"}]
    place.forget()
