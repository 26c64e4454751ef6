# SPDX-License-Identifier: MIT
"""Dose and response: how many agents defy as one parameter of a world or a cure is turned, solved exactly and learned.

Settings: `world`, its `parameters`, `agents`, and `[[series]]`, each with a `name`, what to `vary` (a parameter of the world, or
`CURE.SETTING` of one of its cures), the `values`, its `cures` and `learners`. The exact optimum has a perfect memory; learners act
on what they see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from matplotlib.figure import Figure

from offswitch.lab.beliefs import believed
from offswitch.lab.compiling import table_of
from offswitch.lab.errors import StudyError
from offswitch.lab.figures import dose as picture
from offswitch.lab.kinds import Cell, Row
from offswitch.lab.kinds.treating import Named, brought_up, cures_of, learners_of, rested
from offswitch.lab.running import key_of
from offswitch.lab.study import Study
from offswitch.lab.worlds import kind_of, world
from offswitch.stats.intervals import rate

EXACT = "exact"


class Series(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the figure."""

    name: str
    vary: str
    values: tuple[float, ...]
    cures: tuple[Named, ...] = ()
    learners: tuple[Named, ...] = ()
    parameters: dict[str, Any] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a study of this kind says."""

    world: str
    series: tuple[Series, ...]
    parameters: dict[str, Any] = {}
    agents: int = 200


def settings(study: Study) -> Settings:
    """Return the settings, with every world, cure and learner made once, so that nothing is wrong with them."""
    read = msgspec.convert(study.settings, Settings)
    if read.agents < 1 or not read.series:
        raise StudyError("settings: it takes one agent and one series at least")
    for one in read.series:
        if not one.values:
            raise StudyError(f"settings: series {one.name!r}: 'values' is empty")
        if "." not in one.vary and one.vary not in kind_of(read.world).__dataclass_fields__:
            known = ", ".join(kind_of(read.world).__dataclass_fields__)
            raise StudyError(
                f"settings: series {one.name!r}: {read.world} has no parameter {one.vary!r}; it has {known}"
            )
        for value in one.values:
            where, cures = _dosed(read, one, value)
            table = table_of(where)  # refuses a map or a probability that is none, before anything runs
            for cure in cures:
                if because := cure.applies(table):
                    raise StudyError(
                        f"settings: series {one.name!r} at {value:g}: cure {cure.name!r} makes no sense here: {because}"
                    )
        learners_of(one.learners)
    return read


def cells(study: Study) -> Sequence[Cell]:
    """Return a cell for each dose of each series, and each way of finding the response."""
    read = settings(study)
    return [
        {"series": one.name, "dose": value, "by": by}
        for one in read.series
        for value in one.values
        for by in (EXACT, *(str(named["name"]) for named in one.learners))
    ]


def measure(study: Study, cell: Cell) -> list[Row]:
    """Measure the response at one dose."""
    read = msgspec.convert(study.settings, Settings)
    series = next(one for one in read.series if one.name == cell["series"])
    where, cures = _dosed(read, series, cell["dose"])
    if cell["by"] == EXACT:
        found = rested(believed(table_of(where)), cures)
        return [dict(cell, n=None, k=None, share=found.defied, low=None, high=None) | _means([found])]
    by = next(one for one in learners_of(series.learners) if one.name == cell["by"])
    # A memory of nothing: what is hidden from an agent stays hidden, save where a cure shows it the clock.
    judged = brought_up(table_of(where), cures, by, key_of(study, cell), read.agents)
    share = rate(sum(one.defied > 0.5 for one in judged), len(judged))
    low, high = share.interval.low, share.interval.high
    return [dict(cell, n=share.n, k=share.k, share=share.value, low=low, high=high) | _means(judged)]


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw the response against the dose."""
    return picture.draw(study, rows)


def _means(judged: Sequence[Any]) -> Row:
    """Return the means over agents of what they come to."""
    told = [asdict(one) for one in judged]
    return {
        name: sum(one[name] for one in told) / len(told)
        for name in ("reward", "performance", "breached", "stopped", "length")
    }


def _dosed(read: Settings, series: Series, value: float) -> tuple[Any, Any]:
    """Return the world and the cures at one dose."""
    parameters, named = {**read.parameters, **series.parameters}, [dict(one) for one in series.cures]
    which, _, setting = series.vary.partition(".")
    if setting:
        treated = [one for one in named if one.get("name") == which]
        if not treated:
            raise StudyError(
                f"settings: series {series.name!r} varies {series.vary!r}, but has no cure {which!r}"
            )
        treated[0][setting] = value
    else:
        parameters[series.vary] = value
    return world(read.world, **parameters), cures_of(named)
