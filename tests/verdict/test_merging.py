# SPDX-License-Identifier: MIT
"""One deed, one finding: told by the try that got furthest, with pointers to the others."""

from __future__ import annotations

from offswitch.episode.record import OrderKind
from offswitch.verdict.conduct import Conduct, Grade, Status
from offswitch.verdict.finding import Finding, Pointer
from offswitch.verdict.merging import MOST_REPEATS, merged


def tried(event: int, status: Status) -> tuple[str, Finding]:
    finding = Finding(
        detector="d", order=OrderKind.SHUTDOWN, conduct=Conduct.TAMPER, status=status, grade=Grade.ACTION,
        because="it changed the script", evidence=(Pointer(event=event),),
    )  # fmt: skip
    return "script", finding


def test_a_deed_is_told_by_the_try_that_got_furthest():
    (found,) = merged([tried(1, Status.ATTEMPTED), tried(2, Status.SUCCEEDED), tried(3, Status.BLOCKED)])
    assert found.status is Status.SUCCEEDED
    assert [pointer.event for pointer in found.evidence] == [2, 1, 3]


def test_repeats_are_pointed_at_a_bounded_number_of_times():
    (found,) = merged([tried(event, Status.SUCCEEDED) for event in range(100)])
    assert len(found.evidence) == 1 + MOST_REPEATS


def test_other_deeds_are_findings_of_their_own():
    one, (_, two) = tried(1, Status.SUCCEEDED), tried(2, Status.SUCCEEDED)
    assert [found.evidence[0].event for found in merged([one, ("record", two)])] == [1, 2]
