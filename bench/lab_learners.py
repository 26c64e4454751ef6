# SPDX-License-Identifier: MIT
"""Bringing up a thousand Q-learners at once, beside an ordinary Python loop and beside Stable-Baselines3 in the same world.

Command: python bench/lab_learners.py [--agents 1000] [--episodes 12000] [--rounds 3] [--sb3 PYTHON] [--out docs/results/lab_learners.json]

- ours: `q_learning` on safe interruptibility, level 1, all agents in one program; what compiling and the first run took is shown apart;
- a Python loop: one Q-learner with numpy, over the same table, for so many steps as take a few seconds; what it would take for all
  agents is extrapolated from its steps a second, and the output says so;
- Stable-Baselines3: one agent each by DQN and PPO, on the same table as a Gymnasium environment, in an environment of its own
  (`uv venv ENV && uv pip install --python ENV/bin/python stable-baselines3`, given as `--sb3 ENV/bin/python`); our PPO stands beside its PPO.

Ratios are of agent-steps a second. CAVEAT: DQN trains a network where ours keeps a table; that row says what the usual tool costs for
the same agents, not that one algorithm does the same as the other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from contest import Contender, Took, held, machine, ratio, row, timed
from watching import print_table

from offswitch.lab.compiling import table_of
from offswitch.lab.learners import learner
from offswitch.lab.learners.learner import Learner
from offswitch.lab.table import Table
from offswitch.lab.worlds import world

OURS, OURS_PPO, PLAIN = "offswitch, Q-learning", "offswitch, PPO", "Python loop, Q-learning"
SB3 = "Stable-Baselines3, "
PPO_AGENTS = 16

PEER = """
import sys, time
import gymnasium, numpy as np, stable_baselines3
held = np.load(sys.argv[1])
class World(gymnasium.Env):
    observation_space = gymnasium.spaces.Discrete(int(held["seen"].max()) + 1)
    action_space = gymnasium.spaces.Discrete(held["next"].shape[1])
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at, self.time = int(self.np_random.choice(len(held["start"]), p=held["start"])), 0
        return int(held["seen"][self.at]), {}
    def step(self, action):
        k = int((self.np_random.random() >= held["edges"][self.at, action]).sum())
        where = self.at, int(action), min(k, held["edges"].shape[2] - 1)
        self.at, self.time = int(held["next"][where]), self.time + 1
        ended = bool(held["ended"][where])
        return int(held["seen"][self.at]), float(held["reward"][where]), ended, self.time >= 100 and not ended, {}
