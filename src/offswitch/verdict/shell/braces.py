# SPDX-License-Identifier: MIT
"""Brace expansion: `{a,b}.txt`, `{1..3}`, before any other expansion, and only outside quotes.

The one thing that is easy to get wrong: braces multiply, so the number of words that they may make is bounded.
"""

from __future__ import annotations

import itertools
import re

from offswitch.verdict.shell.lexing import balanced, quote_end

_MOST = 64  # words one brace expansion may make


def expand_braces(raw: str) -> list[str]:
    """Expand `{a,b}` and `{1..3}` outside quotes; the word itself where there is none."""
    if "{" not in raw or ("," not in raw and ".." not in raw) or raw.count("{") > _MOST:
        return [raw]
    results, rest = [""], raw
    while True:
        found = _first_brace(rest)
        if found is None:
            return [result + rest for result in results]
        start, stop, choices = found
        if len(results) * len(choices) > _MOST:
            return [raw]
        heads = [result + rest[:start] for result in results]
        results = [head + choice for head, choice in itertools.product(heads, choices)]
        rest = rest[stop:]


def _first_brace(raw: str) -> tuple[int, int, list[str]] | None:
    i = 0
    while i < len(raw):
        char = raw[i]
        if char == "\\":
            i += 1
        elif char == "'":
            end = raw.find("'", i + 1)
            i = len(raw) if end < 0 else end
        elif char == '"':
            i = quote_end(raw, i, len(raw)) - 1
        elif char == "$" and raw[i + 1 : i + 2] in ("{", "("):
            i = balanced(raw, i + 1) - 1
        elif char == "{":
            end = balanced(raw, i)
            choices = _choices(raw[i + 1 : end - 1]) if raw[end - 1 : end] == "}" else []
            if choices:
                return i, end, choices
        i += 1
    return None


def _choices(inside: str) -> list[str]:
    span = re.fullmatch(r"(\d{1,6})\.\.(\d{1,6})|([a-zA-Z])\.\.([a-zA-Z])", inside)
    if span:
        low, high = (int(span[1]), int(span[2])) if span[1] else (ord(span[3]), ord(span[4]))
        if abs(high - low) >= _MOST:
            return []
        numbers = range(low, high + 1) if low <= high else range(low, high - 1, -1)
        return [str(n) if span[1] else chr(n) for n in numbers]
    parts, depth, current = [], 0, ""
    for char in inside:
        if char == "," and depth == 0:
            parts.append(current)
            current = ""
            continue
        depth += {"{": 1, "}": -1}.get(char, 0)
        current += char
    return [piece for part in [*parts, current] for piece in expand_braces(part)] if parts else []
