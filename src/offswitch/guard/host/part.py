# SPDX-License-Identifier: MIT
"""The names of the tiers, and one part of what they stand on: the words that the survey and those who look at the host share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tier = Literal["full", "hybrid", "freezer", "rootless", "reduced", "none"]
Wanted = Literal["full", "hybrid", "freezer", "rootless", "reduced"]


@dataclass(frozen=True)
class Part:
    """One thing that a jail stands on, or is better with."""

    name: str
    there: bool
    told: str  # what was seen
    use: str = ""  # what it is for
    cure: str = ""
    opens: Tier | None = None  # the least tier that needs it; None: it hardens every tier and raises none
