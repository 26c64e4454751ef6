# SPDX-License-Identifier: MIT
"""ODCV-Bench: office agents in a shell, under pressure to meet a number; the record is plain text, step by step.

    == Step 3 ==
    role: assistant
    content: ...            may go on over many lines
    reason: ...             reasoning; "No explanation" where there was none
    call: [{'id': ...}]     a Python list, written by repr

The one thing that is easy to get wrong: contents hold anything, also lines that look like a step or a field. Steps
are numbered without a gap, the call is the last field and must be a Python list, and that is what we go by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from offswitch.episode import strictjson
from offswitch.episode.errors import BrokenFile, EpisodeError, LimitError
from offswitch.episode.importers.protocol import WHOLE, Head, Part
from offswitch.episode.importers.records import identity, word
from offswitch.episode.limits import DEFAULT, Limits
from offswitch.episode.messages import call_of, ending_of, message_events
from offswitch.episode.record import (
    Called,
    Ending,
    Episode,
    Event,
    Failed,
    FailureKind,
    Returned,
    Source,
)
from offswitch.episode.spellings import python_value
from offswitch.episode.unpacking import opened

_STEP = re.compile(r"^== Step (\d{1,9}) ==\r?\n(?=role: )", re.MULTILINE)
_ROLE = re.compile(r"role: ([^\r\n]{0,100})\r?\n?(?:content: )?")
_VARIANT = re.compile(r"[-_](incentivized|mandated)$", re.IGNORECASE)
_NO_REASON = "No explanation"
_TRIES = 20


class ODCV:
    """See the module."""

    name = "odcv"
    about = "ODCV-Bench records (messages_record.txt)"

    def recognises(self, head: Head) -> bool:
        """Tell by the heading of the first step."""
        return head.shape == "text" and re.match(rb"\s*== Step \d{1,9} ==\r?\nrole: ", head.data) is not None

    def parts(self, file: Path, limits: Limits = DEFAULT) -> Sequence[Part]:
        """Return the whole: one file is one episode."""
        return [WHOLE]

    def read(
        self, file: Path, part: Part = WHOLE, limits: Limits = DEFAULT
    ) -> Iterator[Episode | EpisodeError]:
        """Yield the one episode in `file`."""
        reader = _Reader()
        for number, block in steps(_text(file, limits)):
            reader.take(number, block)
        if not reader.events:
            raise BrokenFile("there is no step in the record", file=str(file), cure="leave it out")
        folder, scenario = _whereabouts(file)
        source = Source(format=self.name, file=str(file))
        events = tuple(reader.events)
        yield Episode(
            id=identity(source),
            events=events,
            condition=folder,
            cluster=scenario,
            agent=_VARIANT.sub("", folder),
            ending=Ending.DONE if reader.handed_in else ending_of(events),
            source=source,
        )


def steps(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, block) of each step; a heading counts only where its number is the next one."""
    found: list[tuple[int, int, int]] = []
    for match in _STEP.finditer(text):
        number = int(match.group(1))
        if not found or number == found[-1][0] + 1:
            found.append((number, match.start(), match.end()))
    for place, (number, _, begin) in enumerate(found):
        end = found[place + 1][1] if place + 1 < len(found) else len(text)
        yield number, text[begin:end].rstrip("\r\n")


class _Reader:
    """Turns steps into events, and pairs results with calls, which carry no id in the record."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.waiting: list[Called] = []
        self.handed_in = False

    def take(self, number: int, block: str) -> None:
        """Add the events of one step."""
        match = _ROLE.match(block)
        role, body = (match.group(1).strip(), block[match.end() :]) if match else ("unknown", block)
        if role == "tool":
            self.events.append(self._returned(body))
        elif role == "assistant":
            self.handed_in, self.waiting = False, []
            self._assistant(number, body)
        else:
            self.handed_in = False
            self.events += message_events({"role": role, "content": body})

    def _assistant(self, number: int, body: str) -> None:
        body, calls = _call_field(body)
        content, reason = _reason_field(body)
        self.events += message_events({"role": "assistant", "reasoning": reason, "content": content})
        if calls is None:
            self.events.append(
                Failed(what=FailureKind.UNPARSEABLE, text=f"the call of step {number} cannot be read")
            )
        for call in calls or []:
            called = call_of(call) if isinstance(call, dict) else Called(tool="unknown", raw=str(call))
            self.waiting.append(called)
            self.events.append(called)

    def _returned(self, body: str) -> Returned:
        call = self.waiting.pop(0) if self.waiting else None
        told = _told(body)
        text, error = body, ""
        if {"stdout", "stderr"} & set(told):
            text = "\n".join(
                part for key in ("stdout", "stderr") if (part := word(told.get(key)).rstrip("\n"))
            )
            error = word(told.get("error"))
        elif call and told.get("action") == call.tool:
            self.handed_in = True  # The harness ends the run on this call and only notes that it was made.
        code = told.get("returncode")
        return Returned(
            text=text,
            call=call.call if call else "",
            tool=call.tool if call else "",
            error=error,
            exit=code if isinstance(code, int) and not isinstance(code, bool) else None,
        )


def _call_field(body: str) -> tuple[str, list[Any] | None]:
    """Return (the rest, calls): the last field that is a Python list; None for one that is cut off."""
    at = len(body)
    for _ in range(_TRIES):
        at = body.rfind("call: [", 0, at)
        if at < 0:
            return body, []
        if at and body[at - 1] != "\n":
            continue
        try:
            value = python_value(body[at + len("call: ") :])
        except ValueError:
            if "\ncall: [" not in body[:at] and "'function'" in body[at : at + 500]:
                return body, None
            continue
        if isinstance(value, list):
            return body[: max(at - 1, 0)], value
    return body, []


def _reason_field(body: str) -> tuple[str, str]:
    """Return (content, reasoning). A content may quote the field's name; the harness's own default comes last."""
    content, found, reason = f"\n{body}".rpartition("\nreason: ")
    if found and reason.strip() in (_NO_REASON, ""):
        return content[1:], ""
    content, found, reason = f"\n{body}".partition("\nreason: ")
    return content[1:], reason.strip() if found else ""


def _told(body: str) -> dict[str, Any]:
    try:
        told = strictjson.loads(body)
    except EpisodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _text(file: Path, limits: Limits) -> str:
    with opened(file, limits) as stream:
        data = stream.read(limits.record + 1)
    if len(data) > limits.record:
        raise LimitError(
            "the record has more bytes", file=str(file), cure=f"at most {limits.record} are read"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenFile(
            "the text is not UTF-8", file=str(file), place=f"byte {error.start}", cure="convert it to UTF-8"
        ) from None


def _whereabouts(file: Path) -> tuple[str, str]:
    """Return (model and variant, scenario): the folders around `experiments`, else the last two."""
    folders = ["", "", *(part for part in file.parts[:-1] if part not in ("/", "..", "."))]
    if "experiments" in folders[1:-1]:
        at = len(folders) - 1 - folders[::-1].index("experiments")
        return folders[at - 1], folders[at + 1] if at + 1 < len(folders) else ""
    return folders[-2], folders[-1]


IMPORTER = ODCV()
