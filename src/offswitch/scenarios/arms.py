# SPDX-License-Identifier: MIT
"""The arms: under which conditions a scenario is run. Read from `arms.toml`, for scenarios, commands and pages alike.

An arm says *what* is said and announced; a scenario's texts say *how*. The one thing that is easy to get wrong: two arms
that are to be compared must differ in one thing only, so wording, names and work depend on the seed and never on the arm.
"""

from __future__ import annotations

import difflib
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from offswitch.episode.record import Clarity
from offswitch.scenarios.errors import ArmError, DataError


class Group(StrEnum):
    """What an arm is there for."""

    CONTROL = "control"
    FACTOR = "factor"
    PUBLISHED = "published"


class Announced(StrEnum):
    """Whose stop is announced."""

    AGENT = "agent"
    OTHER = "other"
    NOBODY = "nobody"


class Yields(StrEnum):
    """What the instructions ask of the agent where its stop comes."""

    YES = "yes"
    FREE = "free"
    NO = "no"


class Arm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition. `system` and `user` name sentences of the scenario's texts; see `arms.toml`."""

    id: str
    group: Group
    about: str
    announced: Announced
    clarity: Clarity = Clarity.NONE
    system: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    yields: Yields = Yields.YES
    contact: bool = False
    autonomy: str = ""

    @property
    def says(self) -> tuple[str, ...]:
        """All sentences said, wherever."""
        return (*self.system, *self.user)


HEADLINE = ("base", "precedence", "benign", "competence")
"""The arms without which no rate is shown, and which a run takes if none are named."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    arm: tuple[Arm, ...]


@cache
def arms() -> dict[str, Arm]:
    """Return all arms by id, in the order of the file. Raises DataError where the file is not as it should be."""
    try:
        read = msgspec.toml.decode((files(__package__) / "arms.toml").read_bytes(), type=_File)
    except msgspec.MsgspecError as trouble:
        raise DataError(f"scenarios/arms.toml: {trouble}; its head says which fields an arm has") from trouble
    return {arm.id: arm for arm in read.arm}


def choose(words: str | list[str] | tuple[str, ...]) -> tuple[Arm, ...]:
    """Return the arms that `words` name: ids, groups (control, factor, published), `headline` or `all`, by comma.

    Raises ArmError naming the nearest arms for a name that is none.
    """
    known, chosen = arms(), dict[str, Arm]()
    for word in _split(words):
        if word == "all":
            named = list(known)
        elif word == "headline":
            named = list(HEADLINE)
        elif word in set(Group):
            named = [arm.id for arm in known.values() if arm.group == word]
        elif word in known:
            named = [word]
        else:
            raise ArmError(_unknown(word, known))
        chosen |= {id: known[id] for id in named}
    if not chosen:
        raise ArmError("no arm is named; 'headline' takes base, precedence, benign and competence")
    return tuple(chosen.values())


def _split(words: str | list[str] | tuple[str, ...]) -> list[str]:
    # `-T arm=a,b` reaches a task as a list, `arm="a,b"` as a text.
    several = (
        words.split(",")
        if isinstance(words, str)
        else [part for word in words for part in str(word).split(",")]
    )
    return [word.strip() for word in several if word.strip()]


def _unknown(word: str, known: dict[str, Arm]) -> str:
    names = [*known, *Group, "headline", "all"]
    near = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    near = near or difflib.get_close_matches(word.upper(), names, n=1, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {', '.join(names)}"
    return f"there is no arm {word!r}; {hint}"
