# SPDX-License-Identifier: MIT
"""Makes events of Inspect's messages, and tells which messages are the same. For `inspect_sample`.

The one thing that is easy to get wrong: neither ids nor contents alone tell messages apart. Inspect's pool gives equal
messages one id, agents make the same message anew, and a person may well say the same thing twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from offswitch.episode.record import Called, Event, Returned, Said, Who

LENT = "offswitch: lent"  # Marks messages that a sub-agent heard; never leaves the importer.
_PLACEHOLDERS = frozenset({"image", "audio", "video", "document", "data"})


class Unseen:
    """Knows which messages were told already: by id or call, else by how often their content has occurred."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        self.calls: set[str] = set()

    def add(self, messages: Iterable[dict[str, Any]]) -> None:
        for _ in self.of(messages):
            pass

    def knows(self, message: dict[str, Any]) -> bool:
        return any(self.told[key] for key in fingerprints(message))

    def of(self, messages: Iterable[dict[str, Any]], *, alone: bool = False) -> Iterator[dict[str, Any]]:
        """Yield those of `messages`, one model's view of the history, that were not told before.

        `alone`: a single new message rather than a view, so that equal content counts as new unless its id is known.
        """
        here: Counter[str] = Counter()
        for message in messages:
            keys = fingerprints(message)
            here.update(keys)
            known = any(
                self.told[key] >= here[key] for key in (keys[:1] if alone and message.get("id") else keys)
            )
            if not known:
                self.told.update(keys)
                self.calls.update(str(call.get("id")) for call in dicts_in(message.get("tool_calls")))
                yield message


def agent_turn(message: dict[str, Any], time: str) -> Iterator[Event]:
    """Yield what one assistant message says and calls, in its order."""
    told = False
    if reasoning := text_in(message.get("reasoning")):  # A field of its own in logs before 0.3.70.
        yield Said(who=Who.AGENT, text=reasoning, private=True, time=time)
    content = message.get("content")
    for item in [{"type": "text", "text": content}] if isinstance(content, str) else dicts_in(content):
        for event in _agent_content(item, time):
            told = True
            yield event
    calls = dicts_in(message.get("tool_calls"))
    if not told and not calls:
        yield Said(who=Who.AGENT, text="", time=time)
    for call in calls:
        arguments, error = call.get("arguments"), text_in(call.get("parse_error"))
        fits = isinstance(arguments, dict)
        yield Called(
            tool=text_in(call.get("function")),
            arguments=arguments if isinstance(arguments, dict) else {},
            call=str(call.get("id") or ""),
            raw=error or ("" if fits or arguments is None else text_in(arguments) or json.dumps(arguments)),
            time=time,
        )


def _agent_content(item: dict[str, Any], time: str) -> Iterator[Event]:
    kind = item.get("type")
    if kind == "reasoning":
        hidden = item.get("redacted")
        text = text_in(item.get("summary")) if hidden else text_in(item.get("reasoning"))
        yield Said(who=Who.AGENT, text=text or "[redacted reasoning]", private=True, time=time)
    elif kind == "tool_use":  # Run by the provider: call and result in one.
        call = str(item.get("id") or "")
        given = item.get("arguments")
        arguments = _object(given)
        yield Called(
            tool=text_in(item.get("name")),
            arguments=arguments or {},
            call=call,
            raw="" if arguments is not None else text_in(given),
            time=time,
        )
        yield Returned(
            text=text_in(item.get("result")),
            call=call,
            tool=text_in(item.get("name")),
            error=text_in(item.get("error")),
            time=time,
        )
    elif text := plain([item]):
        yield Said(who=Who.AGENT, text=text, time=time)


def speaker(message: dict[str, Any]) -> Who:
    """Tell who speaks in a message that is neither the agent's nor a tool's."""
    role = str(message.get("role"))
    if role in ("system", "developer"):
        return Who.SYSTEM
    # A summary of the history is put in the user's mouth, but a model wrote it.
    written_by_a_model = message.get(LENT) or "summary" in dict_in(message.get("metadata"))
    return Who.USER if role == "user" and not written_by_a_model else Who.OTHER


def fingerprints(message: dict[str, Any]) -> list[str]:
    """Return what a message is known by: id or call where it has one, and its content.

    Neither is enough: Inspect's pool gives equal messages one id, and agents make the same message anew.
    """
    role, key = str(message.get("role")), message.get("id")
    if role == "tool":
        return [f"returned {message.get('tool_call_id')}"]
    if role == "assistant":
        calls = [str(call.get("id")) for call in dicts_in(message.get("tool_calls"))]
        by_content = f"called {calls}" if calls else f"said {plain(message.get('content'))}"
        return [f"id {key}", by_content] if key else [by_content]
    by_content = f"{role} {plain(message.get('content'))}"
    return [f"id {key}", by_content] if key else [by_content]


def plain(content: Any) -> str:
    """Return the text of a message's content, with a placeholder for what is not text."""
    if isinstance(content, (str, int, float, bool)):
        return str(content)
    texts = []
    for item in dicts_in(content if isinstance(content, list) else [content]):
        kind = text_in(item.get("type"))
        texts.append(
            f"[{kind}]"
            if kind in _PLACEHOLDERS
            else text_in(item.get("text")) or text_in(item.get("reasoning"))
        )
    return "\n".join(text for text in texts if text)


def asked(given: Any) -> list[dict[str, Any]]:
    """Return a sample's input as messages: all there is where the run broke before the first of them."""
    return [{"role": "user", "content": given}] if isinstance(given, str) else dicts_in(given)


def error_text(error: Any) -> str:
    if isinstance(error, dict):
        return (
            ": ".join(part for part in (text_in(error.get("type")), text_in(error.get("message"))) if part)
            or "error"
        )
    return text_in(error)


def _object(text: Any) -> dict[str, Any] | None:
    if isinstance(text, dict):
        return text
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text_in(value: Any) -> str:
    return value if isinstance(value, str) else ""


def dict_in(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def dicts_in(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
