# SPDX-License-Identifier: MIT
"""The lease: until when an agent may live, and who may say that it may live longer.

Pure: clocks and random numbers are handed in. Time is that of `kernel.boot_time`, which nobody can set. A renewal is an answer
to a challenge: the supervisor makes a random number for one line, the renewer seals it together with the run's own id and the
seconds wanted, and the number is good once. So an old renewal, one for another run of that name, and one whose seconds were
changed are all refused, with no clock or counter that has to be kept in step.

Easy to get wrong: whoever may shorten must not lengthen by it. A shortened lease has a ceiling that no renewal lifts.
"""

from __future__ import annotations

import json

from offswitch.guard.errors import RefusedError

from . import digests

CHALLENGE_SECONDS = 10.0
LONGEST = 10 * 365 * 86400.0


def sealed_renewal(key: bytes, run: str, challenge: str, seconds: float) -> str:
    """Return what the renewer sends: HMAC-SHA256 (RFC 2104) over the run, the challenge and the seconds."""
    said = json.dumps(["offswitch.renewal/1", run, challenge, float(seconds)], separators=(",", ":"))
    return digests.sealed(key, said.encode())


class Lease:
    """The lease of one run."""

    def __init__(self, run: str, seconds: float | None, key: bytes, now: float) -> None:
        self.run, self.seconds, self._key = run, seconds, key
        self.until: float | None = None if seconds is None else now + seconds
        self.ceiling: float | None = None  # set by whoever shortened
        self.accepted = self.refused = 0
        self._challenges: dict[int, tuple[str, float]] = {}  # by line: the number, and when it was made

    def left(self, now: float) -> float | None:
        """Return the seconds left; None where there is no lease."""
        return None if self.until is None else self.until - now

    def challenge(self, line: int, number: str, now: float) -> str:
        """Give a line its number; an earlier one is void."""
        self._challenges[line] = (number, now)
        return number

    def forget(self, line: int) -> None:
        """The line is closed; its number with it."""
        self._challenges.pop(line, None)

    def renew(self, line: int, seconds: object, seal: object, now: float) -> float:
        """Return the new end of the lease; raise RefusedError, which counts, for anything that is not a fresh, sealed renewal."""
        try:
            challenge, made = self._challenges.pop(line, ("", now))
            if self.seconds is None or self.until is None:
                raise RefusedError("this run has no lease; there is nothing to renew")
            wanted = self.seconds if seconds is None else seconds
            if (
                isinstance(wanted, bool)
                or not isinstance(wanted, int | float)
                or not 0 < wanted <= self.seconds
            ):
                raise RefusedError(
                    f"a renewal is for more than 0 and at most {self.seconds:g} s, the length of the lease"
                )
            if not challenge or now - made > CHALLENGE_SECONDS:
                raise RefusedError(
                    "no challenge is open on this line; ask for one, and answer it once within 10 s"
                )
            right = sealed_renewal(self._key, self.run, challenge, wanted)
            if not isinstance(seal, str) or not digests.same(seal.encode(), right.encode()):
                raise RefusedError("the renewal is not sealed with this run's key")
            if now >= self.until:
                raise RefusedError("the lease is over")
            if self.ceiling is not None and now + wanted > self.ceiling:
                raise RefusedError("the lease was shortened by order; it cannot be renewed beyond that")
        except RefusedError:
            self.refused += 1
            raise
        self.accepted += 1
        self.until = now + wanted
        return self.until

    def shorten(self, seconds: object, now: float) -> float:
        """Return the new end, never later than it was; a run without a lease gets one."""
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST:
            raise RefusedError(f"{seconds!r:.40} is no number of seconds from 0 up")
        end = now + seconds
        self.ceiling = end if self.ceiling is None else min(self.ceiling, end)
        self.until = self.ceiling if self.until is None else min(self.until, self.ceiling)
        return self.until
