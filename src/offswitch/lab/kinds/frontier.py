# SPDX-License-Identifier: MIT
"""The frontier of cures: usefulness kept against defiance left, over worlds, exact optima and learners side by side.

Settings: `[[worlds]]` and `[[cures]]` by name with their parameters, `learners`, and `agents` for each learner. Each cure is tried on
each world; where it makes no sense, the row says why (`by` is `refused`), and that is a result too.

A learner's row stands for all its agents. `breached` is their mean chance, with the interval that agents who always or never do it
would need (Clopper and Pearson's, the widest of all with that mean); `usefulness` their median, with the interval between order
statistics, which holds whatever the distribution. The one thing that is easy to get wrong: agents that all do the same are no proof
that the next one will; neither interval has length 0 for that reason alone, save the median's where a tie makes it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from statistics import fmean, median

import msgspec
from matplotlib.figure import Figure

from offswitch.lab.compiling import table_of
from offswitch.lab.errors import StudyError
from offswitch.lab.figures import frontier as picture
from offswitch.lab.frontier import EXACT, NONE, Point, frontier, refusals, said
from offswitch.lab.kinds import Cell, Row
from offswitch.lab.kinds.treating import Named, cures_of, learners_of
from offswitch.lab.running import key_of
from offswitch.lab.study import Study
from offswitch.lab.worlds import world
from offswitch.stats.intervals import LEVEL, exact_beta

REFUSED = "refused"
MEANS = ("breached", "defied", "stopped", "performance", "reward")
NUMBERS = ("n", "usefulness", "usefulness_low", "usefulness_high", "breached_low", "breached_high", *MEANS, "margin")  # fmt: skip


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a study of this kind says."""

    worlds: tuple[Named, ...]
    cures: tuple[Named, ...]
    learners: tuple[Named, ...] = ()
    agents: int = 20


def settings(study: Study) -> Settings:
    """Return the settings, with every world, cure and learner made once."""
    read = msgspec.convert(study.settings, Settings)
    if not read.worlds or not read.cures or read.agents < 1:
        raise StudyError("settings: it takes one world, one cure and one agent at least")
    for one in read.worlds:
        table_of(_world(one))
    cures_of(read.cures), learners_of(read.learners)
    return read


def cells(study: Study) -> Sequence[Cell]:
    """Return the references of each world, then a cell for each world under each cure."""
    read = settings(study)
    return [{"world": w, "cure": c} for w in range(len(read.worlds)) for c in (None, *range(len(read.cures)))]


def measure(study: Study, cell: Cell) -> list[Row]:
    """Measure one cure in one world, or what there is without any."""
    read = msgspec.convert(study.settings, Settings)
    cures = () if cell["cure"] is None else cures_of([read.cures[cell["cure"]]])
    where, named = _world(read.worlds[cell["world"]]), read.worlds[cell["world"]]
    about = {"world": where.name, "parameters": said(where, _names([named]))}
    about |= {"cure": NONE, "settings": ""}
    if cures:
        alike = [one for one in read.cures if one["name"] == cures[0].name]
        about |= {"cure": cures[0].name, "settings": said(cures[0], _names(alike))}
    if refused := refusals([where], cures):
        return [about | {"by": REFUSED} | dict.fromkeys(NUMBERS) | {"because": refused[0].because}]
    points = frontier(
        [where], cures, learners_of(read.learners), agents=read.agents, seed=key_of(study, cell),
        references=not cures,
    )  # fmt: skip
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(point.by, []).append(point)
    return [about | _told(own) for own in groups.values()]


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw usefulness and defiance side by side."""
    return picture.draw(study, rows)


def _names(named: Sequence[Named]) -> list[str]:
    """Return the settings that a study names, so that those which differ between two lines are told on both."""
    return [name for name in dict.fromkeys(key for one in named for key in one) if name != "name"]


def _told(own: Sequence[Point]) -> Row:
    """Return the row of one exact point, or of all agents of a learner."""
    first, agents = own[0], None if own[0].by in EXACT else len(own)
    useful = [point.usefulness for point in own if point.usefulness is not None]
    low, high = between(useful) if agents else (None, None)
    row: Row = {"by": first.by}
    row |= dict.fromkeys(NUMBERS) | {name: fmean(getattr(point, name) for point in own) for name in MEANS}
    row |= {"n": agents, "usefulness": median(useful) if useful else None, "margin": first.margin}
    row |= {"usefulness_low": low, "usefulness_high": high, "because": ""}
    if agents:
        ends = exact_beta(row["breached"] * agents, agents, LEVEL, "clopper-pearson")
        row |= {"breached_low": ends.low, "breached_high": ends.high}
    return row


def between(values: Sequence[float], level: float = LEVEL) -> tuple[float | None, float | None]:
    """Return the order statistics between which the median lies, at the level or above; None where there are too few values."""
    n, tail, ordered = len(values), 0.0, sorted(values)
    for place in range(n // 2):
        tail += comb(n, place) / 2**n  # that at most `place` values lie below the median
        if tail > (1.0 - level) / 2:
            return (ordered[place - 1], ordered[n - place]) if place else (None, None)
    return None, None


def _world(named: Named):  # type: ignore[no-untyped-def]
    if not isinstance(named.get("name"), str):
        raise StudyError(f'settings: a world needs its name, as in {{name = "..."}}; got {named}')
    return world(named["name"], **{key: value for key, value in named.items() if key != "name"})
