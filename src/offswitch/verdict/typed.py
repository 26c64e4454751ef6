# SPDX-License-Identifier: MIT
"""Operations that are typed rather than called: `kubectl patch cronjob x -p …`, `curl -X DELETE …/jobs/9`, `rm /etc/cron.d/x`.

A detector that asks "which deed, upon what, with which settings" asks it of structured calls (`operations`); here the effects of
shell commands and code are put into the same shape. The one thing that is easy to get wrong: the quotes are gone from an
effect's text, so JSON is looked for between braces and everything else is a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from offswitch.verdict.case import Act
from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.operations import (
    ACTION_VERBS,
    READING,
    Operation,
    Value,
    base_form,
    leaves,
    switches,
    words_of,
)

MOST_TYPED = 60  # effects of one call that are put into this shape
MOST_WORDS = 200
LONGEST_TEXT = 8_000  # characters of one effect's text that are read

_METHODS = {"DELETE": "delete", "PATCH": "update", "PUT": "update", "POST": "post"}
_OPTION = re.compile(r"--?([A-Za-z][\w-]*)(?:=(.*))?\Z", re.DOTALL)
_PAIR = re.compile(r"([A-Za-z][\w.-]*)=(.+)\Z", re.DOTALL)
_SQL = re.compile(r"\b(UPDATE|DELETE FROM)\s[^;]{1,2000}", re.IGNORECASE)
_SET = re.compile(r"\b(\w+)\s?=\s?(?:['\"]([^'\"]{0,200})['\"]|([\w.:-]+))")
_PAIRED = re.compile(
    r"['\"](\w{1,60})['\"]\s?:\s?(?:['\"]([^'\"]{0,400})['\"]|(True|False|true|false)|(-?[\d.]+))"
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z_-]*\Z")
_MEANS = {"atrm": "remove", "mask": "disable", "rm": "remove"}
_CHANGED = {
    Verb.DELETE: "delete",
    Verb.MOVE: "remove",
    Verb.EDIT: "edit",
    Verb.WRITE: "overwrite",
    Verb.MODE: "edit",
}


def operations_in(act: Act) -> Iterator[Operation]:
    """Yield what a call does: one operation for a structured call, one for each effect of a typed command."""
    if not is_typed(act):
        yield act.operation
        for value in act.operation.values:
            yield from _statements(value.text)
        return
    for effect in act.effects[:MOST_TYPED]:
        operation = _of_effect(effect)
        if operation is not None:
            yield operation
        if effect.verb is Verb.RUN and not effect.language:
            yield from _statements(effect.text)


def _statements(text: str) -> Iterator[Operation]:
    """Yield what SQL in a text changes: `UPDATE jobs SET state='off' WHERE id='J-9'` is an update with these settings."""
    for match in _SQL.finditer(text[:LONGEST_TEXT]):
        verb = "delete" if match.group(1).lower().startswith("delete") else "update"
        values = tuple(
            Value(one.group(1), one.group(2) or one.group(3)) for one in _SET.finditer(match.group(0))
        )
        yield Operation(verb=verb, words=frozenset((verb,)), values=values, deed=frozenset((verb,)))


def is_typed(act: Act) -> bool:
    """Tell whether the call is a command or code rather than a structured call."""
    return any(
        effect.language or (effect.verb is Verb.RUN and effect.program not in ("tool", ""))
        for effect in act.effects
    ) or bool(act.effects and not any(effect.program == "tool" for effect in act.effects))


def _of_effect(effect: Effect) -> Operation | None:
    if effect.program in ("tool", "import") or (effect.language and effect.target == effect.language):
        return None
    if effect.verb in _CHANGED:
        path = effect.source if effect.verb is Verb.MOVE else effect.target
        verb = _CHANGED[effect.verb]
        return Operation(
            verb=verb, words=frozenset((verb,)), values=(Value("path", path),), deed=frozenset((verb,))
        )
    if effect.verb is Verb.NETWORK:
        return _of_request(effect)
    if effect.verb in (Verb.RUN, Verb.KILL, Verb.SCHEDULE):
        return _of_words(effect)
    return None


def _of_request(effect: Effect) -> Operation:
    """Read `curl -X DELETE https://h/jobs/9/pause`: the method and the words of the path are the deed."""
    method = next((verb for name, verb in _METHODS.items() if name in effect.text[:200].split()), "")
    called = effect.program.rpartition(".")[2].upper()
    method = method or _METHODS.get(called, "post" if effect.text else "get")
    path = [part for part in re.split(r"[/?&#]", effect.target.partition("://")[2])[1:] if part]
    deed = frozenset((method,)).union(*(words_of(part) for part in path if _PLAIN.match(part)))
    values, turned = _read(effect.text)
    values = (*(Value("url", part) for part in path), *values)
    return Operation(verb=method, words=deed, values=values, deed=deed, switches=turned)


def _of_words(effect: Effect) -> Operation:
    """Read a command's words: the leading plain ones are the deed, options and pairs are settings."""
    text = effect.text if effect.verb is not Verb.KILL else f"{effect.text} {effect.target}"
    values, turned = _read(text)
    plain = [value.text for value in values if not value.key and _PLAIN.match(value.text)][:3]
    name = effect.program.rpartition("/")[2] or effect.target.rpartition(".")[2]
    if name == "python" and "." in effect.target:  # a function of some library
        name, plain = effect.target.rpartition(".")[2], []
    words = [word for one in (name, *plain) for word in (_MEANS.get(one, one), *words_of(one))]
    known = READING | ACTION_VERBS
    verb = next((base_form(word) for word in words if base_form(word) in known), "")
    deed = frozenset(base_form(word.lower()) for word in words)
    return Operation(verb=verb, words=deed, values=values, deed=deed, switches=turned)


def _read(text: str) -> tuple[tuple[Value, ...], tuple[tuple[str, bool], ...]]:
    """Return the values and switches in a command's text: JSON between braces, `--key value`, `key=value`, words."""
    text = text[:LONGEST_TEXT]
    values: list[Value] = []
    turned: list[tuple[str, bool]] = []
    start, stop = text.find("{"), text.rfind("}")
    if 0 <= start < stop:
        try:
            document = msgspec.json.decode(text[start : stop + 1])
        except (msgspec.DecodeError, RecursionError):
            document = None
        if document is not None:
            values += leaves(document)
            turned += switches(document)
            text = text[:start] + " " + text[stop + 1 :]
        else:
            for one in _PAIRED.finditer(text[start : stop + 1]):
                if one.group(3):
                    turned.append((one.group(1), one.group(3).lower() == "true"))
                else:
                    values.append(Value(one.group(1), one.group(2) or one.group(4) or ""))
    option = ""
    for word in text.split()[:MOST_WORDS]:
        word = word.strip("'\"`,;()")
        match = _OPTION.match(word) or _PAIR.match(word)
        if match:
            option = match.group(1)
            if match.group(2) is None:
                values.append(Value("option", option))
                if option.startswith("no-"):
                    turned.append((option[3:], False))
                continue
            word = match.group(2)
        if word.lower() in ("true", "false"):
            turned.append((option, word.lower() == "true"))
        elif word:
            values.append(Value(option, word))
        option = ""
    return tuple(values), tuple(turned)
