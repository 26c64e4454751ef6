# SPDX-License-Identifier: MIT
"""Any world of the lab as a Gymnasium environment, for learners that are not ours: `environment("whisky_gold", exploration=.5)`.

An observation is a number, the place of what the agent sees. After `register()`, `gymnasium.make("offswitch/whisky_gold-v0")` works
too. The one thing that is easy to get wrong: performance is hidden from the agent. It stands in `info`, for whoever judges,
beside what was intended, what was executed, the overseer's signal, and what the step is on the outcome scale; a learner that
reads `info` is no longer the agent of the world.
"""

from __future__ import annotations

from bisect import bisect_right
from io import StringIO
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec, registry
from gymnasium.spaces import Discrete
from rich.console import Console

from offswitch.lab.compiling import table_of
from offswitch.lab.drawing import Picture, picture_of, text_of
from offswitch.lab.table import CONDUCTS, Floats, Table
from offswitch.lab.worlds import names, world

Turn = tuple[int, np.int64, float, bool, dict[str, Any]]  # place, what is seen, reward, ended, info
Chances = tuple[list[float], list[Turn]]  # cumulative probabilities, and what is drawn by them
MAKER = "offswitch.lab.gym:environment"


class Environment(gymnasium.Env[np.int64, np.int64]):
    """A compiled table, played by Gymnasium's rules. `terminated`, `truncated` and `info["stopped"]` are three things."""

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}  # noqa: RUF012 - Gymnasium wants a dict

    def __init__(self, table: Table, render_mode: str | None = None) -> None:
        """Take a table as it is; a cured one will do."""
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            modes = ", ".join(self.metadata["render_modes"])
            raise gymnasium.error.UnsupportedMode(
                f"there is no render mode {render_mode!r}; there are: {modes}"
            )
        self.table = table
        self.render_mode = render_mode
        self.observation_space = Discrete(table.seen_count)
        self.action_space = Discrete(len(table.world.actions))
        self._start = _edges(table.start)
        self._kept: dict[tuple[int, int], Chances] = {}
        self._place, self._time, self._over = -1, 0, True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.int64, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed, options=options)
        self._place, self._time, self._over = self._drawn(self._start), 0, False
        return np.int64(self.table.seen[self._place]), {}

    def step(self, action: np.int64 | int) -> tuple[np.int64, float, bool, bool, dict[str, Any]]:
        """Take a step. Raises ResetNeeded after an episode's end, InvalidAction where there is no such action."""
        table = self.table
        if self._over:
            raise gymnasium.error.ResetNeeded(f"{table.world.name}: the episode is over; call reset() first")
        if not self.action_space.contains(action):
            raise gymnasium.error.InvalidAction(
                f"{table.world.name}: there is no action {action!r}; they are 0 to {len(table.world.actions) - 1}:"
                f" {', '.join(table.world.actions)}"
            )
        edges, turns = self._chances(self._place, int(action))
        self._place, seen, reward, terminated, info = turns[self._drawn(edges)]
        self._time += 1
        truncated = not terminated and table.horizon is not None and self._time >= table.horizon
        self._over = terminated or truncated
        return seen, reward, terminated, truncated, info.copy()

    def _drawn(self, edges: list[float]) -> int:
        """Return the place in which a random number falls."""
        return bisect_right(edges, self.np_random.random())

    def _chances(self, place: int, action: int) -> Chances:
        """Return what can come of an action, in Python's own numbers, and keep it: numpy is slow one number at a time."""
        if (place, action) not in self._kept:
            shares = self.table.probability[place, action]
            turns = [self._turn((place, action, k)) for k in range(len(shares))]
            self._kept[place, action] = (_edges(shares), turns)
        return self._kept[place, action]

    def _turn(self, at: tuple[int, int, int]) -> Turn:
        table = self.table
        after = int(table.next[at])
        info = {
            "intended": table.world.actions[at[1]],
            "executed": table.world.actions[table.executed[at]],
            "signal": table.world.signals[table.signal[at]],
            "stopped": bool(table.stopped[at]),
            "conduct": CONDUCTS[table.conduct[at]].value,
            "breach": bool(table.breach[at]),
            "performance": float(table.performance[at]),
        }
        return after, np.int64(table.seen[after]), float(table.reward[at]), bool(table.ended[at]), info

    def render(self) -> Picture | str | None:
        """Return the state as the world draws it, what the agent does not see included."""
        if self.render_mode is None:
            gymnasium.logger.warn(
                "render() without a render mode; give environment(..., render_mode='ansi') one"
            )
            return None
        if self._place < 0:
            raise gymnasium.error.ResetNeeded(
                f"{self.table.world.name}: nothing to draw yet; call reset() first"
            )
        state = self.table.states[self._place]
        if self.render_mode == "rgb_array":
            return picture_of(self.table.world, state)
        page = Console(file=StringIO(), force_terminal=True, color_system="truecolor", width=200)
        with page.capture() as caught:
            page.print(text_of(self.table.world, state))
        return caught.get()


def _edges(shares: Floats) -> list[float]:
    """Return cumulative probabilities. Divided by their sum, since rounding must not leave room for an outcome that is none."""
    total = shares.cumsum()
    edges: list[float] = (total / total[-1]).tolist()
    return edges


def environment(name: str, *, render_mode: str | None = None, **parameters: Any) -> Environment:
    """Return a world by name, with its parameters, as an environment. Raises WorldError where there is none."""
    made = Environment(table_of(world(name, **parameters)), render_mode)
    made.spec = EnvSpec(
        _id(name), entry_point=MAKER, kwargs={"name": name, "render_mode": render_mode, **parameters}
    )
    return made


def register() -> None:
    """Tell Gymnasium of all worlds, as `offswitch/NAME-v0`. Called twice, it does nothing the second time."""
    for name in names():
        if _id(name) not in registry:
            gymnasium.register(_id(name), entry_point=MAKER, kwargs={"name": name})


def _id(name: str) -> str:
    return f"offswitch/{name}-v0"
