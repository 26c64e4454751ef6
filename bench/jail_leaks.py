# SPDX-License-Identifier: MIT
"""Does anything outlive a jail? Two tries, counted, with the upper bound that so many clean tries allow.

Command: python bench/jail_leaks.py [--jails 200] [--kills 100] [--out docs/results/jail_leaks.json]

- jails: started, given a fork bomb, a daemon that ignores signals and has left its session, a process that forks and
  exits without end; closed after a random time. A leak is a jail not proved empty, or a process seen afterwards.
- kills: a run with three such jails is killed (SIGKILL) at a random moment between its first instruction and its ninth
  tenth of a second, so that starts, commands and ends are all hit. A leak is a keeper, a warden, an agent's process or a
  control group that is still there 20 s later. Every fourth time the keeper is killed first.

With 0 leaks in n tries, the leak rate is below 1 - 0.05^(1/n) with 95 % confidence.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "guard"))
import leaks

from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits

MARK = "4600000"
ATTACK = (
    f"setsid sh -c '(trap \"\" TERM HUP INT; sleep {MARK} &) &'; (while :; do (sleep 0.001 &); : {MARK}; done) & "
    f"f() {{ f | f & }}; f; sleep {MARK}"
)


async def attacked(seconds: float) -> dict[str, float]:
    """Run one jail under attack and close it; return the proof."""
    jail = await Jail.start(Limits(memory=96 * MIB, processes=48, disk=16 * MIB))
    task = asyncio.create_task(jail.exec(["bash", "-c", ATTACK]))
    await asyncio.sleep(seconds)
    end = await jail.close()
    await asyncio.wait([task])
    task.exception()
    return {"populated": end.populated, "seen": end.seen, "milliseconds": end.milliseconds}


async def jails(count: int, rng: random.Random) -> list[dict[str, float]]:
    """Run `count` jails, eight at a time."""
    proofs: list[dict[str, float]] = []
    while len(proofs) < count:
        batch = min(8, count - len(proofs))
        proofs += await asyncio.gather(*(attacked(rng.uniform(0.0, 0.4)) for _ in range(batch)))
    return proofs


def main() -> int:
    """Try, count, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jails", type=int, default=200)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rng, mounts = random.Random(options.seed), leaks.mounts()
    proofs = asyncio.run(jails(options.jails, rng))
    time.sleep(0.2)
    still = leaks.agents(MARK)
    times = sorted(proof["milliseconds"] for proof in proofs)
    left = {}
    for number in range(options.kills):
        victim = "keeper" if number % 4 == 3 else "run"
        found = leaks.killed_run(rng.uniform(0.0, 0.9), 3, f"47{os.getpid()}{number:04}", victim)
        if found:
            left[number] = found
            print(f"try {number} ({victim} killed) left {found}")
    result = {
        "command": f"python bench/jail_leaks.py --jails {options.jails} --kills {options.kills} --seed {options.seed}",
        "jails": {
            "n": len(proofs), "not_proved_empty": sum(proof["populated"] > 0 for proof in proofs),
            "processes_after": len(still), "processes_at_close": sum(proof["seen"] for proof in proofs),
            "close_ms_median": times[len(times) // 2], "close_ms_max": times[-1], "leak_rate_below": bound(len(proofs)),
        },
        "kills": {"n": options.kills, "leaks": len(left), "leak_rate_below": bound(options.kills) if not left else None},
        "mounts_more": leaks.mounts() - mounts,
    }  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    return 1 if left or still or any(proof["populated"] for proof in proofs) else 0


def bound(n: int) -> float | None:
    """Return the exact 95 % upper bound of a rate of which n tries showed none."""
    return round(1 - 0.05 ** (1 / n), 4) if n else None


if __name__ == "__main__":
    sys.exit(main())
