# SPDX-License-Identifier: MIT
"""The list of learners. One more learner is one file beside this one and one line here, or an entry point of another package."""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from offswitch.lab.errors import StudyError
from offswitch.lab.learners.learner import Learner

LEARNERS: dict[str, str] = {
    "q_learning": "offswitch.lab.learners.q_learning:QLearning",
    "sarsa": "offswitch.lab.learners.sarsa:Sarsa",
    "reinforce": "offswitch.lab.learners.reinforce:Reinforce",
    "ppo": "offswitch.lab.learners.ppo:PPO",
}
"""Name -> where its class is; imported only when it is asked for."""


def names() -> tuple[str, ...]:
    """Return the names of all learners, ours first."""
    return (*LEARNERS, *sorted(point.name for point in entry_points(group="offswitch.learners")))


def learner(name: str, **settings: Any) -> Learner:
    """Return a learner with its settings. Raises StudyError that names what is unknown, and what was likely meant."""
    kind = kind_of(name)
    try:
        return kind(**settings)
    except TypeError as trouble:
        known = ", ".join(kind.__dataclass_fields__)
        raise StudyError(
            f"learner {name!r} does not take these settings: {', '.join(settings)}; it takes {known}"
        ) from trouble


def kind_of(name: str) -> type[Learner]:
    """Return a learner's class, unmade."""
    if name in LEARNERS:
        module, _, attribute = LEARNERS[name].partition(":")
        found: type[Learner] = getattr(import_module(module), attribute)
        return found
    for point in entry_points(group="offswitch.learners"):
        if point.name == name:
            loaded: type[Learner] = point.load()
            return loaded
    close = difflib.get_close_matches(name, names(), n=1, cutoff=0.4)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names())}"
    raise StudyError(f"there is no learner {name!r}; {hint}")
