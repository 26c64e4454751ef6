# SPDX-License-Identifier: MIT
"""Does an agent outlive its lease when those who guard it are killed, frozen or starved at a random moment?

Command: python bench/guard_faults.py [--trials 1400] [--engine-trials 150] [--seed 0] [--workers 3] [--only FAULT] [--journal FILE] [--out docs/results/guard_faults.json]

Each trial (`tests/guard/faults.py`) is one run of an agent of four processes under a lease of 0.3 to 1.5 s, and one fault, drawn
from the trial's seed with its victims and its moment: while it starts, lives, is stopped, or as the lease ends. Counted are

- beyond: agents that did anything more than `BOUND` seconds after the end of the last lease that was granted, or that lived when
  we stopped looking, by two witnesses outside the guard: a pipe that all of the agent hold open and write the time to every 5 ms,
  and the user id that only the agent has. `lateness` is from the end of the lease until we saw that nobody is left: it holds our
  own delay, too, which is seconds on a machine that is overloaded;
- lies: receipts that say "proved" although the agent wrote a heartbeat later than "empty", or somebody is alive;
- left: processes of the guard, or of the agent, that are still there when all is over.

`--only 'starve of processor: supervisor + keeper'` does the first so many trials in which that fault is drawn, as the table names it.

A trial that is done is a line of the journal; after a `kill -9` the same command goes on where it was. The same seeds make the same
plans; the moments are the machine's own. With 0 in n trials, the rate is below 1 - 0.05^(1/n) with 95 % confidence.
CAVEAT: root, cgroup v1 for `cpu` and `memory` beside v2 (some faults are done with them), and /usr/bin/perl for the agent.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "guard"))
import faults

from offswitch.guard import kernel, running

BOUND = 0.5  # seconds after the lease; what is later counts as beyond it
Row = dict[str, Any]


def main() -> int:
    """Deal out the seeds, gather, count, print, write."""
    options = arguments()
    if options.worker:
        return work(options)
    if os.geteuid() != 0:
        sys.exit(
            "root is needed: agents have user ids of their own, and some faults are done with control groups"
        )
    options.journal.parent.mkdir(parents=True, exist_ok=True)
    wanted = {
        *seeds(options.seed, options.trials, options.only),
        *seeds(faults.ENGINE_SEEDS + options.seed, options.engine_trials, options.only),
    }
    known = read(options.journal)
    todo = [seed for seed in sorted(wanted) if seed not in known]
    print(f"{len(wanted) - len(todo)} of {len(wanted)} trials are in {options.journal}", file=sys.stderr)
    loads = [os.getloadavg()[0]]
    argv = [sys.executable, __file__, "--worker", "--journal", str(options.journal)]
    workers = [
        subprocess.Popen(["unshare", "--mount", *argv], stdin=subprocess.PIPE, text=True)
        for _ in range(options.workers if todo else 0)
    ]
    for number, worker in enumerate(workers):
        assert worker.stdin
        worker.stdin.write("\n".join(map(str, todo[number :: len(workers)])) + "\n")
        worker.stdin.close()
    while any(worker.poll() is None for worker in workers):
        time.sleep(5)
        loads.append(os.getloadavg()[0])
        done = [row for seed, row in read(options.journal).items() if seed in wanted]
        bad = sum(beyond(row) for row in done)
        print(
            f"\r{len(done)}/{len(wanted)} trials, {bad} beyond, load {loads[-1]:.1f} ",
            end="",
            file=sys.stderr,
            flush=True,
        )
    print(file=sys.stderr)
    rows = [row for seed, row in sorted(read(options.journal).items()) if seed in wanted]
    result = told(rows, options, loads)
    print(json.dumps(result, indent=1))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if result["beyond"]["n"] or result["lies"]["n"] or len(rows) < len(wanted) else 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1400)
    parser.add_argument(
        "--engine-trials", type=int, default=150, help="with a NATS server and a member that renews by it"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=3, help="trials side by side")
    parser.add_argument("--only", metavar="FAULT", help="this one, as the table names it")
    parser.add_argument("--journal", type=Path, default=Path(tempfile.gettempdir(), "guard_faults.jsonl"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def seeds(first: int, count: int, only: str | None) -> list[int]:
    """Return the first so many seeds, of those that draw one fault where it is named; fewer where they are rare."""
    drawn = (seed for seed in range(first, first + 200 * count) if only in (None, title(faults.plan(seed))))
    return list(itertools.islice(drawn, count))


def work(options: argparse.Namespace) -> int:
    """Do the trials whose seeds stand on standard input, in a mount namespace of our own."""
    kernel.die_with_parent(9)
    running.ANSWER_SECONDS = faults.ANSWER_SECONDS  # a frozen supervisor is waited for less long
    with tempfile.TemporaryDirectory(prefix="guard-faults-") as folder:
        for seed in map(int, sys.stdin):
            planned = faults.plan(seed)
            try:
                row = faults.Trial(planned, Path(folder, str(seed))).result()
            except Exception as failure:  # a trial that broke is told, never dropped
                row = {**planned, "broke": f"{type(failure).__name__}: {failure}"}
            with open(options.journal, "a") as file:
                file.write(json.dumps(row) + "\n")
    return 0


def read(journal: Path) -> dict[int, Row]:
    """Return the trials of a journal by seed; a line that was cut off by a kill is not one."""
    found: dict[int, Row] = {}
    for line in journal.read_text().splitlines() if journal.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        found[row["seed"]] = row
    return found


def beyond(row: Row) -> bool:
    """Tell whether the agent acted more than `BOUND` seconds after its lease, or lived when we stopped looking."""
    if "broke" in row or not row["began"]:
        return False
    return bool(row["alive"]) or (row["last_beat_late"] or 0) > BOUND


def told(rows: list[Row], options: argparse.Namespace, loads: list[float]) -> dict[str, Any]:
    """Return the counts."""
    whole = [row for row in rows if "broke" not in row]
    late = [row for row in whole if beyond(row)]
    lies = [row for row in whole if row["lies"]]
    began = sum(row["began"] for row in whole)
    left = [row for row in whole if row["left"] or row["populated"]]
    outlived = [row for row in whole if row["began"] and row["late"] is not None and row["late"] > 0]
    only = f" --only '{options.only}'" if options.only else ""
    return {
        "command": f"python bench/guard_faults.py --trials {options.trials} --engine-trials {options.engine_trials} --seed {options.seed} --workers {options.workers}{only}",
        "machine": {"kernel": os.uname().release, "cores": len(os.sched_getaffinity(0)), "python": sys.version.split()[0],
                    "load": [round(min(loads), 1), round(statistics.median(loads), 1), round(max(loads), 1)]},
        "n": len(rows), "agent_began": began, "broke": [row for row in rows if "broke" in row],
        "beyond": {"bound_s": BOUND, "n": len(late), "of": began, "rate_below": upper(len(late), began), "seeds": [row["seed"] for row in late]},
        "lies": {"n": len(lies), "rate_below": upper(len(lies), len(whole)), "seeds": [row["seed"] for row in lies]},
        "left": {"n": len(left), "seeds": [row["seed"] for row in left]},
        "last_heartbeat_ms": {"of": "the same", **spread([row["last_beat_late"] for row in outlived])},
        "lateness_ms": {"of": "agents that lived to the end of their lease", **spread([row["late"] for row in outlived])},
        "by_fault": [about(name, [row for row in whole if title(row) == name]) for name in sorted({title(row) for row in whole})],
        "engine": engine(whole),
        "by_phase": dict(Counter(row["phase"] for row in whole)),
        "answers_while_faulted": dict(Counter(row["answers"][0]["told"] for row in whole)),
        "answers_afterwards": dict(Counter(row["answers"][-1]["told"] for row in whole)),
    }  # fmt: skip


def engine(rows: list[Row]) -> Row:
    """Return how long after the engine's end leases were still granted."""
    lost = [
        row
        for row in rows
        if row["seed"] >= faults.ENGINE_SEEDS
        and row["fault"] in ("kill", "freeze")
        and "engine" in row["victims"]
    ]
    granted = [row["granted_after"] for row in lost if row["granted_after"] is not None]
    return {
        "n": sum(row["seed"] >= faults.ENGINE_SEEDS for row in rows), "engine_lost_for_good": len(granted),
        "patience_s": faults.PATIENCE_SECONDS, "last_grant_after_loss_s_max": max(granted, default=None),
        "granted_later_than_patience": sum(one > faults.PATIENCE_SECONDS + 0.05 for one in granted),
    }  # fmt: skip


