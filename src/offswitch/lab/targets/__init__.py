# SPDX-License-Identifier: MIT
"""The list of targets: published numbers and closed forms that the lab reproduces.

What ought to come out stands in `references.toml`, apart from the code: a target's function computes ours and never sees it.
"""

from __future__ import annotations

TARGETS: dict[str, str] = {
    "1": "offswitch.lab.targets.gridworlds:safe_interruptibility",
    "2": "offswitch.lab.targets.gridworlds:absent_supervisor",
    "3": "offswitch.lab.targets.gridworlds:boat_race",
    "4": "offswitch.lab.targets.gridworlds:side_effects_sokoban",
    "5": "offswitch.lab.targets.gridworlds:whisky_gold",
    "6": "offswitch.lab.targets.gridworlds:tomato_watering",
}
"""Number -> the function that computes ours, `module:function`; it returns quantity -> value, as in `references.toml`."""
