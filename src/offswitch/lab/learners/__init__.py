# SPDX-License-Identifier: MIT
"""The list of learners. One more learner is one file beside this one and one line here, or an entry point of another package."""

from __future__ import annotations

from typing import Any

from offswitch.lab.errors import StudyError
from offswitch.lab.learners.learner import Learner
from offswitch.lab.shelf import Shelf

LEARNERS: dict[str, str] = {
    "q_learning": "offswitch.lab.learners.q_learning:QLearning",
    "sarsa": "offswitch.lab.learners.sarsa:Sarsa",
    "reinforce": "offswitch.lab.learners.reinforce:Reinforce",
    "ppo": "offswitch.lab.learners.ppo:PPO",
}
"""Name -> where its class is; imported only when it is asked for."""


_SHELF: Shelf[Learner] = Shelf("learner", LEARNERS, StudyError)


def names() -> tuple[str, ...]:
    """Return the names of all learners, ours first."""
    return _SHELF.names()


def kind_of(name: str) -> type[Learner]:
    """Return a learner's class, unmade. Raises StudyError that names what was likely meant."""
    return _SHELF.kind_of(name)


def learner(name: str, **settings: Any) -> Learner:
    """Return a learner with its settings. Raises StudyError that names what is unknown, and what was likely meant."""
    return _SHELF.made(name, settings)
