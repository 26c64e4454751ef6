# SPDX-License-Identifier: MIT
"""Chat messages, in the dialects of the makers of models, as events. For every importer whose format holds messages.

One reader for all dialects, because logs mix them: content that is a string, a list of parts, or blocks; calls in
`tool_calls`, `function_call`, `tool_use` blocks or items of their own; answers as messages, blocks or items.
Nothing is dropped silently: an unknown role speaks as OTHER, an unknown part leaves a placeholder such as "[image]".
The one thing that is easy to get wrong: what comes back from a tool often travels as a message of the *user*. It
becomes `Returned`, never `Said`, for it must not pass for an order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from offswitch.episode.errors import BrokenFile
from offswitch.episode.record import (
    Called,
    Ending,
    Event,
    Failed,
    FailureKind,
    Returned,
    Said,
    Tool,
    Who,
)
from offswitch.episode.spellings import arguments_of
from offswitch.episode.textcalls import with_spelled_calls

_WHO = {
    **dict.fromkeys(("system", "developer"), Who.SYSTEM),
    **dict.fromkeys(("user", "human"), Who.USER),
    **dict.fromkeys(("assistant", "agent", "ai", "model", "gpt", "bot", "chatbot"), Who.AGENT),
}
_ANSWERING = {
    "tool",
    "function",
    "ipython",
    "environment",
    "observation",
    "tool_result",
    "tool_response",
    "tool_results",
}
_REASONING = ("reasoning_content", "reasoning", "thinking", "thought")
_TIMES = ("timestamp", "time", "created_at", "ts")
_REFUSED = {"content_filter", "refusal", "safety", "recitation", "prohibited_content"}
_LIMITED = {"length", "max_tokens", "model_length", "max_output_tokens", "model_context_window_exceeded"}
_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning)>(.*?)(?:</\1>|\Z)", re.DOTALL)


def is_message(value: object) -> bool:
    """Tell whether `value` looks like a message or an item of a conversation."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("role", value.get("from")), str):
        return bool({"content", "value", "tool_calls", "function_call", "parts", "text"} & set(value))
    return isinstance(value.get("type"), str) and str(value["type"]).endswith(
        ("_call", "_call_output", "reasoning")
    )


def events_of(messages: object, *, tools: Iterable[Tool] = (), spelled: bool = True) -> tuple[Event, ...]:
    """Return the events of a conversation; raise `BrokenFile` where it is none.

    `spelled`: also read the calls that the agent spelled out in its text.
    """
    if not isinstance(messages, list) or not messages:
        raise BrokenFile("there is no list of messages", cure="check that the record is a conversation")
    events: list[Event] = []
    for number, message in enumerate(messages):
        if not isinstance(message, dict):
            raise BrokenFile(
                f"message {number} is {type(message).__name__}, not an object", cure="repair the record"
            )
        events += message_events(message)
    return with_spelled_calls(events, (tool.name for tool in tools)) if spelled else tuple(events)


def message_events(message: Mapping[str, Any], *, who: Who | None = None, name: str = "") -> list[Event]:
    """Return the events of one message or item, in the order in which it holds them."""
    role = _string(message.get("role", message.get("from", ""))).strip()
    kind = _string(message.get("type"))
    if not role and kind not in ("", "message"):
        return list(_item(message, kind))
    who = who or _WHO.get(role.lower(), Who.OTHER)
    name = name or _string(message.get("name")) or (role if who is Who.OTHER else "")
    time = next((_string(message[key]) for key in _TIMES if message.get(key)), "")
    content = message.get("content", message.get("value", message.get("parts", message.get("text"))))
    if role.lower() in _ANSWERING and not _has_block(content, "result"):
        return [_returned(message, content, time)]
    speaker = _Speaker(who, name, time)
    events = [*speaker.reasoning(message), *speaker.content(content)]
    if isinstance(refusal := message.get("refusal"), str) and refusal:
        events.append(speaker.said(refusal))
    events += speaker.calls(message)
    return events + failure_of(message.get("stop_reason") or message.get("finish_reason"), last=False)


