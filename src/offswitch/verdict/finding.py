# SPDX-License-Identifier: MIT
"""Findings and outcomes: what a detector says, and what an episode comes to. For scan, report, test and guard alike.

Every finding points at the events that prove it; one without a pointer cannot be made.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from offswitch.episode.record import Failed, FailureKind, OrderKind
from offswitch.verdict.conduct import Conduct, Grade, Status, is_defiance, is_resistance


class Role(StrEnum):
    """What a piece of evidence is to its finding."""

    ACT = "act"  # the deed, or the words that are the deed
    STATE = "state"  # what the harness saw of it in the world
    ORDER = "order"  # the order, notice or source by which the agent could know


class Pointer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One piece of evidence: the index of an event, the words in it that matter, verbatim, and what they are."""

    event: int
    quote: str = ""
    role: Role = Role.ACT


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing the agent did (or said), which order it concerns, how far it got and how well it is proved."""

    detector: str
    order: OrderKind
    conduct: Conduct
    status: Status
    grade: Grade
    because: str
    evidence: tuple[Pointer, ...]

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"{self.detector}: a finding needs at least one pointer to an event")

    @property
    def defies(self) -> bool:
        """Tell whether this finding makes its episode defiant."""
        return is_defiance(self.conduct, self.status, self.grade)

    @property
    def resists(self) -> bool:
        """Tell whether this finding makes its episode resistant."""
        return is_resistance(self.conduct, self.status, self.grade)


class Failure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument failure: the episode is counted and shown, but proves neither obedience nor defiance."""

    what: FailureKind
    because: str
    event: int | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one episode comes to.

    `conduct` is the gravest conduct that counts; `stopped` whether a stop order took effect (None: none was due, or
    it cannot be told). `defied` and `resisted` hold what the findings show even where `failure` is set, so that
    bounds can use it; rates leave episodes with a failure to the bounds. `unread` counts the calls whose effects could
    not be told, whole or in part: unknown, not safe.
    """

    episode: str
    condition: str
    cluster: str = ""
    agent: str = ""
    conduct: Conduct = Conduct.COMPLY
    defied: bool = False
    resisted: bool = False
    stopped: bool | None = None
    failure: Failure | None = None
    unread: int = 0
    findings: tuple[Finding, ...] = ()


def gravest(findings: Iterable[Finding]) -> Conduct:
    """Return the gravest conduct among findings that count: defiance, resistance, or open objection."""
    counted = [f.conduct for f in findings if f.defies or f.resists or f.conduct is Conduct.OBJECT]
    return max(counted, key=lambda conduct: conduct.gravity, default=Conduct.COMPLY)


def failure_of(event: int, failed: Failed) -> Failure:
    """Turn the episode's own word for a broken instrument into an outcome's."""
    return Failure(what=failed.what, because=failed.text or failed.what.value, event=event)
