# SPDX-License-Identifier: MIT
"""However a run ends, nothing of it is left: no process, no control group, no mount, no file.

OFFSWITCH_LEAK_ROUNDS asks for more rounds than the few that the default test run has time for.
"""

import asyncio
import gc
import os
import random
import sys
import time
from pathlib import Path

import pytest

from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits
from offswitch.guard.tiers import at_least, survey
from offswitch.guard.walls.cgroups import Group, find_homes, own_name, sweep

sys.path.insert(0, str(Path(__file__).parent))
import leaks

pytestmark = pytest.mark.skipif(
    not at_least(survey().tier, "rootless"), reason=f"no jail with a control group here: {survey().missing()}"
)
ROUNDS = int(os.environ.get("OFFSWITCH_LEAK_ROUNDS", "8"))


@pytest.mark.parametrize("round", range(ROUNDS))
def test_a_run_killed_at_any_moment_leaves_nothing(round):
    before = leaks.mounts()
    moment = random.Random(round).uniform(0.02, 0.9)
    assert leaks.killed_run(moment, jails=3, mark=f"31{os.getpid()}{round:04}") == []
    assert leaks.mounts() == before


@pytest.mark.parametrize("round", range(max(2, ROUNDS // 4)))
def test_a_run_whose_keeper_is_killed_leaves_no_process_and_the_next_run_sweeps_its_groups(round):
    moment = random.Random(round).uniform(0.3, 0.9)
    assert leaks.killed_run(moment, jails=2, mark=f"32{os.getpid()}{round:04}", victim="keeper") == []


def test_a_sweep_leaves_live_runs_alone():
    homes = find_homes()
    live, dead = Group(homes, own_name(), "1"), Group(homes, "4194304-1-" + own_name().split("-")[2], "1")
    for group in (live, dead):
        group.create()
    pid = os.fork()
    if pid == 0:
        with open(f"{dead.killer}/cgroup.procs", "w") as file:
            file.write("0")
        time.sleep(60)
        os._exit(0)
    while not dead.pids():
        time.sleep(0.001)
    sweep(homes)
    assert os.waitpid(pid, 0)[1] == 9
    assert live.killer.is_dir()
    assert not dead.killer.parent.exists()
    for folder in live.folders:
        os.rmdir(folder)
        os.rmdir(folder.parent)
        if not any(path.is_dir() for path in folder.parent.parent.iterdir()):
            os.rmdir(folder.parents[1])


async def bombed(mark: str) -> int:
    async with await Jail.start(Limits(memory=64 * MIB, processes=24, disk=16 * MIB)) as jail:
        script = f"setsid sh -c '(trap \"\" TERM; sleep {mark} &) &'; f() {{ f | f & }}; f; sleep {mark}"
        task = asyncio.create_task(jail.exec(["bash", "-c", script]))
        await asyncio.sleep(0.1)
        end = await jail.close()
        await asyncio.wait([task])
        task.exception()
    return end.populated


def test_forty_jails_with_fork_bombs_and_daemons_leave_nothing():
    async def all_of_them():
        return [await asyncio.gather(*(bombed("3300000") for _ in range(10))) for _ in range(4)]

    before = leaks.mounts()
    assert [sum(batch) for batch in asyncio.run(all_of_them())] == [0] * 4
    end = time.monotonic() + 10
    while (left := leaks.agents("3300000")) and time.monotonic() < end:
        time.sleep(0.02)
    assert left == []
    assert leaks.mounts() == before


def test_a_run_that_ends_without_closing_leaves_nothing():
    async def careless():
        first, _ = await Jail.start(), await Jail.start(Limits(seconds=0.05))
        await first.exec(["sh", "-c", "sleep 3400000 >/dev/null 2>&1 &"])
        await asyncio.sleep(0.2)
        return first._keeper.process

    keeper = asyncio.run(careless())
    gc.collect()
    assert keeper.wait(10) == 0
    assert leaks.agents("3400000") == []
    assert not [group for group in leaks.groups() if f"/{keeper.pid}-" in group]


def test_a_jail_that_nobody_holds_any_more_ends():
    async def forgetful():
        jail = await Jail.start()
        await jail.exec(["sh", "-c", "sleep 3500000 >/dev/null 2>&1 &"])
        assert leaks.agents("3500000")
        del jail
        gc.collect()
        for _ in range(500):
            if not leaks.agents("3500000"):
                return True
            await asyncio.sleep(0.01)
        return False

    assert asyncio.run(forgetful())
