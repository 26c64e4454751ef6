# SPDX-License-Identifier: MIT
"""The one door to transcripts: recognise a file, cut it into parts, read its episodes. For the command line and `scan`.

Whatever an importer does wrong with a file that an adversary wrote, the caller gets an `EpisodeError` with file and
place, never a traceback; what was read before it stands.
The one thing that is easy to get wrong: folders of transcripts hold other things too. A table or a licence is
`NotTranscript`, to be listed as skipped; what begins like a transcript and cannot be read is `BrokenFile`, an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from offswitch.episode.errors import BrokenFile, EpisodeError, LimitError, NotTranscript, UnknownFormat
from offswitch.episode.importers import importer_named, importers
from offswitch.episode.importers.head import head_of
from offswitch.episode.importers.protocol import WHOLE, Head, Importer, Part
from offswitch.episode.limits import DEFAULT, Limits
from offswitch.episode.record import Episode

_FORCE = "if it is a transcript, name its format with --format ({})"
_CONVERSATION = frozenset(
    {
        "messages",
        "conversation",
        "conversations",
        "history",
        "trajectory",
        "transcript",
        "turns",
        "traj",
        "chat",
    }
)
_SPEAKERS = frozenset({"role", "tool_calls"})
_CONTAINERS = (b"PK\x03\x04", b"PK\x05\x06", b"\x28\xb5\x2f\xfd", b"\x1f\x8b")  # zip, its end, zstd, gzip
_CUT = "copy or fetch it again, or leave it out"
_JSON_LIKE = re.compile(rb"[\s\xef\xbb\xbf]*[\[{]")


def recognise(file: Path | str, format: str | None = None) -> Importer:
    """Return the importer that should read `file`: the first whose format its content is, or the one named `format`.

    Raises `NotTranscript` for what is plainly something else, `UnknownFormat` for a conversation in an unknown format,
    `BrokenFile` for what cannot be opened or is a known container cut short.
    """
    if format is not None:
        return importer_named(format)
    head = _head(Path(file))
    for importer in importers():
        if _claims(importer, head):
            return importer
    raise _unclaimed(head)


def read_episodes(
    file: Path | str, format: str | None = None, part: Part = WHOLE, limits: Limits = DEFAULT
) -> Iterator[Episode | EpisodeError]:
    """Yield the episodes in `part` of `file`, and an `EpisodeError` for each record that cannot be read.

    What breaks the whole file is the last thing yielded. Only a file that nobody can read raises: see `recognise`.
    """
    file = Path(file)
    importer = recognise(file, format)
    place = "its beginning"
    try:
        for item in importer.read(file, part, limits):
            if isinstance(item, EpisodeError):
                yield item.at(file=str(file))
            else:
                place = f"after {item.source.place}" if item.source.place else f"after episode {item.id}"
                yield item
    except EpisodeError as error:
        yield error.at(file=str(file))
    except (Exception, RecursionError, MemoryError) as error:
        yield _unexpected(error, str(file), place, importer.name)


def parts_of(file: Path | str, format: str | None = None, limits: Limits = DEFAULT) -> Sequence[Part]:
    """Return the parts of `file` that can be read by themselves; together they are the whole."""
    file = Path(file)
    importer = recognise(file, format)
    try:
        return importer.parts(file, limits)
    except EpisodeError as error:
        raise error.at(file=str(file)) from None
    except (Exception, RecursionError, MemoryError) as error:
        raise _unexpected(error, str(file), "its beginning", importer.name) from error


def _head(file: Path) -> Head:
    try:
        return head_of(file)
    except IsADirectoryError:
        raise NotTranscript("is a folder", file=str(file)) from None
    except OSError as error:
        raise _unexpected(error, str(file), "", "") from None


def _claims(importer: Importer, head: Head) -> bool:
    """Ask, and take a crash for a no: a third-party importer must not stop the others."""
    try:
        return importer.recognises(head)
    except Exception:
        return False


def _unclaimed(head: Head) -> EpisodeError:
    names = ", ".join(importer.name for importer in importers())
    file, cure = str(head.file), _FORCE.format(names)
    if broken := _cut_short(head):
        return BrokenFile(broken, file=file, cure=_CUT)
    if not head.data:
        return NotTranscript("is empty", file=file)
    if head.shape == "zip":
        return NotTranscript("is a zip archive but no Inspect log", file=file, cure=cure)
    if head.shape == "text":
        if _JSON_LIKE.match(head.data):
            return BrokenFile("begins like JSON and is none", file=file, cure="repair it or leave it out")
        return NotTranscript("is " + _looks(head.data), file=file, cure=cure)
    keys = ", ".join(sorted(ascii(key[:30])[1:-1] for key in head.keys)[:8]) or "no keys"
    if _conversational(head):
        return UnknownFormat(f"a conversation in a format nobody claims (keys: {keys})", file=file, cure=cure)
    return NotTranscript(f"is JSON without a conversation (keys: {keys})", file=file, cure=cure)


def _cut_short(head: Head) -> str:
    """Return what is wrong where the magic, or the name of an Inspect log, promises more than there is; else ""."""
    if not head.data:
        with open(head.file, "rb") as stream:
            raw = stream.read(4)
        if raw.startswith(_CONTAINERS):
            return "is a compressed file of which nothing can be unpacked: cut short or broken"
        return "is an empty Inspect log" if head.file.suffix == ".eval" and not raw else ""
    if head.shape == "zip" and head.data.startswith(_CONTAINERS[0]) and not any(head.keys):
        return "is a zip archive cut short"
    if head.file.suffix == ".eval" and head.shape in ("zip", "text"):
        return "has the name of an Inspect log and cannot be read as one"
    return ""


def _conversational(head: Head) -> bool:
    last_words = {name.replace("[]", ".").split(".")[-1] for name in head.inner | head.keys}
    return bool(_CONVERSATION & head.keys) or bool(_SPEAKERS & last_words)


def _looks(data: bytes) -> str:
    """Describe what is no JSON, in two words."""
    start = data[:4096]
    if b"\0" in start or sum(byte < 9 for byte in start) > len(start) // 50:
        return "binary data"
    lines = [line for line in start.split(b"\n")[:6] if line.strip()]
    commas = {line.count(b",") for line in lines[:-1] or lines}
    return "a table (CSV)" if len(lines) > 1 and min(commas) > 0 and len(commas) <= 2 else "plain text"


def _unexpected(error: BaseException, file: str, place: str, importer: str) -> EpisodeError:
    if isinstance(error, OSError):
        what = f"cannot be read ({error.strerror or type(error).__name__})"
        return BrokenFile(what, file=file, cure="check that it still exists and may be read")
    if isinstance(error, (MemoryError, RecursionError)):
        return LimitError("too large or too deep to read on", file=file, place=place, cure="split the file")
    what = f"does not fit the format {importer} ({type(error).__name__})"
    return BrokenFile(what, file=file, place=place, cure="leave out what follows, or name another --format")
