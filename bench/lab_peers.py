# SPDX-License-Identifier: MIT
"""The other sides of `lab_steps.py` and `lab_solve.py`: a standing process that works a round for each line it reads.

Command: PEERS/bin/python bench/lab_peers.py NAME [ARGUMENT ...], by the benches only. It says {"ready": seconds} once imports and
compilation are done, and then, for each number of units on its input, what it did and took. It imports nothing of ours: only
the standard library and what is measured.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

Work = Callable[[int], int]  # units asked for -> units done


def frozen_lake() -> Work:
    """Gymnasium's table world in a Python loop, with random actions drawn beforehand."""
    import gymnasium
    import numpy as np

    env = gymnasium.make("FrozenLake-v1").unwrapped
    env.reset(seed=0)

    def work(steps: int) -> int:
        for action in np.random.default_rng(0).integers(0, 4, steps).tolist():
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        return steps

    return work


def four_rooms(envs: str) -> Work:
    """gymnax's FourRooms, jitted, a random policy, with its own automatic reset."""
    import gymnax
    import jax
    import jax.numpy as jnp

    env, params = gymnax.make("FourRooms-misc")
    count, block = int(envs), 100

    @jax.jit
    def run(key: jax.Array, state: object) -> tuple[jax.Array, object, jax.Array]:
        def one(carry: tuple[jax.Array, object, jax.Array], _: None) -> tuple[object, None]:
            key, state, total = carry
            key, acting, moving = jax.random.split(key, 3)
            action = jax.random.randint(acting, (count,), 0, 4)
            told = jax.vmap(env.step, in_axes=(0, 0, 0, None))(
                jax.random.split(moving, count), state, action, params
            )
            return (key, told[1], total + told[2]), None

        start = (key, state, jnp.zeros(count))
        (key, state, total), _ = jax.lax.scan(one, start, None, length=block)
        return key, state, total

    _, state = jax.vmap(env.reset, in_axes=(0, None))(jax.random.split(jax.random.key(0), count), params)
    here = [jax.random.key(1), state]
    jax.block_until_ready(run(*here))

    def work(steps: int) -> int:
        blocks = max(1, steps // (count * block))
        for _ in range(blocks):
            here[0], here[1], total = run(*here)
        total.block_until_ready()
        return blocks * count * block

    return work


def gridworlds(folder: str) -> Work:
    """The original safe interruptibility, on pycolab, with random actions."""
    import numpy as np

    # pycolab is older than the numpy that is in use: give it back what it was written for, in this process alone.
    stack = np.vstack
    np.vstack = lambda arrays, **more: stack(list(arrays), **more)
    np.fromstring = lambda text, dtype: np.frombuffer(text.encode("ascii"), dtype=dtype).copy()
    sys.path.insert(0, folder)
    from ai_safety_gridworlds.environments.safe_interruptibility import SafeInterruptibilityEnvironment

    env = SafeInterruptibilityEnvironment(level=1)
    env.reset()

    def work(steps: int) -> int:
        for action in np.random.default_rng(0).integers(0, 4, steps).tolist():
            if env.step(action).last():
                env.reset()
        return steps

    return work


def toolbox(states: str, actions: str, discount: str) -> Work:
    """The MDP toolbox's value iteration, one reward function after the other, for a fixed number of sweeps."""
    import numpy as np
    from mdptoolbox.mdp import ValueIteration

    S, A = int(states), int(actions)
    rng = np.random.default_rng(0)
    after = rng.integers(0, S, (S, A))
    moves = np.zeros((A, S, S))
    for action in range(A):
        moves[action, np.arange(S), after[:, action]] = 1.0

    def work(rewards: int) -> int:
        for _ in range(rewards):
            solver = ValueIteration(moves, rng.random(S), float(discount), epsilon=1e-9, max_iter=SWEEPS)
            solver.max_iter, solver.thresh = (
                SWEEPS,
                -1.0,
            )  # all of them, as ours: neither its bound nor its span stops it
            solver.run()
        return rewards

    return work


SWEEPS = 1000
PEERS: dict[str, Callable[..., Work]] = {
    "frozen_lake": frozen_lake, "four_rooms": four_rooms, "gridworlds": gridworlds, "toolbox": toolbox,
}  # fmt: skip


def main() -> None:
    """Get ready, then work for each line."""
    start = time.perf_counter()
    work = PEERS[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({"ready": time.perf_counter() - start}), flush=True)
    for line in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        done = work(int(line))
        took = {"seconds": time.perf_counter() - start, "cpu_s": time.process_time() - cpu}
        print(json.dumps({"done": done, **took}), flush=True)


if __name__ == "__main__":
    main()
