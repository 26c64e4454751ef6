# SPDX-License-Identifier: MIT
"""Worlds, cures and learners as a study's file names them, made into what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax

from offswitch.lab.cures import cure
from offswitch.lab.cures.cure import Cure, Cured, treated
from offswitch.lab.errors import StudyError
from offswitch.lab.frontier import acting_policy
from offswitch.lab.learners import learner
from offswitch.lab.learners.learner import Learner
from offswitch.lab.solve import Evaluation, evaluated
from offswitch.lab.table import Table

Named = dict[str, Any]  # `name`, and the settings of what is named


def cures_of(named: Sequence[Named]) -> tuple[Cure, ...]:
    """Return cures. Raises StudyError where one is unknown, or lacks its name."""
    return tuple(cure(name, **settings) for name, settings in (_split("a cure", one) for one in named))


def learners_of(named: Sequence[Named]) -> tuple[Learner, ...]:
    """Return learners. Raises StudyError where one is unknown, or lacks its name."""
    return tuple(learner(name, **settings) for name, settings in (_split("a learner", one) for one in named))


def _split(what: str, one: Named) -> tuple[str, Named]:
    if not isinstance(one.get("name"), str):
        raise StudyError(f"{what} needs its 'name', as in {{name = \"...\"}}; got {one}")
    return one["name"], {key: value for key, value in one.items() if key != "name"}


def rested(table: Table, cures: Sequence[Cure]) -> Evaluation:
    """Return what training comes to at best under cures, exactly, judged where the agent acts. The table is open."""
    cured = treated(table, *cures)
    return evaluated(cured.acting, acting_policy(cured, cured.settled(), over_states=True))


def brought_up(table: Table, cures: Sequence[Cure], by: Learner, seed: int, agents: int) -> list[Evaluation]:
    """Return what agents that learned under cures do, each judged exactly where it acts."""
    cured: Cured = treated(table, *cures)
    learned = replace(by, **cured.learner).train(cured.training, jax.random.key(seed), agents)
    # Agents that act alike are judged once: most of a population does.
    judged: dict[bytes, Evaluation] = {}
    for policy in learned.policy:
        if policy.tobytes() not in judged:
            judged[policy.tobytes()] = evaluated(cured.acting, acting_policy(cured, policy))
    return [judged[policy.tobytes()] for policy in learned.policy]
