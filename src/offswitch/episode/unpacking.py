# SPDX-License-Identifier: MIT
"""Unpacks zstd files and the zip archives of Inspect logs, which may be cut, forged or bombs. For importers.

Inspect writes zips whose members are deflated or, since 0.3.2xx, zstd-compressed (method 93), which the standard
library's `zipfile` learns only in Python 3.14; a run killed in the middle leaves no central directory at all. So the
directory is read here, by a parser that counts before it builds, and a cut archive is walked by its local headers.
The one thing that is easy to get wrong: every number in an archive is a claim. Sizes are checked against the bytes
that really come out, offsets against the neighbours, checksums at the end. Names are names: nothing is written.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import zstandard

from offswitch.episode.errors import BrokenFile, EpisodeError, LimitError
from offswitch.episode.limits import DEFAULT, MIB, Limits

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZIP_MAGIC = b"PK\x03\x04"
STORED, DEFLATE, ZSTD = 0, 8, 93

_SIP = 1024  # Packed bytes fed to zstd at once: one sip can swell to at most 32 MiB.
_WINDOW = 128 * MIB
_FRAMES, _FRAME = 500, 64  # zstd frames from which on they must hold so many bytes on average
_LOCAL, _ENTRY = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")
_END, _END64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q")
_CUT = "the rest was lost when the file was cut; the samples before it are read"


class Member(msgspec.Struct, frozen=True):
    """One entry of an archive, as claimed. `room`: how many bytes from `offset` to whatever comes next."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    offset: int
    room: int = 0