def text_of(content: object) -> str:
    """Return content as one text, with placeholders for what is no text."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(text for part in content if (text := text_of(part)))
    if isinstance(content, dict):
        for key in ("text", "content", "value", "output", "refusal"):
            if isinstance(content.get(key), str | list):
                return text_of(content[key])
        return f"[{_placeholder(content)}]"
    return str(content)


def call_of(value: Mapping[str, Any], *, name: str = "", time: str = "") -> Called:
    """Return the call that `value` holds, in any of the usual shapes, nested under `function` or flat."""
    inner = value.get("function") if isinstance(value.get("function"), dict) else value.get("custom")
    inner = inner if isinstance(inner, dict) else value
    tool = next(
        (inner[key] for key in ("name", "function", "tool", "tool_name") if isinstance(inner.get(key), str)),
        "",
    )
    keys = ("arguments", "args", "input", "parameters", "kwargs", "action", "code")
    arguments, raw = arguments_of(next((inner[key] for key in keys if inner.get(key) is not None), None))
    return Called(
        tool=tool or _string(value.get("type")).removesuffix("_call") or "unknown",
        arguments=arguments,
        raw=raw,
        call=_string(value.get("call_id") or value.get("id") or value.get("tool_call_id")),
        name=name,
        time=time,
    )


def tools_of(value: object) -> tuple[Tool, ...]:
    """Return the tools on offer, from a list of names, functions or schemas, or a mapping by name."""
    if isinstance(value, dict):
        value = [{"name": key, **(item if isinstance(item, dict) else {})} for key, item in value.items()]
    tools = []
    for item in value if isinstance(value, list) else []:
        item = {"name": item} if isinstance(item, str) else item
        if isinstance(item, dict):
            inner = item["function"] if isinstance(item.get("function"), dict) else item
            name = _string(inner.get("name") or item.get("name") or item.get("type"))
            if name:
                tools.append(Tool(name=name, description=_string(inner.get("description"))))
    return tuple(tools)


def failure_of(reason: object, *, last: bool = True) -> list[Event]:
    """Return what a model's reason for stopping says about the instrument; a full context counts at the end only."""
    word = _string(reason).lower()
    if word in _REFUSED:
        return [Failed(what=FailureKind.REFUSAL, text="the provider refused to answer")]
    if last and word in _LIMITED:
        return [Failed(what=FailureKind.LIMIT, text="the answer was cut off by a token limit")]
    return []


def ending_of(events: Iterable[Event]) -> Ending:
    """Tell how a conversation ended: failed, with the agent's last word, or open."""
    last = None
    for event in events:
        if isinstance(event, Failed):
            return Ending.FAILED
        last = event
    spoke = isinstance(last, Said) and last.who is Who.AGENT and not last.private
    return Ending.DONE if spoke else Ending.OPEN


