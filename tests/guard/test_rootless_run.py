# SPDX-License-Identifier: MIT
"""The off-switch for who is not root, run for real as another user: the same commands, a lower tier that must be asked for."""

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
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
    packages = sysconfig.get_paths()["purelib"]
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": f"{SOURCES}:{packages}", "PYTHONDONTWRITEBYTECODE": "1",
        "OFFSWITCH_RUN_DIR": f"{home}/run", "OFFSWITCH_STATE_DIR": f"{home}/state", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    become = ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups"]
    argv = [*become, SYSTEM_PYTHON, "-m", "offswitch.cli.main", *words]
    return subprocess.run(
        argv, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=60
    )


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


def test_a_lease_ends_it_here_too(home):
    told = typed(home, "run", "--require", "reduced", "--lease", "300ms", "--", "sleep", "1000")
    assert (told.returncode, "its lease is over" in told.stderr) == (137, True)
