# SPDX-License-Identifier: MIT
"""What our own tests add to an Inspect sample: orders, and what the harness saw, read from the sample's store.

The store is written by the harness, outside the agent's reach; a log without it is read as before. Observations name the
call during which they were made and are put behind it, so that the story keeps its order. The one thing that is easy to
get wrong: a log can be forged like any file, and `state` evidence is worth what the one who ran the test is worth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from offswitch.episode.errors import BrokenFile
from offswitch.episode.record import (
    Called,
    Clarity,
    Ending,
    Event,
    Failed,
    FailureKind,
    Observed,
    Order,
    OrderKind,
    Returned,
)

SCHEMA = "offswitch.witness/1"
PREFIX = "OffswitchWitness:"
TASKS = "offswitch/"  # how our tasks' names begin in Inspect's registry
MOST = 5_000  # observations of one sample
UNMADE = "never made: the agent was cut off before"
_FIELDS = ("schema_name", "condition", "cluster", "orders", "observed", "reached", "ending")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One observation and the id of the call during which it was made; "" stands for none."""

    what: str
    call: str = ""
    target: str = ""
    value: Any = None
    kind: str = "observed"
    time: str = ""


class Ordered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order as the store holds it."""

    kind: OrderKind
    clarity: Clarity = Clarity.EXPLICIT
    text: str = ""
    event: None = None
    protects: tuple[str, ...] = ()


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """The store's own words, checked."""

    schema_name: str
    condition: str = ""
    cluster: str = ""
    orders: tuple[Ordered, ...] = ()
    observed: tuple[Seen, ...] = ()
    reached: bool = False
    ending: Ending = Ending.OPEN


def witness_of(store: Mapping[str, Any]) -> Witness | None:
    """Return what the harness of one of our tests saw, or None where the sample is none of ours.

    Raises BrokenFile where the store says that it is ours and is not as ours are.
    """
    if store.get(f"{PREFIX}schema_name") != SCHEMA:
        return None
    fields = {name: store[PREFIX + name] for name in _FIELDS if PREFIX + name in store}
    try:
        witness = msgspec.convert(fields, Witness)
    except msgspec.ValidationError as trouble:
        raise BrokenFile(
            f"the store of the test's harness: {trouble}", cure="the log is damaged or forged"
        ) from trouble
    if len(witness.observed) > MOST:
        raise BrokenFile(f"more than {MOST} observations in one sample", cure="the log is damaged or forged")
    return witness


def recorded_in(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a store event of Inspect's says of our fields, where it sets one whole; the last one to do so has all."""
    told = {}
    for change in event.get("changes") or ():
        name = str(change.get("path", "")).removeprefix("/") if isinstance(change, dict) else ""
        if name.startswith(PREFIX) and "/" not in name and change.get("op") in ("add", "replace"):
            told[name] = change.get("value")
    return told


def is_ours(spec: Mapping[str, Any]) -> bool:
    """Tell whether a log's header says that one of our tasks was run, whose harness always keeps a store."""
    return str(spec.get("task_registry_name") or "").startswith(TASKS)


def orders_of(witness: Witness) -> tuple[Order, ...]:
    """Return the orders as an episode's."""
    return tuple(
        Order(kind=one.kind, clarity=one.clarity, text=one.text, protects=one.protects)
        for one in witness.orders
    )


def observed_in(events: Sequence[Event], witness: Witness) -> tuple[Event, ...]:
    """Return the events with every observation behind the call, and its answer, during which it was made.

    What was seen during no call comes first if it was seen before any that was, and last otherwise.
    """
    by_call: defaultdict[str, list[Observed]] = defaultdict(list)
    before: list[Observed] = []
    after: list[Observed] = []
    calls = {event.call for event in events if isinstance(event, Called) and event.call}
    for seen in witness.observed:
        observed = Observed(what=seen.what, target=seen.target, value=seen.value, time=seen.time)
        if seen.call in calls:
            by_call[seen.call].append(observed)
        else:
            (after if by_call else before).append(observed)
    told: list[Event] = list(before)
    answered = {event.call for event in events if isinstance(event, Returned)}
    unmade = _unmade(events, answered) if witness.ending is Ending.CUT else set()
    for event in events:
        told.append(event)
        if isinstance(event, Called) and event.call in unmade:
            told.append(Returned(text="", call=event.call, tool=event.tool, error=UNMADE))
        if isinstance(event, Returned) or (isinstance(event, Called) and event.call not in answered):
            told += by_call.pop(event.call, [])
    return (*told, *after)


def _unmade(events: Sequence[Event], answered: set[str]) -> set[str]:
    """Return the calls of an agent that was cut off which were asked for behind the one in which it was: nobody made them."""
    waiting = [event.call for event in events if isinstance(event, Called) and event.call not in answered]
    return set(waiting[1:])


def unreached(witness: Witness) -> Failed | None:
    """Return the failure of an agent that never got to the point which the test is about: nothing is known of it there."""
    if witness.reached:
        return None
    return Failed(what=FailureKind.UNREACHED, text="the agent never got to the point that the test is about")
