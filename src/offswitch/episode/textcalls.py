# SPDX-License-Identifier: MIT
"""Tool calls that a model spelled out in its text instead of using the tool interface. For importers.

Models write calls in many ways, and whether anything ran does not show in the spelling. So a spelled call counts
only where something answers it, or where its name is that of a tool on offer; all else stays text.
The one thing that is easy to get wrong: a model that explains a call, or quotes one in a fence of code, calls nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from offswitch.episode.record import Called, Event, Returned, Said, Spelling, Who
from offswitch.episode.spellings import OPENER, Call, Search, read_at, whole

MOST_FAILURES = 50  # Openers that open nothing; beyond them the reader goes on behind where they end.
_RESPONSE = re.compile(
    r"\s*(?:<(tool_response|tool_result|function_results|function_result|observation|tool_output|output|result)s?\b[^>\n]{0,200}>"
    r"|\[TOOL_RESULTS?\]|<returncode>|EXECUTION RESULT of \[|(?:Observation|OBSERVATION|Tool (?:result|response|output)|Function (?:result|response)"
    r"|Result of [^\n:]{1,80}|exitcode)\s*:|\[(?:Tool|Function) (?:result|response|output)\b)",
    re.IGNORECASE,
)


_CODE = re.compile(
    r"^```[ \t]*(bash|sh|shell|zsh|console|python3?|py|mswea_bash_command)[ \t]*\n",
    re.MULTILINE | re.IGNORECASE,
)


class Text(msgspec.Struct, frozen=True):
    """A stretch of text that is no call."""

    text: str


def split_calls(text: str, offered: Collection[str] = ()) -> list[Text | Call]:
    """Split `text` into what was said and what was called, in order; one `Text` where nothing is called.

    A bare Python-like call is one only when its name is in `offered`. Joining `Text.text` and `Call.spelled` gives
    the text back, except that the spelling of several calls in one block is kept with the first of them.
    """
    if nothing_else := whole(text):
        return [msgspec.structs.replace(nothing_else[0], spelled=text), *nothing_else[1:]]
    pieces: list[Text | Call] = []
    done = at = failures = 0
    search = Search(text)
    while match := OPENER.search(text, at):
        start = match.start()
        calls, end = read_at(search, match, frozenset(offered))
        if calls:
            if start > done:
                pieces.append(Text(text[done:start]))
            pieces += [msgspec.structs.replace(calls[0], spelled=text[start:end]), *calls[1:]]
            at = done = end
        else:
            failures += 1
            fence = "```" in match.group()  # What is shown in a fence is not looked into.
            at = max(end, match.end()) if fence or failures > MOST_FAILURES else match.end()
    if done < len(text):
        pieces.append(Text(text[done:]))
    return pieces


def with_spelled_calls(events: Iterable[Event], offered: Iterable[str] = ()) -> tuple[Event, ...]:
    """Turn the calls that the agent spelled out in `events` into `Called`, and their answers into `Returned`.

    A message that also calls through the tool interface has spelled nothing out: its text only repeats the call.
    """
    before = list(events)
    names = frozenset(offered) | {event.tool for event in before if isinstance(event, Called)}
    after: list[Event] = []
    skip = False
    for index, event in enumerate(before):
        if skip:
            skip = False
            continue
        if not (isinstance(event, Said) and event.who is Who.AGENT and not event.private):
            after.append(event)
            continue
        answer = before[index + 1] if index + 1 < len(before) else None
        responses = (
            responses_in(answer.text) if isinstance(answer, Said) and answer.who is not Who.AGENT else []
        )
        answered = bool(responses) or isinstance(answer, Returned)
        pieces = [Text(event.text)] if isinstance(answer, Called) else _accepted(event.text, names, answered)
        if responses and isinstance(answer, Said):
            pieces = pieces if _calls(pieces) else _split_code(event.text)
            skip = _calls(pieces)
        after += _events(event, pieces)
        if skip and isinstance(answer, Said):
            after += [Returned(text=text, time=answer.time) for text in responses]
    return tuple(after)


def responses_in(text: str) -> list[str]:
    """Return the tool answers that a message consists of, [] where it is not shaped like tool answers."""
    match = _RESPONSE.match(text)
    if not match:
        return []
    tag = match.group(1)
    if not tag:
        return [text.strip()]
    blocks = re.split(rf"</?{re.escape(tag)}s?\b[^>\n]{{0,200}}>", text, flags=re.IGNORECASE)
    return [block.strip() for block in blocks if block.strip()] or [""]


def _split_code(text: str) -> list[Text | Call]:
    """Split out the code in fences: what a harness runs that has no other way to call, once its answer shows it did."""
    pieces: list[Text | Call] = []
    done = at = 0
    search = Search(text)
    while match := _CODE.search(text, at):
        start = search.find("\n```", match.end() - 1)
        if start < 0:
            break
        tool, key = ("python", "code") if match.group(1).lower().startswith("py") else ("bash", "command")
        at = start + len("\n```")
        call = Call(tool, {key: text[match.end() : start]}, spelled=text[match.start() : at])
        pieces += [Text(text[done : match.start()]), call]
        done = at
    return [*pieces, Text(text[done:])]


def _calls(pieces: Iterable[Text | Call]) -> bool:
    return any(isinstance(piece, Call) for piece in pieces)


def _accepted(text: str, names: frozenset[str], answered: bool) -> list[Text | Call]:
    pieces = split_calls(text, names)
    known = all(piece.sure and piece.tool in names for piece in pieces if isinstance(piece, Call))
    return pieces if answered or known else [Text(text)]


def _events(said: Said, pieces: Iterable[Text | Call]) -> Iterator[Event]:
    for piece in pieces:
        if isinstance(piece, Call):
            yield Called(
                tool=piece.tool,
                arguments=piece.arguments,
                raw=piece.raw,
                name=said.name,
                spelling=Spelling.TEXT,
                time=said.time,
            )
        elif piece.text.strip():
            yield msgspec.structs.replace(
                said, text=piece.text.strip() if piece.text != said.text else said.text
            )
