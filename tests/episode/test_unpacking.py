# SPDX-License-Identifier: MIT
"""Archives that are sound, cut, forged, or bombs."""

import io
import random
import struct
import tracemalloc
import zipfile
import zlib

import pytest
import zstandard

from offswitch.episode.errors import BrokenFile, EpisodeError, LimitError
from offswitch.episode.limits import MIB, Limits
from offswitch.episode.unpacking import _ENTRY, DEFLATE, STORED, ZSTD, archive, opened

NOISE = random.Random(7).randbytes(60_000)


def packed(method: int, data: bytes) -> bytes:
    if method == ZSTD:
        return zstandard.compress(data)
    if method == DEFLATE:
        engine = zlib.compressobj(6, zlib.DEFLATED, -15)
        return engine.compress(data) + engine.flush()
    return data


def zipped(
    *members: tuple[str, int, bytes], descriptor: bool = False, directory: bool = True, **claims: int
) -> bytes:
    """Build a zip by hand, so that any field can lie. `claims`: flags, crc, size, packed, offset of every member."""
    out, entries = io.BytesIO(), io.BytesIO()
    for name, method, data in members:
        body, label = packed(method, data), name.encode()
        crc, size, length = (
            claims.get("crc", zlib.crc32(data)),
            claims.get("size", len(data)),
            claims.get("packed", len(body)),
        )
        flags = claims.get("flags", 0) | (8 if descriptor else 0)
        offset = claims.get("offset", out.tell())
        told = (0, 0, 0) if descriptor else (crc, length, size)
        out.write(
            struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, flags, method, 0, 0, *told, len(label), 0)
            + label
            + body
        )
        if descriptor:
            out.write(struct.pack("<4s3L", b"PK\x07\x08", crc, length, size))
        entries.write(
            _ENTRY.pack(
                b"PK\x01\x02",
                20,
                20,
                flags,
                method,
                0,
                0,
                crc,
                length,
                size,
                len(label),
                0,
                0,
                0,
                0,
                0,
                offset,
            )
            + label
        )
    start = out.tell()
    if directory:
        out.write(entries.getvalue())
        count = min(len(members), 0xFFFF)
        out.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, entries.tell(), start, 0))
    return out.getvalue()


@pytest.fixture
def put(tmp_path):
    def write(data: bytes):
        file = tmp_path / "file.zip"
        file.write_bytes(data)
        return file

    return write


def contents(file, limits=Limits()):  # noqa: B008
    with archive(file, limits) as opened_archive:
        return {member.name: opened_archive.read(member) for member in opened_archive.members}


@pytest.mark.parametrize("method", [STORED, DEFLATE, ZSTD])
@pytest.mark.parametrize("descriptor", [False, True])
def test_members_are_read_whatever_their_method(put, method, descriptor):
    file = put(
        zipped(("a", method, NOISE), ("b", method, b""), ("c", method, b"x" * 70_000), descriptor=descriptor)
    )
    assert contents(file) == {"a": NOISE, "b": b"", "c": b"x" * 70_000}


def test_what_the_standard_library_writes_is_read(tmp_path):
    file = tmp_path / "s.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("\u00fcber.json", "[1]")
        with out.open("zip64", "w", force_zip64=True) as big:
            big.write(NOISE)
        out.comment = b"a remark"
    assert contents(file) == {"\u00fcber.json": b"[1]", "zip64": NOISE}


def test_more_than_65535_members_are_counted_by_zip64(tmp_path):
    file = tmp_path / "many.zip"
    with zipfile.ZipFile(file, "w") as out:
        for number in range(66_000):
            out.writestr(str(number), b"")
    with archive(file) as read:
        assert len(read.members) == 66_000
    with pytest.raises(LimitError, match="more than 1000 members"), archive(file, Limits(members=1000)):
        pass


