# SPDX-License-Identifier: MIT
"""What a jail costs beside bare bubblewrap and beside no sandbox at all, measured in turn in one run.

Command: python bench/jail_speed.py [--rounds 200] [--out docs/results/jail_speed.json]

- start: `Jail.start` to the moment when commands can run, against bare `bwrap` with the same mounts and namespaces
  running `true`, which has to start *and* end, and against the barest `bwrap --ro-bind / / true`, which isolates little;
- exec: a command in the standing jail, against the same bare `bwrap … true`, and against Inspect's `local` sandbox;
- close: from the order to the kernel's word that nobody is left;
- read and write of a small file.

In each round everything is measured once, in an order that changes, so that a busy moment hits all alike. A ratio is
the median of the rounds' own ratios, with a 95 % interval from the order statistics (the sign test's interval).
CAVEAT: forks are what is measured, so the size of the page tables, the kernel and the load all matter; compare the
ratios, not the milliseconds, with another machine's, and measure on a quiet one. Where limits lie on cgroup v1, every
start moves a process between groups, and commands of other jails wait for the kernel's lock meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from watching import print_table

from offswitch.guard.jail import Jail
from offswitch.guard.limits import Limits
from offswitch.guard.tiers import require
from offswitch.guard.walls import view

UID = 0x7000_0000
RATIOS = [
    ("jail start", "bare bwrap"), ("jail start", "barest bwrap"), ("jail exec", "barest bwrap"), ("jail exec", "bare bwrap"), ("jail exec", "plain subprocess"),
    ("jail exec", "Inspect local exec"), ("jail read", "bare bwrap"), ("jail close", "bare bwrap"),
]  # fmt: skip
BAREST = "/usr/bin/bwrap --ro-bind / / /usr/bin/true".split()
Act = Callable[[], Awaitable[object]]


async def main() -> int:
    """Measure, print, write."""
    options = arguments()
    require("rootless")
    acts, end = await contenders()
    for act in acts.values():
        await act()  # everything once, unmeasured: imports, page cache
    times: dict[str, list[float]] = {name: [] for name in acts}
    order = list(acts)
    for _ in range(options.rounds):
        random.shuffle(order)
        for name in order:
            await asyncio.sleep(options.pause)
            start = time.perf_counter()
            told = await acts[name]()
            times[name].append(told if isinstance(told, float) else (time.perf_counter() - start) * 1000)
    await end()
    rows = [row(name, values) for name, values in times.items()]
    ratios = [ratio(times, ours, theirs) for ours, theirs in RATIOS if theirs in times]
    print_table(rows)
    print()
    print_table(ratios)
    result = {
        "command": f"python bench/jail_speed.py --rounds {options.rounds} --pause {options.pause}",
        "machine": {"kernel": os.uname().release, "cores": len(os.sched_getaffinity(0)), "python": sys.version.split()[0], "load": os.getloadavg()[0]},
        "milliseconds": rows, "ratios": ratios,
    }  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.01, help="seconds between two measurements")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


async def contenders() -> tuple[dict[str, Act], Act]:
    """Return what is measured, by name, and what takes it down again."""
    standing = await Jail.start()
    await standing.write("note", b"x" * 1000)
    argv = bare()

    async def start() -> float:
        began = time.perf_counter()
        jail = await Jail.start()
        took = (time.perf_counter() - began) * 1000
        await jail.close()
        return took

    async def close() -> float:
        jail = await Jail.start()
        return (await jail.close()).milliseconds

    acts: dict[str, Act] = {
        "bare bwrap": lambda: run(argv, as_user=True),
        "barest bwrap": lambda: run(BAREST, as_user=True),
        "plain subprocess": lambda: run(["true"]),
        "jail start": start,
        "jail close": close,
        "jail exec": lambda: standing.exec(["true"]),
        "jail read": lambda: standing.read("note"),
        "jail write": lambda: standing.write("note", b"x" * 1000),
    }
    try:
        from inspect_ai.util._sandbox.local import LocalSandboxEnvironment
    except ImportError:
        return acts, standing.close
    local = LocalSandboxEnvironment()
    acts["Inspect local exec"] = lambda: local.exec(["true"], concurrency=False)

    async def end() -> None:
        await standing.close()
        local.directory.cleanup()

    return acts, end


def bare() -> list[str]:
    """Return bubblewrap's command line with the jail's own mounts and namespaces, and `true` to run."""
    argv = view.command(str(view.find_bubblewrap()), view.View(), Limits(), {})
    return [*argv[: argv.index("--")], "--", "/usr/bin/true"]


async def run(argv: list[str], as_user: bool = False) -> None:
    """Start a program by asyncio and wait for its end."""
    user = {"user": UID, "group": UID, "extra_groups": []} if as_user and os.geteuid() == 0 else {}
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, **user
    )  # fmt: skip
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(
            f"{argv[0]} ended with {process.returncode}: {(out + err).decode(errors='replace')}"
        )


def row(name: str, values: list[float]) -> dict[str, object]:
    """Return one line of the table."""
    ordered = sorted(values)
    low, high = interval(len(ordered))
    return {
        "what": name, "n": len(ordered), "min": round(ordered[0], 2), "median": round(statistics.median(ordered), 2),
        "median_95": f"{ordered[low]:.2f}..{ordered[high]:.2f}", "p90": round(ordered[int(0.9 * len(ordered))], 2),
    }  # fmt: skip


def ratio(times: dict[str, list[float]], ours: str, theirs: str) -> dict[str, object]:
    """Return how many times as long ours takes, round by round."""
    values = sorted(a / b for a, b in zip(times[ours], times[theirs], strict=True))
    low, high = interval(len(values))
    return {
        "ratio": f"{ours} / {theirs}", "n": len(values), "median": round(statistics.median(values), 2),
        "median_95": f"{values[low]:.2f}..{values[high]:.2f}",
        "of_minima": round(min(times[ours]) / min(times[theirs]), 2),
    }  # fmt: skip


def interval(n: int) -> tuple[int, int]:
    """Return the places of the order statistics that enclose the median with 95 % (normal approximation)."""
    half = 0.98 * n**0.5
    return max(0, int(n / 2 - half)), min(n - 1, int(n / 2 + half))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
