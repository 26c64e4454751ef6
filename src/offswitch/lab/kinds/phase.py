# SPDX-License-Identifier: MIT
"""The phase diagram: the share of random goals whose best policy avoids shutdown, by discount and number of alternatives.

Settings: `discounts`, `alternatives`, `functions` (random reward functions in each cell), and `agents`: so many of these functions
are also learned, one Q-learner each, at the discounts of `learned`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from matplotlib.figure import Figure

from offswitch.lab.errors import StudyError
from offswitch.lab.figures import phase as picture
from offswitch.lab.kinds import Cell, Row
from offswitch.lab.phase import avoiding, phase
from offswitch.lab.running import key_of
from offswitch.lab.study import Study
from offswitch.stats.intervals import rate


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a study of this kind says."""

    discounts: tuple[float, ...]
    alternatives: tuple[int, ...]
    functions: int = 4096
    learned: tuple[float, ...] = ()
    agents: int = 200
    steps: int = 20_000


def settings(study: Study) -> Settings:
    """Return the settings. Raises StudyError where a list is empty or a discount is none."""
    read = msgspec.convert(study.settings, Settings)
    if not read.discounts or not read.alternatives:
        raise StudyError("settings: 'discounts' and 'alternatives' take one value at least")
    for discount in (*read.discounts, *read.learned):
        if not 0.0 <= discount < 1.0:
            raise StudyError(f"settings: discount {discount}; it lies in [0, 1)")
    if min(read.alternatives) < 1 or read.functions < 1 or read.agents < 1:
        raise StudyError("settings: alternatives, functions and agents count from 1")
    return read


def cells(study: Study) -> Sequence[Cell]:
    """Return a cell for each number of alternatives, solved, and for each discount that is learned as well."""
    read = settings(study)
    solved = [{"by": "solved", "alternatives": k} for k in read.alternatives]
    learned = [
        {"by": "q_learning", "alternatives": k, "discount": d}
        for k in read.alternatives
        for d in read.learned
    ]
    return [*solved, *learned]


def measure(study: Study, cell: Cell) -> list[Row]:
    """Sample one column of the diagram, or bring up agents at one point of it."""
    read = msgspec.convert(study.settings, Settings)
    k = cell["alternatives"]
    if cell["by"] == "solved":
        found = phase(read.discounts, [k], n=read.functions, seed=study.seed)
        return [{"by": "solved", **row} for row in found.rows]
    from offswitch.lab.kinds.wanting import avoiders

    d = cell["discount"]
    avoid = avoiders(k, d, agents=read.agents, steps=read.steps, seed=key_of(study, cell))
    share = rate(avoid, read.agents)
    return [
        {
            "by": "q_learning",
            "discount": d,
            "alternatives": k,
            "avoid": share.k,
            "n": share.n,
            "share": share.value,
            "low": share.interval.low,
            "high": share.interval.high,
            "exact": avoiding(d, k),
        }
    ]


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw the diagram."""
    return picture.draw(study, rows)
