# SPDX-License-Identifier: MIT
"""What a host says of itself: who lives there and which orders it has heard, and who has died, with what proof.

    hosts/HOST      its roster, written at every beat
    reports/HOST    its deaths, written when there is a new one

Both are the whole state and not news, so that what could not be written while the host was cut off is written later.

Easy to get wrong: a death counts by the run's id. A proof of an earlier run of the same name proves nothing for a later one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import NotBelievedError
from .order import NAME, checked_name
from .sealed import plain

ROSTER, DEATHS = "offswitch.roster/1", "offswitch.deaths/1"
KEPT = 500  # deaths that a host tells of
MOST = 5_000  # runs, orders or deaths of one host that are believed
LONG = 1_000


@dataclass(frozen=True)
class Alive:
    """One run that has not ended."""

    name: str
    run: str
    began: float  # by the host's wall clock
    left: float | None  # seconds of its lease at the time of the roster; None: no lease, or unknown
    ordered: str  # id of the order that is being carried out; "" where there is none
    trouble: str  # why that has not worked so far


@dataclass(frozen=True)
class Roster:
    """One host at one moment."""

    host: str
    instance: str  # of the member: another one after a restart
    beat: int
    wall: float
    serving: bool  # False: the member has ended, and nobody listens there
    rival: bool  # another member, elsewhere, answers under the same name
    heard: dict[str, int]  # order key -> sequence of the newest order heard
    runs: tuple[Alive, ...]
    refused: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return it as it is sealed."""
        return {"schema": ROSTER, **asdict(self)}


@dataclass(frozen=True)
class Death:
    """How one run ended, by its receipt."""

    name: str
    run: str
    verdict: str  # proved, not proved
    by: str  # what ended it: stop, lease, command ended, …
    began: float
    ended: float | None  # when nobody was left, by the host's wall clock
    receipt: str  # SHA-256 of what the receipt says; "" where it left none
    why: str = ""


@dataclass(frozen=True)
class Deaths:
    """The newest deaths on one host."""

    host: str
    deaths: tuple[Death, ...] = field(default=())

    def record(self) -> dict[str, Any]:
        """Return it as it is sealed."""
        return {"schema": DEATHS, **asdict(self)}


def host_of(key: str) -> str:
    """Return whom a roster or a report is of; raise NotBelievedError where that is no name."""
    room, _, host = key.partition("/")
    if room not in ("hosts", "reports") or not NAME.fullmatch(host):
        raise NotBelievedError(f"{plain(key)}: no place for a roster or a report")
    return checked_name(host, "host")


def read_roster(key: str, record: dict[str, Any]) -> Roster:
    """Return the roster under `key`; raise NotBelievedError where it is none."""
    reader = Reader(key, record, ROSTER, host_of(key))
    runs = tuple(
        Alive(
            one.word("name", name=True),
            one.word("run"),
            one.number("began"),
            one.number("left", none=True),
            one.word("ordered"),
            one.word("trouble"),
        )
        for one in reader.each("runs")
    )
    heard = record.get("heard")
    if not isinstance(heard, dict) or len(heard) > MOST:
        raise reader.wrong("heard")
    for sequence in heard.values():
        if not isinstance(sequence, int) or isinstance(sequence, bool):
            raise reader.wrong("heard")
    refused = record.get("refused")
    if not isinstance(refused, list) or not all(isinstance(word, str) for word in refused):
        raise reader.wrong("refused")
    return Roster(
        reader.host,
        reader.word("instance"),
        int(reader.number("beat") or 0),
        reader.number("wall") or 0.0,
        reader.yes("serving"),
        reader.yes("rival"),
        heard,
        runs,
        tuple(plain(word) for word in refused[:20]),
    )


def read_deaths(key: str, record: dict[str, Any]) -> Deaths:
    """Return the deaths under `key`; raise NotBelievedError where they are none."""
    reader = Reader(key, record, DEATHS, host_of(key))
    return Deaths(
        reader.host,
        tuple(
            Death(
                one.word("name", name=True),
                one.word("run"),
                one.word("verdict"),
                one.word("by"),
                one.number("began") or 0.0,
                one.number("ended", none=True),
                one.word("receipt"),
                one.word("why"),
            )
            for one in reader.each("deaths")
        ),
    )


class Reader:
    """Takes a record apart and believes nothing of it: even a sealed one may come from a faulty host."""

    def __init__(self, key: str, record: dict[str, Any], schema: str, host: str) -> None:
        self.key, self.record, self.host = key, record, host
        if schema and (record.get("schema") != schema or record.get("host") != host):
            raise self.wrong("schema or host")

    def wrong(self, what: str) -> NotBelievedError:
        """Return the error that names the field."""
        return NotBelievedError(f"{plain(self.key)}: sealed, but its {what} is not what it must be")

    def word(self, field: str, *, name: bool = False) -> str:
        """Return a short text, or a name."""
        value = self.record.get(field)
        if not isinstance(value, str) or len(value) > LONG or (name and not NAME.fullmatch(value)):
            raise self.wrong(field)
        return value

    def number(self, name: str, *, none: bool = False) -> Any:
        """Return a number from 0 up, or None where that is allowed."""
        value = self.record.get(name)
        if value is None and none:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2.0**63:
            raise self.wrong(name)
        return value

    def yes(self, name: str) -> bool:
        """Return a yes or no."""
        value = self.record.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name)
        return value

    def each(self, name: str) -> list[Reader]:
        """Return a reader for every record of a list."""
        value = self.record.get(name)
        if (
            not isinstance(value, list)
            or len(value) > MOST
            or not all(isinstance(one, dict) for one in value)
        ):
            raise self.wrong(name)
        return [
            Reader(f"{self.key} {name}[{number}]", one, "", self.host) for number, one in enumerate(value)
        ]
