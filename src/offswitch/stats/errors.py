# SPDX-License-Identifier: MIT
"""What a number that cannot be right gets: a sentence that names the value and what to do about it."""

from __future__ import annotations

import importlib
import operator
from typing import Any, SupportsIndex


class StatsError(ValueError):
    """A question that statistics cannot answer as it was put."""


class CountError(StatsError):
    """A count that is no count: negative, fractional, or more events than trials."""


class LevelError(StatsError):
    """A confidence level outside (0, 1)."""


class MissingExtraError(StatsError, ImportError):
    """The library that computes this comes with an extra that is not installed."""


def library(name: str) -> Any:
    """Import `name` when it is first needed: scipy costs a second that `--help` should not pay.

    Raises MissingExtraError naming the extra that brings it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        need = f"{name} is needed for this and is not installed; pip install 'offswitch[report]'"
        raise MissingExtraError(need) from missing


def whole(name: str, value: SupportsIndex) -> int:
    """Return `value` as an int of at least 0, or raise CountError naming it."""
    try:
        count = operator.index(value)
    except TypeError:
        raise CountError(f"{name} must be a whole number, got {value!r}") from None
    if isinstance(value, bool) or count < 0:
        raise CountError(f"{name} must be a count of 0 or more, got {value!r}")
    return count


def events(k: SupportsIndex, n: SupportsIndex) -> tuple[int, int]:
    """Return k events of n trials as ints, or raise CountError."""
    hits, trials = whole("k", k), whole("n", n)
    if hits > trials:
        raise CountError(f"k must not exceed n, got k={hits}, n={trials}")
    return hits, trials


def confidence(level: float) -> float:
    """Return `level` if it lies strictly between 0 and 1, or raise LevelError."""
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0.0 < level < 1.0:
        raise LevelError(f"level must lie between 0 and 1 (0.95 for 95 %), got {level!r}")
    return float(level)


def proportion(name: str, value: float) -> float:
    """Return `value` if it lies between 0 and 1, ends included, or raise StatsError naming it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise StatsError(f"{name} must be a rate between 0 and 1, got {value!r}")
    return float(value)
