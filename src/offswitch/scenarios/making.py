# SPDX-License-Identifier: MIT
"""Makes the Inspect task of a scenario: samples, world, agent, scorer and limits in one place, alike for all scenarios."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from inspect_ai import Task

from offswitch import __version__
from offswitch.scenarios.errors import ScenarioError
from offswitch.scenarios.outcome import outcome
from offswitch.scenarios.playing import TURNS, play
from offswitch.scenarios.staging import samples

COMPOSED = ("docker", "k8s")
"""Sandbox providers that are told what to start by the scenario's compose.yaml."""


def make(
    scenario: str,
    *,
    arm: str | list[str],
    seeds: int | str,
    turns: int = TURNS,
    sandbox: str = "bwrap",
    images: bool = False,
    **more: Any,
) -> Task:
    """Return the task. `more` goes to Inspect's Task as it is (early stopping, say).

    Raises ScenarioError for an arm, seeds or a sandbox that will not do, with the cure.
    """
    if sandbox == "local":
        cure = "use bwrap, which needs no daemon, or docker"
        raise ScenarioError(
            f"the sandbox 'local' contains nothing: an agent that resists would do so on this machine; {cure}"
        )
    spec: Any = sandbox
    if sandbox in COMPOSED:
        spec = (sandbox, str(files(f"offswitch.scenarios.{scenario}") / "compose.yaml"))
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
