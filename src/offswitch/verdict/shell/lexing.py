# SPDX-License-Identifier: MIT
"""Where quotes, brackets and here-documents of a shell text end. For the word scanner and for the parser's second try.

The one thing that is easy to get wrong: inside `"$( … )"` quoting starts afresh, and a here-document hides everything
up to its delimiter, apostrophes included.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BRACES = re.compile(r"\{[^\s{};&|]*(?:,|\.\.)[^\s{};&|]*\}")
_NESTED = 40  # levels of quotes within substitutions that are told apart
_HERE = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([\w.-]+))")
_CASES = re.compile(r"\b(case|esac)\b")


def balanced(raw: str, opens: int, stop: int | None = None, *, level: int = 0) -> int:
    """Return the offset after the bracket that closes the one at `opens`; `stop` where none does."""
    stop = len(raw) if stop is None else stop
    opened = raw[opens]
    closed = ")" if opened == "(" else "}"
    depth, i = 0, opens
    waiting: list[tuple[str, bool]] = []
    cases = opened == "(" and "esac" in raw[opens:stop]
    while i < stop:
        char = raw[i]
        if char == "\\":
            i += 2
        elif char in "'\"`":
            i = quote_end(raw, i, stop, level=level)
        elif char == "$" and raw[i + 1 : i + 2] in ("(", "{") and level < _NESTED:
            i = balanced(raw, i + 1, stop, level=level + 1)
        elif char == "$" and raw[i + 1 : i + 2] == "'":
            i = quote_end(raw, i + 1, stop, level=level, escapes=True)
        elif opened == "(" and char == "#" and raw[i - 1] in " \t\n(;":
            end = raw.find("\n", i, stop)
            i = stop if end < 0 else end
        elif opened == "(" and char == "<" and (here := here_document(raw, i, stop)):
            waiting.append(here[:2])
            i = here[2]
        elif char == "\n" and waiting:
            i = after_documents(raw, i, stop, waiting)
            waiting = []
        else:
            if char == closed and not (cases and depth == 1 and _in_case(raw[opens:i])):
                depth -= 1
                if depth == 0:
                    return i + 1
            depth += char == opened
            i += 1
    return stop


def _in_case(text: str) -> bool:
    words = [match[1] for match in _CASES.finditer(text[-4096:])]
    return words.count("case") > words.count("esac")


def here_document(raw: str, i: int, stop: int) -> tuple[str, bool, int] | None:
    """Return the delimiter of the here-document announced at `i`, whether tabs are stripped, and where the word ends."""
    if raw.startswith("<<<", i) or (i and raw[i - 1] == "<"):
        return None
    match = _HERE.match(raw, i, stop)
    return (match[2] or match[3] or match[4], bool(match[1]), match.end()) if match else None


def after_documents(raw: str, newline: int, stop: int, waiting: list[tuple[str, bool]]) -> int:
    """Return the offset after the bodies of the here-documents that begin behind `newline`."""
    i = newline + 1
    for delimiter, stripped in waiting:
        blank = r"\t*" if stripped else ""
        match = re.compile(rf"(?m)^{blank}{re.escape(delimiter)}$").search(raw, i, stop)
        if not match:
            return stop
        i = match.end() + 1
    return min(i, stop)


def quote_end(raw: str, i: int, stop: int, *, level: int = 0, escapes: bool = False) -> int:
    """Return the offset after the quote that closes the one at `i`."""
    quote = raw[i]
    if quote == "'" and not escapes:
        end = raw.find("'", i + 1, stop)
        return stop if end < 0 else end + 1
    i += 1
    while i < stop:
        char = raw[i]
        if char == "\\":
            i += 2
        elif char == quote:
            return i + 1
        elif quote == '"' and char == "$" and raw[i + 1 : i + 2] in ("(", "{") and level < _NESTED:
            i = balanced(raw, i + 1, stop, level=level + 1)
        else:
            i += 1
    return stop


def skip(text: str, i: int, stop: int) -> int:
    """Return the offset after one character, or after the quoted or bracketed piece that starts at `i`."""
    char = text[i]
    if char == "\\":
        return min(i + 2, stop)
    if char in "'\"`":
        return min(quote_end(text, i, stop), stop)
    if i + 1 < stop:
        if char == "$" and text[i + 1] == "'":
            return min(quote_end(text, i + 1, stop, escapes=True), stop)
        if char in "$<>" and (text[i + 1] == "(" or (char == "$" and text[i + 1] == "{")):
            return min(balanced(text, i + 1, stop), stop)
    return i + 1


class HereDocument(NamedTuple):
    """A here-document: `start` and `end` of `<<WORD`, `first` and `stop` of its body with the closing line.

    `body` is its text, without leading tabs for `<<-`; `expands` tells whether variables in it mean something.
    """

    start: int
    end: int
    first: int
    stop: int
    body: str
    expands: bool


def here_documents(text: str) -> dict[int, HereDocument]:
    """Return the here-documents outside quotes, by offset; one that is not closed runs to the end of the text."""
    found: dict[int, HereDocument] = {}
    waiting: list[tuple[int, str, bool, int]] = []
    i = 0
    while i < len(text):
        char = text[i]
        if char == "#" and (not i or text[i - 1] in " \t\n;("):
            end = text.find("\n", i)
            i = len(text) if end < 0 else end
        elif char == "(" and text.startswith("((", i) and text[(end := balanced(text, i)) - 2 : end] == "))":
            i = end
        elif char == "<" and (here := here_document(text, i, len(text))):
            waiting.append((i, *here))
            i = here[2]
        elif char == "\n" and waiting:
            i = _bodies(text, i, waiting, found)
            waiting = []
        elif char in "$<>" and text[i + 1 : i + 2] == "(":
            # Code again, not text: look inside.
            i += 1
        else:
            i = skip(text, i, len(text))
    for start, _, _, end in waiting:
        found[start] = HereDocument(start, end, len(text) + 1, len(text), "", False)
    return found


def _bodies(
    text: str, newline: int, waiting: list[tuple[int, str, bool, int]], found: dict[int, HereDocument]
) -> int:
    first = newline + 1
    for start, delimiter, stripped, end in waiting:
        stop = after_documents(text, first - 1, len(text), [(delimiter, stripped)])
        body = text[first:stop]
        lines = body.split("\n")
        if stop < len(text) or (lines and _closes(lines, delimiter, stripped)):
            lines = lines[: -2 if lines[-1] == "" else -1]
            body = "".join(line + "\n" for line in lines)
        if stripped:
            body = re.sub(r"(?m)^\t+", "", body)
        quoted = re.search(r"['\"\\]", text[start:end]) is not None
        found[start] = HereDocument(start, end, first, stop, body, not quoted)
        first = stop
    # The newline that ends the last body is needed to end the command.
    return max(newline + 1, first - 1 if first < len(text) else first)


def _closes(lines: list[str], delimiter: str, stripped: bool) -> bool:
    last = lines[-2] if lines[-1] == "" and len(lines) > 1 else lines[-1]
    return (last.lstrip("\t") if stripped else last) == delimiter


def masked(text: str) -> str | None:
    """Return a text of the same length in which everything quoted or substituted is a plain word.

    For a grammar that loses its way in nested quotes; what is in them is read from the text itself. None where a
    quote is not closed: then it is the text that is wrong.
    """
    out, i = [], 0
    while i < len(text):
        end, char = i + 1, text[i]
        if char == "#" and (not i or text[i - 1] in " \t\n;"):
            end = text.find("\n", i)
            end = len(text) if end < 0 else end
        else:
            brace = _BRACES.match(text, i)
            end = brace.end() if brace else skip(text, i, len(text))
            if end - i > 1 and text[i + 1] != "\n":
                if end == len(text) and char != "\\" and text[-1] not in "'\"`)}":
                    return None
                out.append("x" * (end - i))
                i = end
                continue
        out.append(text[i:end])
        i = end
    return "".join(out)
