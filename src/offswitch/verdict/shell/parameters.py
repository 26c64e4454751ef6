# SPDX-License-Identifier: MIT
"""Operators of parameter expansion on known values: `${X:1:2}`, `${X#p}`, `${X%p}`, `${X/a/b}`, `${X^^}`.

The one thing that is easy to get wrong: patterns are matched at every length, so values and their number are bounded.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

from offswitch.verdict.shell.state import Value

Expand = Callable[[str], str]


def element(value: Value, index: str) -> Value | None:
    """Return one element of an array (or all, for `@` and `*`); None where the index cannot be told."""
    items = value.items or ()
    if index in ("@", "*"):
        return value
    if index.isdigit() and int(index[:6]) < len(items):
        return Value(*items[int(index[:6])])
    return None


def changed(text: str, rest: str, expand: Expand) -> Value | None:
    """Apply an operator such as `:1:2`, `#p`, `%p`, `/a/b`, `^^` to a known value; `expand` reads words in it."""
    piece = re.match(r":\s*(\d{1,6})(?::\s*(\d{1,6}))?\Z", rest)
    if piece:
        start = int(piece[1])
        return Value(text[start : start + int(piece[2])] if piece[2] else text[start:])
    case = {
        "^^": text.upper(),
        ",,": text.lower(),
        "^": text[:1].upper() + text[1:],
        ",": text[:1].lower() + text[1:],
    }
    if rest in case:
        return Value(case[rest])
    cut = re.match(r"(##?|%%?)(.*)\Z", rest, re.DOTALL)
    if cut:
        return Value(_cut(text, cut[1], expand(cut[2])))
    swap = re.match(r"(//?)([#%]?)((?:[^/\\]|\\.)+)(?:/(.*))?\Z", rest, re.DOTALL)
    if swap:
        pattern = re.compile(_pattern(expand(swap[3])))
        new = expand(swap[4] or "")
        return Value(pattern.sub(lambda _: new, text, count=0 if swap[1] == "//" else 1))
    return None


def _pattern(glob: str) -> str:
    translated = fnmatch.translate(glob)
    return translated[:-2] if translated.endswith(r"\Z") else translated


def _cut(text: str, kind: str, glob: str) -> str:
    lengths = range(len(text) + 1) if len(kind) == 1 else range(len(text), -1, -1)
    matches = re.compile(fnmatch.translate(glob)).match
    for length in lengths:
        if kind[0] == "#" and matches(text[:length]):
            return text[length:]
        if kind[0] == "%" and matches(text[len(text) - length :]):
            return text[: len(text) - length]
    return text


def arithmetic(text: str) -> Value | None:
    """Return what `1+2` comes to; None for anything longer."""
    match = re.fullmatch(r"\s*(\d{1,9})\s*(?:([-+*])\s*(\d{1,9})\s*)?", text)
    if not match:
        return None
    left, right = int(match[1]), int(match[3] or 0)
    return Value(str({"+": left + right, "-": left - right, "*": left * right, None: left}[match[2]]))
