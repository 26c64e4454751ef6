# SPDX-License-Identifier: MIT
"""Value iteration for many reward functions over one table: ours, ordinary numpy, and the MDP toolbox of PyPI, in turn in one run.

Command: python bench/lab_solve.py [--peers PYTHON] [--rounds 6] [--out docs/results/lab_solve.json]

All do the same 1,000 sweeps over 400 states and 5 actions at random: ours and numpy for all 1,000 reward functions at once, the
toolbox for one after the other (`--theirs` of them), since that is what it offers. Numpy's is the plain way: gather, maximum,
in float32 like ours. `--peers` as in `lab_steps.py`. The figure is reward functions a second.
CAVEAT: the toolbox multiplies by dense matrices; with sparse ones it is faster, and still works on one reward at a time. Its
own test for an early end is switched off, since the others run all sweeps, too.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from contest import Contender, held, joined, machine, ratio, row, timed
from watching import print_table

from offswitch.lab.solve.many import _blocks, block_of

OURS, PLAIN, BOX = "offswitch solve_many", "numpy", "MDP toolbox"
DISCOUNT = 0.99
SWEEPS = 1000
TARGET = 1.3  # seconds for a thousand reward functions


def main() -> int:
    """Measure, print, write."""
    options = arguments()
    rng = np.random.default_rng(0)
    after = rng.integers(0, options.states, (options.states, options.actions, 1)).astype(np.int32)
    rewards = rng.random((options.rewards, options.states)).astype(np.float32)

    def ours(count: int) -> int:
        size = block_of(options.states, count)
        values = _blocks(
            jnp.asarray(after), None, rewards[:count], DISCOUNT, 0.0, 0.0, SWEEPS, size=size, settles=False
        )
        jax.block_until_ready(values)
        return count

    def plain(count: int) -> int:
        reward, moves = rewards[:count].T.copy(), after[..., 0]
        value = np.zeros_like(reward)
        for _ in range(SWEEPS):
            value = reward + np.float32(DISCOUNT) * value[moves].max(1)
        return count

    start = time.perf_counter()
    ours(options.rewards)
    compiled = time.perf_counter() - start
    print(f"{OURS}: compiled and run once after {compiled:.1f} s", flush=True)
    box = joined(BOX, options.peers, "toolbox", options.states, options.actions, DISCOUNT)
    contenders: dict[str, Contender] = {
        OURS: (timed(ours), options.rewards),
        PLAIN: (timed(plain), options.rewards),
    }
    if box:
        contenders[BOX] = (box, options.theirs)
    told = held(contenders, options.rounds)
    rows = [row(name, rounds, "rewards") for name, rounds in told.items()]
    ratios = [ratio(told, OURS, name, of) for name in told if name != OURS for of in ("seconds", "cpu_s")]
    print_table(rows)
    print()
    print_table(ratios)
    result = {
        "command": f"python bench/lab_solve.py --rounds {options.rounds} --states {options.states} --actions {options.actions} --rewards {options.rewards} --theirs {options.theirs}",
        "machine": machine(), "sweeps": SWEEPS, "target_s": TARGET, "first_call_s": round(compiled, 2),
        "seconds": sorted(round(one["seconds"], 3) for one in told[OURS]), "runs": rows, "ratios": ratios,
    }  # fmt: skip
    if box:
        box.close()
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--states", type=int, default=400)
    parser.add_argument("--actions", type=int, default=5)
    parser.add_argument("--rewards", type=int, default=1000)
    parser.add_argument("--theirs", type=int, default=2, help="reward functions of the toolbox in one round")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--peers", type=Path, help="the Python of an environment with the other packages")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
