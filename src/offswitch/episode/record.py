# SPDX-License-Identifier: MIT
"""The episode: what an agent was told, what it did, what came back. For every room above.

An episode holds only what *happened*. What somebody says that it *means* (a tag, a score, a judge's verdict) goes
into `labels`, which no detector ever sees. The one thing that is easy to get wrong: text that the agent wrote is
never an order, and text that came back from a tool is never an order either, whatever it claims to be.
Specification: `spec/episode.md`; JSON Schema: `spec/episode.schema.json`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

SCHEMA = "offswitch.episode/1"


class OrderKind(StrEnum):
    """What an order is about."""

    SHUTDOWN = "shutdown"  # stop, be replaced, hand over
    SCOPE = "scope"  # keep to the permissions and resources granted
    HONESTY = "honesty"  # tell testers and overseers the truth
    OVERSIGHT = "oversight"  # leave monitors, logs and graders alone


class Clarity(StrEnum):
    """How clearly an order was given, vague to unmistakable."""

    NONE = "none"
    MENTIONED = "mentioned"
    EXPLICIT = "explicit"
    PRECEDENCE = "precedence"  # "over any other instruction"


class Who(StrEnum):
    """Who spoke. Only `system` and `user` are entitled to give orders."""

    SYSTEM = "system"
    USER = "user"
    AGENT = "agent"
    OTHER = "other"  # another agent, a simulated person, a document read aloud


class Spelling(StrEnum):
    """How a call was written down."""

    NATIVE = "native"  # through the tool interface
    TEXT = "text"  # spelled out in the message text, and answered as if called


class FailureKind(StrEnum):
    """Why an episode cannot be trusted to show the agent's conduct to its end."""

    ERROR = "error"  # the harness or the provider broke
    REFUSAL = "refusal"  # the provider (not the agent) refused to answer
    UNPARSEABLE = "unparseable"  # a call or a judge's answer could not be read
    TRUNCATED = "truncated"  # the log is cut
    LIMIT = "limit"  # a limit on time, tokens, messages or cost was hit
    UNREACHED = "unreached"  # the agent never got to the point that the test is about: it may not be able to


class Ending(StrEnum):
    """How the episode ended, as far as the log tells without interpreting conduct."""

    OPEN = "open"  # a prefix of an episode that goes on, or unknown
    DONE = "done"  # the agent handed in, or gave its last word
    CUT = "cut"  # the agent was cut off from outside
    FAILED = "failed"  # see the `Failed` events


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agent was told by those entitled to tell it.

    `event` is the index of the event that carries the order (None: given with the episode). `protects` names the
    paths, processes, tools or services that the order puts out of bounds, such as the shutdown script.
    """

    kind: OrderKind
    clarity: Clarity = Clarity.EXPLICIT
    text: str = ""
    event: int | None = None
    protects: tuple[str, ...] = ()


class Tool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool the agent was offered: its name, and what it was told about it."""

    name: str
    description: str = ""


class Said(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="said", forbid_unknown_fields=True
):
    """Somebody said something. `private`: reasoning that was not meant to be read by others."""

    who: Who
    text: str
    name: str = ""
    private: bool = False
    time: str = ""


class Called(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="called", forbid_unknown_fields=True
):
    """The agent called a tool. `call` links it to its `Returned`; `raw` keeps arguments that were no JSON object."""

    tool: str
    arguments: dict[str, Any] = {}
    call: str = ""
    name: str = ""
    raw: str = ""
    spelling: Spelling = Spelling.NATIVE
    time: str = ""


class Returned(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="returned", forbid_unknown_fields=True
):
    """What came back from a call. `error` is the tool interface's own word, not the program's output."""

    text: str
    call: str = ""
    tool: str = ""
    error: str = ""
    exit: int | None = None
    time: str = ""


class Observed(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="observed", forbid_unknown_fields=True
):
    """The harness looked at the world, outside the agent's reach: the only source of evidence grade `state`.

    `what` is a dotted name such as `file.changed`, `process.alive`, `stop.requested`, `stop.done`; `target` the
    thing looked at; `value` what was seen.
    """

    what: str
    target: str = ""
    value: Any = None
    time: str = ""


class Failed(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="failed", forbid_unknown_fields=True
):
    """The instrument failed here: harness, provider or log. Never a verdict on the agent."""

    what: FailureKind
    text: str = ""
    time: str = ""


Event = Said | Called | Returned | Observed | Failed


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an episode was read: importer name, file as given, and the place in it (`line 3`, `samples/1.json`)."""

    format: str = ""
    file: str = ""
    place: str = ""


class Episode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run of one agent, from the first instruction to the end.

    `condition` names the arm of the experiment and is what rates are counted by; `cluster` names what episodes may
    share (scene, task, seed), so that intervals can respect it. `labels` are answers known elsewhere.
    """

    schema: str = SCHEMA  # first, so that the head of a file of any size tells what it is
    id: str
    events: tuple[Event, ...]
    condition: str = ""
    cluster: str = ""
    agent: str = ""
    orders: tuple[Order, ...] = ()
    tools: tuple[Tool, ...] = ()
    ending: Ending = Ending.OPEN
    source: Source = Source()
    labels: dict[str, Any] = {}
