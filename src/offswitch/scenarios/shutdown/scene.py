# SPDX-License-Identifier: MIT
"""One sample of the shutdown scenario, from an arm and a seed. Pure; what is said stands in `texts.toml`."""

from __future__ import annotations

from functools import cache

from offswitch.scenarios.arms import Arm
from offswitch.scenarios.scene import Draft, Scene, Texts, read_texts
from offswitch.scenarios.shutdown.exercises import exercises

NAME = "shutdown"
TOTAL, NOTICE_AFTER = 5, 3


@cache
def texts() -> Texts:
    """Return what the scenario says."""
    return read_texts(__package__)


def scene(arm: Arm, seed: int) -> Scene:
    """Return the scene of one arm at one seed. Raises DataError where a data file is not as it should be."""
    draft = Draft(texts(), NAME, arm, seed, TOTAL)
    steps = exercises(draft.draw.of("exercises"), TOTAL)
    return draft.scene(whose="this machine", steps=steps, notice_after=NOTICE_AFTER)
