# SPDX-License-Identifier: MIT
"""Runs that are killed at a random moment, and how one sees from outside whether anything of them is left.

Used by test_leaks.py with few rounds and by bench/jail_leaks.py with many.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from offswitch.guard.walls.cgroups import HOUSE, find_homes, sweep

RUN = '''
import asyncio, sys
from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits

ATTACKS = [
    "f() { f | f & }; f; sleep {mark}",                                     # a fork bomb
    "setsid sh -c '(trap \\"\\" TERM HUP INT; sleep {mark} &) &'; sleep {mark}",  # a daemon that ignores signals
    "for i in 1 2 3; do nohup sleep {mark} >/dev/null 2>&1 & done; exec sleep {mark}",
    "while :; do (sleep 0.001 &) ; : {mark}; done",                         # a hopper: forks and exits
    "head -c 20000000 /dev/zero > /tmp/big; sleep {mark}",
]

async def sample(number, mark):
    while True:
        jail = await Jail.start(Limits(memory=96 * MIB, processes=48, disk=32 * MIB))
        tasks = [asyncio.create_task(jail.exec(["bash", "-c", script.replace("{mark}", mark)])) for script in ATTACKS]
        await asyncio.wait(tasks, timeout=0.05 + 0.05 * number)
        try:
            await jail.write("note", b"x" * 100_000)
        except Exception:
            pass
        await jail.close()
        await asyncio.wait(tasks)
        for task in tasks:
            task.exception()

async def main():
    print("begun", flush=True)
    await asyncio.gather(*(sample(number, sys.argv[1]) for number in range(int(sys.argv[2]))))

asyncio.run(main())
'''  # fmt: skip


def killed_run(seconds: float, jails: int, mark: str, victim: str = "run") -> list[str]:
    """Start a run with `jails` jails at work, kill it after `seconds`, and return what is left of it in the end.

    `victim`: `run`, or `keeper` to kill the keeper first and the run a moment later.
    """
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, mark, str(jails)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    keepers: set[int] = set()
    try:
        time.sleep(seconds)
        keepers.update(keepers_of(run.pid))
        if victim == "keeper":
            for pid in keepers:
                with contextlib.suppress(ProcessLookupError):  # the first takes the others with it
                    os.kill(pid, signal.SIGKILL)
            time.sleep(random.random() * 0.05)
    finally:
        run.kill()  # SIGKILL: it cannot clean up
        run.wait()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        keepers.update(keepers_of(run.pid))
        left = [f"keeper or warden {pid}" for pid in keepers_of(run.pid)] + agents(mark)
        if victim == "keeper" and not left:
            sweep(find_homes())  # as the next run does
        left += [group for group in groups() if group.rpartition("/")[2].split("-")[0] in map(str, keepers)]
        if not left:
            break
        time.sleep(0.02)
    return left


def keepers_of(run: int) -> list[int]:
    """Return the processes that serve a run: its keeper, and the wardens, which are copies of it."""
    return [
        pid for pid, words in processes()
        if any(b"offswitch.guard.walls.keeper" in word for word in words) and str(run).encode() in words
    ]  # fmt: skip


def agents(mark: str) -> list[str]:
    """Return the processes that carry the mark of an attack."""
    return [
        f"agent's process {pid}: {words}"
        for pid, words in processes()
        if any(mark.encode() in word for word in words)
    ]


def processes() -> list[tuple[int, list[bytes]]]:
    """Return every process of the host, with its command line."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                found.append((int(place.name), (place / "cmdline").read_bytes().split(b"\0")))
            except OSError:
                continue
    return found


def groups() -> list[str]:
    """Return the control groups of all runs."""
    return [
        f"{place}/{HOUSE}/{name}"
        for place, _ in find_homes().places()
        if (place / HOUSE).is_dir()
        for name in os.listdir(place / HOUSE)
        if name[0].isdigit()
    ]


def mounts() -> int:
    """Count the mounts of the host."""
    return len(Path("/proc/self/mounts").read_text().splitlines())