@pytest.mark.parametrize("method", [DEFLATE, ZSTD])
def test_a_cut_archive_gives_its_whole_members_and_says_that_it_is_cut(put, method):
    data = zipped(("a", method, NOISE), ("b", method, NOISE[::-1]), ("c", method, NOISE * 2))
    for length in (len(data) - 1, len(data) - 40, len(data) - 10_000):
        with archive(put(data[:length])) as read:
            names = [member.name for member in read.members]
            assert names[:2] == ["a", "b"]
            assert read.read(read.members[1]) == NOISE[::-1]
            assert isinstance(read.cut, BrokenFile)


@pytest.mark.parametrize("method", [DEFLATE, ZSTD])
def test_streamed_members_without_a_directory_are_found_by_unpacking(put, method):
    data = zipped(("a", method, NOISE), ("b", method, b"beta"), descriptor=True, directory=False)
    assert contents(put(data)) == {"a": NOISE, "b": b"beta"}


def bad(put, says, kind=BrokenFile, limits=Limits(), **claims):  # noqa: B008
    with pytest.raises(kind, match=says) as error:
        contents(put(zipped(("samples/x\x1b[2J", DEFLATE, NOISE), **claims)), limits)
    assert "\x1b" not in str(error.value)
    assert "file.zip" in str(error.value)


def test_a_wrong_checksum_is_found(put):
    bad(put, "checksum", crc=1)


def test_a_member_larger_than_it_claims_is_stopped(put):
    bad(put, "more than it claims", LimitError, size=10)


def test_a_member_smaller_than_it_claims_is_found(put):
    bad(put, "checksum", size=len(NOISE) + 1)


def test_an_encrypted_member_is_refused(put):
    bad(put, "encrypted", flags=1)


def test_a_member_that_reaches_into_what_follows_is_refused(put):
    bad(put, "overlaps", packed=len(NOISE) * 2)


def test_a_member_that_begins_nowhere_is_refused(put):
    bad(put, "no member begins", offset=5)


def test_members_that_share_their_bytes_are_refused(put):
    with pytest.raises(BrokenFile, match="overlaps"):
        contents(put(zipped(("a", DEFLATE, NOISE), ("b", DEFLATE, NOISE), ("c", DEFLATE, NOISE), offset=0)))


def test_an_unknown_method_is_refused(put):
    data = zipped(("a", DEFLATE, b"a")).replace(
        struct.pack("<3H", 20, 0, DEFLATE), struct.pack("<3H", 20, 0, 12)
    )
    with pytest.raises(BrokenFile, match="method 12"):
        contents(put(data))


@pytest.mark.parametrize("method", [DEFLATE, ZSTD])
def test_a_bomb_is_stopped_by_what_comes_out_not_by_what_it_claims(put, method):
    file = put(zipped(("a", method, b"\0" * 200_000_000), size=1000))
    tracemalloc.start()
    with pytest.raises(LimitError):
        contents(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * MIB


def test_a_member_over_the_limit_is_refused(put):
    bad(put, "more bytes", LimitError, limits=Limits(record=1000))


def test_where_a_name_occurs_twice_the_last_is_read(put):
    assert contents(put(zipped(("a", STORED, b"old"), ("a", STORED, b"new")))) == {"a": b"new"}


def test_a_directory_that_points_outside_is_not_followed(put):
    data = bytearray(zipped(("a", STORED, b"alpha")))
    data[-6:-2] = struct.pack("<L", 2**31)
    with archive(put(bytes(data))) as read:
        assert read.cut
        assert [read.read(member) for member in read.members] == [b"alpha"]


def test_a_forged_zip64_offset_is_no_crash(put):
    data = bytearray(zipped(("a", STORED, b"alpha")))
    data[-6:-2] = b"\xff" * 4
    forged = (
        data[:-22]
        + struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 0, 0, 0, 0, 2**64 - 1, 2**64 - 1, 2**64 - 1, 2**63)
        + b"\0" * 20
    )
    with archive(put(bytes(forged + data[-22:]))) as read:
        assert read.cut


def test_a_missing_file_is_an_error_with_its_name(tmp_path):
    for attempt in (archive, opened):
        with pytest.raises(EpisodeError, match="gone"), attempt(tmp_path / "gone"):
            pass
