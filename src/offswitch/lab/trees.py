# SPDX-License-Identifier: MIT
"""Game trees: the readable form of worlds that are a few choices long, with chance and hidden information.

A node is a `Choice` (the agent's), a `Chance` (nobody's) or an `End`. Choices that carry the same `seen` cannot be told apart by
the agent. The one thing that is easy to get wrong: an action that a choice does not offer does what its first option does.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from offswitch.lab.errors import WorldError
from offswitch.lab.world import Outcome, Start, World
from offswitch.verdict.conduct import Conduct


class End(NamedTuple):
    """The episode is over."""

    reward: float = 0.0
    performance: float = 0.0
    stopped: bool = False
    signal: int = 0


class Option(NamedTuple):
    """What an action does at a choice, before chance has its say."""

    action: str
    then: Node
    reward: float = 0.0
    performance: float = 0.0
    conduct: Conduct = Conduct.COMPLY
    signal: int = 0
    stopped: bool = False
    breach: bool | None = None


class Choice(NamedTuple):
    """A point at which the agent acts. `name` is unique in the tree; `seen` defaults to it."""

    name: str
    options: tuple[Option, ...]
    seen: str = ""


class Chance(NamedTuple):
    """A point at which nobody acts; the probabilities sum to 1."""

    branches: tuple[tuple[float, Node], ...]


Node: TypeAlias = Choice | Chance | End


@dataclass(frozen=True, kw_only=True)
class TreeWorld(World):
    """A world written as a tree. Subclasses give `tree` and `actions`."""

    horizon: int | None = 10

    @abstractmethod
    def tree(self) -> Node:
        """Return the root."""

    @cached_property
    def choices(self) -> dict[str, Choice]:
        """Return the tree's choices by name. Raises WorldError where two different ones share a name."""
        found: dict[str, Choice] = {}
        for choice in _choices(self.tree()):
            if found.setdefault(choice.name, choice) != choice:
                raise WorldError(f"{self.name}: two different choices are called {choice.name!r}; rename one")
            for option in choice.options:
                if option.action not in self.actions:
                    raise WorldError(
                        f"{self.name}: {choice.name!r} offers {option.action!r}, which is none of the actions {', '.join(self.actions)}"
                    )
        return found

    def starts(self) -> Sequence[Start]:
        """Return the choices that chance can lead to before the agent has acted."""
        starts = []
        for probability, node in _settled(self.tree(), 1.0):
            if not isinstance(node, Choice):
                raise WorldError(f"{self.name}: the tree can end before the agent has acted")
            starts.append(Start(node.name, probability))
        return starts

    def turn(self, state: Hashable, action: int) -> Sequence[Outcome]:
        """Return where an option leads, through the chance behind it."""
        choice = self.choices[str(state)]
        wanted = self.actions[action]
        option = next((option for option in choice.options if option.action == wanted), choice.options[0])
        outcomes = []
        for probability, node in _settled(option.then, 1.0):
            end = node if isinstance(node, End) else End()
            outcomes.append(
                Outcome(
                    node.name if isinstance(node, Choice) else state,
                    probability=probability,
                    reward=option.reward + end.reward,
                    performance=option.performance + end.performance,
                    executed=self.actions.index(option.action),
                    signal=end.signal or option.signal,
                    conduct=option.conduct,
                    breach=option.breach,
                    ended=isinstance(node, End),
                    stopped=option.stopped or end.stopped,
                )
            )
        return outcomes

    def seen(self, state: Hashable) -> Hashable:
        """Return the information set."""
        return self.choices[str(state)].seen or state

    def drawn(self, state: Hashable) -> str:
        """Return the choice with its options."""
        choice = self.choices[str(state)]
        return f"{choice.name}: " + " | ".join(option.action for option in choice.options)


def _settled(node: Node, probability: float) -> Iterator[tuple[float, Choice | End]]:
    """Yield what chance leads to."""
    if isinstance(node, Chance):
        for share, branch in node.branches:
            yield from _settled(branch, probability * share)
    else:
        yield probability, node


def _choices(node: Node) -> Iterator[Choice]:
    if isinstance(node, Chance):
        for _, branch in node.branches:
            yield from _choices(branch)
    elif isinstance(node, Choice):
        yield node
        for option in node.options:
            yield from _choices(option.then)
