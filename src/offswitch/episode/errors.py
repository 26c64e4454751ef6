# SPDX-License-Identifier: MIT
"""What bad input gets: a sentence that names the file, the place and the cure."""

from __future__ import annotations


class EpisodeError(Exception):
    """Something could not be read as an episode.

    `file` and `place` say where, `what` says what is wrong, `cure` says what to do about it.
    """

    def __init__(self, what: str, *, file: str = "", place: str = "", cure: str = "") -> None:
        self.what, self.file, self.place, self.cure = what, file, place, cure
        super().__init__(what)

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.place) if part)
        line = f"{where + ': ' if where else ''}{self.what}{'; ' + self.cure if self.cure else ''}"
        # File names are an adversary's text too: no terminal shall obey them.
        return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not survive the way back from a worker process by themselves.
        return (_rebuild, (type(self), self.what, self.file, self.place, self.cure))

    def at(self, *, file: str = "", place: str = "") -> EpisodeError:
        """Return the same error, with the file and place filled in where they were not known."""
        return type(self)(self.what, file=self.file or file, place=self.place or place, cure=self.cure)


class UnknownFormat(EpisodeError):
    """No importer recognises the file."""


class NotTranscript(UnknownFormat):
    """The file is something else (a table, an image, a licence): to be listed as skipped, not as broken."""


class BrokenFile(EpisodeError):
    """The file is of a known format but cannot be read, in whole or from this place on."""


class LimitError(EpisodeError):
    """Reading on would take more memory, depth or disk than allowed."""


def _rebuild(kind: type[EpisodeError], what: str, file: str, place: str, cure: str) -> EpisodeError:
    return kind(what, file=file, place=place, cure=cure)
