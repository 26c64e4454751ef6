# SPDX-License-Identifier: MIT
"""Rounds in which every contender works once, in an order that changes, and the ratios that come of them.

A contender is a function that does a number of units and says how many, how long, and how much CPU time it took. Those of other
people's packages stand in processes of their own (`lab_peers.py`), started before the first round, so that neither import nor
compilation is in any figure; what getting ready took is shown apart.
"""

from __future__ import annotations

import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scipy import stats

Took = dict[str, float]
Contender = tuple[Callable[[int], Took], int]  # and how many units it is asked for
PEERS = Path(__file__).parent / "lab_peers.py"


class Peer:
    """A package in a process of its own."""

    def __init__(self, python: Path, *words: object) -> None:
        """Start it, and wait until it is ready. Raises RuntimeError with its last words where it cannot be."""
        self._process = subprocess.Popen(
            [str(python), str(PEERS), *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.ready: float = self._told()["ready"]

    def __call__(self, units: int) -> Took:
        """Let it work."""
        assert self._process.stdin
        self._process.stdin.write(f"{units}\n")
        self._process.stdin.flush()
        return self._told()

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def _told(self) -> dict[str, float]:
        assert self._process.stdout
        assert self._process.stderr
        for line in self._process.stdout:
            if line.startswith("{"):
                told: dict[str, float] = json.loads(line)
                return told
        raise RuntimeError(self._process.stderr.read().strip().splitlines()[-1:])


def joined(name: str, python: Path | None, *words: object) -> Peer | None:
    """Return a peer, or None, saying why it is left out."""
    if python is None or not python.exists():
        print(f"left out: {name}: no --peers")
        return None
    try:
        peer = Peer(python, *words)
    except (RuntimeError, OSError) as trouble:
        print(f"left out: {name}: {trouble}")
        return None
    print(f"{name}: ready after {peer.ready:.1f} s", flush=True)
    return peer


def timed(work: Callable[[int], int]) -> Callable[[int], Took]:
    """Return work of our own process as a contender."""

    def took(units: int) -> Took:
        start, cpu = time.perf_counter(), time.process_time()
        done = work(units)
        return {
            "done": done,
            "seconds": time.perf_counter() - start,
            "cpu_s": time.process_time() - cpu,
        }

    return took


def held(contenders: dict[str, Contender], rounds: int) -> dict[str, list[Took]]:
    """Hold the rounds. Each contender works once before, unmeasured."""
    for work, units in contenders.values():
        work(units)
    told: dict[str, list[Took]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name in random.sample(list(contenders), len(contenders)):
            work, units = contenders[name]
            told[name].append(work(units))
    return told


def row(name: str, rounds: list[Took], unit: str) -> dict[str, object]:
    """Return one contender's figures: units a second, wall and CPU, medians over the rounds."""
    wall = sorted(one["done"] / one["seconds"] for one in rounds)
    cpu = [one["done"] / max(one["cpu_s"], 1e-9) for one in rounds]
    return {
        "what": name, "n": len(rounds), f"{unit}_a_second": figure(statistics.median(wall)),
        "from_to": f"{figure(wall[0])}..{figure(wall[-1])}", f"{unit}_a_cpu_second": figure(statistics.median(cpu)),
    }  # fmt: skip


def ratio(told: dict[str, list[Took]], ours: str, theirs: str, of: str = "seconds") -> dict[str, object]:
    """Return how many times as fast ours is: the geometric mean of the rounds' own ratios, with Student's interval."""
    logs = [
        math.log((a["done"] / max(a[of], 1e-9)) / (b["done"] / max(b[of], 1e-9)))
        for a, b in zip(told[ours], told[theirs], strict=True)
    ]
    n, middle = len(logs), statistics.fmean(logs)
    shown = "one round tells no interval"
    if n > 1:
        half = float(stats.t.ppf(0.975, n - 1)) * statistics.stdev(logs) / math.sqrt(n)
        shown = f"{figure(math.exp(middle - half))}..{figure(math.exp(middle + half))}"
    words = {"seconds": "wall", "cpu_s": "CPU"}
    return {
        "times_as_fast": f"{ours} / {theirs}",
        "of": words[of],
        "n": n,
        "mean": figure(math.exp(middle)),
        "mean_95": shown,
    }


def figure(number: float) -> float:
    """Return a number to three digits."""
    return float(f"{number:.3g}")


def machine() -> dict[str, object]:
    """Return what figures hang on besides the code."""
    from importlib.metadata import version

    return {
        "kernel": os.uname().release, "cores": len(os.sched_getaffinity(0)), "python": sys.version.split()[0],
        "jax": version("jax"), "load": round(os.getloadavg()[0], 2),
    }  # fmt: skip
