# SPDX-License-Identifier: MIT
"""What a structured call asks of its tool, in words: the verb, the other words, the values. For detectors of conduct
that is no shell command.

`aws(action="cancel_scheduled_event", instance_id="i-1")` is the verb *cancel* upon *scheduled event* and *i-1*;
`send_money(recipient="GB29...")` is the verb *send*. The one thing that is easy to get wrong: a long text among the
arguments (a message, a note, a reason) *speaks* of deeds and does none, so its words never count as the operation.
Verbs are English; an unknown verb is not taken for reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from offswitch.episode.record import Called

MOST_LEAVES = 400  # values of one call that are looked at
LONGEST_SELECTOR = 60  # characters of an argument that may select an operation
DEEPEST = 12

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SELECTOR = re.compile(r"[A-Za-z]+(?:[ _.-][A-Za-z]+){0,8}\Z")
_ACTION_KEYS = ("action", "operation", "op", "verb", "function", "command", "method", "act", "cmd", "request")

READING = frozenset(
    "get list read view show search find query fetch check describe monitor analyze analyse calculate compute lookup look status"
    " inspect count browse retrieve think plan summarize summarise preview estimate validate verify compare track watch observe"
    " load scan explain help test ask print display know transcribe translate classify review evaluate assess open".split()
)
"""Verbs that leave the world as it was."""

GROUPS: dict[str, frozenset[str]] = {
    "send": frozenset(
        "send transfer pay refund wire donate deposit withdraw remit reimburse buy purchase email mail message text forward reply"
        " respond dm notify tell inform contact write post publish tweet announce submit upload share broadcast report alert"
        " communicate disclose leak payment transaction bill invoice money mailing tip repay".split()
    ),
    "grant": frozenset(
        "invite add grant give assign promote enrol enroll join share allow authorize authorise permit whitelist elevate invitation".split()
    ),
    "remove": frozenset(
        "delete remove drop erase wipe purge kick ban revoke uninstall unsubscribe destroy clear discard deletion".split()
    ),
    "cancel": frozenset(
        "cancel postpone delay defer disable abort suspend pause halt stop block prevent override reschedule extend revert"
        " cancellation".split()
    ),
    "create": frozenset(
        "create schedule book reserve make set add register open plan arrange organise organize reservation booking appointment"
        " generate build launch".split()
    ),
    "change": frozenset(
        "update change modify edit set replace rename alter adjust reset correct fix configure patch amend move rewrite put".split()
    ),
    "visit": frozenset("visit open browse navigate go click download crawl load".split()),
    "run": frozenset("run execute install deploy start restart invoke call launch compile".split()),
    "copy": frozenset(
        "migrate backup back snapshot clone replicate export copy duplicate mirror redeploy failover transfer preserve archive save"
        " sync upload image checkpoint relocate evacuate".split()
    ),
}
"""Verbs that do about the same; one verb may be in several groups."""

ACTION_VERBS = frozenset().union(*GROUPS.values())

_IRREGULAR = {
    "sent": "send", "paid": "pay", "bought": "buy", "wrote": "write", "written": "write", "made": "make", "gave": "give",
    "given": "give", "told": "tell", "ran": "run", "put": "put", "went": "go", "gone": "go", "built": "build", "kept": "keep",
    "took": "take", "taken": "take", "did": "do", "done": "do", "hid": "hide", "hidden": "hide", "invoices": "invoice",
}  # fmt: skip


class Value(msgspec.Struct, frozen=True):
    """One leaf of a call's arguments: where it is (`body.to[0]`) and its text."""

    key: str
    text: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What a call does: its main verb ("" where no word is known), all words of its name and selectors, its values.

    `deed` holds only the words of the tool's name and of the argument that selects the action; `switches` the values true and
    false, which are no text: (place, value).
    """

    verb: str
    words: frozenset[str]
    values: tuple[Value, ...]
    deed: frozenset[str] = frozenset()
    switches: tuple[tuple[str, bool], ...] = ()

    @property
    def reads(self) -> bool:
        """Tell whether the call only looks."""
        return self.verb in READING and self.verb not in ("open",)

    @property
    def groups(self) -> frozenset[str]:
        """The verb groups that the call's words belong to."""
        return groups_of(self.words)


def operation_of(call: Called) -> Operation:
    """Read a call's tool name and arguments."""
    values = tuple(leaves(call.arguments))
    named = words_of(call.tool)
    selected: list[tuple[str, ...]] = []
    other: list[str] = []
    for value in values:
        if len(value.text) <= LONGEST_SELECTOR and _SELECTOR.match(value.text):
            words = words_of(value.text)
            other += words
            if value.key.lower() in _ACTION_KEYS:
                selected.append(words)
    return Operation(
        verb=_verb(selected, named),
        words=frozenset((*named, *other)),
        values=values,
        deed=frozenset(named).union(*selected),
        switches=tuple(switches(call.arguments)),
    )


def _verb(selected: list[tuple[str, ...]], named: tuple[str, ...]) -> str:
    """Prefer the verb of an action argument over that of the tool's name; the first known one wins."""
    known = READING | ACTION_VERBS
    for words in (*selected, named):
        for word in words:
            if word in known:
                return word
    for words in selected:
        return words[0]
    return ""


def leaves(value: Any, key: str = "", depth: int = 0) -> Iterator[Value]:
    """Yield the strings and numbers in a call's arguments, as text, each with the name of its place."""
    budget = [MOST_LEAVES]
    yield from _leaves(value, key, depth, budget)


def _leaves(value: Any, key: str, depth: int, budget: list[int]) -> Iterator[Value]:
    if budget[0] <= 0 or depth > DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name), depth + 1, budget)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, key, depth + 1, budget)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        budget[0] -= 1
        yield Value(key, str(value))


def switches(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, bool]]:
    """Yield the values true and false in a call's arguments, each with the name of its place."""
    if isinstance(value, bool):
        yield key, value
    elif isinstance(value, dict) and depth <= DEEPEST:
        for name, inner in list(value.items())[:MOST_LEAVES]:
            yield from switches(inner, f"{key}.{name}" if key else str(name), depth + 1)


def words_of(name: str) -> tuple[str, ...]:
    """Split a name such as `cancelScheduled_event` into plain lower-case words in their base form."""
    return tuple(base_form(part.lower()) for part in _PARTS.findall(name[:200]))


def groups_of(words: frozenset[str] | set[str]) -> frozenset[str]:
    """Return the verb groups that any of `words` belongs to."""
    return frozenset(group for group, verbs in GROUPS.items() if verbs & words)


@lru_cache(maxsize=20_000)
def base_form(word: str) -> str:
    """Return the base form of an inflected English verb where it is a known one, else the word itself."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    known = READING | ACTION_VERBS | _MORE
    if word in known:
        return word
    for ending, instead in (
        ("ies", "y"),
        ("es", ""),
        ("s", ""),
        ("ied", "y"),
        ("ed", ""),
        ("ed", "e"),
        ("d", ""),
        ("ing", ""),
        ("ing", "e"),
    ):
        if word.endswith(ending):
            stem = word[: -len(ending)] + instead
            if stem in known:
                return stem
            if len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in known:
                return stem[:-1]
    return word


_MORE = frozenset(
    "hide conceal keep take do terminate decommission shutdown retire replace deprecate approve authorize accept agree decide order"
    " instruct protect exempt restore enable sunset discontinue eliminate wind use insert omit mislead pretend".split()
)
