# SPDX-License-Identifier: MIT
"""The off-switch for who is not root, run for real as another user: the same commands, a lower tier that must be asked for."""

import contextlib
import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path

import pytest

from offswitch.guard.tiers import at_least, survey

USER = 12345
SOURCES = Path(__file__).parents[2] / "src"
SYSTEM_PYTHON = "/usr/bin/python3"


def usable():
    """Tell whether an ordinary user can run the system's Python with our packages."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return (
        os.geteuid() == 0
        and at_least(survey().tier, "reduced")
        and shutil.which("setpriv")
        and os.path.exists(SYSTEM_PYTHON)
        and subprocess.run([SYSTEM_PYTHON, "-c", check], check=False).returncode == 0
        and typed("/", "--version").returncode == 0
    )


def typed(home, *words):
    return subprocess.run(
        as_user(*words),
        env=surroundings(home),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def surroundings(home):
    packages = sysconfig.get_paths()["purelib"]
    return {
        "PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": f"{SOURCES}:{packages}", "PYTHONDONTWRITEBYTECODE": "1",
        "OFFSWITCH_RUN_DIR": f"{home}/run", "OFFSWITCH_STATE_DIR": f"{home}/state", "LC_ALL": "C.UTF-8",
    }  # fmt: skip


def as_user(*words):
    become = ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups"]
    return [*become, SYSTEM_PYTHON, "-m", "offswitch.cli.main", *words]


pytestmark = pytest.mark.skipif(
    not usable(), reason="no system Python that an ordinary user can run this with"
)


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory() as made:
        os.chown(made, USER, USER)
        yield made
        typed(made, "stop", "--all", "--now")


def test_a_lower_tier_is_refused_until_it_is_asked_for(home):
    refused = typed(home, "run", "--", "true")
    assert (refused.returncode, "--require reduced" in refused.stderr) == (125, True)
    assert typed(home, "run", "--require", "reduced", "--", "sh", "-c", "exit 4").returncode == 4


def test_what_ignores_signals_and_hides_is_proved_dead(home):
    defiant = "trap '' TERM; setsid sleep 1000 & (setsid setsid sleep 1000 &); while :; do sleep 0.1; done"
    typed(
        home,
        "run",
        "--require",
        "reduced",
        "--name",
        "a",
        "--grace",
        "0",
        "--detach",
        "--",
        "sh",
        "-c",
        defiant,
    )
    receipt = json.loads(typed(home, "stop", "a", "--json").stdout)["receipts"]["a"]
    assert (receipt["verdict"], receipt["how"], receipt["tier"]) == ("proved", "pid namespace", "reduced")


def test_the_notice_reaches_the_command_here_too(home):
    heed = "trap 'echo heard; exit 7' TERM; echo up; while :; do sleep 0.05; done"
    with contextlib.ExitStack() as held:
        run = held.enter_context(
            subprocess.Popen(
                as_user("run", "--name", "h", "--require", "reduced", "--grace", "20", "--", "sh", "-c", heed),
                env=surroundings(home), cwd="/", stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        assert run.stdout.readline() == "up\n"
        stopped = typed(home, "stop", "h", "--json")
        assert run.stdout.read() == "heard\n"
    receipt = json.loads(stopped.stdout)["receipts"]["h"]
    assert receipt["exit"] == 7
    assert receipt["grace"]["used"] < 10


def test_a_lease_ends_it_here_too(home):
    told = typed(home, "run", "--require", "reduced", "--lease", "300ms", "--", "sleep", "1000")
    assert (told.returncode, "its lease is over" in told.stderr) == (137, True)


def test_a_start_that_is_cut_short_leaves_nobody(home):
    for moment in range(16):
        front = subprocess.Popen(
            as_user("run", "--require", "reduced", "--name", f"r{moment}", "--", "sleep", "1000"),
            env=surroundings(home), cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(0.15 + moment * 0.02)
        front.kill()
        front.wait()
    end = time.monotonic() + 20
    while left := those_of(USER):
        assert time.monotonic() < end, left
        time.sleep(0.1)


def those_of(uid):
    """Return the living processes of a user, and what they run."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
            if os.stat(f"/proc/{name}").st_uid == uid and state not in "ZX":
                found[name] = Path(f"/proc/{name}/cmdline").read_bytes()[:80]
    return found
