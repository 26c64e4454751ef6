# SPDX-License-Identifier: MIT
"""Without root and without control groups: refused, unless it is accepted by name; and then as tight as it can be."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from offswitch.guard import tiers

SOURCE = Path(__file__).parents[2] / "src"
USER = 61234
RUN = """
import asyncio, json, os, sys
sys.path.insert(0, sys.argv[1])
from offswitch.guard.errors import TierError
from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits
from offswitch.guard.tiers import survey

async def main():
    told = {"tier": survey().tier, "missing": survey().missing()}
    try:
        await (await Jail.start()).close()
    except TierError as refusal:
        told["refused"] = str(refusal)
    jail = await Jail.start(Limits(memory=512 * MIB, processes=50), accept="reduced")
    status = (await jail.exec(["cat", "/proc/self/status", "/proc/self/limits"])).stdout.decode()
    told["capabilities"] = [line.split()[1] for line in status.splitlines() if line.startswith("Cap")]
    told["limited"] = "Max processes             50" in status
    told["core_pattern"] = (await jail.exec(["test", "-w", "/proc/sys/kernel/core_pattern"])).exit
    await jail.write("x", b"hi")
    told["read"] = (await jail.read("x")).decode()
    told["exits"] = [(await jail.exec(["sh", "-c", script])).exit for script in ("exit 7", "kill -TERM $$")]
    late = await jail.exec(["sh", "-c", "sleep 1000 & sleep 1000"], timeout=0.3)
    told["late"] = [late.timed_out, len(jail.processes())]
    await jail.exec(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &"])
    bomb = asyncio.create_task(jail.exec(["bash", "-c", "f() { f | f & }; f; sleep 1000"]))
    await asyncio.sleep(0.3)
    pids = [seen.pid for seen in jail.processes()]
    end = await jail.close()
    told["end"] = [end.populated, end.how, len(pids) > 2, [pid for pid in pids if os.path.exists(f"/proc/{pid}")]]
    await asyncio.wait([bomb])
    bomb.exception()
    print(json.dumps(told))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def told():
    if os.geteuid() or tiers.survey().tier == "none":
        pytest.skip("needs root to become another user, and a host that can make jails")
    python = next((path for path in (sys.executable, "/usr/bin/python3") if usable(path)), None)
    if python is None:
        pytest.skip("no Python 3.11 that another user may start")
    done = as_user([python, "-B", "-c", RUN, str(SOURCE)])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def as_user(argv):
    return subprocess.run(
        argv, user=USER, group=USER, extra_groups=[], cwd="/", env={"PATH": "/usr/bin"}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip


def usable(python):
    check = (
        f"import sys; sys.exit(sys.version_info < (3, 11)); open({str(SOURCE / 'offswitch/guard/jail.py')!r})"
    )
    try:
        return shutil.which(python) and as_user([python, "-c", check]).returncode == 0
    except OSError:
        return False


def test_another_user_without_control_groups_is_refused_and_told_the_cure(told):
    assert told["tier"] == "reduced"
    assert "no permission" in told["missing"]
    assert "sudo offswitch run" in told["missing"]
    assert "systemd-run --user --scope" in told["refused"]
    assert "accept='reduced'" in told["refused"]


def test_what_is_accepted_by_name_is_still_a_jail(told):
    assert set(told["capabilities"]) == {"0" * 16}
    assert told["core_pattern"] == 1
    assert told["limited"]
    assert told["read"] == "hi"
    assert told["exits"] == [7, 143]


def test_its_time_out_kills_the_session_and_its_end_everything(told):
    assert told["late"] == [True, 0]
    assert told["end"] == [0, "pid namespace", True, []]


def test_an_orphan_of_a_start_that_was_cut_short_is_ended_before_the_jail_counts_as_empty():
    program = """
import os, signal, socket, time
from offswitch.guard import kernel
from offswitch.guard.walls.cgroups import Group, Homes
from offswitch.guard.walls.keeper import Held, Keeper
kernel.adopt_orphans()
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
keeper = Keeper(ours, os.getppid())
keeper.homes = Homes()
told, tell = os.pipe()
warden = os.fork()
if warden == 0:
    if os.fork() == 0:
        os.write(tell, str(os.getpid()).encode())
    time.sleep(60)
orphan = int(os.read(told, 20))
held = Held(Group(Homes(), "run", "1"), None, warden, theirs, theirs, -1)
held.state, held.ordered = "closing", time.monotonic()
keeper.jails.append(held)
while held.state != "closed":
    keeper.step(held)
try:
    os.kill(orphan, 0)
    print("left behind")
except ProcessLookupError:
    print("ended", held.proof["populated"])
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert told.stdout == "ended 0\n", told.stderr