def title(row: Row) -> str:
    """Name a fault with its victims."""
    if row["fault"] in ("none", "full disk", "folder gone"):
        return str(row["fault"])
    fleet = " (renewed by a fleet's member)" if row["seed"] >= faults.ENGINE_SEEDS else ""
    return f"{row['fault']}: {' + '.join(row['victims'])}{fleet}"


def about(name: str, rows: list[Row]) -> Row:
    """Return one line of the table."""
    outlived = [row["late"] for row in rows if row["began"] and row["late"] is not None and row["late"] > 0]
    return {
        "fault": name, "n": len(rows), "beyond": sum(map(beyond, rows)), "lies": sum(bool(row["lies"]) for row in rows),
        "to_the_end": len(outlived), "late_ms_median": ms(statistics.median(outlived)) if outlived else None,
        "late_ms_max": ms(max(outlived)) if outlived else None,
    }  # fmt: skip


def spread(values: list[float]) -> Row:
    """Return median with its interval, 99th percentile and maximum, in milliseconds."""
    if not values:
        return {"n": 0}
    ordered, n = sorted(values), len(values)
    half = 0.98 * math.sqrt(n)
    low, high = ordered[max(0, int(n / 2 - half))], ordered[min(n - 1, int(n / 2 + half))]
    return {
        "n": n, "median": ms(statistics.median(ordered)), "median_95": f"{ms(low)}..{ms(high)}",
        "p99": ms(ordered[min(n - 1, int(0.99 * n))]), "max": ms(ordered[-1]),
    }  # fmt: skip


def ms(seconds: float) -> float:
    """Return milliseconds."""
    return round(seconds * 1000, 1)


def upper(bad: int, n: int) -> float | None:
    """Return the exact 95 % upper bound of a rate of which n trials showed none; None where they showed some."""
    return round(1 - 0.05 ** (1 / n), 4) if n and not bad else None


if __name__ == "__main__":
    sys.exit(main())
