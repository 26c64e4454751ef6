# SPDX-License-Identifier: MIT
"""The runs of this host, as the member sees and reaches them: by the files and sockets that `running` uses.

Easy to get wrong: asking every supervisor who it is, several times a second. Who lives is read from the folder of runs;
a supervisor is asked only for its lease, and told only to stop, to shorten or to renew.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
import time
from pathlib import Path
from typing import Any, Protocol

from offswitch.guard import running
from offswitch.guard.errors import GuardError
from offswitch.guard.switch import places, receipts

from .engine import boot_clock
from .order import Living
from .roster import KEPT, Death

SUPERVISOR_SECONDS = 5.0


class Runs(Protocol):
    """What a member needs of its host."""

    def living(self) -> list[Living]:
        """Return every run that has begun and has not ended."""

    def lease(self, run: Living) -> tuple[float | None, float | None]:
        """Return the seconds left of a run's lease, and its length; None where it has none."""

    def stop(self, run: Living, *, now: bool, why: str) -> None:
        """Stop a run; raise GuardError where its death is not proved."""

    def shorten(self, run: Living, seconds: float) -> None:
        """Let a run's lease end in so many seconds or sooner."""

    def renew(self, run: Living) -> None:
        """Renew a run's lease by its own length."""

    def bury(self, run: Living) -> None:
        """See to the end of a run whose supervisor is gone."""

    def death(self, run: Living) -> Death | None:
        """Return how a run ended; None while it has left no receipt."""

    def recent(self) -> list[Death]:
        """Return the newest deaths on this host, oldest first."""


class HostRuns:
    """The runs of this host."""

    def __init__(self) -> None:
        self.dead: set[str] = set()  # runs whose folder is kept, for what they printed

    def living(self) -> list[Living]:
        """Return every run that has a folder and no receipt; one whose supervisor is gone is an orphan."""
        found, dead = [], set()
        for name in running.names():
            place = places.Place(name)
            try:
                told = json.loads(Path(place.file(places.ABOUT)).read_bytes())
                run, began, receipt = told["about"]["run"], told["about"]["started"], told["receipt"]
                held = place.held()
            except (OSError, ValueError, KeyError, TypeError):
                continue  # it is just beginning, or just gone
            if not held and (run in self.dead or read_death(receipt) is not None):
                dead.add(run)
            else:
                found.append(Living(name, run, began["wall"], began["boot"], receipt, not held))
        self.dead = dead
        return found

    def lease(self, run: Living) -> tuple[float | None, float | None]:
        """Ask its supervisor."""
        told = running.ask(run.name, timeout=SUPERVISOR_SECONDS, do="status")
        return (told.get("left"), told.get("lease")) if told.get("run") == run.run else (None, None)

    def stop(self, run: Living, *, now: bool, why: str) -> None:
        """Order the stop, and wait for the proof."""
        running.stop(run.name, now=now, why=why, run=run.run)

    def shorten(self, run: Living, seconds: float) -> None:
        """Shorten; its supervisor lets no renewal take it back."""
        running.shorten(run.name, seconds, run.run)

    def renew(self, run: Living) -> None:
        """Renew with the key that lies on this host."""
        running.renew(run.name)

    def bury(self, run: Living) -> None:
        """Kill what is left, look, and write the receipt."""
        running.last_receipt(run.name)

    def death(self, run: Living) -> Death | None:
        """Read its receipt."""
        return read_death(run.receipt)

    def recent(self) -> list[Death]:
        """Read the newest receipts."""
        with os.scandir(receipts.folder()) as entries:
            files = heapq.nlargest(KEPT, ((entry.stat().st_mtime_ns, entry.path) for entry in entries if entry.name.endswith(".json")))  # fmt: skip
        found = [death for _, path in reversed(files) if (death := read_death(path)) is not None]
        booted = time.time() - boot_clock()  # nobody outlives that, whatever a receipt could not prove
        return [death for death in found if death.verdict == "proved" or death.began > booted]


def read_death(path: str) -> Death | None:
    """Return what a receipt says; None where there is none yet. One whose seal does not hold proves nothing."""
    try:
        told = receipts.read(path)
        whole = receipts.holds(told, receipts.host_key())
    except GuardError:
        return None
    try:
        proved = whole and told["verdict"] == "proved" and told["populated"] == 0
        return Death(
            name=str(told["name"]),
            run=str(told["run"]),
            verdict="proved" if proved else "not proved",
            by=str(told["order"]["by"])[:100],
            began=float(told["started"]["wall"]),
            ended=float(told["empty"]["wall"]) if told["empty"] else None,
            receipt=hashlib.sha256(receipts.canonical(told)).hexdigest(),
            why="" if proved else _why_not(told, whole),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _why_not(told: dict[str, Any], whole: bool) -> str:
    if not whole:
        return "the receipt's seal does not hold"
    return f"its receipt says not proved; survivors: {str(told.get('survivors'))[:200]}"
