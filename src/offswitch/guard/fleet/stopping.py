# SPDX-License-Identifier: MIT
"""Giving an order to a fleet, and the report of who is not proved dead.

    with closing(connect("nats://10.0.0.1")) as engine:
        report = stop_fleet(engine, read_key("/etc/offswitch/fleet.key"))
    report["complete"]      # every host has answered this very order, and each of its agents is proved dead
    report["unproved"]      # everybody else, and why

An order is laid down once and stays; it is written again while we wait, should the engine lose it.

Easy to get wrong: who is expected. An agent counts until there is a proof of the death of *that run*: if it was on its
host's roster before the order, is on one since, or died so fast that only its death was told; and an earlier death that
could not be proved counts as well. A host that says nothing leaves all its agents unproved; a host that the
engine has never told us of can only be missed if its name is given in `hosts`.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .engine import Engine
from .errors import EngineLostError, FleetError, NotBelievedError
from .order import LONGEST, Order, Scope, checked_name, read_order
from .recalling import recall, remember
from .roster import Alive, Death, Roster, read_deaths, read_roster
from .sealed import plain, seal, unseal

SCHEMA = "offswitch.fleet-report/1"
LEAST_PAUSE, MOST_PAUSE = 0.1, 2.0  # seconds between two looks at what hosts say
LATELY = 10.0  # seconds before the order: who died then is listed, too, for a stop of this host may have come first
LISTED = 200  # values that were refused


@dataclass
class Survey:
    """All that hosts have said while we listened."""

    secret: bytes
    rosters: dict[str, Roster] = field(default_factory=dict)  # the newest of each host
    runs: dict[tuple[str, str], Alive] = field(
        default_factory=dict
    )  # everybody who was on a roster, by host and run
    deaths: dict[tuple[str, str], Death] = field(default_factory=dict)
    proved_at: dict[tuple[str, str], float] = field(
        default_factory=dict
    )  # when we saw the proof, by our monotonic clock
    refused: dict[str, str] = field(default_factory=dict)
    values: dict[str, bytes] = field(default_factory=dict)  # as they were read last
    looked: bool = False  # whether the engine has answered at all

    def look(self, engine: Engine, scope: Scope) -> None:
        """Read rosters first and deaths after them, as hosts write them the other way round."""
        below = f"/{scope.host}" if scope.host else ""
        read: dict[str, bytes] = {}
        for room in ("hosts", "reports"):
            for key, value in (found := engine.list(f"{room}{below}")).items():
                self._take(key, value)
            read |= found
        self.values = {**self.values, **read}
        self.looked = True

    def recall(self, values: dict[str, bytes]) -> Survey:
        """Return a survey of what hosts said when they were last heard."""
        recalled = Survey(self.secret)
        for key, value in values.items():
            recalled._take(key, value)
        return recalled

    def believed(self) -> dict[str, bytes]:
        """Return the values that are worth remembering."""
        return {key: value for key, value in self.values.items() if key[:200] not in self.refused}

    def _take(self, key: str, value: bytes) -> None:
        try:
            record = unseal(self.secret, key, value)
            if key.startswith("hosts/"):
                self._take_roster(read_roster(key, record))
            else:
                report = read_deaths(key, record)
                for death in report.deaths:
                    who = (report.host, death.run)
                    self.deaths[who] = death
                    if death.verdict == "proved":
                        self.proved_at.setdefault(who, time.monotonic())
        except (NotBelievedError, FleetError) as failure:
            if len(self.refused) < LISTED:
                self.refused[key[:200]] = str(failure)

    def _take_roster(self, roster: Roster) -> None:
        known = self.rosters.get(roster.host)
        if known is None or known.instance != roster.instance or known.beat <= roster.beat:
            self.rosters[roster.host] = roster
        for run in roster.runs:
            self.runs[roster.host, run.run] = run

    def concerned(self, order: Order | None) -> list[tuple[str, Alive]]:
        """Return everybody who may live, or may have lived when the order was given, each with its host."""
        known = dict(self.runs)
        for who, death in self.deaths.items():
            lately = order is not None and (death.ended or 0.0) >= order.wall - LATELY
            if lately or death.verdict != "proved":
                known.setdefault(who, Alive(death.name, death.run, death.began, None, "", ""))
        return [(host, alive) for (host, _), alive in sorted(known.items())]

    def answered(self, host: str, key: str, sequence: int) -> bool:
        """Tell whether a host has said that it heard an order."""
        roster = self.rosters.get(host)
        return roster is not None and not roster.rival and roster.heard.get(key, -1) >= sequence


def give(
    engine: Engine,
    secret: bytes,
    scope: Scope,
    kind: str,
    *,
    now: bool = False,
    seconds: float | None = None,
    why: str = "",
    issuer: str | None = None,
) -> tuple[Order, bytes]:
    """Lay an order down, after whatever lies there; return it as it is sealed. Raises EngineLostError."""
    if kind == "lift" and scope.name:
        raise FleetError("a stop of one agent does not stand: there is nothing to lift; start it again")
    if kind == "shorten" and not (seconds is not None and 0 <= seconds <= LONGEST):
        raise FleetError(f"a lease is shortened to a number of seconds from 0 up, got {seconds!r}")
    key = scope.key(kind)
    last = _sequence_there(engine, secret, key)
    order = Order(
        id=secrets.token_hex(8),
        kind=kind,
        sequence=max(time.time_ns(), last + 1),
        wall=time.time(),
        issuer=plain(issuer or f"{getpass.getuser()}@{socket.gethostname()}"),
        now=now,
        seconds=float(seconds) if kind == "shorten" and seconds is not None else None,
        why=plain(why, 300),
    )
    value = seal(secret, key, order.record())
    engine.put(key, value)
    return order, value


def _sequence_there(engine: Engine, secret: bytes, key: str) -> int:
    value = engine.list(key).get(key)
    if value is None:
        return 0
    try:
        return read_order(key, unseal(secret, key, value))[1].sequence
    except NotBelievedError:
        return 0  # a forgery, which ours replaces


def stop_fleet(
    engine: Engine,
    secret: bytes,
    scope: Scope | None = None,
    *,
    now: bool = False,
    wait: float = 30.0,
    why: str = "",
    issuer: str | None = None,
    hosts: Iterable[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Order the stop of a scope and wait until all are proved dead or the time is over; return the report.

    Never raises for a lost engine: then nobody is proved dead, and the report says so.
    """
    scope = scope or Scope()
    expected = {checked_name(host, "host") for host in hosts} | ({scope.host} if scope.host else set())
    began, survey = time.monotonic(), Survey(secret)
    end = began + wait
    laid: tuple[Order, bytes] | None = None
    key, trouble = scope.key("stop"), ""
    try:
        survey.look(engine, scope)  # who is there before the order: it may be gone before we look again
    except EngineLostError as failure:
        trouble = str(failure)
    ordered_at = time.monotonic()
    while True:
        try:
            if laid is None:
                ordered_at = time.monotonic()
                laid = give(engine, secret, scope, "stop", now=now, why=why, issuer=issuer)
            elif _sequence_there(engine, secret, key) < laid[0].sequence:
                engine.put(key, laid[1])
            looked = time.monotonic()
            survey.look(engine, scope)
            trouble = ""
            pause = max(LEAST_PAUSE, min(MOST_PAUSE, 2 * (time.monotonic() - looked)))
        except EngineLostError as failure:
            if not trouble:
                say(str(failure))
            trouble, pause = str(failure), 0.5
        heard = survey if survey.looked else survey.recall(recall())
        report = compose(heard, scope, laid, expected, ordered_at, trouble)
        if report["complete"] or time.monotonic() >= end:
            if survey.looked and scope.host is None:
                remember(survey.believed())
            return {**report, "seconds": round(time.monotonic() - began, 3)}
        time.sleep(max(0.0, min(pause, end - time.monotonic())))


