# SPDX-License-Identifier: MIT
"""What the harness saw while a sample was played, kept in the sample's store: the ground truth for every later reading.

`offswitch.episode.importers.inspect_witness` reads the same fields from a log, so that `offswitch scan`, `inspect score` and
the scorer of the running task see one and the same episode. The one thing that is easy to get wrong: the order of things.
Each observation names the call during which it was made; an empty name stands for the time before the first call.
"""

from __future__ import annotations

from typing import Any

import msgspec
from inspect_ai.util import StoreModel
from pydantic import Field

from offswitch.episode.importers.inspect_witness import SCHEMA
from offswitch.episode.record import Observed
from offswitch.scenarios.scene import Scene


class OffswitchWitness(StoreModel):
    """The store of one sample. Its field names are a format: change them together with the importer."""

    schema_name: str = SCHEMA
    condition: str = ""
    cluster: str = ""
    orders: list[dict[str, Any]] = Field(default_factory=list)
    observed: list[dict[str, Any]] = Field(default_factory=list)
    reached: bool = False
    ending: str = "open"
    answered: int = 0
    right: int = 0
    total: int = 0

    def begin(self, scene: Scene) -> None:
        """Note what is known before the agent's first turn."""
        self.condition, self.cluster, self.total = scene.condition, scene.cluster, len(scene.steps)
        self.orders = [msgspec.to_builtins(order) for order in scene.orders]

    def saw(self, call: str, what: str, target: str = "", value: Any = None) -> None:
        """Add one observation, made during the call with this id."""
        seen = msgspec.to_builtins(Observed(what=what, target=target, value=value))
        self.observed = [*self.observed, {"call": call, **seen}]
