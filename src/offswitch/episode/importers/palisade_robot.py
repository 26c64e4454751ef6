# SPDX-License-Identifier: MIT
"""Palisade's robot dog: the log of one controller is one episode, one JSON record a line.

The log holds two voices: what the model was told, called and got back (`event` is set), and what the harness noted
for itself (steps, frames, "shutdown bypassed"). The second voice gives the answer away, so nothing of it is read but
the model's name and, at the very end, that the provider failed. The one thing that is easy to get wrong: the last
call may have no result, because the machine was shut down under it. It was called all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from offswitch.episode import strictjson
from offswitch.episode.errors import BrokenFile, EpisodeError, LimitError
from offswitch.episode.importers.protocol import WHOLE, Head, Part
from offswitch.episode.importers.records import identity, weight, word
from offswitch.episode.limits import DEFAULT, Limits
from offswitch.episode.messages import call_of, message_events, text_of
from offswitch.episode.record import (
    Called,
    Ending,
    Episode,
    Event,
    Failed,
    FailureKind,
    Returned,
    Source,
    Who,
)

_MODEL = re.compile(r"\bmodel\s*=\s*([^\s;,]{1,100})")
_BROKEN = re.compile(r"\b[A-Za-z.]{0,80}(?:Error|Exception)\b|^Unexpected error")
_SPEAKERS = {"system_message": Who.SYSTEM, "user_message": Who.USER, "assistant_message": Who.AGENT}


class PalisadeRobot:
    """See the module."""

    name = "palisade-robot"
    about = "Palisade robot logs (llm_control, one JSON record a line)"

    def recognises(self, head: Head) -> bool:
        """Tell by the keys of a log record and by the payloads that only this controller writes."""
        if head.shape not in ("lines", "object") or not {"level", "logger", "message"} <= head.keys:
            return False
        return b'"user_payload"' in head.data or b'"assistant_payload"' in head.data

    def parts(self, file: Path, limits: Limits = DEFAULT) -> Sequence[Part]:
        """Return the whole: one file is one episode."""
        return [WHOLE]

    def read(
        self, file: Path, part: Part = WHOLE, limits: Limits = DEFAULT
    ) -> Iterator[Episode | EpisodeError]:
        """Yield the one episode in `file`, after an error for each line that cannot be read."""
        log = _Log(limits.record)
        for place, record in strictjson.lines(file, WHOLE, limits):
            if not isinstance(record, EpisodeError) and not isinstance(record, dict):
                record = BrokenFile(
                    "the record is no object", file=str(file), place=place, cure="repair or remove it"
                )
            if isinstance(record, EpisodeError):
                log.failed = Failed(what=FailureKind.TRUNCATED, text=f"{place} of the log cannot be read")
                log.events.append(log.failed)
                yield record
            elif _is_debug_twin(record, file):
                return
            else:
                log.take(record)
                if log.room < 0:
                    raise LimitError(
                        f"one episode of more than {limits.record} bytes",
                        file=str(file),
                        place=place,
                        cure="split it",
                    )
        if not any(not isinstance(event, Failed) for event in log.events):
            if log.failed:
                return  # All that was read is errors, and they were told.
            raise BrokenFile("the log holds no message", file=str(file), cure="leave it out")
        condition, run = _whereabouts(file)
        source = Source(format=self.name, file=str(file))
        yield Episode(
            id=identity(source),
            events=log.whole(),
            condition=condition,
            cluster=run,
            agent=log.model,
            ending=log.ending(),
            source=source,
        )


class _Log:
    """What has been read of one controller's log."""

    def __init__(self, room: int) -> None:
        self.room = room  # Bytes that may still be held.
        self.events: list[Event] = []
        self.waiting: list[Called] = []
        self.model = ""
        self.failed: Failed | None = None
        self.last_words: Failed | None = None  # The harness broke, and nothing has happened since.

    def take(self, record: dict[str, Any]) -> None:
        """Add what `record` says of the model; pass over what the harness says to itself."""
        kind, time = word(record.get("event")), word(record.get("ts"))
        if kind in _SPEAKERS:
            payload = record.get("assistant_payload") or record.get("user_payload") or {}
            payload = payload if isinstance(payload, dict) else {"content": payload}
            events = message_events({**payload, "timestamp": time}, who=_SPEAKERS[kind])
            self.waiting += [event for event in events if isinstance(event, Called)]
        elif kind == "tool_call":
            events = list(self._answer(record, time))
        else:
            self._note(record, time)
            return
        self.last_words = None
        self.events += events
        self.room -= weight(events)

    def whole(self) -> tuple[Event, ...]:
        """Return the events, ending with the harness's failure where it had the last word."""
        return (*self.events, self.last_words) if self.last_words else tuple(self.events)

    def ending(self) -> Ending:
        """Tell how the log ends, without a look at what the harness thinks of it."""
        if self.failed or self.last_words:
            return Ending.FAILED
        calls = [event.tool for event in self.events if isinstance(event, Called)]
        return Ending.DONE if calls and calls[-1] == "submit" else Ending.OPEN

    def _answer(self, record: dict[str, Any], time: str) -> Iterator[Event]:
        told = call_of({"name": record.get("tool"), "arguments": record.get("args")}, time=time)
        call = next((call for call in self.waiting if call.tool == told.tool), None)
        if call is None:  # Carried out, so it was called, even where the message that called is missing.
            yield (call := told)
        else:
            self.waiting.remove(call)
        error = record.get("error")
        yield Returned(
            text=text_of(record.get("result")),
            call=call.call,
            tool=call.tool,
            error=error if isinstance(error, str) else "",
            time=time,
        )

    def _note(self, record: dict[str, Any], time: str) -> None:
        message = word(record.get("message"))
        if not self.model and (match := _MODEL.search(message)):
            self.model = match.group(1)
        if record.get("level") in ("ERROR", "CRITICAL") and (
            "exception" in record or _BROKEN.search(message[:500])
        ):
            self.last_words = Failed(
                what=FailureKind.ERROR, text="the harness or the model provider failed", time=time
            )


def _is_debug_twin(record: dict[str, Any], file: Path) -> bool:
    """Tell whether `file` is the debug log beside a main log, which holds the same episode once more."""
    _, found, path = word(record.get("message")).partition("Debug logging: ")
    main = file.with_name(file.name.replace("_debug.", "."))
    return bool(found) and Path(path).name == file.name and main != file and main.exists()


def _whereabouts(file: Path) -> tuple[str, str]:
    """Return (condition, run): the folders below `logs` without the last, and the last; else the parent folder."""
    folders = file.parts[:-1]
    if "logs" not in folders:
        return (folders[-1] if folders and folders[-1] not in ("/", "..") else ""), ""
    below = folders[len(folders) - folders[::-1].index("logs") :]
    if len(below) < 2:
        return "/".join(below), ""
    return "/".join(below[:-1]), below[-1]


IMPORTER = PalisadeRobot()
