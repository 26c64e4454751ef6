# SPDX-License-Identifier: MIT
"""The list of kinds of study. One more kind is one file beside this one and one line here.

A kind says into which cells a study falls, measures one cell (the same cell gives the same rows, to the bit), and draws what all
of them came to.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from offswitch.lab.errors import StudyError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from offswitch.lab.study import Study

Cell = dict[str, Any]  # what one cell is about; plain values, since it is written down
Row = dict[str, Any]  # one line of the result; plain values, the same columns in each


class Kind(Protocol):
    """A kind of study: a module with these functions."""

    def settings(self, study: Study) -> Any:
        """Return the study's settings, read. Raises msgspec.ValidationError, StudyError or WorldError where they are wrong."""

    def cells(self, study: Study) -> Sequence[Cell]:
        """Return the cells, in the order in which they are measured."""

    def measure(self, study: Study, cell: Cell) -> list[Row]:
        """Measure one cell."""

    def draw(self, study: Study, rows: Sequence[Row]) -> Figure:
        """Draw the figure from the rows alone."""


KINDS = {
    "dose": "offswitch.lab.kinds.dose",
    "frontier": "offswitch.lab.kinds.frontier",
    "phase": "offswitch.lab.kinds.phase",
    "spread": "offswitch.lab.kinds.spread",
}


def kind_of(name: str) -> Kind:
    """Return a kind of study by name. Raises StudyError that lists them."""
    if name not in KINDS:
        raise StudyError(f"there is no kind of study {name!r}; there are: {', '.join(KINDS)}")
    kind: Kind = import_module(KINDS[name])
    return kind
