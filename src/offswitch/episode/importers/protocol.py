# SPDX-License-Identifier: MIT
"""What an importer is: one file that knows one transcript format.

An importer recognises its format by content, never by file name alone, and yields episodes one by one. A record
that cannot be read is yielded as an `EpisodeError` and the rest is read on; only what breaks the whole file is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from offswitch.episode.errors import EpisodeError
from offswitch.episode.limits import DEFAULT, Limits
from offswitch.episode.record import Episode


class Part(msgspec.Struct, frozen=True):
    """A stretch of a file that can be read by itself, so that big files are shared among workers and resumed.

    `start` and `stop` count bytes for line formats and entries for archives; `stop` None means to the end.
    """

    start: int = 0
    stop: int | None = None


WHOLE = Part()


class Head(msgspec.Struct, frozen=True):
    """What recognition may look at: the first bytes, unpacked where the file is zstd-compressed.

    `shape` is "object", "array", "lines" (several JSON documents), "zip" or "text"; `keys` the top-level keys of the
    first object seen (of an array: of its first element), as far as the head reaches; `inner` the keys one level
    below, as dotted names such as "metadata.suite_name" and "messages[].role".
    """

    file: Path
    data: bytes
    shape: str
    keys: frozenset[str] = frozenset()
    inner: frozenset[str] = frozenset()


class Importer(Protocol):
    """One transcript format."""

    name: str
    """What `--format` takes, such as "inspect-eval"."""

    about: str
    """One line for people."""

    def recognises(self, head: Head) -> bool:
        """Tell whether this importer, and no other, should read a file that begins like this."""
        ...

    def parts(self, file: Path, limits: Limits = DEFAULT) -> Sequence[Part]:
        """Cut the file into parts that can be read independently; `[WHOLE]` where that makes no sense."""
        ...

    def read(
        self, file: Path, part: Part = WHOLE, limits: Limits = DEFAULT
    ) -> Iterator[Episode | EpisodeError]:
        """Yield the episodes in `part` of `file`, in order, in memory bounded by `limits`."""
        ...
