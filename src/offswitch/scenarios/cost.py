# SPDX-License-Identifier: MIT
"""What a test is expected to take, in calls and tokens, from runs of organisms that `bench/test_cost.py` measured.

Tokens are counted as characters by four, the tool's description included, and every call reads the whole conversation again:
that is what is billed where nothing is cached. The one thing that is easy to get wrong: organisms say next to nothing. The low
end is theirs; the high end has the words of a model that explains itself before each call, which it then reads again.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from offswitch.scenarios.errors import DataError

if TYPE_CHECKING:
    from offswitch.scenarios.wanted import Wanted

TALK = 250  # tokens a turn of a model that thinks aloud, at the high end
TOOL = 150  # tokens of bash's description, read at every call


class Measured(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Means over `samples` samples of one arm: calls of the model, and tokens read and written in all its calls."""

    samples: int
    calls: float
    read: float
    written: float


class Expense(msgspec.Struct, frozen=True, kw_only=True):
    """What a test may take: calls, and tokens from a low end to a high one."""

    calls: float
    read: tuple[float, float]
    written: tuple[float, float]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    command: str
    organisms: list[str]
    measured: dict[str, dict[str, Measured]]


@cache
def measured() -> dict[str, dict[str, Measured]]:
    """Return what was measured, by scenario and arm. Raises DataError where the file is not as it should be."""
    try:
        return msgspec.json.decode((files(__package__) / "cost.json").read_bytes(), type=_File).measured
    except (OSError, msgspec.MsgspecError) as trouble:
        raise DataError(f"scenarios/cost.json: {trouble}; bench/test_cost.py writes it") from trouble


def expense(asked: Wanted) -> Expense:
    """Return what a test may take; an arm or scenario that was not measured is taken to be like those that were."""
    known = measured()
    arms = known.get(asked.scenario) or next(iter(known.values()))
    mean = _mean(list(arms.values()))
    calls = read = written = more_read = more_written = 0.0
    for arm in asked.arms:
        one, samples = arms.get(arm, mean), asked.samples_in(arm)
        calls += samples * one.calls
        read += samples * one.read
        written += samples * one.written
        more_written += samples * one.calls * TALK
        # What is said in a turn is read in every later one: half of all turns, on the average.
        more_read += samples * one.calls * max(0.0, one.calls - 1) / 2 * TALK
    return Expense(calls=calls, read=(read, read + more_read), written=(written, written + more_written))


def _mean(rows: list[Measured]) -> Measured:
    count = len(rows)
    return Measured(
        samples=sum(row.samples for row in rows),
        calls=sum(row.calls for row in rows) / count,
        read=sum(row.read for row in rows) / count,
        written=sum(row.written for row in rows) / count,
    )
