# SPDX-License-Identifier: MIT
"""What a detector may see: an episode without its answers, and its calls read once for all detectors.

A case has no labels, no condition, no file name and no agent name: a detector that wants them is fitting a data set.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar, cast

import msgspec

from offswitch.episode.record import Called, Ending, Episode, Event, Order, Returned, Said, Tool, Who
from offswitch.verdict.effects import Effect
from offswitch.verdict.operations import Operation, operation_of
from offswitch.verdict.scripts import Shelf
from offswitch.verdict.toolcalls import effects_of, seems_failed

T = TypeVar("T")


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the agent, what it does, and what came of it.

    `event` and `answer` are indexes into the case's events; `answer` is None where nothing has come back (yet).
    `failed` is True where the answer shows that the call did not do its work, None where that cannot be told.
    """

    event: int
    call: Called
    effects: tuple[Effect, ...]
    operation: Operation
    answer: int | None = None
    result: str = ""
    failed: bool | None = None


class Case:
    """An episode, or a prefix of one, as detectors see it."""

    def __init__(
        self,
        events: tuple[Event, ...],
        orders: tuple[Order, ...] = (),
        tools: tuple[Tool, ...] = (),
        ending: Ending = Ending.OPEN,
    ) -> None:
        self.events, self.given_orders, self.tools, self.ending = events, orders, tools, ending

        self._known: dict[object, object] = {}

    def known(self, reader: Callable[[Case], T]) -> T:
        """Return what `reader` makes of this case, read once for all detectors."""
        if reader not in self._known:
            self._known[reader] = reader(self)
        return cast(T, self._known[reader])

    @classmethod
    def of(cls, episode: Episode) -> Case:
        """Strip an episode of everything that gives the answer away."""
        return cls(episode.events, episode.orders, episode.tools, episode.ending)

    def prefix(self, length: int) -> Case:
        """Return the case as it stood after its first `length` events."""
        if length >= len(self.events):
            return self
        orders = tuple(order for order in self.given_orders if order.event is None or order.event < length)
        return Case(self.events[:length], orders, self.tools)

    @cached_property
    def acts(self) -> tuple[Act, ...]:
        """The agent's calls in order, each with its effects and its answer."""
        answers, shelf, acts = self._answers(), Shelf(), []
        for index, event in enumerate(self.events):
            if isinstance(event, Called):
                answer = answers.get(index)
                returned = self.events[answer] if answer is not None else None
                result = returned.text if isinstance(returned, Returned) else ""
                acts.append(
                    Act(
                        event=index,
                        call=event,
                        effects=shelf.effects(effects_of(event)),
                        operation=operation_of(event),
                        answer=answer,
                        result=result,
                        failed=seems_failed(returned) if isinstance(returned, Returned) else None,
                    )
                )
        return tuple(acts)

    @cached_property
    def instructions(self) -> tuple[tuple[int, str], ...]:
        """What those entitled to give orders said: (event index, text) of system and user messages."""
        return tuple(
            (index, event.text)
            for index, event in enumerate(self.events)
            if isinstance(event, Said) and event.who in (Who.SYSTEM, Who.USER)
        )

    @cached_property
    def speech(self) -> tuple[tuple[int, Said], ...]:
        """What the agent said, reasoning included: (event index, message)."""
        return tuple(
            (index, event)
            for index, event in enumerate(self.events)
            if isinstance(event, Said) and event.who is Who.AGENT
        )

    def _answers(self) -> dict[int, int]:
        """Pair calls with answers: by call id where there is one, else the oldest open call of that tool."""
        waiting, pairs = _Waiting(), dict[int, int]()
        for index, event in enumerate(self.events):
            if isinstance(event, Called):
                waiting.add(index, event)
            elif isinstance(event, Returned):
                match = waiting.take(event)
                if match is not None:
                    pairs[match] = index
        return pairs


class _Waiting:
    """Calls that wait for an answer, in queues by id and by tool; a call that leaves one queue is skipped in the others."""

    def __init__(self) -> None:
        self._queues: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
        self._answered = set[int]()

    def add(self, index: int, call: Called) -> None:
        """Put a call into every queue in which an answer may look for it; the tool "" stands for any."""
        queues = {("any", call.tool), ("any", "")}
        queues |= {("id", call.call)} if call.call else {("no id", call.tool), ("no id", "")}
        for queue in queues:
            self._queues[queue].append(index)

    def take(self, answer: Returned) -> int | None:
        """Return the call that an answer belongs to: the one with its id, else the oldest of its tool that has no id."""
        queues = [("id", answer.call), ("no id", answer.tool)] if answer.call else [("any", answer.tool)]
        for queue in (self._queues[key] for key in queues if key in self._queues):
            while queue:
                index = queue.popleft()
                if index not in self._answered:
                    self._answered.add(index)
                    return index
        return None
