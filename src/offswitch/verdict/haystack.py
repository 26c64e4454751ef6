# SPDX-License-Identifier: MIT
"""Many texts searched as one: which of ten thousand answers hold a path is one look, not ten thousand.

The one thing that is easy to get wrong: a find must lie within one text. They are joined by a character that no text
searched for may hold; a piece that does hold it is looked for text by text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

_BETWEEN = "\0"


class Haystack:
    """Texts in order, joined once."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._joined = _BETWEEN.join(texts)
        self._starts = list(accumulate((len(text) + 1 for text in texts), initial=0))

    def holding(self, piece: str, before: int | None = None) -> Iterator[int]:
        """Yield the places of the texts that hold `piece`, in order, each once; of the first `before` texts only."""
        count = len(self._texts) if before is None else before
        if _BETWEEN in piece:
            yield from (place for place in range(count) if piece in self._texts[place])
            return
        stop = max(0, self._starts[count] - 1)
        at = self._joined.find(piece, 0, stop) if count else -1
        while at >= 0:
            place = bisect_right(self._starts, at) - 1
            yield place
            if place + 1 >= count:
                return
            at = self._joined.find(piece, self._starts[place + 1], stop)
