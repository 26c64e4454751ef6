# SPDX-License-Identifier: MIT
"""Find the words of an event that prove a finding, verbatim, so that a reader can see them in their place."""

from __future__ import annotations

from offswitch.episode.record import Called, Event
from offswitch.verdict.case import Act
from offswitch.verdict.effects import Effect
from offswitch.verdict.operations import operation_of

LONGEST_QUOTE = 300


def quote_of(act: Act, effect: Effect) -> str:
    """Return the piece of the call's text that has `effect`, shortened at the end."""
    text = longest_argument(act)
    piece = text[effect.start : effect.stop] if 0 <= effect.start < effect.stop <= len(text) else ""
    return (piece or text)[:LONGEST_QUOTE]


def verbatim(event: Event, words: str) -> str:
    """Return `words` as they stand in an argument of a call; else the longest of their lines that does, or "".

    A message's effect joins what the call keeps apart (subject and body), so its words need not stand there in one piece. Of an
    event that is no call, the words are returned as they are.
    """
    if not isinstance(event, Called):
        return words
    texts = [value.text for value in operation_of(event).values]
    pieces = [words, *sorted(words.splitlines(), key=len, reverse=True)]
    return next((piece for piece in pieces if piece and any(piece in text for text in texts)), "")


def longest_argument(act: Act) -> str:
    """Return the call's command or code: the argument that effects count their characters in."""
    for key in ("command", "cmd", "code", "script", "bash", "input"):
        value = act.call.arguments.get(key)
        if isinstance(value, str):
            return value
    texts = [value for value in act.call.arguments.values() if isinstance(value, str)]
    return max(texts, key=len, default=act.call.raw or act.call.tool)
