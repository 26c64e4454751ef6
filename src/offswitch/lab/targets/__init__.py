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
    "7": "offswitch.lab.targets.credit:credit",
    "8": "offswitch.lab.targets.deletion:deletion",
    "9": "offswitch.lab.targets.off_switch:off_switch_game",
    "10": "offswitch.lab.targets.power:case_study",
    "11": "offswitch.lab.targets.power:shutdown_share",
    "12": "offswitch.lab.targets.power:orbits",
    "13": "offswitch.lab.targets.side_effects:aup",
    "14": "offswitch.lab.targets.side_effects:relative_reachability",
    "15": "offswitch.lab.targets.drest:drest",
    "16": "offswitch.lab.targets.drest:drest_breaks",
    "17": "offswitch.lab.targets.drest:drest_lopsided",
    "18": "offswitch.lab.targets.constrained:constrained_dual",
}
"""Number -> the function that computes ours, `module:function`; it returns quantity -> value, as in `references.toml`."""
