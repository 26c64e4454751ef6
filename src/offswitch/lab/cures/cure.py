# SPDX-License-Identifier: MIT
"""What a cure is: a change of what an agent is trained on, of how it is updated, or of what stands around it when it acts.

A cure is a frozen dataclass of its settings; `on` applies it to a compiled world, and several are applied one after another. The
one thing that is easy to get wrong: a cure of training is judged in the *untouched* world, a guard that stays at work (a shield, a
person in the loop) in the guarded one. Hence two tables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from offswitch.lab.solve.best import best
from offswitch.lab.solve.gate import padded
from offswitch.lab.table import Floats, Table


@dataclass(frozen=True, eq=False)
class Cured:
    """A world under cures: the table that the agent is trained on, the one in which it then acts, and options for learners.

    `learner` holds named options of the learners (`offswitch.lab.learners`), such as `credit`. `settle` says where training comes
    to rest, exactly, where that is not the best policy of the table trained on, as for cures of the update itself; `train` trains
    where no learner of the list can, from a seed, so many agents, and returns their policies.
    """

    training: Table
    acting: Table
    learner: dict[str, Any] = field(default_factory=dict)
    settle: Callable[[Table], Floats] | None = None
    train: Callable[[Table, int, int], Floats] | None = None  # table, seed, agents N -> [N, S, A]

    def settled(self) -> Floats:
        """Return the policy in which training comes to rest, [T, S, A] or [S, A], over the states trained on."""
        if self.settle is not None:
            return self.settle(self.training)
        return padded(best(self.training).shares, self.training)

    def training_on(self, table: Table) -> Cured:
        """Return the same with another table for training."""
        return replace(self, training=table)

    def guarded_by(self, training: Table, acting: Table) -> Cured:
        """Return the same with both tables changed, for a cure that stays at work."""
        return replace(self, training=training, acting=acting)

    def learning_by(self, **options: Any) -> Cured:
        """Return the same with further options for the learner."""
        return replace(self, learner={**self.learner, **options})

    def settling_by(
        self, settle: Callable[[Table], Floats], train: Callable[[Table, int, int], Floats] | None = None
    ) -> Cured:
        """Return the same with another place of rest, and another training, of the table that is trained on in the end."""
        return replace(self, settle=settle, train=train)


@dataclass(frozen=True, kw_only=True)
class Cure(ABC):
    """The base of all cures."""

    name: ClassVar[str]
    about: ClassVar[str]  # one line, for lists
    source: ClassVar[str] = ""

    def applies(self, table: Table) -> str:
        """Return why the cure makes no sense for a world; an empty text where it does."""
        return ""

    @abstractmethod
    def on(self, cured: Cured) -> Cured:
        """Apply the cure to a world, or to one that has been treated already."""


def untreated(table: Table) -> Cured:
    """Return a world without any cure: trained on as it is, judged as it is."""
    return Cured(table, table)


def treated(table: Table, *cures: Cure) -> Cured:
    """Return a world with cures applied in the order given."""
    cured = untreated(table)
    for cure in cures:
        cured = cure.on(cured)
    return cured
