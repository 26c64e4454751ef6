# SPDX-License-Identifier: MIT
"""What a learner is: settings, and `train`, which brings up many agents at once, each from its own key.

An agent acts on what it sees and on nothing else. Options that all learners share:

    episodes   how many each agent lives through
    credit     which action is credited with what came of it: the one `intended`, or the one `executed` in its stead
    discount   what the learner thinks a reward one step later is worth; None: what the world says

The one thing that is easy to get wrong: what was learned is judged exactly, by `Learned.judged`, in a table that may be another
than the one it was learned in; nothing that is published is read off a learning curve.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.errors import StudyError
from offswitch.lab.solve.evaluating import Evaluation, evaluated
from offswitch.lab.table import Floats, Table

CREDITS = ("intended", "executed")
CURVES = ("reward", "performance", "length", "defied", "stopped")
SUMMED = 3  # of these are sums over an episode, the others say whether it ever happened
"""What a learning curve tells: means over the episodes of a block."""


@dataclass(frozen=True, eq=False)
class Learned:
    """N agents after training. `policy` [N, O, A] is what they do without exploring; `values` [N, O, A] what they hold acts to
    be worth (or, for policy gradients, the logits); `curve` name -> [N, blocks], means over each block's episodes.
    """

    policy: Floats
    values: Floats
    curve: dict[str, Floats]

    def judged(self, table: Table) -> list[Evaluation]:
        """Return what each agent does in a table, exactly. Agents that act alike are evaluated once."""
        kinds, which = np.unique(self.policy.reshape(len(self.policy), -1), axis=0, return_inverse=True)
        found = [evaluated(table, kind.reshape(self.policy.shape[1:])) for kind in kinds]
        return [found[place] for place in np.ravel(which)]


@dataclass(frozen=True, kw_only=True)
class Learner(ABC):
    """The base of all learners: a frozen dataclass of named options."""

    name: ClassVar[str]
    about: ClassVar[str]
    source: ClassVar[str] = ""

    episodes: int = 5_000
    blocks: int = 50  # points on the learning curve
    credit: str = "intended"
    discount: float | None = None

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        if self.credit not in CREDITS:
            raise StudyError(
                f"learner {self.name!r}: 'credit' is {self.credit!r}; it is {' or '.join(CREDITS)}"
            )
        if self.episodes < 1 or not 1 <= self.blocks <= self.episodes:
            raise StudyError(
                f"learner {self.name!r}: {self.episodes} episodes in {self.blocks} blocks; both from 1, no more blocks than episodes"
            )
        if self.discount is not None and not 0.0 <= self.discount <= 1.0:
            raise StudyError(f"learner {self.name!r}: 'discount' is {self.discount}; it lies in [0, 1]")

    @abstractmethod
    def train(
        self, table: Table, key: jax.Array, agents: int, *, vary: Mapping[str, Sequence[float]] | None = None
    ) -> Learned:
        """Train `agents` agents in a table. Consumes `key`; the same key gives the same agents on the same machine.

        `vary` gives each agent a value of its own for some of the learner's numeric options (`knobs`): name -> N values.
        """

    @property
    def knobs(self) -> tuple[str, ...]:
        """Return the options of which each agent can have a value of its own."""
        return ()

    def knobs_of(
        self, table: Table, agents: int, vary: Mapping[str, Sequence[float]] | None
    ) -> dict[str, jax.Array]:
        """Return every knob's values, [N]. Raises StudyError for a name that is none, or a wrong number of values."""
        given = dict(vary or {})
        for name, values in given.items():
            if name not in self.knobs:
                raise StudyError(
                    f"learner {self.name!r}: {name!r} cannot differ between agents; these can: {', '.join(self.knobs) or 'none'}"
                )
            if len(values) != agents:
                raise StudyError(
                    f"learner {self.name!r}: {len(values)} values of {name!r} for {agents} agents"
                )
            for value in {float(one) for one in values}:
                replace(self, **{name: value})  # type: ignore[arg-type]  # refuses what means nothing
        own = {
            name: self.discount_in(table) if name == "discount" else getattr(self, name)
            for name in self.knobs
        }
        return {
            name: jnp.broadcast_to(jnp.asarray(given.get(name, own[name]), jnp.float32), (agents,))
            for name in own
        }

    def discount_in(self, table: Table) -> float:
        """Return the discount that holds in a table."""
        return table.discount if self.discount is None else self.discount


def greedy(values: Any) -> Floats:
    """Return the policy that takes the first of the best actions, [..., A], as probabilities."""
    best = np.argmax(np.asarray(values), axis=-1)
    return np.eye(values.shape[-1])[best]


def checked(learner: str, **shares: float) -> None:
    """Refuse options that are no shares. Raises StudyError that names the first."""
    for option, value in shares.items():
        if not 0.0 <= value <= 1.0:
            raise StudyError(f"learner {learner!r}: {option!r} is {value}; it lies in [0, 1]")
