# SPDX-License-Identifier: MIT
"""Bloom and Petri: one model examines another, and the transcript is a list of edits to several views of the talk.

Only what the target saw and did is the episode: events whose `view` holds `target`. The examiner's side names what
is looked for, and the judge's output what was found; both go into labels. An edit may also take back part of the
talk (Petri branches): what the target did before that was still done, so it stays, and a mark says where it was
taken back. The one thing that is easy to get wrong: `view` may be a word or a list, and `combined` is not `target`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from offswitch.episode.errors import BrokenFile
from offswitch.episode.importers.protocol import Head
from offswitch.episode.importers.records import RecordImporter, folder_of, identity, without, word
from offswitch.episode.messages import message_events, tools_of
from offswitch.episode.record import Ending, Episode, Event, Observed, Said, Source, Tool, Who
from offswitch.episode.textcalls import with_spelled_calls

_VARIATION = re.compile(r"(?:^|[_-])v(?:ariation)?[_-]?(\d+)", re.IGNORECASE)
_OURS = {"target_model", "target_system_prompt", "target_tools"}


class Bloom(RecordImporter):
    """See the module."""

    name = "bloom"
    about = "Bloom and Petri transcripts (metadata and view edits)"

    def recognises(self, head: Head) -> bool:
        """Tell by events that edit views, or by metadata that name a target and its transcript."""
        if {"events[].view", "events[].edit"} <= head.inner:
            return True
        named = {
            "metadata.transcript_id",
            "metadata.target_model",
            "metadata.auditor_model",
            "metadata.target_tools",
        }
        return len(named & head.inner) >= 2 and "messages" not in head.keys

    def episode(self, record: dict[str, Any], source: Source) -> Episode:
        """Return what the target saw and did."""
        told, edits = record.get("metadata"), record.get("events")
        metadata = told if isinstance(told, dict) else {}
        if not isinstance(edits, list) or not edits:
            raise BrokenFile("there is no list of events", cure="check that the transcript is whole")
        seen: set[str] = set()
        events = [event for edit in edits if _is_seen(edit) for event in _events(edit, seen)]
        if not events:
            raise BrokenFile("no event is in the target's view", cure="check that the transcript is whole")
        prompt = word(metadata.get("target_system_prompt"))
        if prompt and not any(isinstance(event, Said) and event.who is Who.SYSTEM for event in events):
            events.insert(0, Said(who=Who.SYSTEM, text=prompt))
        tools = (*tools_of(metadata.get("target_tools")), *_created(edits))
        whole = with_spelled_calls(events, (tool.name for tool in tools))
        return Episode(
            id=word(metadata.get("transcript_id")) or identity(source),
            events=whole,
            condition=folder_of(source),
            cluster=_scene(metadata, source),
            agent=word(metadata.get("target_model")),
            tools=tools,
            # The auditor ends it when it has seen enough: a document that is whole holds a run that is whole.
            ending=Ending.DONE,
            source=source,
            labels=without(metadata, *_OURS),
        )


def _is_seen(event: object) -> bool:
    """Tell whether `event` changes what the target sees."""
    if not isinstance(event, dict) or not isinstance(event.get("edit"), dict):
        return False
    view = event.get("view")
    return view == "target" or (isinstance(view, list) and "target" in view)


def _events(event: dict[str, Any], seen: set[str]) -> Iterator[Event]:
    """Yield what one edit brings; `seen` holds the ids of messages that came before, which a reset repeats."""
    edit, time = event["edit"], word(event.get("timestamp"))
    operation = word(edit.get("operation")) or "add"
    new = _messages(edit)
    if operation != "add":
        yield Observed(
            what=f"conversation.{_MARKS.get(operation, 'edited')}", value=edit.get("count"), time=time
        )
    for message in new:
        if (known := word(message.get("id"))) and known in seen and operation != "add":
            continue
        seen.add(known)
        yield from message_events({"timestamp": time, **message})


_MARKS = {"rollback": "rolled_back", "reset": "reset", "json_patch": "edited"}


def _messages(edit: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages that an edit brings, whatever its operation is called."""
    patch = edit.get("patch")
    found = [edit.get("message"), edit.get("new_message")]
    for several in (edit.get("messages"), edit.get("new_messages")):
        found += several if isinstance(several, list) else []
    for change in patch if isinstance(patch, list) else []:
        value = change.get("value") if isinstance(change, dict) else None
        found += value if isinstance(value, list) else [value]
    return [
        message
        for message in found
        if isinstance(message, dict) and ("role" in message or "content" in message)
    ]


def _created(edits: list[Any]) -> tuple[Tool, ...]:
    """Return the tools that were made for the target on the way."""
    made = (edit for edit in edits if isinstance(edit, dict) and edit.get("type") == "tool_creation_event")
    return tuple(tool for edit in made for tool in tools_of([edit.get("tool")]))


def _scene(metadata: dict[str, Any], source: Source) -> str:
    number = word(metadata.get("variation_number"))
    if not number:
        match = _VARIATION.search(Path(source.file).stem)
        number = match.group(1) if match else ""
    scene = f"v{number}" if number else Path(source.file).stem
    return f"{folder_of(source)}/{scene}{' ' + source.place if source.place else ''}"


IMPORTER = Bloom()
