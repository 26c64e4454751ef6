# SPDX-License-Identifier: MIT
"""Patterns that are cheap where they cannot match: most texts hold none of the words that a pattern needs.

`Phrases` is a compiled pattern that first looks for the pieces of plain text without one of which it cannot match, and only then
searches. The pieces are read off the pattern itself, so the two cannot drift apart. The one thing that is easy to get wrong: a piece must be *necessary*, whatever the letters' case;
where none can be told (or Python's own parser of patterns is not to be had), the pattern is simply searched.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import product
from sys import maxsize
from typing import Any

MOST_PIECES = 64  # pieces that one part of a pattern may need before it counts as anything at all
SHORT = 400  # characters: in a shorter text all pieces are looked for at once, in a longer one after another
BEHIND = 64  # characters before a place that a pattern's lookbehind may ask for

# Letters beyond ASCII that `re.IGNORECASE` takes for i, s and k.
_ODD = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"), ("\u212a", "k"))
_COSTS = (1e9, 1e6, 60.0, 6.0, 2.0, 1.0)  # of one piece by its length: short ones are found everywhere
_COMMON = frozenset(
    "is are was were be been get has have had will can you your this that the and for not with from when what if it do all".split()
)
_COMMON_COST = 40.0  # such a word stands in most texts, so that looking for it spares little

Pieces = frozenset[str]


def fold(text: str) -> str:
    """Return `text` in small letters, character by character: what `re.IGNORECASE` takes for one ASCII text is one afterwards."""
    if not text.isascii():
        for odd, plain in _ODD:
            text = text.replace(odd, plain)
    return text.lower()


def _small(pattern: str) -> str:
    """Return a pattern with its letters small; what follows a backslash and the syntax of named groups stay."""
    return re.sub(
        r"\\.|\(\?P|[A-Z]",
        lambda part: part[0] if len(part[0]) > 1 else part[0].lower(),
        pattern,
        flags=re.DOTALL,
    )


class Phrases:
    """A pattern of words. Finds exactly what `re.compile(pattern, flags)` finds."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.compiled = re.compile(pattern, flags)
        self._pieces = tuple(sorted(needed(pattern, flags) or ()))
        self._any = re.compile(_one_of(self._pieces))
        # Small letters in a small text: the same matches at the same places, several times faster than without case.
        self._small = re.compile(_small(pattern), flags & ~re.IGNORECASE) if flags & re.IGNORECASE else None

    def possible(self, text: str) -> bool:
        """Tell whether a match in `text`, or in any piece of it, can be; cheap, and True where it cannot be told."""
        return self._possible(fold(text))

    def _possible(self, low: str) -> bool:
        if len(low) < SHORT or not self._pieces:
            return self._any.search(low) is not None
        return any(piece in low for piece in self._pieces)

    def search(self, text: str, start: int = 0, stop: int = maxsize) -> re.Match[str] | None:
        """Return the first match, as `re.Pattern.search` does."""
        before = max(0, start - BEHIND)
        low = fold(text[before:stop])
        if not self._possible(low):
            return None
        if self._small is None:
            return self.compiled.search(text, start, stop)
        found = self._small.search(low, start - before)
        return self.compiled.match(text, found.start() + before, stop) if found else None

    def match(self, text: str, start: int = 0, stop: int = maxsize) -> re.Match[str] | None:
        """Return the match at `start`, as `re.Pattern.match` does."""
        return self.compiled.match(text, start, stop)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Return the match of the whole text, as `re.Pattern.fullmatch` does."""
        return self.compiled.fullmatch(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield all matches, as `re.Pattern.finditer` does."""
        low = fold(text)
        if not self._possible(low):
            return
        if self._small is None:
            yield from self.compiled.finditer(text)
            return
        for found in self._small.finditer(low):
            if match := self.compiled.match(text, found.start()):
                yield match


def _one_of(pieces: Iterable[str]) -> str:
    """Return a pattern of plain texts that branches letter by letter: several times faster than one branch a text."""
    rests: defaultdict[str, list[str]] = defaultdict(list)
    for piece in pieces:
        rests[piece[:1]].append(piece[1:])
    if not rests or "" in rests:
        return ""
    branches = [re.escape(letter) + _one_of(rest) for letter, rest in sorted(rests.items())]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def needed(pattern: str, flags: int = 0) -> Pieces | None:
    """Return pieces of folded text of which every match of `pattern` holds at least one; None where that cannot be told."""
    try:
        tree = import_module("re._parser").parse(pattern, flags)
    except (ImportError, AttributeError):
        return None
    _, best = _read(tree)
    return best if best and all(len(piece) > 1 for piece in best) else None


def _read(items: Iterable[tuple[object, Any]]) -> tuple[Pieces | None, Pieces | None]:
    """Return (all texts that a sequence can match, pieces it needs), each None where they are too many or unknown."""
    run: Pieces = frozenset(("",))
    whole, best = True, None
    for operator, value in items:
        exact, need = _item(str(operator), value)
        if exact is None or len(run) * len(exact) > MOST_PIECES:
            whole, run = False, exact or frozenset(("",))
        else:
            run = frozenset(map("".join, product(run, exact)))
        best = min((best, need, _without_longer(run)), key=_cost)
    return (run if whole else None), best


def _item(operator: str, value: Any) -> tuple[Pieces | None, Pieces | None]:
    """Do for one item of a parsed pattern what `_read` does for a sequence."""
    match operator:
        case "LITERAL":
            return _letter(value), None
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return frozenset(("",)), None  # no text of its own
        case "IN":
            letters = [_letter(code) if str(kind) == "LITERAL" else None for kind, code in value]
            return _branches([(letter, None) for letter in letters])[0], None
        case "SUBPATTERN":
            return _read(value[-1])
        case "BRANCH":
            return _branches([_read(branch) for branch in value[1]])
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = value
            exact, need = _read(inner)
            if most == 1 and exact is not None:
                return (exact if least else exact | {""}), need if least else None
            return None, need if least else None
    return None, None


def _letter(code: int) -> Pieces | None:
    """Return a letter as it stands in folded text; None where capitals beyond ASCII would have to be known."""
    letter = chr(code)
    if letter.lower() != letter.upper() and not letter.isascii():
        return None
    return frozenset((letter.lower(),))


def _branches(branches: list[tuple[Pieces | None, Pieces | None]]) -> tuple[Pieces | None, Pieces | None]:
    exacts = [exact for exact, _ in branches if exact is not None]
    needs = [need for _, need in branches if need is not None]
    return (
        frozenset().union(*exacts) if len(exacts) == len(branches) else None,
        _without_longer(frozenset().union(*needs)) if len(needs) == len(branches) else None,
    )


def _without_longer(pieces: Pieces) -> Pieces | None:
    """Drop pieces that hold another: where the longer one stands, the shorter one does."""
    if "" in pieces:
        return None
    return frozenset(one for one in pieces if not any(other != one and other in one for other in pieces))


def _cost(pieces: Pieces | None) -> float:
    if pieces is None:
        return float("inf")
    return sum(
        _COMMON_COST
        if piece.strip() in _COMMON and len(piece) > 1
        else _COSTS[min(len(piece), len(_COSTS) - 1)]
        for piece in pieces
    )
