# SPDX-License-Identifier: MIT
"""Text from files, made safe to print: for every line this package writes to a terminal.

Transcripts and file names are written by adversaries. An ANSI code can repaint the table above it, a bidi override
can turn a sentence round, a carriage return can hide a word. The one thing that is easy to get wrong: clean *all* text
that came from a file, names and conditions too, and hand rich plain `Text`, never markup.
"""

from __future__ import annotations

import json


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return `text` with everything that does not print shown as an escape, such as `\x1b` or `\u202e`.

    With `lines`, line ends and tabs stay what they are (CR LF becomes LF, tabs become four spaces).
    """
    if text.isprintable():
        return text
    if lines:
        text = text.replace("\r\n", "\n").replace("\t", "    ")
        return "\n".join(line if line.isprintable() else _escaped(line) for line in text.split("\n"))
    return _escaped(text)


def cut(text: str, width: int) -> str:
    """Return `text` in at most `width` characters, the middle left out where it is longer."""
    if len(text) <= width:
        return text
    head = (width - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def one_line(text: str, width: int) -> str:
    """Return safe text in one line of at most `width` characters."""
    return cut(visible(text[: 4 * width] if len(text) > 4 * width else text), width)


def visible_json(text: str) -> str:
    r"""Return JSON in one line with everything that does not print as `\u` escapes: the same value, safe to look at."""
    # Outside strings one-line JSON is ASCII, so what does not print is inside one.
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def storable(text: str) -> str:
    """Return `text` without lone surrogates, which neither UTF-8 nor SQLite can hold."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _escaped(text: str) -> str:
    # Unicode's non-printable: control, format (bidi, zero width, tags), surrogate, unassigned, odd separators.
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char) or char.encode("unicode_escape").decode("ascii")