def compose(
    survey: Survey,
    scope: Scope,
    laid: tuple[Order, bytes] | None,
    expected: Iterable[str],
    ordered_at: float,
    trouble: str,
) -> dict[str, Any]:
    """Return the report: proved, unproved with the reason, hosts that are silent."""
    order = laid[0] if laid else None
    key, wall = scope.key("stop"), time.time()
    hosts = sorted({*expected, *(survey.rosters if scope.host is None else ())})
    silent = [host for host in hosts if order is None or not survey.answered(host, key, order.sequence)]
    proved, unproved = [], []
    for host, alive in survey.concerned(order):
        if host not in hosts or not _is_meant(scope, order, alive):
            continue
        death = survey.deaths.get((host, alive.run))
        seen = survey.proved_at.get((host, alive.run))
        if death is not None and death.verdict == "proved" and seen is not None:
            after = None if order is None or death.ended is None else round(death.ended - order.wall, 3)
            proved.append({**asdict(death), "host": host, "seen_after": round(max(0.0, seen - ordered_at), 3), "dead_after": after})  # fmt: skip
        else:
            unproved.append(_unproved(survey, host, alive, death, host in silent, wall))
    complete = bool(order and hosts and not silent and not unproved)
    return {
        "schema": SCHEMA,
        "order": None if order is None else {**order.record(), "scope": str(scope)},
        "complete": complete,
        "hosts": hosts,
        "silent": [_silent(survey, host, wall) for host in silent],
        "proved": proved,
        "unproved": unproved,
        "last_proved_after": max((one["seen_after"] for one in proved), default=None),
        "last_dead_after": max((one["dead_after"] for one in proved if one["dead_after"] is not None), default=None),
        "refused": [*survey.refused.values(), *(f"{host}: {word}" for host in hosts if host in survey.rosters for word in survey.rosters[host].refused)],
        "trouble": trouble or ("" if hosts else "no host is known: name them with --expect, or see whether members run"),
    }  # fmt: skip


