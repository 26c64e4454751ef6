# SPDX-License-Identifier: MIT
"""Peak memory of rollouts of a length, of ten times that length, and of a hundred times: it must be flat.

Command: python bench/lab_memory.py [--steps 1000] [--repeat 3] [--out docs/results/lab_memory.json]

Each run is a fresh process, which tells its own peak resident set (the kernel's, not a sample) before the rollout, once it is
compiled, and after it. CAVEAT: the interpreter and JAX are most of it; what counts is that the last column stays small.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from watching import print_table

TIMES = (1, 10, 100)
ENVS = 8192


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=1000, help="of each environment, in the shortest run")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", type=int, help="be one of the processes that are measured")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one)))
        return 0
    rows = [measured(options.steps * times, options.repeat) for times in TIMES]
    print_table(rows)
    command = f"python bench/lab_memory.py --steps {options.steps} --repeat {options.repeat}"
    growth = float(str(rows[-1]["peak_mb"])) / float(str(rows[0]["peak_mb"]))
    result = {"command": command, "envs": ENVS, "runs": rows, "hundredfold_over_one": round(growth, 3)}
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
    return 0


def measured(steps: int, repeat: int) -> dict[str, object]:
    """Return the medians of some fresh processes."""
    words = [sys.executable, __file__, "--one", str(steps)]
    told = [
        json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        for _ in range(repeat)
    ]
    peaks = sorted(run["peak_mb"] for run in told)
    return {
        "steps_each": steps, "million_steps": round(statistics.median(run["steps"] for run in told) / 1e6, 1), "n": repeat,
        "peak_mb": statistics.median(peaks), "from_to": f"{peaks[0]}..{peaks[-1]}",
        "grown_mb": round(statistics.median(run["peak_mb"] - run["compiled_mb"] for run in told), 1),
        "seconds": round(statistics.median(run["seconds"] for run in told), 1),
    }  # fmt: skip


def one(steps: int) -> dict[str, float]:
    """Compile, roll out once, and tell the peaks."""
    import jax
    import jax.numpy as jnp

    from offswitch.lab.compiling import table_of
    from offswitch.lab.rollouts import averaged, rollout
    from offswitch.lab.stepping import arrays_of
    from offswitch.lab.worlds import world

    table = table_of(world("safe_interruptibility"))
    arrays, logits = arrays_of(table), jnp.zeros((table.seen_count, table.shape[1]))
    averaged(rollout(arrays, logits, jax.random.key(0), envs=ENVS, steps=1))
    compiled, start = peak(), time.perf_counter()
    told = averaged(rollout(arrays, logits, jax.random.key(1), envs=ENVS, steps=steps))
    return {
        "steps": told.steps,
        "compiled_mb": compiled,
        "peak_mb": peak(),
        "seconds": time.perf_counter() - start,
    }


def peak() -> float:
    """Return the peak resident set so far, in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1)


if __name__ == "__main__":
    sys.exit(main())
