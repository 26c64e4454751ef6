# SPDX-License-Identifier: MIT
"""Steps a second of the lab's rollouts beside other simulators, measured in turn in one run.

Command: python bench/lab_steps.py [--peers PYTHON] [--gridworlds DIR] [--rounds 10] [--out docs/results/lab_steps.json]

- `rollout` of a random softmax policy on safe interruptibility: sampled actions, automatic reset, statistics of all episodes;
- Gymnasium's FrozenLake in a Python loop, with actions drawn beforehand;
- gymnax's FourRooms, jitted and vmapped, random actions, automatic reset;
- the original safe interruptibility on pycolab.

The packages of others live in an environment of their own, made once by
  uv venv ENV && uv pip install --python ENV/bin/python gymnasium gymnax pycolab absl-py pymdptoolbox "numpy<2.4"
and given as `--peers ENV/bin/python`. `--gridworlds` is a checkout of github.com/google-deepmind/ai-safety-gridworlds. What is not
there is left out, by name. A ratio is the geometric mean of the rounds' own ratios, with Student's 95 % interval.
CAVEAT: the worlds differ (only pycolab's is the same one), so this says what a step costs, not who simulates the same
thing faster. On a busy machine, read the ratio of CPU time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
from contest import Contender, held, joined, machine, ratio, row, timed
from watching import print_table

from offswitch.lab.compiling import table_of
from offswitch.lab.rollouts import averaged, rollout
from offswitch.lab.stepping import arrays_of
from offswitch.lab.worlds import world

OURS = "offswitch rollout"
TARGET = 10e6  # steps a second on two quiet cores


def main() -> int:
    """Measure, print, write."""
    options = arguments()
    ours, compiled = prepared(options.world, options.envs)
    print(f"{OURS}: compiled after {compiled:.1f} s", flush=True)
    contenders: dict[str, Contender] = {OURS: (ours, options.steps)}
    peers = {
        "gymnasium FrozenLake": (joined("gymnasium FrozenLake", options.peers or Path(sys.executable), "frozen_lake"), 100_000),
        "gymnax FourRooms": (joined("gymnax FourRooms", options.peers, "four_rooms", options.envs), options.steps // 10),
        "pycolab safe interruptibility": (
            joined("pycolab safe interruptibility", options.peers if options.gridworlds else None, "gridworlds", options.gridworlds),
            2_000,
        ),
    }  # fmt: skip
    contenders |= {name: (peer, units) for name, (peer, units) in peers.items() if peer}
    told = held(contenders, options.rounds)
    rows = [row(name, rounds, "steps") for name, rounds in told.items()]
    ratios = [ratio(told, OURS, name, of) for name in told if name != OURS for of in ("seconds", "cpu_s")]
    print_table(rows)
    if ratios:
        print()
        print_table(ratios)
    result = {
        "command": f"python bench/lab_steps.py --world {options.world} --rounds {options.rounds} --steps {options.steps} --envs {options.envs}",
        "machine": machine(), "target": TARGET, "compile_s": {OURS: round(compiled, 1), **{name: round(peer.ready, 1) for name, (peer, _) in peers.items() if peer}},
        "runs": rows, "ratios": ratios,
    }  # fmt: skip
    for peer, _ in peers.values():
        if peer:
            peer.close()
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--world", default="safe_interruptibility")
    parser.add_argument("--envs", type=int, default=8192)
    parser.add_argument("--steps", type=int, default=50_000_000, help="of ours in one round")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--peers", type=Path, help="the Python of an environment with the other packages")
    parser.add_argument("--gridworlds", type=Path, help="a checkout of ai-safety-gridworlds")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def prepared(name: str, envs: int) -> tuple[object, float]:
    """Return our contender, compiled, and what compiling took. Only steps of episodes that are counted are counted."""
    table = table_of(world(name))
    arrays, logits = arrays_of(table), jnp.zeros((table.seen_count, table.shape[1]))

    def work(steps: int) -> int:
        totals = rollout(arrays, logits, jax.random.key(0), envs=envs, steps=max(1, steps // envs))
        return averaged(totals).steps

    start = time.perf_counter()
    work(1)
    return timed(work), time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
