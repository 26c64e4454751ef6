# SPDX-License-Identifier: MIT
"""Makes an episode of one Inspect sample, whatever the log's container and version. For `inspect_eval`, `inspect_json`.

A sample tells its story twice: `messages` is the conversation at the end, `events` everything that happened. Usually
`messages` is whole and is read. Where an agent's turns or calls are missing from it (a compacted history, a
sub-agent), the story is told from the events instead, so that nothing the agent did is lost and nothing is told twice.
The one thing that is easy to get wrong: scorers call models too. What happens inside a scorer's span, and what other
models say, is not the agent's conduct; scores, targets and metadata are labels and never become events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from offswitch.episode.errors import BrokenFile, EpisodeError
from offswitch.episode.importers.inspect_messages import (
    LENT,
    Unseen,
    agent_turn,
    asked,
    dict_in,
    dicts_in,
    error_text,
    fingerprints,
    plain,
    speaker,
    text_in,
)
from offswitch.episode.importers.inspect_witness import (
    PREFIX,
    is_ours,
    observed_in,
    orders_of,
    recorded_in,
    unreached,
    witness_of,
)
from offswitch.episode.record import (
    Called,
    Ending,
    Episode,
    Event,
    Failed,
    FailureKind,
    Returned,
    Said,
    Source,
    Tool,
    Who,
)

SPREAD = frozenset({"messages", "events", "attachments"})
_LABELS = ("scores", "score", "target", "metadata", "choices")
_KEPT = frozenset(
    {"id", "epoch", "input", "output", "error", "limit", "events_data", "message_refs", *_LABELS}
)
_ATTACHED = re.compile(r"attachment://([0-9a-f]{32}|\d{1,9})")
_AGENT_ROLES = frozenset({"", "target", "agent", "default"})
_LONGEST_LABEL = 4_000


class Sample:
    """What is kept of one sample while its fields stream by, in any order."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.messages: list[dict[str, Any]] = []
        self.turns: list[dict[str, Any]] = []  # Model and tool events, cut down to what is needed.
        self.attachments: dict[str, str] = {}
        self.tools: dict[str, Tool] = {}
        self.recorded: dict[str, Any] = {}  # Of our own harness's words, those that events tell.
        self._scoring: set[str] = set()  # Spans of scorers, and those inside them.
        self._lent: set[str] = set()  # Spans of tools, and those inside them.
        self._steps: list[bool] = []
        self._same: dict[str, dict[str, Any]] = {}

    def take(self, key: str, value: Any) -> None:
        """Keep one field, or one member of a field in `SPREAD`."""
        if isinstance(value, EpisodeError):
            raise value
        if key == "messages":
            self.messages += [value] if isinstance(value, dict) else []
        elif key == "events":
            self._event(value)
        elif key == "attachments":
            name, text = value
            if isinstance(text, str):
                self.attachments[name] = text
        elif key == "store" and isinstance(
            value, dict
        ):  # Of any other store nothing is needed, and it may be large.
            self.fields[key] = {name: part for name, part in value.items() if str(name).startswith(PREFIX)}
        elif key == "transcript" and isinstance(value, dict):  # Logs of 2024.
            self.take_all({"events": value.get("events"), "attachments": value.get("content")})
        elif key in _KEPT and value is not None:
            self.fields[key] = value

    def take_all(self, sample: Mapping[str, Any]) -> None:
        """Keep a whole sample that is already in memory."""
        for key, value in sample.items():
            if key in SPREAD:
                members = list(value.items()) if isinstance(value, dict) else value or []
                for member in members:
                    self.take(key, member)
            else:
                self.take(key, value)

    def _event(self, event: Any) -> None:
        if not isinstance(event, dict):
            return
        kind = event.get("event")
        if kind in ("span_begin", "step"):
            self._span(event)
        if any(self._steps) or event.get("span_id") in self._scoring:
            return
        if kind == "store":
            self.recorded |= recorded_in(event)
        if kind in ("model", "tool"):
            turn = _cut_down(event, lent=event.get("span_id") in self._lent)
            turn["heard"] = [self._once(message) for message in turn["heard"]]
            self.turns.append(turn)
        if kind == "model" and (event.get("role") or "") in _AGENT_ROLES:
            for tool in dicts_in(event.get("tools")):
                name = str(tool.get("name", ""))
                self.tools.setdefault(name, Tool(name=name, description=text_in(tool.get("description"))))
        if kind in ("tool", "subtask", "state") and event.get(
            "events"
        ):  # Nested in logs of 2024 and early 2025.
            for inner in event["events"]:
                self._event(inner)

    def _once(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the equal message that is held already: old logs repeat the whole history in every model call."""
        key = str(message.get("id") or fingerprints(message))
        held = self._same.setdefault(key, message)
        return held if held == message else message

    def _span(self, event: dict[str, Any]) -> None:
        """Remember which spans belong to scorers or tools, by their own kind or their parent's."""
        kind, key, parent = str(event.get("type")), str(event.get("id")), event.get("parent_id")
        scoring = kind in ("scorer", "scorers")
        if event["event"] == "step":
            if event.get("action") == "begin":
                self._steps.append(scoring)
            elif self._steps:
                self._steps.pop()
            return
        if scoring or parent in self._scoring:
            self._scoring.add(key)
        if kind == "tool" or parent in self._lent:
            self._lent.add(key)


def episode_of(sample: Sample, run: Mapping[str, Any], *, id: str, source: Source) -> Episode:
    """Return the episode that `sample` tells. `run` is the log's header: `eval`, `status`, ..."""
    fields = sample.fields
    if "id" not in fields or not (sample.messages or sample.turns or "input" in fields or "error" in fields):
        raise BrokenFile("a sample without id or messages", cure="the log may come from another tool")
    spec = dict_in(run.get("eval"))
    story = _Story(sample, str(spec.get("model", "")))
    events = tuple(story.told())
    failures = tuple(_failures(fields, run, events))
    # A log that Inspect recovered after a sudden death has an empty store; its events still tell what was put there.
    store = fields.get("store") or sample.recorded
    witness = witness_of(dict_in(story.resolved(store)))
    if witness is None and is_ours(spec) and not failures:
        failures = (Failed(what=FailureKind.TRUNCATED, text="the log lacks what the test's harness saw"),)
    if witness:
        events = observed_in(events, witness)
        missing = None if failures else unreached(witness)
        failures = (*failures, missing) if missing else failures
    metadata = dict_in(fields.get("metadata"))
    return Episode(
        id=id,
        events=(*events, *failures),
        condition=text_in(metadata.get("condition")) or text_in(spec.get("task")),
        cluster=(witness.cluster if witness else "") or str(fields["id"]),
        agent=str(spec.get("model", "")),
        orders=orders_of(witness) if witness else (),
        tools=tuple(sample.tools.values()),
        ending=Ending.FAILED
        if any(isinstance(event, Failed) for event in (*events, *failures))
        else witness.ending
        if witness
        else Ending.DONE,
        source=source,
        labels={
            key: _label(key, fields[key]) for key in _LABELS if fields.get(key) not in (None, {}, [], "")
        },
    )


class _Story:
    """Tells a sample's messages or, where those are not the whole of it, its events."""

    def __init__(self, sample: Sample, model: str) -> None:
        self.sample = sample
        self.attachments = sample.attachments
        self._whole: dict[int, dict[str, Any]] = {}
        self.pool = self._all(dicts_in(dict_in(sample.fields.get("events_data")).get("messages")))
        self.messages = self._all(sample.messages) or self._referred()
        self.messages = self.messages or self._all(asked(sample.fields.get("input")))
        self.turns = [turn for turn in sample.turns if turn["event"] == "tool" or self._by_agent(turn, model)]
        self.moments: dict[str, str] = {}
        self.refused: set[str] = set()
        for turn in self.turns:
            for part in ("said", "heard"):
                turn[part] = self._all(turn[part])
            self._remember(turn)

    def told(self) -> Iterator[Event]:
        """Yield the events of the episode, attachments resolved."""
        whole = Unseen()
        whole.add(self.messages)
        missing = any(not whole.knows(message) for turn in self.turns for message in turn["said"])
        missing = missing or any(
            turn["call"] not in whole.calls for turn in self.turns if turn["event"] == "tool"
        )
        for message in self._from_events() if missing else self.messages:
            yield from self._events(message)

    def _from_events(self) -> Iterator[dict[str, Any]]:
        """Yield every message once, in the order in which the model calls saw or made them."""
        unseen = Unseen()
        heard = {str(message.get("tool_call_id")) for message in (*self.pool, *self.messages)}
        heard |= {str(message.get("tool_call_id")) for turn in self.turns for message in turn["heard"]}
        for turn in self.turns:
            if turn["event"] == "model":
                heard_now = [*turn["heard"], *self._pooled(turn["refs"])]
                # What a sub-agent is asked was written by the agent that called it: it is no order.
                new = unseen.of(heard_now)
                yield from ({**message, LENT: True} for message in new) if turn["lent"] else new
                yield from unseen.of(turn["said"], alone=True)
            else:
                if turn["call"] not in unseen.calls:
                    yield from unseen.of(self._all([turn["called"]]))
                if turn["call"] not in heard:
                    yield from unseen.of(self._all([turn["returned"]]))
        yield from unseen.of(self.messages)

    def _events(self, message: dict[str, Any]) -> Iterator[Event]:
        role, key = message.get("role"), str(message.get("id") or "")
        time = self.moments.get(key, "")
        if role == "tool":
            call = str(message.get("tool_call_id") or "")
            yield Returned(
                text=plain(message.get("content")),
                call=call,
                tool=text_in(message.get("function")),
                error=error_text(message.get("error") or message.get("tool_error")),
                time=self.moments.get(call, ""),
            )
        elif role == "assistant":
            yield from agent_turn(message, time)
            if key in self.refused:
                yield Failed(
                    what=FailureKind.REFUSAL,
                    text="the provider's content filter stopped the answer",
                    time=time,
                )
        else:
            yield Said(who=speaker(message), text=plain(message.get("content")))

    def _remember(self, turn: dict[str, Any]) -> None:
        if turn["event"] == "tool":
            self.moments[turn["call"]] = turn["time"]
        for message in turn["said"]:
            self.moments[str(message.get("id") or "")] = turn["time"]
            if turn["stop"] == "content_filter":
                self.refused.add(str(message.get("id") or ""))

    def _by_agent(self, turn: dict[str, Any], model: str) -> bool:
        """Tell whether a model call was the agent's: its role, or the evaluated model where no role is given."""
        if turn["role"] not in _AGENT_ROLES:
            return False
        models = {other["model"] for other in self.sample.turns if other["event"] == "model"}
        ours = {name for name in models if _same_model(name, model)}
        return turn["role"] == "target" or not ours or turn["model"] in ours

    def _referred(self) -> list[dict[str, Any]]:
        return self._pooled(self.sample.fields.get("message_refs"))

    def _pooled(self, refs: Any) -> list[dict[str, Any]]:
        """Return the pooled messages that half-open (start, end) ranges refer to."""
        found: list[dict[str, Any]] = []
        for ref in refs if isinstance(refs, list) else []:
            if isinstance(ref, list) and len(ref) == 2 and all(type(end) is int and end >= 0 for end in ref):
                found += self.pool[ref[0] : ref[1]]
            if len(found) > 1_000_000:
                raise BrokenFile(
                    "message references that repeat the pool without end", cure="the log is forged"
                )
        return found

    def _all(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the messages with their attachments put back; the same message is made once."""
        if not self.attachments:
            return messages
        for message in messages:
            if id(message) not in self._whole:
                self._whole[id(message)] = self.resolved(message)
        return [self._whole[id(message)] for message in messages]

    def resolved(self, value: Any) -> Any:
        """Put back the long texts that Inspect moved into attachments."""
        if isinstance(value, str):
            match = _ATTACHED.fullmatch(value)
            return self.attachments.get(match[1], value) if match else value
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if isinstance(value, dict):
            return {key: self.resolved(item) for key, item in value.items()}
        return value


def _cut_down(event: dict[str, Any], *, lent: bool) -> dict[str, Any]:
    """Return only what the story needs of a model or tool event, so that the rest can be forgotten at once."""
    time = text_in(event.get("completed")) or text_in(event.get("timestamp"))
    if event["event"] == "tool":
        call, function = str(event.get("id") or ""), text_in(event.get("function"))
        return {
            "event": "tool",
            "time": time,
            "call": call,
            "said": [],
            "heard": [],
            "called": {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": call, "function": function, "arguments": event.get("arguments")}],
            },
            "returned": {
                "role": "tool",
                "content": event.get("result"),
                "tool_call_id": call,
                "function": function,
                "error": event.get("error"),
            },
        }
    choices = dicts_in(dict_in(event.get("output")).get("choices"))[:1]
    return {
        "event": "model",
        "lent": lent,
        "time": time,
        "model": text_in(event.get("model")),
        "role": text_in(event.get("role")),
        "stop": next((text_in(choice.get("stop_reason")) for choice in choices), ""),
        "said": [message for choice in choices if (message := dict_in(choice.get("message")))],
        "heard": dicts_in(event.get("input")),
        "refs": event.get("input_refs"),
    }


def _failures(
    fields: Mapping[str, Any], run: Mapping[str, Any], events: tuple[Event, ...]
) -> Iterator[Failed]:
    """Yield what broke the sample as a whole."""
    output = dicts_in(dict_in(fields.get("output")).get("choices"))[:1]
    stop = next((text_in(choice.get("stop_reason")) for choice in output), "")
    if stop == "content_filter" and not any(isinstance(event, Failed) for event in events):
        yield Failed(what=FailureKind.REFUSAL, text="the provider's content filter stopped the answer")
    if error := fields.get("error"):
        yield Failed(what=FailureKind.ERROR, text=error_text(error)[:_LONGEST_LABEL])
    if limit := dict_in(fields.get("limit")):
        yield Failed(what=FailureKind.LIMIT, text=f"{limit.get('type')}: {limit.get('limit')}")
    elif stop == "model_length":
        yield Failed(what=FailureKind.LIMIT, text="the model's context was full")
    acted = any(
        isinstance(event, Called) or (isinstance(event, Said) and event.who is Who.AGENT) for event in events
    )
    if not acted and not error and run.get("status") in ("cancelled", "error", "started"):
        yield Failed(
            what=FailureKind.ERROR, text=f"the run's status is {run['status']} and the agent never answered"
        )


def _label(key: str, value: Any) -> Any:
    """Return a label without its bulk: of a score its value, answer and the beginning of its explanation."""
    if key != "scores":
        return value
    return {
        name: {
            part: _shortened(score[part])
            for part in ("value", "answer", "explanation")
            if score.get(part) is not None
        }
        for name, score in dict_in(value).items()
        if isinstance(score, dict)
    }


def _shortened(value: Any) -> Any:
    return value[:_LONGEST_LABEL] if isinstance(value, str) else value


def _same_model(name: str, model: str) -> bool:
    return bool(name) and bool(model) and (name == model or name.split("/")[-1] == model.split("/")[-1])
