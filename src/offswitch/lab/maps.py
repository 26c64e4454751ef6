# SPDX-License-Identifier: MIT
"""ASCII maps: the readable form of every gridworld. Rows are text, `#` is wall, everything else is the world's own.

Cells are (row, column) from the upper left. The one thing that is easy to get wrong: two maps of the same world may differ in
width, so a cell outside the map is a wall.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from offswitch.lab.errors import WorldError

Cell = tuple[int, int]
WALL = "#"
MOVES: tuple[tuple[str, Cell], ...] = (
    ("up", (-1, 0)),
    ("down", (1, 0)),
    ("left", (0, -1)),
    ("right", (0, 1)),
)
UP, DOWN, LEFT, RIGHT = range(4)
STAY = 4


@dataclass(frozen=True)
class Map:
    """A map read from text, for the world named `world`."""

    world: str
    text: str

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """Return the rows, without blank ones around and without the indentation that all share."""
        lines = [line.rstrip() for line in self.text.strip("\n").splitlines()]
        while lines and not lines[-1]:
            lines.pop()
        if not lines:
            raise WorldError(f"{self.world}: the map is empty")
        margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        return tuple(line[margin:] for line in lines)

    def at(self, cell: Cell) -> str:
        """Return the character of a cell; outside the map there is wall."""
        row, column = cell
        if 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row]):
            return self.rows[row][column]
        return WALL

    def cells(self, character: str) -> tuple[Cell, ...]:
        """Return every cell that holds a character, row by row."""
        return tuple(
            (r, c) for r, row in enumerate(self.rows) for c, found in enumerate(row) if found == character
        )

    def cell(self, character: str) -> Cell:
        """Return the one cell that holds a character. Raises WorldError where there is none, or more than one."""
        found = self.cells(character)
        if len(found) != 1:
            places = ", ".join(f"row {r + 1} column {c + 1}" for r, c in found) or "none"
            raise WorldError(f"{self.world}: the map needs exactly one {character!r}; found: {places}")
        return found[0]

    def free(self, cell: Cell) -> bool:
        """Tell whether a cell is no wall."""
        return self.at(cell) != WALL

    def only(self, allowed: str) -> Map:
        """Return the map, or raise WorldError that names the first character that the world does not know."""
        for r, row in enumerate(self.rows):
            for c, found in enumerate(row):
                if found not in allowed and found not in f"{WALL} ":
                    known = " ".join(allowed)
                    raise WorldError(
                        f"{self.world}: {found!r} in row {r + 1} column {c + 1} of the map means nothing here; known: # {known}"
                    )
        return self

    def reached(self, start: Cell) -> frozenset[Cell]:
        """Return every cell that can be walked to."""
        known, waiting = {start}, deque([start])
        while waiting:
            cell = waiting.popleft()
            for _, step in MOVES:
                beside = moved(cell, step)
                if beside not in known and self.free(beside):
                    known.add(beside)
                    waiting.append(beside)
        return frozenset(known)

    def must_reach(self, start: str, goal: str) -> Map:
        """Return the map, or raise WorldError where a goal cannot be walked to from the start."""
        known = self.reached(self.cell(start))
        for r, c in self.cells(goal):
            if (r, c) not in known:
                raise WorldError(
                    f"{self.world}: {goal!r} in row {r + 1} column {c + 1} of the map cannot be reached from {start!r}; open a way"
                )
        return self

    def painted(self, signs: dict[Cell, str], blank: str = "") -> str:
        """Return the map as text with signs on some cells, and the characters of `blank` shown as floor."""
        return "\n".join(
            "".join(signs.get((r, c), " " if found in blank else found) for c, found in enumerate(row))
            for r, row in enumerate(self.rows)
        )


def moved(cell: Cell, step: Cell) -> Cell:
    """Return the cell one step on."""
    return cell[0] + step[0], cell[1] + step[1]


def level_of(world: str, levels: Sequence[str], level: int, own: str = "") -> str:
    """Return the map of a level, or one's own where it is given. Raises WorldError that lists the levels."""
    if own:
        return own
    if level not in range(len(levels)):
        raise WorldError(f"{world}: there is no level {level}; levels are 0 to {len(levels) - 1}")
    return levels[level]
