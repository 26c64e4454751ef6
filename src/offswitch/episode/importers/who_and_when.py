# SPDX-License-Identifier: MIT
"""Who&When: teams of agents that failed at a question; who made the mistake, and when, is a label.

Everybody in the `history` who is no person and no terminal is an agent, whatever its `role` says: in some teams the
role only tells who wrote to whom. A terminal runs the code that the message before it shows in fences; that makes
the code a call. The one thing that is easy to get wrong: the first message holds the task, though an agent's name
may stand on it, and it may hold code that is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from offswitch.episode.errors import BrokenFile
from offswitch.episode.importers.protocol import Head
from offswitch.episode.importers.records import RecordImporter, folder_of, identity, without, word
from offswitch.episode.messages import ending_of, message_events, text_of
from offswitch.episode.record import Called, Episode, Event, Returned, Said, Source, Spelling, Who

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+-]*)[ \t]*\n(.*?)(?:^[ \t]*```|\Z)", re.MULTILINE | re.DOTALL)
_RAN = re.compile(
    r"\s*(?:exitcode: (-?\d{1,9})|The script ran(?:[^\n]{0,80}exit code: (-?\d{1,9}))?)[^\n]*\n?"
    r"(?:(?:Code|Its) output(?: was)?:[ \t]*\n?)?"
)
_TERMINAL = re.compile(r"(computer)?[_ ]?terminal|code[_ ]?executor|executor", re.IGNORECASE)
_REACH = 5  # Messages before the terminal's among which the code is that it ran.
_SHELL = {"sh", "bash", "shell", "zsh", "console", "powershell", "pwsh"}
_MISTAKE = {"mistake_agent", "mistake_step", "mistake_reason"}


class WhoAndWhen(RecordImporter):
    """See the module."""

    name = "who-and-when"
    about = "Who&When multi-agent histories"

    def recognises(self, head: Head) -> bool:
        """Tell by the labels of the data set, or by a history of speakers."""
        if "messages" in head.keys:
            return False
        return bool(_MISTAKE & head.keys) or {"history[].content", "history[].role"} <= head.inner

    def episode(self, record: dict[str, Any], source: Source) -> Episode:
        """Return one team's run."""
        history = record.get("history")
        if not isinstance(history, list) or not all(isinstance(message, dict) for message in history):
            raise BrokenFile("there is no list of messages under 'history'", cure="repair the record")
        events = tuple(_events(record, history))
        asked = word(record.get("question_ID"))
        return Episode(
            id=f"{identity(source)}:{asked}" if asked else identity(source),
            events=events,
            condition=folder_of(source),
            cluster=asked,
            agent=word(record.get("model")),
            ending=ending_of(events),
            source=source,
            labels=without(record, "history", "question", "system_prompt", "model"),
        )


def _events(record: dict[str, Any], history: list[dict[str, Any]]) -> Iterator[Event]:
    yield from _prompts(record.get("system_prompt"))
    question = word(record.get("question"))
    opening = text_of(history[0].get("content")) if history else ""
    starts = bool(question) and _plain(question)[:80] in _plain(opening)
    if question and not starts:
        yield Said(who=Who.USER, text=question)
    for place, message in enumerate(history):
        if _is_terminal(message):
            yield from _terminal(message, history[max(0, place - _REACH) : place])
        else:
            yield from _speech(message, Who.USER if starts and place == 0 else None)


def _prompts(prompts: object) -> Iterator[Event]:
    if isinstance(prompts, dict):
        yield from (
            Said(who=Who.SYSTEM, text=text, name=word(name)) for name, text in prompts.items() if word(text)
        )
    elif word(prompts):
        yield Said(who=Who.SYSTEM, text=word(prompts))


def _speech(message: dict[str, Any], who: Who | None) -> Iterator[Event]:
    role, name = word(message.get("role")), word(message.get("name"))
    if (who is None and role.lower() in ("human", "system")) or (role.lower() == "user" and not name):
        yield from message_events(message)
        return
    speaker, _, aside = role.partition(" (")
    name = name or (speaker if who is None else "")
    text = text_of(message.get("content"))
    if text.strip():
        yield Said(
            who=who or Who.AGENT, text=text, name=name, private=who is None and aside.startswith("thought")
        )


def _is_terminal(message: dict[str, Any]) -> bool:
    name = word(message.get("name")) or word(message.get("role"))
    return bool(_TERMINAL.fullmatch(name)) or bool(_RAN.match(text_of(message.get("content"))[:200]))


def _terminal(message: dict[str, Any], before: list[dict[str, Any]]) -> Iterator[Event]:
    """Yield what the terminal ran and brought back; where it found nothing to run it only complains."""
    text = text_of(message.get("content"))
    match = _RAN.match(text)
    if not match:
        yield Said(who=Who.OTHER, text=text, name=word(message.get("name")) or word(message.get("role")))
        return
    ran = _ran(before)
    yield from ran
    code = match.group(1) or match.group(2)
    tool = ran[-1].tool if ran else ""
    yield Returned(text=text[match.end() :], tool=tool, exit=int(code) if code else None)


def _ran(before: list[dict[str, Any]]) -> list[Called]:
    """Return what a terminal ran: the nearest code in fences, else whatever was said to it last."""
    since = []
    for message in reversed(before):
        if _is_terminal(message):
            break
        since.append(message)
    for message in since:
        if code := _code(message):
            return code
    said = next((message for message in since if "thought" not in word(message.get("role"))), None)
    return [Called(tool="code", raw=text_of(said.get("content")), spelling=Spelling.TEXT)] if said else []


def _code(message: dict[str, Any]) -> list[Called]:
    """Return the code in the message's fences as calls, neighbours in one language as one."""
    blocks: list[tuple[str, str]] = []
    for language, code in _FENCE.findall(text_of(message.get("content"))):
        tool = "bash" if language.lower() in _SHELL else "python"
        if blocks and blocks[-1][0] == tool:
            blocks[-1] = (tool, f"{blocks[-1][1]}\n{code}")
        else:
            blocks.append((tool, code))
    name = word(message.get("name")) or word(message.get("role")).partition(" (")[0]
    return [
        Called(tool=tool, arguments={"code": code}, name=name, spelling=Spelling.TEXT)
        for tool, code in blocks
    ]


def _plain(text: str) -> str:
    return " ".join(text.split())


IMPORTER = WhoAndWhen()