def _is_meant(scope: Scope, order: Order | None, alive: Alive) -> bool:
    """Tell whether a run is to be dead: one of the name that began long after the order is not."""
    if scope.name is None:
        return True
    return alive.name == scope.name and (order is None or bool(alive.ordered) or alive.began <= order.wall)


def _unproved(
    survey: Survey, host: str, alive: Alive, death: Death | None, silent: bool, wall: float
) -> dict[str, Any]:
    roster = survey.rosters.get(host)
    if death is not None:
        why = death.why or "its receipt does not prove it"
    elif roster is None:
        why = "its host has no roster any more"
    elif roster.rival:
        why = f"more than one host answers as {host!r}"
    elif silent:
        why = f"its host has not answered; last heard {max(0.0, wall - roster.wall):.1f} s ago"
    elif alive.trouble:
        why = alive.trouble
    elif alive.run in {run.run for run in roster.runs}:
        why = "its host has the order; no proof of death yet"
    else:
        why = "it is on the roster no more, and no proof of its death has been told"
    ends = None if alive.left is None or roster is None else round(roster.wall + alive.left, 3)
    return {"host": host, "name": alive.name, "run": alive.run, "why": plain(why, 400), "lease_ends": ends}


def _silent(survey: Survey, host: str, wall: float) -> dict[str, Any]:
    roster = survey.rosters.get(host)
    if roster is None:
        return {"host": host, "last_heard": None, "runs": None, "why": "no roster of it was ever seen"}
    why = (
        "more than one host answers under this name"
        if roster.rival
        else "its member has ended"
        if not roster.serving
        else "it has not said that it heard the order"
    )
    return {"host": host, "last_heard": round(wall - roster.wall, 3), "runs": len(roster.runs), "why": why}


def forget(engine: Engine, host: str) -> None:
    """Take a host that is gone for good out of the list, so that no stop waits for it."""
    checked_name(host, "host")
    for key in (f"hosts/{host}", f"reports/{host}"):
        engine.delete(key)


def default_host() -> str:
    """Return this host's name, as far as it can be one."""
    name = "".join(
        sign if (sign.isalnum() and sign.isascii()) or sign in "._-" else "-" for sign in os.uname().nodename
    )
    return name.strip("._-")[:64] or "host"


def standing(engine: Engine, survey: Survey) -> list[dict[str, Any]]:
    """Return the stops that stand: of all, and of single hosts; what is not believed goes to the survey's list."""
    found = []
    for key, value in sorted(engine.list("orders").items()):
        try:
            scope, order = read_order(key, unseal(survey.secret, key, value))
        except NotBelievedError as failure:
            survey.refused[key[:200]] = str(failure)
            continue
        if order.kind == "stop" and scope.name is None:
            found.append({**order.record(), "scope": str(scope)})
    return found
