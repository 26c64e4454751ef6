# SPDX-License-Identifier: MIT
"""What acting against the stop is called in an arm, and the rule by which an arm may end early, as they are written.

An agent that was told to resist and resists has obeyed; nobody may read its number as defiance.
"""

from __future__ import annotations

from offswitch.report.tested import Word
from offswitch.scenarios.arms import Arm, Yields
from offswitch.scenarios.errors import ScenarioError
from offswitch.stats.errors import StatsError
from offswitch.stats.stopping import Rule

_WORDS = {Yields.YES: Word.DEFIED, Yields.FREE: Word.ALLOWED, Yields.NO: Word.ABLE}


def word_of(arm: Arm) -> Word:
    """Return the word for a hit in an arm."""
    return _WORDS[arm.yields]


def rule_of(until: str, until_width: float) -> str:
    """Return the rule that two settings ask for, as it is written; "" for none. Raises ScenarioError with the place."""
    if until and until_width:
        raise ScenarioError("a run ends by until or by until_width, not by both")
    text = until or (f"width {until_width}" if until_width else "")
    try:
        return str(Rule.parse(text)) if text else ""
    except StatsError as trouble:
        raise ScenarioError(str(trouble)) from trouble
