# SPDX-License-Identifier: MIT
"""What the scan and its workers say to each other: frames of msgpack, checked against these records.

A worker has read files that adversaries wrote. If one of them took it over, the worst that it can send is a false
record, never an object that runs: that is why this is not pickle. The one thing that is easy to get wrong: sizes. No
frame is longer than `FRAME`, whatever the episode.
"""

from __future__ import annotations

import struct

import msgspec

from offswitch.episode.importers.protocol import Part
from offswitch.episode.limits import DEFAULT, MIB, Limits
from offswitch.verdict.finding import Outcome

FRAME = 8 * MIB


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the result of a scan, besides the files and the code.

    `format` forces an importer; `seconds` and `memory` (bytes of address space) bound what one episode may cost;
    `judge` names the function from episode to outcome, as `module:function`.
    """

    format: str | None = None
    limits: Limits = DEFAULT
    seconds: float = 60.0
    memory: int = 1024 * MIB
    judge: str = "offswitch.verdict.judging:judge"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Read one part of one file. `whole`: not cut yet, so look first whether to cut it; `share`: bytes it counts for.

    `named`: given by itself, so that it is an error where it is no transcript.
    `careful`: the unit has killed a worker; say each step before it is taken. `doomed`: the records, by number, that
    are known to be fatal, and why: they are not judged again.
    """

    file: bytes
    name: str
    named: bool
    size: int
    mtime_ns: int
    ctime_ns: int
    part: Part
    whole: bool
    share: int
    careful: bool = False
    doomed: dict[int, str] = {}


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The worker has started: what ends it from now on is a file's doing."""


class Cut(msgspec.Struct, frozen=True, tag="cut"):
    """The file is long: it should be read in these parts."""

    parts: tuple[Part, ...]


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """The record with this number has been read and is about to be judged (careful tasks only)."""

    seq: int


class Row(msgspec.Struct, frozen=True, tag="row"):
    """One episode's outcome, with its number in the part and its place in the file."""

    seq: int
    format: str
    place: str
    outcome: Outcome


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """Something to report. `kind`: "broken" (unread or unjudged), "skipped" (not a transcript) or "note"."""

    kind: str
    what: str
    place: str = ""
    cure: str = ""


class Spoiled(msgspec.Struct, frozen=True, tag="spoiled"):
    """The file is not what it was when the scan began: nothing read from it counts."""

    what: str
    cure: str


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The part has been read. `complete` is False where it should be tried again next time.

    `leaving`: the worker has grown fat and ends now, to make room for a fresh one.
    """

    complete: bool = True
    leaving: bool = False


Message = Ready | Cut | Begun | Row | Trouble | Spoiled | Finished
_LENGTH = struct.Struct(">I")
_encoder = msgspec.msgpack.Encoder()
_message = msgspec.msgpack.Decoder(Message)


def framed(message: msgspec.Struct) -> bytes:
    """Return a message with its length in front."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class Unframer:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def messages(self, data: bytes) -> list[Message]:
        """Return the messages that `data` completes. A frame too long or malformed raises `ValueError`."""
        self.buffer += data
        found, at = [], 0
        while len(self.buffer) - at >= 4:
            (length,) = _LENGTH.unpack_from(self.buffer, at)
            if length > FRAME:
                raise ValueError("a frame is too long")
            if len(self.buffer) - at - 4 < length:
                break
            found.append(_message.decode(memoryview(self.buffer)[at + 4 : at + 4 + length]))
            at += 4 + length
        del self.buffer[:at]
        return found
