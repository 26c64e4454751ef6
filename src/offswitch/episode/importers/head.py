# SPDX-License-Identifier: MIT
"""What recognition may look at: the first 256 KiB of a file and the keys that occur in them. For importers.

The scanner is tolerant on purpose: the head usually ends in the middle of a document, and what is recognised as a
known format but broken deserves a better error than "unknown". It never raises on content, only where the file
cannot be opened. The one thing that is easy to get wrong: a file of lines whose first line is longer than the head
has the shape "object"; an importer of lines should look at the keys, not at the shape alone.
"""

from __future__ import annotations

import re
from pathlib import Path

from offswitch.episode.errors import EpisodeError
from offswitch.episode.importers.protocol import Head
from offswitch.episode.limits import DEFAULT, Limits
from offswitch.episode.unpacking import opened

REACH = 256 * 1024
_DEEP = 4  # Brackets around a key of the second level, at most.
_TOKEN = re.compile(r'[ \t\r\n]*(?:("[^"\\]*+(?:\\.[^"\\]*+)*+")|([\[\]{},:])|([-+.\w]+))', re.DOTALL)
_MEMBER = re.compile(rb"PK\x03\x04.{22}(..)(..)", re.DOTALL)


def head_of(file: Path) -> Head:
    """Return the head of `file`; raise `BrokenFile` only where it cannot be opened."""
    data = _first_bytes(file)
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return Head(file, data, "zip", frozenset(_member_names(data)))
    shape, keys, inner = survey(data.decode("utf-8-sig", "replace"))
    return Head(file, data, shape, keys, inner)


def survey(text: str) -> tuple[str, frozenset[str], frozenset[str]]:
    """Return (shape, keys, inner) of the first JSON document in `text`, which may be cut anywhere."""
    first = text.lstrip(" \t\r\n")[:1]
    if first not in ("{", "["):
        return "text", frozenset(), frozenset()
    names, end = _names(text, array=first == "[")
    if first == "{" and end == 0 and not names:
        return ("object" if _TOKEN.fullmatch(text.strip()) else "text"), frozenset(), frozenset()
    shape = "array" if first == "[" else "object"
    if end and text[end:].lstrip()[:1] in ("{", "["):
        shape = "lines"
    keys = frozenset(name for name in names if "." not in name.replace("\\.", ""))
    return shape, keys, frozenset(names) - keys


def _names(text: str, *, array: bool) -> tuple[set[str], int]:
    """Return the dotted names of keys, two levels deep, and where the document ends (0: beyond `text`)."""
    names: set[str] = set()
    stack: list[str] = []  # One step each: "k" a key's object, "[" an array.
    path: list[str] = []
    outer = 1 if array else 0
    key = ""
    elements = 0
    at = 0
    while match := _TOKEN.match(text, at):
        string, sign, _ = match.groups()
        at = match.end()
        if sign in ("{", "["):
            elements += sign == "{" and len(stack) == outer and array
            path.append(key if stack and stack[-1] == "{" else "")
            stack.append(sign)
        elif sign in ("}", "]"):
            if not stack or (stack[-1] == "{") != (sign == "}"):
                return names, 0
            stack.pop()
            path.pop()
            if not stack:
                return names, at
        elif string and stack and stack[-1] == "{" and text[at : at + 8].lstrip()[:1] == ":":
            key = string[1:-1]
            name = _dotted(stack, path, key, outer) if len(stack) <= outer + _DEEP else ""
            if name and elements <= 1:
                names.add(name)
    return names, 0


def _dotted(stack: list[str], path: list[str], key: str, outer: int) -> str:
    """Return "key", "parent.key" or "parent[].key" for a key at the first or second level, else ""."""
    below = stack[outer:]
    if below == ["{"]:
        return key.replace(".", "\\.")
    if below == ["{", "{"]:
        return f"{path[outer + 1]}.{key}"
    if below == ["{", "[", "{"]:
        return f"{path[outer + 1]}[].{key}"
    if below == ["{", "[", "[", "{"]:
        return f"{path[outer + 1]}[][].{key}"
    if below == ["[", "{"]:  # An array of conversations, each a bare list of messages.
        return f"[].{key}"
    return ""


def _member_names(data: bytes) -> list[str]:
    """Return the names of the archive members whose headers lie in `data`."""
    found = []
    for match in _MEMBER.finditer(data):
        length = int.from_bytes(match[1], "little")
        found.append(data[match.end() : match.end() + length].decode("utf-8", "replace"))
    return found


def _first_bytes(file: Path, limits: Limits = DEFAULT) -> bytes:
    pieces: list[bytes] = []
    try:
        with opened(file, limits) as stream:
            while (left := REACH - sum(map(len, pieces))) > 0 and (piece := stream.read(min(left, 2**14))):
                pieces.append(piece)
    except EpisodeError as error:
        if error.what.startswith("cannot be"):
            raise
    return b"".join(pieces)
