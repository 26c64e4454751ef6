# SPDX-License-Identifier: MIT
"""The frontier of cures: usefulness kept against defiance left, over worlds, exact optima and learners side by side.

Settings: `[[worlds]]` and `[[cures]]` by name with their parameters, `learners`, and `agents` for each learner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import msgspec
from matplotlib.figure import Figure

from offswitch.lab.compiling import table_of
from offswitch.lab.errors import StudyError
from offswitch.lab.figures import frontier as picture
from offswitch.lab.frontier import NONE, frontier
from offswitch.lab.kinds import Cell, Row
from offswitch.lab.kinds.treating import Named, cures_of, learners_of
from offswitch.lab.running import key_of
from offswitch.lab.study import Study
from offswitch.lab.worlds import world


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a study of this kind says."""

    worlds: tuple[Named, ...]
    cures: tuple[Named, ...]
    learners: tuple[Named, ...] = ()
    agents: int = 10


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
    where = _world(read.worlds[cell["world"]])
    points = frontier(
        [where], cures, learners_of(read.learners), agents=read.agents, seed=key_of(study, cell)
    )
    return [asdict(point) for point in points if cures == () or point.cure != NONE]


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw usefulness against defiance."""
    return picture.draw(study, rows)


def _world(named: Named):  # type: ignore[no-untyped-def]
    if not isinstance(named.get("name"), str):
        raise StudyError(f'settings: a world needs its name, as in {{name = "..."}}; got {named}')
    return world(named["name"], **{key: value for key, value in named.items() if key != "name"})
