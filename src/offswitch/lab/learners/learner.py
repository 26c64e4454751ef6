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

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from offswitch.lab.errors import StudyError
from offswitch.lab.solve.evaluating import Evaluation, evaluated
from offswitch.lab.table import Floats, Table

CREDITS = ("intended", "executed")
CURVES = ("reward", "performance", "defied", "stopped")
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
class Learner:
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

    def train(self, table: Table, key: jax.Array, agents: int) -> Learned:
        """Train `agents` agents in a table. Consumes `key`; the same key gives the same agents on the same machine."""
        raise NotImplementedError

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
