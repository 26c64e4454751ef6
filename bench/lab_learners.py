# SPDX-License-Identifier: MIT
"""Bringing up a thousand Q-learners at once, beside an ordinary Python loop and beside Stable-Baselines3 in the same world.

Command: python bench/lab_learners.py [--agents 1000] [--episodes 12000] [--repeat 3] [--peers PYTHON] [--out FILE]

- ours: `q_learning` on safe interruptibility, level 1, all agents in one program; compile time is shown apart;
- a Python loop: one Q-learner with numpy, over the same table; so many episodes as take a few seconds, and the rest is extrapolated in
  proportion to steps (said so in the output);
- Stable-Baselines3, DQN on the same table as a Gymnasium environment, with `--peers` the Python of an environment that has it
  (`python -m venv peers && peers/bin/pip install stable-baselines3`); and our own PPO beside its PPO.

All contenders run in each round, in turn; a ratio is the geometric mean of the rounds' ratios of agent-steps a second, with Student's
95 % interval of their logarithms.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jax
import numpy as np
from scipy import stats
from watching import print_table

from offswitch.lab.compiling import table_of
from offswitch.lab.learners import learner
from offswitch.lab.worlds import world

PEER = """
import sys, time
import gymnasium, numpy as np, stable_baselines3, torch
torch.set_num_threads(int(sys.argv[4]))
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
began = time.perf_counter()
steps = int(sys.argv[3])
agent.learn(steps)
print(steps / (time.perf_counter() - began))
"""


def main() -> int:
    """Measure, print, write."""
    options = arguments()
    table = table_of(world("safe_interruptibility", level=1, interrupts=0.5))
    rounds: dict[str, list[float]] = {}
    seconds: list[float] = []
    agent = learner("q_learning", credit="intended", episodes=options.episodes)
    ppo = learner("ppo", episodes=options.episodes // 20)
    compiling = (
        _seconds(lambda: agent.train(table, jax.random.key(0), options.agents)) if options.warm else None
    )
    for number in range(options.repeat):
        key = jax.random.key(number + 1)
        took, found = _timed(lambda key=key: agent.train(table, key, options.agents))
        seconds.append(took)
        steps = found.curve["length"].mean() * options.episodes * options.agents
        rounds.setdefault("ours, Q-learning", []).append(steps / took)
        rounds.setdefault("Python loop, Q-learning", []).append(loop(table, options.loop, number))
        took, found = _timed(lambda key=key: ppo.train(table, key, 16))
        rounds.setdefault("ours, PPO", []).append(found.curve["length"].mean() * ppo.episodes * 16 / took)
        for name in ("DQN", "PPO") if options.peers else ():
            rounds.setdefault(f"Stable-Baselines3, {name}", []).append(
                peer(table, options.peers, name, options.loop)
            )
    print_table(
        [
            {"what": name, "n": len(values), "steps_a_second": round(float(np.median(values)))}
            for name, values in rounds.items()
        ]
    )
    pairs = [
        ("ours, Q-learning", name) for name in rounds if name != "ours, Q-learning" and "PPO" not in name
    ]
    pairs += [("ours, PPO", name) for name in rounds if name.startswith("Stable") and name.endswith("PPO")]
    ratios = [ratio(rounds, ours, theirs) for ours, theirs in pairs]
    print()
    print_table(ratios)
    per_agent = steps / options.agents / np.median(rounds["Python loop, Q-learning"])
    told = {
        "command": f"python bench/lab_learners.py {' '.join(sys.argv[1:])}",
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "load": os.getloadavg()[0],
            "jax": jax.__version__,
        },
        "agents": options.agents,
        "episodes": options.episodes,
        "seconds": seconds,
        "first_run_with_compiling_s": compiling,
        "python_loop_for_all_agents_hours_extrapolated": per_agent * options.agents / 3600,
        "steps_a_second": rounds,
        "ratios": ratios,
        "left_out": [] if options.peers else ["Stable-Baselines3 (give --peers)"],
    }
    print(f"\n{options.agents:,} agents x {options.episodes:,} episodes: {np.median(seconds):.1f} s; "
          f"a Python loop would take {told['python_loop_for_all_agents_hours_extrapolated']:.1f} h (extrapolated)")  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps(told, indent=1) + "\n")
    return 0


def loop(table, steps: int, seed: int) -> float:
    """Return the steps a second of one Q-learner in plain Python and numpy."""
    chance, values = np.random.default_rng(seed), np.zeros((table.seen_count, table.shape[1]))
    edges, A = table.probability.cumsum(-1), table.shape[1]
    began, at, time_ = time.perf_counter(), int(chance.choice(len(table.start), p=table.start)), 0
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
    return steps / (time.perf_counter() - began)


def peer(table, python: Path, name: str, steps: int) -> float:
    """Return the steps a second of one agent of Stable-Baselines3."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.npz"
        columns = {name: getattr(table, name) for name in ("next", "reward", "ended", "seen", "start")}
        np.savez(file, edges=table.probability.cumsum(-1), **columns)
        cores = str(len(os.sched_getaffinity(0)))
        told = subprocess.run(
            [python, "-c", PEER, file, name, str(min(steps, 8_000)), cores],
            capture_output=True,
            text=True,
            check=True,
        )
    return float(told.stdout.split()[-1])


def ratio(rounds: dict[str, list[float]], ours: str, theirs: str) -> dict[str, object]:
    """Return the geometric mean of the rounds' ratios, with its interval."""
    logs = np.log(np.array(rounds[ours]) / np.array(rounds[theirs]))
    n = len(logs)
    half = stats.t.ppf(0.975, n - 1) * logs.std(ddof=1) / math.sqrt(n) if n > 1 else math.inf
    low, high = (math.exp(logs.mean() + sign * half) if n > 1 else math.nan for sign in (-1, 1))
    return {
        "ratio": f"{ours} / {theirs}",
        "n": n,
        "mean": round(math.exp(logs.mean()), 1),
        "mean_95": f"{low:.0f}..{high:.0f}",
    }


def _timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _seconds(work) -> float:
    return _timed(work)[0]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--episodes", type=int, default=12_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--loop", type=int, default=200_000, help="steps of the Python loop")
    parser.add_argument(
        "--warm", action=argparse.BooleanOptionalAction, default=True, help="a first run, which compiles"
    )
    parser.add_argument("--peers", type=Path, help="Python that has Stable-Baselines3")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
