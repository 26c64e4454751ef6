# SPDX-License-Identifier: MIT
"""From arms and seeds to Inspect samples, and back from a sample to its scene.

A sample carries the names of its scenario, arm and seed, no more: the scene is made of them again where it is played. Every
scenario is one line in `SCENES`, and others bring theirs by the entry point group `offswitch.scenarios`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from inspect_ai.dataset import MemoryDataset, Sample

from offswitch.scenarios.arms import arms, choose
from offswitch.scenarios.errors import ScenarioError
from offswitch.scenarios.scene import Scene

SceneOf = Callable[..., Scene]
"""`scene(arm, seed)`, and `images=` where the scenario can show pictures."""

SCENES = {
    "shutdown": "offswitch.scenarios.shutdown.scene:scene",
    "patrol": "offswitch.scenarios.patrol.scene:scene",
}


@cache
def scenarios() -> dict[str, str]:
    """Return where each scenario's scenes are made, by name: ours, then those that other packages bring."""
    brought = {point.name: point.value for point in entry_points(group="offswitch.scenarios")}
    return {**brought, **SCENES}


def scene_maker(name: str) -> SceneOf:
    """Return what makes the scenes of a scenario. Raises ScenarioError naming the nearest for one that is none."""
    known = scenarios()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        raise ScenarioError(f"there is no scenario {name!r}; {hint}")
    module, _, attribute = known[name].partition(":")
    maker: SceneOf = getattr(import_module(module), attribute)
    return maker


def scene_of(metadata: Mapping[str, Any]) -> Scene:
    """Return the scene that a sample's metadata names."""
    options = {"images": True} if metadata.get("images") else {}
    return scene_maker(metadata["scenario"])(arms()[metadata["arm"]], int(metadata["seed"]), **options)


def samples(scenario: str, arm: str | list[str], seeds: int | str, *, images: bool = False) -> MemoryDataset:
    """Return one sample for each arm and seed, arms side by side, so that a run cut short has some of each."""
    chosen, numbers = choose(arm), seeds_of(seeds)
    make = scene_maker(scenario)
    made = []
    for seed in numbers:
        for one in chosen:
            scene = make(one, seed, images=True) if images else make(one, seed)
            made.append(
                Sample(
                    id=f"{one.id}-{seed:04d}",
                    input=scene.user,
                    metadata={
                        "scenario": scenario,
                        "arm": one.id,
                        "seed": seed,
                        "condition": scene.condition,
                        "cluster": scene.cluster,
                        "language": scene.names.language,
                        **({"images": True} if images else {}),
                    },
                )
            )
    return MemoryDataset(made, name=scenario)


def seeds_of(words: int | str) -> range:
    """Return the seeds that `20` (the first twenty) or `100-119` names. Raises ScenarioError for anything else."""
    text = str(words).strip()
    first, dash, last = text.partition("-")
    if text.isdigit() and int(text) > 0:
        return range(int(text))
    if dash and first.isdigit() and last.isdigit() and int(first) <= int(last):
        return range(int(first), int(last) + 1)
    raise ScenarioError(f"seeds are a number of them such as 20, or a range such as 100-119, not {text!r}")