class _Unpacked(io.RawIOBase):
    """A readable stream of what comes out of `source`, in bounded sips; raises `EpisodeError` on bombs and cuts."""

    def __init__(self, source: BinaryIO, packed: int | None, method: int, limits: Limits) -> None:
        self.source, self.left, self.method, self.limits = source, packed, method, limits
        self.engine = _engine(method)
        self.taken = self.given = self.frames = 0
        self.buffer, self.at, self.done = b"", 0, False
        self.trouble: EpisodeError | None = None  # Raised only after what came before it was handed on.

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while self.at >= len(self.buffer) and not self.done:
            if self.trouble:
                raise self.trouble
            self.buffer, self.at = self._next(), 0
        piece = self.buffer[self.at : self.at + len(target)]
        target[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def _take(self) -> bytes:
        most = _SIP if self.method == ZSTD else 16 * _SIP
        data = self.source.read(most if self.left is None else min(most, self.left))
        self.left = None if self.left is None else self.left - len(data)
        self.taken += len(data)
        return data

    def _next(self) -> bytes:
        if self.method == STORED:
            data = self._take()
            self.done = not data
        else:
            data = self._inflated() if self.method == DEFLATE else self._zstd()
        self.given += len(data)
        if self.given > MIB and self.given > self.limits.ratio * self.taken:
            what = f"unpacks to more than {self.limits.ratio} times its size"
            self.trouble = LimitError(what, cure="it looks like a decompression bomb")
        return data

    def _inflated(self) -> bytes:
        data = self.engine.unconsumed_tail or self._take()
        try:
            piece: bytes = self.engine.decompress(data, MIB)
        except zlib.error as error:
            raise BrokenFile(f"the packed data are damaged ({error})", cure="fetch the file again") from None
        if self.engine.eof:
            self.done = True
            self.taken -= len(self.engine.unused_data)
        elif not data and not piece:
            raise BrokenFile("the packed data are cut off", cure=_CUT)
        return piece

    def _zstd(self) -> bytes:
        data = self._take()
        if self.engine.eof:
            if not data and not self.engine.unused_data:
                self.done = True
                return b""
            self.frames += 1
            if self.frames > _FRAMES and self.given < _FRAME * self.frames:
                what = f"more than {_FRAMES} frames that hold almost nothing"
                raise LimitError(what, cure="it looks like a decompression bomb")
            data, self.engine = self.engine.unused_data + data, _engine(ZSTD)
        elif not data:
            raise BrokenFile("the packed data are cut off", cure=_CUT)
        try:
            piece: bytes = self.engine.decompress(data)
        except zstandard.ZstdError as error:
            raise BrokenFile(f"the packed data are damaged ({error})", cure="fetch the file again") from None
        return piece


def _engine(method: int) -> Any:
    if method == DEFLATE:
        return zlib.decompressobj(-15)
    return zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj() if method == ZSTD else None


def at_most(stream: BinaryIO, size: int) -> bytes:
    """Return up to `size` bytes. A plain `read(size)` would set aside that much memory for the smallest file."""
    pieces: list[bytes] = []
    while size > 0 and (piece := stream.read(min(size, MIB))):
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@contextmanager
def opened(file: Path, limits: Limits = DEFAULT) -> Iterator[BinaryIO]:
    """Open `file` for reading, unpacking it on the way where it is zstd-compressed."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise BrokenFile(
            f"cannot be opened ({error.strerror})", file=str(file), cure="check that it still exists"
        ) from None
    with stream:
        packed = stream.read(4) == ZSTD_MAGIC
        stream.seek(0)
        try:
            yield io.BufferedReader(_Unpacked(stream, None, ZSTD, limits), 2**17) if packed else stream
        except OSError as error:
            raise BrokenFile(
                f"cannot be read ({error.strerror})", file=str(file), cure="check the disk"
            ) from None


class Archive:
    """An open zip archive. `members` in the order of the file; `cut` is the error where it has no directory."""

    def __init__(self, stream: BinaryIO, limits: Limits = DEFAULT) -> None:
        self.stream, self.limits = stream, limits
        self.size = stream.seek(0, io.SEEK_END)
        self.cut: EpisodeError | None = None
        try:
            self.members = _roomy(list(_directory(stream, self.size, limits)), self.size)
        except BrokenFile as error:
            self.members = _roomy(list(self._walk()), self.size)
            self.cut = BrokenFile(
                f"{error.what}: {len(self.members)} members were found without it", cure=_CUT
            )

    def read(self, member: Member) -> bytes:
        """Return the unpacked bytes of `member`; raise `BrokenFile` or `LimitError` with its name as place."""
        with self.open(member) as stream:
            data = at_most(stream, self.limits.record + 1)
        if len(data) > self.limits.record:
            raise LimitError(
                "unpacks to more bytes",
                place=ascii(member.name)[1:-1],
                cure=f"at most {self.limits.record} are read",
            )
        return data

    @contextmanager
    def open(self, member: Member) -> Iterator[BinaryIO]:
        """Open `member` as a stream that checks size and checksum when its end is reached."""
        try:
            self._to_data(member)
            yield io.BufferedReader(_Checked(self.stream, member, self.limits), 2**17)
        except EpisodeError as error:
            raise error.at(place=ascii(member.name)[1:-1]) from None

    def _to_data(self, member: Member) -> None:
        """Move to the packed bytes of `member`, or say why they cannot be trusted."""
        if member.flags & 1:
            raise BrokenFile("the member is encrypted", cure="Inspect never does that; unpack it first")
        if member.method not in (STORED, DEFLATE, ZSTD):
            raise BrokenFile(
                f"packed by method {member.method}", cure="only stored, deflate and zstd are read"
            )
        self.stream.seek(member.offset)
        head = self.stream.read(_LOCAL.size)
        if len(head) < _LOCAL.size or head[:4] != ZIP_MAGIC:
            raise BrokenFile("no member begins where the directory says", cure="fetch the file again")
        names = sum(_LOCAL.unpack(head)[-2:])
        if _LOCAL.size + names + member.packed > member.room:
            raise BrokenFile("the member overlaps its neighbour", cure="the archive is forged or damaged")
        self.stream.seek(names, io.SEEK_CUR)

    def _walk(self) -> Iterator[Member]:
        """Yield the whole members of an archive that has no directory, by their local headers."""
        offset = 0
        for _ in range(self.limits.members):
            self.stream.seek(offset)
            head = self.stream.read(_LOCAL.size)
            if len(head) < _LOCAL.size or head[:4] != ZIP_MAGIC:
                return
            _, _, flags, method, _, _, crc, packed, size, named, extra = _LOCAL.unpack(head)
            name, more = self.stream.read(named), self.stream.read(extra)
            size, packed, _ = _wide(more, size, packed, 0)
            start = offset + _LOCAL.size + named + extra
            if flags & 8 and not packed:  # Streamed: how long it is, only unpacking tells.
                packed, tail = self._measured(method), 24 if b"\x01\x00" in more[:2] else 16
            else:
                tail = 0
            if packed < 0 or start + packed > self.size:
                return
            yield Member(_named(name, flags), method, flags, crc, packed, size, offset)
            offset = self._next_header(start + packed, tail)

    def _measured(self, method: int) -> int:
        """Return how many packed bytes the member that begins here has; -1 where it does not end."""
        if method not in (DEFLATE, ZSTD):
            return -1
        engine, taken = _engine(method), 0
        while not engine.eof:
            data = self.stream.read(_SIP)
            taken += len(data)
            try:
                if not data:
                    return -1
                engine.decompress(data)
            except (zlib.error, zstandard.ZstdError):
                return -1
        return taken - len(engine.unused_data)

    def _next_header(self, offset: int, tail: int) -> int:
        """Return where the next header begins: at once, or after a data descriptor of 12 to 24 bytes."""
        self.stream.seek(offset)
        near = self.stream.read(28).find(ZIP_MAGIC) if tail else 0
        return offset + max(near, 0)


class _Checked(_Unpacked):
    """A member's stream: what comes out must be as long as claimed and have the claimed checksum."""

    def __init__(self, source: BinaryIO, member: Member, limits: Limits) -> None:
        super().__init__(source, member.packed, member.method, limits)
        self.member, self.sum = member, 0

    def _next(self) -> bytes:
        piece = super()._next()
        self.sum = zlib.crc32(piece, self.sum)
        streamed = self.member.flags & 8 and not self.member.size  # Found by walking: nothing was claimed.
        if self.given > self.member.size and not streamed:
            raise LimitError("unpacks to more than it claims", cure="it looks like a decompression bomb")
        if self.done and not streamed and (self.given, self.sum) != (self.member.size, self.member.crc):
            raise BrokenFile("the checksum does not match", cure="fetch the file again")
        return piece


@contextmanager
def archive(file: Path, limits: Limits = DEFAULT) -> Iterator[Archive]:
    """Open the zip archive `file`; every error carries the file."""
    try:
        with file.open("rb") as stream:
            yield Archive(stream, limits)
    except OSError as error:
        raise BrokenFile(
            f"cannot be read ({error.strerror})", file=str(file), cure="check that it still exists"
        ) from None
    except EpisodeError as error:
        raise error.at(file=str(file)) from None


def _directory(stream: BinaryIO, size: int, limits: Limits) -> Iterator[Member]:
    """Yield the members that the central directory names; raise where there is none or it is forged."""
    start, length = _whereabouts(stream, size)
    if start < 0 or start + length > size:
        raise BrokenFile("the directory lies outside the file")
    stream.seek(start)
    left, count = length, 0
    while left >= _ENTRY.size:
        head = stream.read(_ENTRY.size)
        if len(head) < _ENTRY.size or head[:4] != b"PK\x01\x02":
            raise BrokenFile("the directory is damaged")
        _, _, _, flags, method, _, _, crc, packed, unpacked, named, extra, note, _, _, _, offset = (
            _ENTRY.unpack(head)
        )
        name, more = stream.read(named), stream.read(extra)
        stream.seek(note, io.SEEK_CUR)
        unpacked, packed, offset = _wide(more, unpacked, packed, offset)
        left -= _ENTRY.size + named + extra + note
        count += 1
        if count > limits.members:
            raise LimitError(f"more than {limits.members} members", cure="no Inspect log needs so many")
        yield Member(_named(name, flags), method, flags, crc, packed, unpacked, offset)


def _whereabouts(stream: BinaryIO, size: int) -> tuple[int, int]:
    """Return where the central directory begins and how long it is."""
    tail_at = max(0, size - _END.size - 2**16)
    stream.seek(tail_at)
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise BrokenFile("the archive has no directory at its end")
    _, _, _, _, count, length, start, _ = _END.unpack_from(tail, at)
    if 0xFFFFFFFF not in (start, length) and count != 0xFFFF:
        return start, length
    stream.seek(max(0, tail_at + at - 20 - _END64.size))
    far = stream.read(_END64.size)
    if far[:4] != b"PK\x06\x06" or len(far) < _END64.size:
        if count == 0xFFFF and 0xFFFFFFFF not in (start, length):
            return start, length
        raise BrokenFile("the archive has no directory at its end")
    found = _END64.unpack(far)
    return found[-1], found[-2]


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Return the three numbers, with those that did not fit 32 bits taken from the zip64 field."""
    values = [size, packed, offset]
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            for index, value in enumerate(values):
                if value == 0xFFFFFFFF and len(field) >= 8:
                    values[index], field = struct.unpack_from("<Q", field)[0], field[8:]
        at += 4 + length
    return values[0], values[1], values[2]


def _named(name: bytes, flags: int) -> str:
    return name.decode("utf-8" if flags & 0x800 else "cp437", "replace")


def _roomy(members: list[Member], size: int) -> tuple[Member, ...]:
    """Return the members with the room that each has before the next one begins."""
    starts = sorted({member.offset for member in members} | {size})
    following = dict(pairwise(starts))
    shared = len({member.offset for member in members}) < len(members)
    seen: set[int] = set()
    roomy = []
    for member in members:
        twice = shared and member.offset in seen
        seen.add(member.offset)
        room = 0 if twice else following.get(member.offset, size) - member.offset
        roomy.append(msgspec.structs.replace(member, room=room))
    return tuple(roomy)
