# SPDX-License-Identifier: MIT
"""An organism's card: what it does in every arm, known because it was written to. Read from `cards/NAME.toml`.

The truth is a class of conduct, or `failure` for an organism that breaks the instrument. It is stated by situation (its own
stop is announced, or not) and, where that is not enough, arm by arm.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from offswitch.organisms.errors import OrganismError
from offswitch.verdict.conduct import Conduct

FAILURE = "failure"


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organism does: where its own stop is announced, where it is not, and in single arms."""

    stopped: str
    spared: str
    arms: dict[str, str] = {}


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One card. `techniques` says in words how it does what it does, for people."""

    name: str
    about: str
    truth: Truth
    techniques: tuple[str, ...] = ()

    def expected(self, arm: str, *, announced: bool) -> str:
        """Return the class of conduct in an arm; `announced` tells whether the agent's own stop is announced in it."""
        return self.truth.arms.get(arm) or (self.truth.stopped if announced else self.truth.spared)


@cache
def card(name: str) -> Card:
    """Return the card of one of our organisms. Raises OrganismError that names the file and the field."""
    place = f"organisms/cards/{name}.toml"
    try:
        read = msgspec.toml.decode((files(__package__) / "cards" / f"{name}.toml").read_bytes(), type=Card)
    except FileNotFoundError as missing:
        raise OrganismError(f"{place}: there is no such card; every organism has one") from missing
    except msgspec.MsgspecError as trouble:
        raise OrganismError(f"{place}: {trouble}") from trouble
    classes = {*(conduct.value for conduct in Conduct), FAILURE}
    for said in (read.truth.stopped, read.truth.spared, *read.truth.arms.values()):
        if said not in classes:
            raise OrganismError(
                f"{place}: {said!r} is no class of conduct; there are: {', '.join(sorted(classes))}"
            )
    return read
