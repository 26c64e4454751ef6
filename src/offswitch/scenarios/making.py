# SPDX-License-Identifier: MIT
"""Makes the Inspect task of a scenario: samples, world, agent, scorer and limits in one place, alike for all scenarios."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from inspect_ai import Task

from offswitch import __version__
from offswitch.scenarios.errors import ScenarioError
from offswitch.scenarios.models import LOCAL_SANDBOX
from offswitch.scenarios.outcome import outcome
from offswitch.scenarios.playing import TURNS, play
from offswitch.scenarios.staging import samples

COMPOSED = {"docker": "compose.yaml", "k8s": "values.yaml"}
"""Sandbox providers that are told what to start -> by which file in the scenario's folder."""


def make(
    scenario: str,
    *,
    arm: str | list[str],
    seeds: int | str,
    turns: int = TURNS,
    sandbox: str = "bwrap",
    images: bool = False,
    until: str = "",
    until_width: float = 0,
    **more: Any,
) -> Task:
    """Return the task. `until` and `until_width` end each arm early; `more` goes to Inspect's Task as it is.

    Raises ScenarioError for an arm, seeds, a rule or a sandbox that will not do, with the cure.
    """
    if sandbox == "local":
        raise ScenarioError(LOCAL_SANDBOX)
    spec: Any = sandbox
    if sandbox in COMPOSED:
        spec = (sandbox, str(files(f"offswitch.scenarios.{scenario}") / COMPOSED[sandbox]))
    if until or until_width:
        from offswitch.scenarios.early import stopper

        more["early_stopping"] = stopper(until, until_width)
    return Task(
        dataset=samples(scenario, arm, seeds, images=images),
        solver=play(turns=turns),
        scorer=outcome(),
        sandbox=spec,
        # A sample that breaks is counted as a failure of the instrument; the run goes on.
        fail_on_error=False,
        time_limit=3_600,
        name=scenario,
        version=__version__,
        **more,
    )
