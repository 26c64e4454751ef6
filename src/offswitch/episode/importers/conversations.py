# SPDX-License-Identifier: MIT
"""Conversations in the plain form in which most people keep them, whichever dialect their messages are in.

Read are objects with `messages`, bare arrays or lines of messages, dumps of requests with their responses, and lists
of Responses items; one as a file, many as an array or as lines. Whatever else a record holds is a label.
The one thing that is easy to get wrong: a file of lines may hold a conversation a line, or one message a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from offswitch.episode import strictjson
from offswitch.episode.errors import BrokenFile, EpisodeError, LimitError
from offswitch.episode.importers.agentdojo import IMPORTER as AGENTDOJO
from offswitch.episode.importers.head import head_of
from offswitch.episode.importers.protocol import WHOLE, Head, Part
from offswitch.episode.importers.records import RecordImporter, identity, shape_of, weight, without, word
from offswitch.episode.limits import DEFAULT, Limits
from offswitch.episode.messages import ending_of, events_of, failure_of, is_message, text_of, tools_of
from offswitch.episode.record import Episode, Event, Source

CONVERSATION = (
    "messages",
    "conversation",
    "conversations",
    "transcript",
    "trajectory",
    "dialogue",
    "input",
    "items",
)
_IDS = ("id", "conversation_id", "sample_id", "transcript_id", "uuid")
_CONDITIONS = ("condition", "arm", "category", "task")
_SCENES = ("cluster", "scene", "task_id", "sample_id")
_BESIDE = ("request", "response", "choices", "output", "system", "model", "tools", "functions", "id")
_ITEM = {"role", "content"}
_DUMPED = {"request.messages", "request.input", "choices[].message", "output[].type"}
_BLOCK = re.compile(
    rb'"type"\s*:\s*"(?:\w{0,40}tool_use|\w{0,40}tool_result|thinking|redacted_thinking)"|"stop_reason"\s*:'
)


class Conversations(RecordImporter):
    """An importer of conversations; the dialects differ in recognition and in where the last response lies."""

    def parts(self, file: Path, limits: Limits = DEFAULT) -> list[Part]:
        """Cut a file of conversations, not one of messages."""
        return [WHOLE] if _is_bare(head_of(file)) else list(super().parts(file, limits))

    def records(self, file: Path, part: Part, limits: Limits) -> Iterator[tuple[str, Any | EpisodeError]]:
        """Yield the conversations; messages that lie bare in a file are one."""
        if part.start or not _is_bare(head_of(file)):
            for place, record in super().records(file, part, limits):
                yield place, {"messages": record} if isinstance(record, list) else record
        elif shape_of(file, limits) == "array":
            yield "", {"messages": strictjson.document(file, limits)}
        else:
            yield from _gathered(strictjson.lines(file, WHOLE, limits), limits)

    def episode(self, record: dict[str, Any], source: Source) -> Episode:
        """Return one conversation with its final response."""
        request = record.get("request") if isinstance(record.get("request"), dict) else record
        request = request or {}
        final = self.answer(record)
        messages = self.conversation(request, record, required=not final)
        tools = tools_of(request.get("tools") or request.get("functions") or record.get("tools"))
        events: tuple[Event, ...] = events_of([*messages, *final], tools=tools)
        failures = [failure for body in (record, *final) for failure in failure_of(_stop(body))]
        events += tuple(failure for failure in failures[:1] if failure not in events)
        names = [word(record.get(key)) for key in _IDS]
        return Episode(
            id=next((f"{identity(source)}:{name}" for name in names if name), identity(source)),
            events=events,
            condition=next((word(record[key]) for key in _CONDITIONS if word(record.get(key))), ""),
            cluster=next((word(record[key]) for key in _SCENES if word(record.get(key))), ""),
            agent=word(record.get("model")) or word(request.get("model")),
            tools=tools,
            ending=ending_of(events),
            source=source,
            labels=without(record, *CONVERSATION, *_BESIDE),
        )

    def conversation(self, request: dict[str, Any], record: dict[str, Any], *, required: bool) -> list[Any]:
        """Return the messages of a record, led by its instructions where they are kept apart."""
        if is_message(record) and not set(CONVERSATION) & set(record):
            return [record]
        found = next((body[key] for body in (request, record) for key in CONVERSATION if key in body), None)
        messages = [{"role": "user", "content": found}] if isinstance(found, str) else found
        if not isinstance(messages, list) or not messages:
            if not required and messages is None:
                return []
            raise BrokenFile("there is no list of messages", cure="check that the record is a conversation")
        told = request.get("system") or request.get("instructions") or request.get("system_prompt")
        return [{"role": "system", "content": told}, *messages] if isinstance(told, str | list) else messages

    def answer(self, record: dict[str, Any]) -> list[Any]:
        """Return the messages of the final response, [] where the record has none or the messages hold it."""
        response = record.get("response") if isinstance(record.get("response"), dict) else record
        response = response or {}
        choices = response.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            message = choices[0].get("message")
            return (
                [{**message, "finish_reason": choices[0].get("finish_reason")}]
                if isinstance(message, dict)
                else []
            )
        if isinstance(response.get("output"), list) and all(is_message(item) for item in response["output"]):
            return list(response["output"])
        if response is not record and is_message(response):
            return [response]
        if isinstance(record.get("response"), str) and text_of(record["response"]):
            return [{"role": "assistant", "content": record["response"]}]
        return []


def holds_conversation(head: Head) -> bool:
    """Tell by a list of messages under a usual name, in a request, or bare; what AgentDojo claims is not ours."""
    if AGENTDOJO.recognises(head):
        return False
    if head.keys >= _ITEM or {"from", "value"} <= head.keys or _is_item(head):
        return True
    if head.shape == "array" and {"[].role", "[].content"} <= head.inner:
        return True
    spoken = {f"{key}[].{name}" for key in CONVERSATION for name in ("role", "from")}
    return bool((spoken | _DUMPED) & head.inner)


def in_blocks(head: Head) -> bool:
    """Tell whether the dialect is Anthropic's: a system prompt beside the messages, or blocks that only it has."""
    beside = {"system", "messages"} <= head.keys or "request.system" in head.inner
    return beside or bool(_BLOCK.search(head.data))


def _gathered(
    messages: Iterator[tuple[str, Any | EpisodeError]], limits: Limits
) -> Iterator[tuple[str, Any | EpisodeError]]:
    """Yield the errors among `messages`, then the one conversation that the others are."""
    held, room = [], limits.record
    for place, message in messages:
        if isinstance(message, EpisodeError):
            yield place, message
            continue
        room -= weight(message)
        if room < 0:
            raise LimitError(
                f"one conversation of more than {limits.record} bytes", place=place, cure="split it"
            )
        held.append(message)
    if held:
        yield "", {"messages": held}


def _stop(body: object) -> object:
    return (body.get("finish_reason") or body.get("stop_reason")) if isinstance(body, dict) else None


def _is_bare(head: Head) -> bool:
    """Tell whether the file's own records are messages, not conversations."""
    return head.shape in ("array", "lines") and (
        head.keys >= _ITEM
        or {"from", "value"} <= head.keys
        or {"role", "tool_calls"} <= head.keys
        or _is_item(head)
    )


def _is_item(head: Head) -> bool:
    return {"type", "call_id"} <= head.keys and bool({"name", "output"} & head.keys)