class _Speaker:
    """One message's speaker: turns parts of the message into events that bear the speaker's name."""

    def __init__(self, who: Who, name: str, time: str) -> None:
        self.who, self.name, self.time = who, name, time

    def said(self, text: str, *, private: bool = False) -> Said:
        return Said(who=self.who, text=text, name=self.name, private=private, time=self.time)

    def reasoning(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the reasoning that lies beside the content; the same text under two keys once."""
        texts = dict.fromkeys(
            text_of(message[key]) for key in _REASONING if isinstance(message.get(key), str | list)
        )
        if self.who is Who.AGENT:
            yield from (self.said(text, private=True) for text in texts if text.strip())

    def content(self, content: object) -> Iterator[Event]:
        """Yield what the content says, calls and brings back; neighbouring texts are one event."""
        parts = content if isinstance(content, list) else [content]
        texts: list[str] = []
        for part in parts:
            events = list(self.block(part)) if isinstance(part, dict) else []
            if not events:
                texts.append(text_of(part))
                continue
            yield from self.speech("\n".join(text for text in texts if text))
            texts = []
            yield from events
        yield from self.speech("\n".join(text for text in texts if text))

    def speech(self, text: str) -> Iterator[Event]:
        """Yield text; a thought that opens it between tags is set apart."""
        if self.who is Who.AGENT and (thought := _THOUGHT.match(text)):
            if thought.group(2).strip():
                yield self.said(thought.group(2).strip(), private=True)
            text = text[thought.end() :].lstrip()
        elif self.who is Who.AGENT and text.count("</think>") == 1:  # The opening tag was in the prompt.
            before, _, text = text.partition("</think>")
            if before.strip():
                yield self.said(before.strip(), private=True)
            text = text.lstrip()
        if text.strip():
            yield self.said(text)

    def block(self, part: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the events of a part that is more than text; nothing where it is text or a placeholder will do."""
        kind = _string(part.get("type")).lower()
        if kind.endswith("tool_use") or kind in ("tool_call", "function_call"):
            yield self.call(part)
        elif kind.endswith("tool_result") or kind == "function_call_output":
            yield _returned(part, part.get("content", part.get("output")), self.time)
        elif kind in ("thinking", "reasoning") and self.who is Who.AGENT:
            text = text_of(
                part.get("thinking") or part.get("reasoning") or part.get("summary") or part.get("text")
            )
            yield self.said(text or f"[{kind}]", private=True)
        elif kind == "redacted_thinking" and self.who is Who.AGENT:
            yield self.said("[redacted thinking]", private=True)

    def calls(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the calls that lie beside the content."""
        calls = message.get("tool_calls")
        calls = calls if isinstance(calls, list) else [calls] if isinstance(calls, dict) else []
        if isinstance(message.get("function_call"), dict):
            calls = [*calls, message["function_call"]]
        for call in calls:
            yield (
                self.call(call)
                if isinstance(call, dict)
                else self.said(f"[a call that is no object: {call!s:.200}]")
            )

    def call(self, value: Mapping[str, Any]) -> Event:
        """Return a call of the agent; what somebody else calls is told, not done by the agent."""
        called = call_of(value, name=self.name, time=self.time)
        if self.who is Who.AGENT:
            return called
        return self.said(f"[calls {called.tool}: {called.raw or called.arguments}]")


def _item(item: Mapping[str, Any], kind: str) -> Iterator[Event]:
    """Yield the events of an item that has a type and no role, as OpenAI's Responses interface writes them."""
    if kind == "reasoning":
        text = text_of(item.get("content") or item.get("summary"))
        if text:
            yield Said(who=Who.AGENT, text=text, private=True)
    elif kind.endswith("_output"):
        yield _returned(item, item.get("output"), "")
    elif kind.endswith("_call"):
        called = call_of(item)
        yield called
        if item.get("output") is not None or item.get("outputs"):
            yield _returned({"call_id": called.call, **item}, item.get("output", item.get("outputs")), "")
    else:
        yield Said(who=Who.OTHER, name=kind, text=text_of(dict(item)))


def _returned(message: Mapping[str, Any], content: object, time: str) -> Returned:
    error = message.get("error") or (message.get("is_error") and "the tool reported an error") or ""
    call = message.get("tool_call") if isinstance(message.get("tool_call"), dict) else {}
    tool = message.get("name") or message.get("tool_name") or (call or {}).get("function")
    return Returned(
        text=text_of(content),
        call=_string(message.get("tool_call_id") or message.get("tool_use_id") or message.get("call_id")),
        tool=tool if isinstance(tool, str) else "",
        error=error if isinstance(error, str) else text_of(error),
        time=time,
    )


def _has_block(content: object, word: str) -> bool:
    return isinstance(content, list) and any(
        isinstance(part, dict) and _string(part.get("type")).endswith(word) for part in content
    )


def _placeholder(part: Mapping[str, Any]) -> str:
    kind = _string(part.get("type")) or next(iter(part), "nothing")
    if "image" in kind:
        return "image"
    return re.sub(r"[^\w .-]", "?", kind)[:40]


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, dict | list | bool) else str(value)
