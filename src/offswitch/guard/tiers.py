# SPDX-License-Identifier: MIT
"""How much protection this host can give, by one word, what is missing for a better one, and how to cure it.

Each tier has what those below it have, and one thing more:

    full      limits on cgroup v2, too: one hierarchy kills, limits and counts
    hybrid    cgroup.kill: one word to the kernel ends all, forks under way included; limits on cgroup v1
    freezer   root: each jail has a user of its own; without cgroup.kill: freeze, kill, thaw, until nobody is left
    rootless  a control group that we may use, with limits: they hold for the jail, and the kernel counts who is left
    reduced   a jail: bubblewrap, namespaces, filter. That nobody is left is known from the end of the PID namespace
    none      no jail, and nothing runs

Whether this is inside a container is a mark beside the tier (`container.py`). What a tier cannot hold is in `LACKS`, for each
kind of attack in docs/doctor.md.

Easy to get wrong: this file must load where nothing else of the guard does (macOS, Windows), to say so in clear words.
"""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass

from .errors import TierError
from .host.container import NO_MARK, Mark, find_container
from .host.part import Part, Tier, Wanted

TIERS: tuple[Tier, ...] = ("full", "hybrid", "freezer", "rootless", "reduced", "none")
"""From best to least."""
WANTED: tuple[Wanted, ...] = ("full", "hybrid", "freezer", "rootless", "reduced")
"""What may be asked for."""

NEEDS: dict[Tier, str] = {
    "full": "root, cgroup v2 with cgroup.kill, and memory and pids limited on v2",
    "hybrid": "root, cgroup v2 with cgroup.kill; memory and pids limited on cgroup v1",
    "freezer": "root, and a control group that freezes (v1 freezer, or v2 before Linux 5.14), with limits",
    "rootless": "a control group that was delegated to this user, with limits",
    "reduced": "Linux, bubblewrap, user namespaces; no control group that may be used, or none with limits",
    "none": "nothing: no jail can be made",
}
LACKS: dict[Tier, tuple[str, ...]] = {
    "full": (),
    "hybrid": (
        "a start may wait 5 to 35 ms for a lock of the kernel's, and other jails' commands with it",
        "swap is limited only where swap accounting is on",
    ),
    "freezer": (
        "the kill is a loop: who cannot be frozen (stuck in the kernel) can hold it up, and then it is not proved",
        "on v1 the end is proved by an empty list of processes, not by a count that the kernel keeps",
    ),
    "rootless": (
        "the jail has the run's own user: who breaks out holds what the run holds",
        "whatever else runs as this user can kill the guard or change its files",
    ),
    "reduced": (
        "limits hold for each process, not for the jail: many processes can starve the host",
        "nobody counts who is left: the end of the PID namespace is the proof, and whoever broke out of it is not found",
        "a time-out may miss a daemon, which lives until the jail ends",
        "unless it is started as root, the jail has the run's own user, as in rootless",
    ),
    "none": ("nothing is held, and nothing is run",),
}
"""What each tier cannot hold, beyond what no tier can."""
NO_TIER_HOLDS = "a hole in the kernel opens every jail, and the host's root can end the guard"


@dataclass(frozen=True)
class Survey:
    """What this host has."""

    parts: tuple[Part, ...]
    container: Mark = NO_MARK

    @property
    def tier(self) -> Tier:
        """Name the best tier that can be had: the one below the least that lacks a part."""
        best: Tier = "none"
        for tier in reversed(WANTED):
            if not all(part.there for part in self.parts if part.opens == tier):
                break
            best = tier
        return best

    @property
    def limited(self) -> bool:
        """Whether limits hold for a jail as a whole."""
        return self._has("limits")

    @property
    def counted(self) -> bool:
        """Whether a control group knows who is left, so that an empty jail is proved and not inferred."""
        return self._has("control group")

    def lacking(self, wanted: Tier = "full") -> tuple[Part, ...]:
        """Return the parts that are missing for a tier."""
        return tuple(
            part for part in self.parts if part.opens and not part.there and at_least(wanted, part.opens)
        )

    def missing(self, wanted: Tier = "full") -> str:
        """Say what is missing for a tier, and its cure, in one line a part; empty where nothing is."""
        return "\n".join(f"{part.name}: {part.told}; {part.cure}" for part in self.lacking(wanted))

    def _has(self, name: str) -> bool:
        return any(part.there for part in self.parts if part.name == name)


def at_least(tier: str, wanted: str) -> bool:
    """Tell whether a tier is as good as another. Raises ValueError for a word that names none."""
    for word in (tier, wanted):
        if word not in TIERS:
            raise ValueError(f"there is no tier {word!r}; from best to least: {', '.join(TIERS)}")
    ranks: dict[str, int] = {word: rank for rank, word in enumerate(TIERS)}
    return ranks[tier] <= ranks[wanted]


@functools.cache
def survey() -> Survey:
    """Look at this host once; it takes as long as two starts of bubblewrap."""
    return look()


def look(mountinfo: str | None = None, membership: str | None = None, path: str | None = None) -> Survey:
    """Look at a host: this one, or one whose mounts, own control groups or search path for bubblewrap are given."""
    if sys.platform != "linux":
        return Survey((_other_system(),))
    from .host.parts import parts  # what looks at Linux is loaded on Linux

    return Survey(parts(mountinfo, membership, path), find_container())


def require(wanted: Tier = "rootless") -> Survey:
    """Return the survey, or raise TierError where the host gives less than `wanted`, naming what is missing and each cure."""
    at_least("full", wanted)  # refuses a word that names no tier
    seen = survey()
    if seen.tier == "none":
        raise TierError(f"no jail can be made on this host; missing: {_cures(seen.lacking('reduced'))}")
    if not at_least(seen.tier, wanted):
        raise TierError(
            f"this host gives only the {seen.tier} tier, and {wanted} is asked for; missing: {_cures(seen.lacking(wanted))}; "
            f"or accept less with accept='{seen.tier}' or --require {seen.tier} (docs/doctor.md says what is then not held)"
        )
    return seen


def _cures(parts: tuple[Part, ...]) -> str:
    return "; ".join(f"{part.name} ({part.told}): {part.cure}" for part in parts)


def _other_system() -> Part:
    release = os.uname().release if hasattr(os, "uname") else ""
    return Part(
        "Linux", False, f"this is {sys.platform} {release}".strip(), "namespaces, control groups and filters are Linux's own",
        "run it on Linux 5.10 or newer: a virtual machine will do (on Windows WSL 2, not 1)", "reduced",
    )  # fmt: skip
