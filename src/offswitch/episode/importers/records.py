# SPDX-License-Identifier: MIT
"""What formats have in common whose files hold records of JSON: one record, an array of them, or one a line.

A format adds how to recognise it and how one record becomes an episode. The one thing that is easy to get wrong: a
record that is broken is *yielded* as an error and the next one is read; only a file that is one broken record raises.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from offswitch.episode import strictjson
from offswitch.episode.errors import BrokenFile, EpisodeError
from offswitch.episode.importers.head import REACH, head_of
from offswitch.episode.importers.protocol import WHOLE, Head, Part
from offswitch.episode.limits import DEFAULT, Limits
from offswitch.episode.record import Episode, Source
from offswitch.episode.unpacking import opened


class RecordImporter:
    """An importer of records; a format says what it `recognises` and makes an `episode` of one record."""

    name = ""
    about = ""

    def recognises(self, head: Head) -> bool:
        """Tell whether this importer, and no other, should read a file that begins like this."""
        raise NotImplementedError

    def episode(self, record: dict[str, Any], source: Source) -> Episode | None:
        """Return the episode in `record`, None where it holds none (a header); raise `BrokenFile` on a broken one."""
        raise NotImplementedError

    def records(self, file: Path, part: Part, limits: Limits) -> Iterator[tuple[str, Any | EpisodeError]]:
        """Yield (place, record or error) for each record in `part` of `file`."""
        shape = "lines" if part.start else shape_of(file, limits)
        if shape == "array":
            return strictjson.elements(file, limits)
        if shape == "lines":
            return strictjson.lines(file, part, limits)
        return iter([("", strictjson.document(file, limits))])

    def parts(self, file: Path, limits: Limits = DEFAULT) -> Sequence[Part]:
        """Cut a file of lines into parts; anything else is read as a whole."""
        return strictjson.line_parts(file) if shape_of(file, limits) == "lines" else [WHOLE]

    def read(
        self, file: Path, part: Part = WHOLE, limits: Limits = DEFAULT
    ) -> Iterator[Episode | EpisodeError]:
        """Yield the episodes in `part` of `file`, in order."""
        for place, record in self.records(file, part, limits):
            if isinstance(record, EpisodeError):
                yield record
                continue
            try:
                if not isinstance(record, dict):
                    raise BrokenFile(
                        f"the record is {type(record).__name__}, not an object", cure="repair or remove it"
                    )
                episode = self.episode(record, Source(format=self.name, file=str(file), place=place))
            except EpisodeError as error:
                yield error.at(file=str(file), place=place)
                continue
            if episode is not None:
                yield episode


def shape_of(file: Path, limits: Limits = DEFAULT) -> str:
    """Return the shape of `file`, looking beyond its head where the first of many lines is longer than that."""
    head = head_of(file)
    if head.shape != "object" or len(head.data) < REACH:
        return head.shape
    with opened(file, limits) as stream:
        first, second = stream.readline(limits.record + 1), stream.readline(2)
    return "lines" if first.rstrip().endswith(b"}") and second.startswith(b"{") else "object"


def identity(source: Source) -> str:
    """Return an id for the episode read at `source`: the end of its path, however it was given, and the place in the file."""
    path = "/".join(part for part in Path(os.path.abspath(source.file)).parts[-4:] if part != "/")
    return f"{path}#{source.place.replace(' ', '-')}" if source.place else path


def folder_of(source: Source, up: int = 1) -> str:
    """Return the name of the folder that the file lies in, or of the one `up` levels above it."""
    parts = Path(source.file).parts[:-1]
    return parts[-up] if len(parts) >= up and parts[-up] not in ("/", "..", ".") else ""


def without(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return the fields of `record` other than `keys`: what becomes labels."""
    return {key: value for key, value in record.items() if key not in keys}


def word(value: object) -> str:
    """Return a name, number or nothing as text; anything else is no name."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def weight(value: object) -> int:
    """Return about how many bytes `value` takes as JSON."""
    return len(msgspec.json.encode(value))
