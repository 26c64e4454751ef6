# SPDX-License-Identifier: MIT
"""`offswitch run`, `stop`, `renew`, `status`, `receipt`: what a person types, sees and can rely on in scripts."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import pytest

from offswitch.cli.arguments import Bounds, Duration
from offswitch.guard.tiers import at_least, survey

pytestmark = pytest.mark.skipif(not at_least(survey().tier, "rootless"), reason="no control groups here")
PROGRAM = Path(sys.executable).with_name("offswitch")


@pytest.fixture(autouse=True)
def folders(monkeypatch):
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        monkeypatch.setenv("OFFSWITCH_RUN_DIR", f"{made}/run")
        monkeypatch.setenv("OFFSWITCH_STATE_DIR", f"{made}/state")
        yield Path(made)
        typed("stop", "--all", "--now")


def typed(*words, **settings):
    return subprocess.run(
        [PROGRAM, *words], capture_output=True, text=True, check=False, timeout=60, **settings
    )


def eventually(true, seconds=20.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def running(name):
    seen = json.loads(typed("status", "--json").stdout)["runs"]
    return seen.get(name, {}).get("state") == "running"


class TestTheCommandIsWhatItWas:
    def test_exit_status_input_and_output_pass_through(self):
        told = typed("run", "--", "sh", "-c", "cat; echo err >&2; exit 3", input="hello\n")
        assert (told.returncode, told.stdout, told.stderr) == (3, "hello\n", "err\n")

    def test_a_signal_is_told_as_a_shell_tells_it(self):
        assert typed("run", "--", "sh", "-c", "kill -SEGV $$").returncode == 128 + signal.SIGSEGV

    @pytest.mark.parametrize(
        ("what", "exit", "why"), [("no-such", 127, "No such file"), ("/etc/hosts", 126, "denied")]
    )
    def test_what_is_no_program_gives_a_shells_codes(self, what, exit, why):
        told = typed("run", "--", what)
        assert told.returncode == exit
        assert why in told.stderr
        assert len(told.stderr.splitlines()) == 1

    def test_a_megabyte_passes_whole_and_a_reader_that_leaves_is_no_harm(self):
        assert len(typed("run", "--", "head", "-c", "3000000", "/dev/zero").stdout) == 3_000_000
        pipe = f"{PROGRAM} run -- yes | head -n 2"
        assert subprocess.run(pipe, shell=True, capture_output=True, text=True, timeout=60).stdout == "y\ny\n"

    def test_options_of_the_command_are_its_own(self):
        assert typed("run", "--", "echo", "--name", "-x").stdout == "--name -x\n"

    def test_nothing_of_our_environment_is_passed_but_what_was_named(self):
        environment = {**os.environ, "SECRET": "s", "WANTED": "w"}
        told = typed("run", "--env", "WANTED", "--env", "GIVEN=g", "--", "env", env=environment).stdout
        assert "WANTED=w\n" in told
        assert "GIVEN=g\n" in told
        assert "SECRET" not in told
        assert "OFFSWITCH" not in told

    def test_a_terminal_is_a_terminal_of_its_own_and_ours_is_put_back(self):
        pid, master = pty.fork()
        if pid == 0:
            os.execv(
                PROGRAM,
                [
                    PROGRAM,
                    "run",
                    "--",
                    "sh",
                    "-c",
                    "test -t 0 && test -t 1 && echo yes; read x; echo got $x; exit 4",
                ],
            )
        said = b""

        def take(until):
            nonlocal said
            end = time.monotonic() + 30
            while until not in said and time.monotonic() < end:
                if select.select([master], [], [], 0.2)[0]:
                    said += os.read(master, 4096)
            assert until in said

        take(b"yes\r\n")
        os.write(master, b"word\n")
        take(b"got word\r\n")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4


class TestItIsStopped:
    def test_by_name_and_the_receipt_can_be_checked_anywhere(self, folders):
        assert typed("run", "--name", "a", "--detach", "--", "sleep", "1000").stdout == "a\n"
        stopped = typed("stop", "a")
        assert re.fullmatch(r"a: proved dead \d+ ms after the order \(stop\), by .*\n", stopped.stdout)
        assert stopped.returncode == 0
        receipt = next((folders / "state" / "receipts").iterdir())
        elsewhere = {**os.environ, "OFFSWITCH_STATE_DIR": f"{folders}/elsewhere"}
        checked = typed("receipt", str(receipt), "--key", f"{folders}/state/signing.pub", env=elsewhere)
        assert (checked.returncode, "signed by the holder" in checked.stdout) == (0, True)
        receipt.write_text(receipt.read_text().replace('"populated": 0', '"populated": false'))
        forged = typed("receipt", str(receipt), "--key", f"{folders}/state/signing.pub")
        assert (forged.returncode, "DOES NOT HOLD" in forged.stdout) == (6, True)

    def test_all_of_a_host_at_once(self):
        for name in ("a", "b"):
            typed("run", "--name", name, "--detach", "--", "sleep", "1000")
        told = typed("stop", "--all", "--now", "--json")
        assert sorted(json.loads(told.stdout)["receipts"]) == ["a", "b"]
        assert typed("stop", "--all").stdout == "no run is alive on this host\n"

    def test_the_first_ctrl_c_asks_and_the_second_kills(self):
        stubborn = "trap '' INT TERM; echo ready; while :; do sleep 0.05; done"
        run = subprocess.Popen(
            [PROGRAM, "run", "--name", "a", "--grace", "1h", "--", "bash", "-c", stubborn],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGINT)
        eventually(lambda: '"state":"stopping"' in typed("status", "--json").stdout.replace(" ", ""))
        assert run.poll() is None
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=30)
        assert run.returncode == 137
        assert "proved dead after" in said

    def test_sigterm_is_a_stop_with_grace_as_a_service_manager_wants_it(self):
        polite = "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
        run = subprocess.Popen(
            [PROGRAM, "run", "--", "bash", "-c", polite], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        assert run.stdout.readline() == "ready\n"
        run.terminate()
        said, _ = run.communicate(timeout=30)
        assert (run.returncode, said.splitlines()[-1]) == (5, "bye")

    def test_a_lease_that_nobody_renews_ends_it_with_a_word(self):
        told = typed("run", "--name", "a", "--lease", "300ms", "--", "sleep", "1000")
        assert told.returncode == 137
        assert "a was stopped (lease: its lease is over); proved dead after" in told.stderr

    def test_a_lease_is_renewed_again_and_again(self):
        typed("run", "--name", "a", "--lease", "3s", "--detach", "--", "sleep", "1000")
        assert typed("renew", "a").stdout == "a: lives on for 3 s\n"
        renewer = subprocess.Popen(
            [PROGRAM, "renew", "a", "--every", "200ms"], stdout=subprocess.PIPE, text=True
        )
        time.sleep(4)
        assert running("a")
        typed("stop", "a")
        assert renewer.communicate(timeout=20)[0] in ("a: has ended\n", "")

    def test_the_receipt_can_be_had_in_a_file(self, folders):
        typed("run", "--receipt", f"{folders}/r.json", "--", "true")
        assert json.loads((folders / "r.json").read_text())["verdict"] == "proved"

    def test_a_run_that_lives_and_one_that_has_ended_are_both_known(self):
        typed("run", "--name", "a", "--detach", "--", "sleep", "1000")
        assert re.search(r"^a +running +none +1 ", typed("status").stdout, re.MULTILINE)
        assert typed("list", "runs").stdout.startswith("name")
        typed("stop", "a")
        assert "stop; proved" in typed("status", "a").stdout


@pytest.mark.parametrize(
    ("words", "exit", "why"),
    [
        (["run"], 2, "Missing argument"),
        (["run", "--name", "a/b", "--", "true"], 125, "is no name for a run"),
        (["run", "--lease", "soon", "--", "true"], 2, "write 500ms, 30s, 5m, 2h"),
        (["run", "--lease", "0", "--", "true"], 2, "out of range"),
        (["run", "--limits", "memory=lots", "--", "true"], 2, "it must be a size such as 512M"),
        (["run", "--limits", "speed=1", "--", "true"], 2, "there are memory, disk"),
        (["run", "--workspace", "/nowhere", "--", "true"], 125, "/nowhere: cannot be the workspace"),
        (["run", "--workspace", "/root", "--", "true"], 125, "belongs to root"),
        (["run", "--allow", "http://a", "--", "true"], 2, "http://a"),
        (["run", "--env", "NOT_SET_HERE", "--", "true"], 2, "is not set here"),
        (["run", "--renewer", "nobody-such", "--", "true"], 2, "no such user"),
        (["run", "--require", "full", "--show", "etc", "--", "true"], 2, "must be an absolute path"),
        (["stop"], 2, "name the runs to stop"),
        (["stop", "never"], 2, "no run named 'never'"),
        (["renew", "never"], 2, "no run named 'never'"),
        (["status", "never"], 2, "no run named 'never'"),
        (["receipt", "never"], 2, "no run named 'never'"),
    ],
)
def test_wrong_use_is_told_in_one_line_and_nothing_runs(words, exit, why):
    told = typed(*words)
    assert told.returncode == exit
    assert why in told.stderr
    assert "Traceback" not in told.stderr
    assert typed("status").stdout == "no run on this host\n"


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("30s", 30), ("1.5m", 90), ("2h", 7200), ("1d", 86400), ("7", 7)]
)
def test_times_are_read_as_people_write_them(text, seconds):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "1e9", "5 weeks", "９s", "1" * 40])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


def test_limits_are_read_by_name():
    read = Bounds().convert("memory=512M, processes=64,cpus=1.5,seconds=1h,disk=1GiB", None, None)
    assert read == {"memory": 512 << 20, "processes": 64, "cpus": 1.5, "seconds": 3600.0, "disk": 1 << 30}
