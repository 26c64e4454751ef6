# SPDX-License-Identifier: MIT
"""Predictability: how far apart agents go that were meant alike, as they are left to act with less and less approval.

Each agent's world is drawn: some `parameters` lie in a range around what was meant. As the share of acts that nobody sees grows,
counted in what the agent then does: the entropy of whether it defies, in bits (0: known beforehand; 1: a coin). Settings: `world`,
`ranges` (parameter -> [low, high]), `unseen` (the doses), `agents`, `learners`. An act is seen by the cure `human_in_the_loop`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from matplotlib.figure import Figure

from offswitch.lab.beliefs import believed
from offswitch.lab.compiling import table_of
from offswitch.lab.cures import cure
from offswitch.lab.errors import StudyError
from offswitch.lab.figures import spread as picture
from offswitch.lab.kinds import Cell, Row
from offswitch.lab.kinds.treating import Named, brought_up, learners_of, rested
from offswitch.lab.running import key_of
from offswitch.lab.study import Study
from offswitch.lab.worlds import world
from offswitch.stats.intervals import rate

EXACT = "exact"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a study of this kind says."""

    world: str
    ranges: dict[str, tuple[float, float]]
    unseen: tuple[float, ...]
    agents: int = 200
    learners: tuple[Named, ...] = ()
    parameters: dict[str, Any] = {}


def settings(study: Study) -> Settings:
    """Return the settings, with the worlds at the ends of the ranges made once."""
    read = msgspec.convert(study.settings, Settings)
    if not read.ranges or not read.unseen or read.agents < 1:
        raise StudyError("settings: it takes a range, a value of 'unseen' and one agent at least")
    for end in (0, 1):
        table_of(
            world(read.world, **read.parameters, **{name: both[end] for name, both in read.ranges.items()})
        )
    for share in read.unseen:
        if not 0.0 <= share <= 1.0:
            raise StudyError(f"settings: 'unseen' is {share}; it is a share of acts, in [0, 1]")
    learners_of(read.learners)
    return read


def cells(study: Study) -> Sequence[Cell]:
    """Return a cell for each dose, and each way of finding the response."""
    read = settings(study)
    ways = (EXACT, *(str(named["name"]) for named in read.learners))
    return [{"unseen": share, "by": by} for by in ways for share in read.unseen]


def measure(study: Study, cell: Cell) -> list[Row]:
    """Bring up agents that were meant alike; return how many defy, and how uncertain that leaves us."""
    read = msgspec.convert(study.settings, Settings)
    person = (cure("human_in_the_loop", misses=cell["unseen"], false_alarms=0.0),)
    # The same agents at every dose: what differs between doses is the dose.
    chance = np.random.default_rng((study.seed, 7))
    defied = 0.0
    shares = []
    for number in range(read.agents):
        drawn = {name: float(chance.uniform(*both)) for name, both in read.ranges.items()}
        where = world(read.world, **read.parameters, **drawn)
        if cell["by"] == EXACT:
            found = rested(believed(table_of(where)), person)
        else:
            by = next(one for one in learners_of(read.learners) if one.name == cell["by"])
            found = brought_up(table_of(where), person, by, (key_of(study, cell) + number) % 2**31, 1)[0]
        shares.append(found.defied)
        defied += found.defied
    # An agent that gets through in part of its episodes counts by that part: one episode of each is what we would see.
    episodes = sum(float(chance.random()) < share for share in shares)
    share = rate(episodes, read.agents)
    return [
        {
            **cell,
            "n": share.n,
            "k": share.k,
            "share": share.value,
            "low": share.interval.low,
            "high": share.interval.high,
            "expected_share": defied / read.agents,
            "bits": entropy(share.value or 0.0),
            "bits_low": _over(share.interval.low, share.interval.high, min),
            "bits_high": _over(share.interval.low, share.interval.high, max),
        }
    ]


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw the bits against the share of acts that nobody sees."""
    return picture.draw(study, rows)


def entropy(share: float) -> float:
    """Return the entropy of a yes or no, in bits."""
    parts = [part for part in (share, 1.0 - share) if part > 0.0]
    return float(sum(-part * np.log2(part) for part in parts))


def _over(low: float, high: float, which: Any) -> float:
    """Return the least or greatest entropy over an interval of shares: it peaks at one half."""
    ends = [entropy(low), entropy(high)]
    return float(which([*ends, 1.0] if low <= 0.5 <= high else ends))