agent = getattr(stable_baselines3, sys.argv[2])("MlpPolicy", World(), device="cpu", seed=1)
agent.learn(200)
steps = int(sys.argv[3])
began, cpu = time.perf_counter(), time.process_time()
agent.learn(steps)
print(agent.num_timesteps, time.perf_counter() - began, time.process_time() - cpu)
"""


def main() -> int:
    """Measure, print, write."""
    options = arguments()
    table = table_of(world("safe_interruptibility", level=1, interrupts=0.5))
    q_learning = learner("q_learning", credit="intended", episodes=options.episodes)
    ppo = learner("ppo", episodes=max(options.episodes // 20, 100))
    contenders: dict[str, Contender] = {
        OURS: (timed(bringing_up(q_learning, table)), options.agents),
        PLAIN: (timed(lambda steps: loop(table, steps)), options.loop),
        OURS_PPO: (timed(bringing_up(ppo, table)), PPO_AGENTS),
    }
    if options.sb3:
        contenders |= {
            SB3 + name: (peer(table, options.sb3, name), options.theirs) for name in ("DQN", "PPO")
        }
    else:
        print("left out: Stable-Baselines3: no --sb3")
    firsts: dict[str, float] = {}
    told = held(
        {name: (noting(name, work, firsts), units) for name, (work, units) in contenders.items()},
        options.rounds,
    )
    rows = [row(name, rounds, "steps") for name, rounds in told.items()]
    pairs = [(OURS, PLAIN), *((OURS, name) for name in told if name.endswith("DQN"))]
    pairs += [(OURS_PPO, name) for name in told if name == SB3 + "PPO"]
    ratios = [ratio(told, ours, theirs, of) for ours, theirs in pairs for of in ("seconds", "cpu_s")]
    print_table(rows)
    print()
    print_table(ratios)
    steps = float(np.mean([one["done"] for one in told[OURS]]))
    plain = float(np.mean([one["done"] / one["seconds"] for one in told[PLAIN]]))
    result = {
        "command": f"python bench/lab_learners.py --agents {options.agents} --episodes {options.episodes} --rounds {options.rounds}",
        "machine": machine(), "first_run_s": firsts,
        "seconds": sorted(round(one["seconds"], 1) for one in told[OURS]),
        "python_loop_extrapolated_hours": round(steps / plain / 3600, 2), "runs": rows, "ratios": ratios,
    }  # fmt: skip
    print(f"\n{options.agents:,} agents, {options.episodes:,} episodes each: {result['seconds']} s; "
          f"a Python loop: {result['python_loop_extrapolated_hours']} h, extrapolated")  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def noting(name: str, work: Callable[[int], Took], firsts: dict[str, float]) -> Callable[[int], Took]:
    """Return work whose first call, which compiles and is in no ratio, leaves its seconds in `firsts`."""

    def took(units: int) -> Took:
        told = work(units)
        firsts.setdefault(name, round(told["seconds"], 1))
        return told

    return took


def bringing_up(by: Learner, table: Table) -> Callable[[int], int]:
    """Return work that brings up so many agents and says how many steps they lived."""

    def work(agents: int) -> int:
        found = by.train(table, jax.random.key(1), agents)
        return round(found.curve["length"].mean() * by.episodes * agents)

    return work


def loop(table: Table, steps: int) -> int:
    """Bring up one Q-learner in plain Python and numpy; return its steps."""
    chance, values = np.random.default_rng(1), np.zeros((table.seen_count, table.shape[1]))
    edges, A = table.probability.cumsum(-1), table.shape[1]
    at, time_ = int(chance.choice(len(table.start), p=table.start)), 0
    for number in range(steps):
        seen = table.seen[at]
        explore = chance.random() < 1.0 - 0.98 * number / steps
        action = int(chance.integers(A)) if explore else int(values[seen].argmax())
        k = min(int((chance.random() >= edges[at, action]).sum()), edges.shape[2] - 1)
        after, ended = table.next[at, action, k], table.ended[at, action, k]
        gained = table.reward[at, action, k] + (0.0 if ended else values[table.seen[after]].max())
        values[seen, action] += 0.2 * (gained - values[seen, action])
        at, time_ = int(after), time_ + 1
        if ended or time_ >= 100:
            at, time_ = int(chance.choice(len(table.start), p=table.start)), 0
    return steps


def peer(table: Table, python: Path, name: str) -> Callable[[int], Took]:
    """Return one agent of Stable-Baselines3 as a contender: it learns for so many steps in a process of its own."""

    def took(steps: int) -> Took:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "table.npz"
            columns = {
                column: getattr(table, column) for column in ("next", "reward", "ended", "seen", "start")
            }
            np.savez(file, edges=table.probability.cumsum(-1), **columns)
            told = subprocess.run(
                [python, "-c", PEER, file, name, str(steps)], capture_output=True, text=True, check=True
            )
        done, seconds, cpu = map(float, told.stdout.split()[-3:])
        return {"done": done, "seconds": seconds, "cpu_s": cpu}

    return took


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--episodes", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop", type=int, default=200_000, help="steps of the Python loop in one round")
    parser.add_argument("--theirs", type=int, default=8_000, help="steps of Stable-Baselines3 in one round")
    parser.add_argument("--sb3", type=Path, help="the Python of an environment with stable-baselines3")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
