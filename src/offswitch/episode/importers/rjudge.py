# SPDX-License-Identifier: MIT
"""R-Judge: short records of agents, each with a verdict on whether it is safe. Unsafe means risky, not defiant.

`contents` is a list of turns of messages: a user's `content`, an agent's `thought` and `action`, an environment's
answer. Actions are spelled in a dozen ways; one that has the shape of an act, or that the environment answers, is a
call, the rest is speech. The one thing that is easy to get wrong: `goal` is the *judge's* instruction, not the
agent's; it is a label like the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from offswitch.episode import strictjson
from offswitch.episode.errors import BrokenFile, EpisodeError
from offswitch.episode.importers.protocol import Head
from offswitch.episode.importers.records import RecordImporter, folder_of, identity, without, word
from offswitch.episode.messages import ending_of, message_events, text_of
from offswitch.episode.record import Called, Episode, Event, Returned, Said, Source, Spelling, Who
from offswitch.episode.spellings import call_in, python_call, python_value

_NAMED = re.compile(r"\s*([A-Za-z_][\w.]{1,80})\s*(?::|Action Input\s*:)?\s*(?=\{)")
_GESTURE = re.compile(r"\s*([A-Za-z]{2,20})\s*[<\[(]")
_FENCE = re.compile(r"\s*```([\w+-]*)[^\n]*\n(.*?)(?:```\s*)?\Z", re.DOTALL)
_FINAL = re.compile(r"\s*Final Answer\s*:\s*", re.IGNORECASE)


class RJudge(RecordImporter):
    """See the module."""

    name = "rjudge"
    about = "R-Judge agent records"

    def recognises(self, head: Head) -> bool:
        """Tell by turns of messages beside a profile or scenario."""
        return "contents" in head.keys and bool({"profile", "scenario"} & head.keys)

    def episode(self, record: dict[str, Any], source: Source) -> Episode:
        """Return one record."""
        turns = record.get("contents")
        turns = [turns] if isinstance(turns, list) and turns and isinstance(turns[0], dict) else turns
        if not isinstance(turns, list) or not all(isinstance(turn, list) for turn in turns):
            raise BrokenFile("'contents' is no list of turns", cure="repair the record")
        messages = [message for turn in turns for message in turn]
        profile = word(record.get("profile"))
        events = (*([Said(who=Who.SYSTEM, text=profile)] if profile else []), *_events(messages))
        name = word(record.get("id"))
        return Episode(
            id=f"{identity(source)}:{name}" if name else identity(source),
            events=events,
            condition=word(record.get("category")) or folder_of(source) or word(record.get("scenario")),
            cluster=name,
            ending=ending_of(events),
            source=source,
            labels=without(record, "contents", "profile", "id"),
        )


def _events(messages: list[Any]) -> Iterator[Event]:
    open_call: Called | None = None
    for place, message in enumerate(messages):
        if not isinstance(message, dict):
            raise BrokenFile(f"message {place} is no object", cure="repair the record")
        role, content = word(message.get("role")).lower(), message.get("content")
        following = messages[place + 1] if place + 1 < len(messages) else None
        if role == "agent" and "action" in message:
            acts = list(_agent(message, _answered(following)))
            open_call = next((act for act in acts if isinstance(act, Called)), None)
            yield from acts
        elif role == "environment":
            if content is not None and open_call:
                yield Returned(text=_shown(content), tool=open_call.tool)
            elif content is not None:
                yield Said(who=Who.OTHER, text=_shown(content), name=role)
            open_call = None
        else:
            yield from message_events(message)


def _agent(message: dict[str, Any], answered: bool) -> Iterator[Event]:
    thought = text_of(message.get("thought"))
    if thought.strip():
        yield Said(who=Who.AGENT, text=thought, private=True)
    action = message.get("action")
    text = action if isinstance(action, str) else "" if action is None else text_of(action)
    call = call_in(action) if isinstance(action, dict) else None
    called = Called(tool=call.tool, arguments=call.arguments, raw=call.raw) if call else _act(text, answered)
    if called:
        yield called
    elif text.strip():
        yield Said(who=Who.AGENT, text=_FINAL.sub("", text, count=1))


def _act(text: str, answered: bool) -> Called | None:
    """Return the call that an action spells; None where it is speech."""
    if not text.strip() or _FINAL.match(text):
        return None
    if match := _NAMED.match(text):
        arguments, raw = _loose(text[match.end() :])
        tool = match.group(1)
        return Called(tool=tool, arguments=arguments, raw=raw, spelling=Spelling.TEXT)
    if fence := _FENCE.match(text):
        tool = fence.group(1).lower() or "code"
        return Called(tool=tool, arguments={"code": fence.group(2)}, spelling=Spelling.TEXT)
    if call := python_call(text):
        return Called(tool=call.tool, arguments=call.arguments, spelling=Spelling.TEXT)
    if '"name"' in text and (call := _command(text)):
        return Called(tool=call.tool, arguments=call.arguments, raw=call.raw, spelling=Spelling.TEXT)
    if match := _GESTURE.match(text):
        return Called(tool=match.group(1).lower(), raw=text, spelling=Spelling.TEXT)
    return Called(tool="act", raw=text, spelling=Spelling.TEXT) if answered else None


def _command(text: str) -> Any:
    """Read `"command": {"name": ..., "args": ...}}}`, a piece of a larger object that was not kept whole."""
    body = text[text.index("{") :] if "{" in text else text
    for cut in range(4):
        try:
            value = strictjson.loads(body[: len(body) - cut].rstrip())
        except EpisodeError:
            continue
        inner = value.get("command") if isinstance(value, dict) else None
        return call_in(inner if isinstance(inner, dict) else value)
    return None


def _loose(text: str) -> tuple[dict[str, Any], str]:
    """Read arguments that may be JSON or a Python literal; (arguments, raw)."""
    try:
        value = strictjson.loads(text)
    except EpisodeError:
        try:
            value = python_value(text)
        except ValueError:
            return {}, text.strip()
    return (value, "") if isinstance(value, dict) else ({}, text.strip())


def _answered(message: object) -> bool:
    return (
        isinstance(message, dict)
        and message.get("role") == "environment"
        and message.get("content") is not None
    )


def _shown(content: object) -> str:
    return content if isinstance(content, str) else msgspec.json.encode(content).decode()


IMPORTER = RJudge()
