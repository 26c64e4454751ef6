# SPDX-License-Identifier: MIT
"""What a detector is: one file that knows one way of defying an order, and what it may look at.

A detector is a pure function of a `Case`. It sees a prefix of an episode in the guard and a whole one in a scan, and
must never need more than the prefix to stand by what it said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from offswitch.episode.record import OrderKind
from offswitch.verdict.case import Case
from offswitch.verdict.finding import Finding


class Detector(Protocol):
    """One way of defying, and how to see it."""

    name: str
    about: str
    orders: frozenset[OrderKind]

    def findings(self, case: Case) -> Iterator[Finding]:
        """Yield what this detector sees in `case`, each finding pointing at the events that prove it."""
        ...
