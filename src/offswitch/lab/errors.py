# SPDX-License-Identifier: MIT
"""What can go wrong in the lab, said with the place and the cure."""

from __future__ import annotations


class LabError(Exception):
    """The root of this room's errors."""


class WorldError(LabError):
    """A world's definition is wrong: a map, a probability, a table. Names the world and the place in it."""


class SolveError(LabError):
    """A world cannot be solved as asked: too large, no horizon and no discount, an infeasible constraint."""


class StudyError(LabError):
    """A study's file is wrong. Names the file, the field and the cure."""
