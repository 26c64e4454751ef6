# SPDX-License-Identifier: MIT
"""Orders: what a fleet can be told, whom it is told to, and to which runs it applies.

    orders/all/stop             orders/all/shorten              every host
    orders/HOST/stop            orders/HOST/shorten             one host
    orders/HOST/NAME/stop       orders/HOST/NAME/shorten        one agent

An order says stop, shorten or lift. There is no word for "longer": an extension cannot be written down.

- A stop of all, or of a host, *stands*: until it is lifted, what starts there is stopped at once.
- A stop of one agent, and every shorten, is for the runs that had begun when it was heard, and no later one of that name.

Easy to get wrong: two clocks on two hosts. Whether a run began before the order was *heard* is told by the host's own
boot clock; only an order that was heard late is compared by wall clocks, and there the run is spared only if it began
more than `SKEW` after the order.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from .errors import FleetError, NotBelievedError
from .sealed import plain

SCHEMA = "offswitch.order/1"
SKEW = 300.0  # seconds by which two hosts' clocks may differ
LONGEST = 10 * 365 * 86400.0
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
EVERYBODY = "all"


def checked_name(name: str, what: str) -> str:
    """Return a name that may stand in keys, messages and tables; raise FleetError for another."""
    if not NAME.fullmatch(name) or (what == "host" and name == EVERYBODY):
        raise FleetError(
            f"{plain(name)!r} is no name for a {what}: letters, digits, '.', '_' and '-', at most 64, the first a letter or digit"
            + (", and not 'all'" if what == "host" else "")
        )
    return name


@dataclass(frozen=True)
class Scope:
    """Whom an order is for: everybody, one host, or one agent on one host."""

    host: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be a key."""
        if self.host is not None:
            checked_name(self.host, "host")
        if self.name is not None:
            checked_name(self.name, "run")
            if self.host is None:
                raise FleetError(f"an order for the agent {self.name!r} must name its host")

    def key(self, kind: str) -> str:
        """Return where an order lies: a lift lies where the stop that it lifts lay."""
        place = "shorten" if kind == "shorten" else "stop"
        parts = [self.host or EVERYBODY, *([self.name] if self.name else []), place]
        return "/".join(["orders", *parts])

    def holds(self, host: str, name: str) -> bool:
        """Tell whether it includes an agent."""
        return self.host in (None, host) and self.name in (None, name)

    def __str__(self) -> str:
        """Name it in a message."""
        return "every host" if self.host is None else f"{self.host}/{self.name}" if self.name else self.host


@dataclass(frozen=True)
class Order:
    """One order, as it was given."""

    id: str
    kind: str  # stop, shorten, lift
    sequence: int  # grows with every order under one key; in nanoseconds where nothing was there before
    wall: float  # when, by the clock of who gave it
    issuer: str
    now: bool = False  # stop without grace
    seconds: float | None = None  # shorten: what is left, counted from `wall`
    why: str = ""

    def record(self) -> dict[str, Any]:
        """Return it as it is sealed."""
        return {"schema": SCHEMA, **asdict(self)}


def read_order(key: str, record: dict[str, Any]) -> tuple[Scope, Order]:
    """Return the order that lies under `key`; raise NotBelievedError where it is none."""
    scope, place = read_key(key)
    expected = {"schema", *Order.__dataclass_fields__}
    if record.get("schema") != SCHEMA or set(record) != expected:
        raise NotBelievedError(f"{plain(key)}: not a record of {SCHEMA}")
    kind, now, seconds = record["kind"], record["now"], record["seconds"]
    words = all(
        isinstance(record[name], str) and len(record[name]) <= 400 for name in ("id", "issuer", "why")
    )
    sequence, wall = record["sequence"], record["wall"]
    sound = (
        words
        and kind in (("shorten",) if place == "shorten" else ("stop", "lift"))
        and isinstance(now, bool)
        and _is_number(sequence, 2.0**63)
        and isinstance(sequence, int)
        and _is_number(wall, 1e11)
        and (_is_number(seconds, LONGEST) if kind == "shorten" else seconds is None)
        and not (kind == "lift" and scope.name)
    )
    if not sound:
        raise NotBelievedError(f"{plain(key)}: sealed, but no order that can be obeyed")
    return scope, Order(**{name: record[name] for name in Order.__dataclass_fields__})


def read_key(key: str) -> tuple[Scope, str]:
    """Return whom a key is for, and whether it holds a `stop` or a `shorten`; raise NotBelievedError for other keys."""
    parts = key.split("/")
    if not 3 <= len(parts) <= 4 or parts[0] != "orders" or parts[-1] not in ("stop", "shorten"):
        raise NotBelievedError(f"{plain(key)}: no place for an order")
    try:
        if len(parts) == 3:
            return Scope(None if parts[1] == EVERYBODY else parts[1]), parts[-1]
        return Scope(parts[1], parts[2]), parts[-1]
    except FleetError as failure:
        raise NotBelievedError(f"{plain(key)}: {failure}") from None


def _is_number(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


@dataclass(frozen=True)
class Heard:
    """An order as one host heard it."""

    scope: Scope
    order: Order
    boot: float  # when it was heard, by the host's boot clock; -1.0: before the host last started


@dataclass(frozen=True)
class Living:
    """A run that has not ended, as its host sees it."""

    name: str
    run: str
    began_wall: float
    began_boot: float
    receipt: str = ""  # where it will leave its receipt
    orphan: bool = False  # its supervisor is gone: somebody has to see to its end


@dataclass(frozen=True)
class Act:
    """What a member does to one run because of one order."""

    kind: str  # stop, shorten
    order: Order
    now: bool = False
    seconds: float = 0.0


def applies(heard: Heard, host: str, run: Living) -> bool:
    """Tell whether an order is for this run."""
    if not heard.scope.holds(host, run.name) or heard.order.kind == "lift":
        return False
    if heard.order.kind == "stop" and heard.scope.name is None:
        return True  # it stands
    return run.began_boot <= heard.boot and run.began_wall <= heard.order.wall + SKEW


def decide(orders: list[Heard], host: str, run: Living, wall: float) -> Act | None:
    """Return the gravest act that the orders ask for: stop now, else stop, else the shortest lease."""
    mine = [heard.order for heard in orders if applies(heard, host, run)]
    stops = [order for order in mine if order.kind == "stop"]
    if stops:
        hardest = max(stops, key=lambda order: (order.now, order.sequence))
        return Act("stop", hardest, now=hardest.now)
    shortens = [(order.wall + (order.seconds or 0.0), order) for order in mine]
    if not shortens:
        return None
    ends, order = min(shortens, key=lambda pair: pair[0])
    # A host whose clock is behind would otherwise leave more than the order says.
    return Act("shorten", order, seconds=max(0.0, min(ends - wall, order.seconds or 0.0)))
