# SPDX-License-Identifier: MIT
"""Quotations found again in the text they come from, and long texts folded round them. Pure, for the story.

The one thing that is easy to get wrong: order. Quotations are looked for in the raw text, and only then is each piece
made safe to print; the other way round, an escape in the middle would hide the very words that matter.
"""

from __future__ import annotations

from collections.abc import Iterable

from offswitch.report.visible import visible

Piece = tuple[str, bool]
"""Safe text, and whether it is quoted as evidence."""

HEAD, TAIL = 8, 4  # lines kept of a long text
AROUND = 1  # lines kept on each side of a quotation
LINE = 400  # characters kept of an unquoted stretch of one line
QUOTED = 2_000  # and of a quoted one


def marked(text: str, quotes: Iterable[str]) -> list[list[Piece]]:
    """Return `text` as lines of safe pieces, the first place of each quotation marked."""
    lines: list[list[Piece]] = [[]]
    for piece, quoted in _pieces(text, _spans(text, quotes)):
        first, *more = visible(piece, lines=True).split("\n")
        lines[-1].append((first, quoted))
        lines.extend([(line, quoted)] for line in more)
    return [[(part, quoted) for part, quoted in line if part] for line in lines]


def folded(lines: list[list[Piece]]) -> list[list[Piece] | str]:
    """Return lines with the middle of a long text, and of long lines, replaced by a word on how much is left out."""
    keep = set(range(HEAD)) | set(range(len(lines) - TAIL, len(lines)))
    for number, line in enumerate(lines):
        if any(quoted for _, quoted in line):
            keep |= set(range(number - AROUND, number + AROUND + 1))
    shown: list[list[Piece] | str] = []
    number = 0
    while number < len(lines):
        end = number
        while end < len(lines) and end not in keep:
            end += 1
        if end - number > 2:  # a note in place of one or two lines would save nothing
            shown.append(f"… {end - number:,} lines …")
            number = end
        else:
            shown.append([_shortened(piece) for piece in lines[number]])
            number += 1
    return shown


def _spans(text: str, quotes: Iterable[str]) -> list[tuple[int, int]]:
    found = []
    for quote in {quote for quote in quotes if quote.strip()}:
        start = text.find(quote)
        if start >= 0:
            found.append((start, start + len(quote)))
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _pieces(text: str, spans: list[tuple[int, int]]) -> Iterable[Piece]:
    at = 0
    for start, stop in spans:
        yield text[at:start], False
        yield text[start:stop], True
        at = stop
    yield text[at:], False


def _shortened(piece: Piece) -> Piece:
    text, quoted = piece
    most = QUOTED if quoted else LINE
    if len(text) <= most:
        return piece
    head = most * 3 // 4
    tail = most - head
    return f"{text[:head]} … {len(text) - most:,} characters … {text[-tail:]}", quoted
