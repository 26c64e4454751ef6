# SPDX-License-Identifier: MIT
"""JSON from people who may not wish us well, read strictly, quickly and in bounded memory. For importers.

The work is done by the standard library's C scanner; this file adds what it lets through: duplicate keys, NaN and
infinities (spelled out or by overflow), integers beyond 64 bits, deep nesting, lone surrogates, sizes. Everything
that costs memory is counted *before* it is built.
The one thing that is easy to get wrong: a short text can make a huge object. `[],` is three bytes of text and
eighty bytes of memory, so it is the number of values that is bounded, not the length of the text alone.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import msgspec

from offswitch.episode.errors import BrokenFile, EpisodeError, LimitError
from offswitch.episode.importers.protocol import WHOLE, Part
from offswitch.episode.limits import DEFAULT, MIB, Limits
from offswitch.episode.unpacking import ZSTD_MAGIC, at_most, opened

STEP = MIB
_MEMBER = 128  # bytes that a member of a spread array is counted as, be it ever so short
_REPAIR = "repair or remove it; the rest is read"
_LONE = re.compile(r"\\u[dD]")
_SPACE = re.compile(r"[ \t\n\r]*")


class _Refused(ValueError):
    """Raised inside the scanner, which passes it through, for what JSON allows and we do not."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused(f"the key {shown(twice)} occurs twice in one object")
    return found


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= (number := int(digits)) < 2**64:
        raise _Refused(f"the integer {digits[:20]}... needs more than 64 bits")
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _Refused(f"the number {digits[:20]} is too large")
    return number


def _nothing(name: str) -> None:
    """Stand in for NaN where a format is known to write it."""


_STRICT = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
)
# Inspect writes NaN for "not scored": there, and only there, it is read as null.
_NAN_IS_NULL = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_nothing, parse_int=_integer, parse_float=_float
)


def shown(text: object, most: int = 40) -> str:
    """Return `text` quoted for an error message: escaped, so that no terminal obeys it, and cut."""
    quoted = ascii(text if not isinstance(text, str) else text[:most])
    return quoted[: 2 * most]


def loads(data: bytes | str, *, place: str = "", limits: Limits = DEFAULT, nan: bool = False) -> Any:
    """Return the one JSON value in `data`; raise `BrokenFile` or `LimitError` with its place.

    NaN and infinities are refused, or read as null where `nan` is set.
    """
    if len(data) > limits.record:
        raise LimitError(
            f"a document of {len(data)} bytes", place=place, cure=f"at most {limits.record} are read"
        )
    text = data if isinstance(data, str) else _decoded(data, place)
    _counted(text, place, limits)
    try:
        value = (_NAN_IS_NULL if nan else _STRICT).decode(text)
    except (ValueError, RecursionError) as error:
        raise _explained(error, place, whole=True) from None
    _measured(value, place, limits)
    return _without_surrogates(value) if _LONE.search(text) and _has_surrogates(value) else value


def document(file: Path, limits: Limits = DEFAULT) -> Any:
    """Return the JSON value that is the whole of `file`, unpacked where it is zstd-compressed."""
    with opened(file, limits) as stream:
        data = at_most(stream, limits.record + 1)
    if len(data) > limits.record:
        raise LimitError(
            "the file is one document of more bytes", file=str(file), cure=f"at most {limits.record} are read"
        )
    try:
        return loads(data, limits=limits)
    except EpisodeError as error:
        raise error.at(file=str(file)) from None


def lines(
    file: Path, part: Part = WHOLE, limits: Limits = DEFAULT
) -> Iterator[tuple[str, Any | EpisodeError]]:
    """Yield (place, value or error) for every line of `file` that starts in `part`; blank lines are passed over.

    Places are `line 3` where lines can be counted (the part begins the file), else `byte 4096`.
    """
    try:
        with opened(file, limits) as stream:
            for number, start, line in _raw_lines(stream, part, limits):
                place = f"line {number}" if part.start == 0 else f"byte {start}"
                if line is None:
                    yield (
                        place,
                        LimitError(
                            f"a line of more than {limits.record} bytes",
                            file=str(file),
                            place=place,
                            cure="it was skipped",
                        ),
                    )
                elif line.strip():
                    yield place, _line(line, place, str(file), limits)
    except EpisodeError as error:  # The stream itself broke: what was read before stands.
        yield error.place, error.at(file=str(file))


def line_parts(file: Path, size: int = 64 * MIB) -> list[Part]:
    """Cut a file of lines into parts of about `size` bytes; one part where it is compressed."""
    with file.open("rb") as stream:
        packed = stream.read(4) == ZSTD_MAGIC
    total = file.stat().st_size
    if packed or total <= size:
        return [WHOLE]
    starts = range(0, total, size)
    return [Part(start, start + size if start + size < total else None) for start in starts]


def elements(file: Path, limits: Limits = DEFAULT) -> Iterator[tuple[str, Any | EpisodeError]]:
    """Yield (place, element or error) of the JSON array that is the whole of `file`; places are `element 3`.

    Memory is bounded by the largest element. An array cannot be rejoined after a syntax error: it ends there.
    """
    place = ""
    try:
        with opened(file, limits) as stream:
            window = _Window(stream, limits)
            window.expect("[", "a JSON array")
            for number, value in enumerate(window.items(), start=1):
                place = f"element {number}"
                yield (
                    place,
                    value.at(file=str(file), place=place) if isinstance(value, EpisodeError) else value,
                )
            window.end()
    except EpisodeError as error:
        yield error.place, error.at(file=str(file))


def fields(
    stream: BinaryIO, spread: frozenset[str] = frozenset(), limits: Limits = DEFAULT, *, nan: bool = False
) -> Iterator[tuple[str, str, Any | EpisodeError]]:
    """Yield (key, place, value or error) for the JSON object that is the whole of `stream`, in order.

    Arrays and objects under the keys in `spread` are not built: their members come one by one, those of an array as
    values with places such as `events[3]`, those of an object as (name, value) pairs. Raises what breaks the rest.
    """
    window = _Window(stream, limits, nan)
    window.expect("{", "a JSON object")
    seen: set[str] = set()
    for key in window.names():
        if key in seen:
            raise BrokenFile(f"the key {shown(key)} occurs twice in one object", cure=_REPAIR)
        seen.add(key)
        sign = window.peek() if key in spread else ""
        if sign == "[":
            window.expect("[", "a JSON array")
            for number, value in enumerate(window.items()):
                if number > limits.record // _MEMBER:
                    raise LimitError(
                        f"more than {number - 1} values under {shown(key)}", cure="split the record"
                    )
                yield key, f"{key}[{number}]", value
        elif sign == "{":
            window.expect("{", "a JSON object")
            for name in window.names():
                yield key, f"{key}.{shown(name)}", (name, window.value())
        else:
            yield key, shown(key), window.value()
    window.end()


def _line(line: bytes, place: str, file: str, limits: Limits) -> Any | EpisodeError:
    try:
        return loads(line, place=place, limits=limits)
    except LimitError as error:
        return error.at(file=file)
    except BrokenFile as error:
        if line.endswith(b"\n"):
            return error.at(file=file)
        return BrokenFile(
            f"the last line is cut off ({error.what})", file=file, place=place, cure="the rest was read"
        )


def _raw_lines(stream: BinaryIO, part: Part, limits: Limits) -> Iterator[tuple[int, int, bytes | None]]:
    """Yield (number, offset, line) for lines starting in `part`; None for a line that is too long to hold."""
    offset = 0
    if part.start:
        stream.seek(part.start - 1)
        offset = part.start - 1 + _skip(stream)
    number = 0
    while part.stop is None or offset < part.stop:
        line: bytes | None = stream.readline(limits.record + 1)
        if not line:
            return
        number, start, offset = number + 1, offset, offset + len(line)
        if len(line) > limits.record and not line.endswith(b"\n"):
            line = None
            offset += _skip(stream)
        yield number, start, line


def _skip(stream: BinaryIO) -> int:
    """Read to the end of the line in bounded memory; return how many bytes that was."""
    skipped = 0
    while piece := stream.readline(STEP):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


class _Window:
    """A stretch of text that slides over a stream and grows only where one value does not fit."""

    def __init__(self, stream: BinaryIO, limits: Limits, nan: bool = False) -> None:
        self.stream, self.limits = stream, limits
        self.decoder = _NAN_IS_NULL if nan else _STRICT
        self.text, self.at, self.ended = "", 0, False
        self.utf8 = codecs.getincrementaldecoder("utf-8-sig")("strict")

    def more(self) -> bool:
        """Drop what was used and read as much again as is held; False at the end of the stream."""
        if self.ended:
            return False
        held = self.text[self.at :]
        data = self.stream.read(max(STEP // 4, len(held)))
        self.ended = not data
        try:
            self.text, self.at = held + self.utf8.decode(data, final=self.ended), 0
        except UnicodeDecodeError as error:
            raise BrokenFile(f"the text is not UTF-8 ({error.reason})", cure="convert it to UTF-8") from None
        _counted(self.text, "", self.limits)
        return not self.ended

    def peek(self) -> str:
        """Return the next character that is not blank, "" at the end, without taking it."""
        if self.at < len(self.text) and (sign := self.text[self.at]) not in " \t\n\r":
            return sign
        blanks = 0
        while True:
            match = _SPACE.match(self.text, self.at)
            blanks += match.end() - self.at if match else 0
            self.at = match.end() if match else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if blanks > self.limits.record:
                raise LimitError(
                    f"more than {self.limits.record} blanks between two values", cure="it looks like a bomb"
                )
            if not self.more():
                return ""

    def expect(self, sign: str, what: str) -> None:
        found = self.peek()
        if found != sign:
            raise BrokenFile(
                f"expected {what}, found {shown(found) if found else 'the end of the file'}", cure=_REPAIR
            )
        self.at += 1

    def end(self) -> None:
        if self.peek():
            raise BrokenFile("there is more text after the end of the JSON document", cure=_REPAIR)

    def items(self) -> Iterator[Any | EpisodeError]:
        """Yield the values up to the closing bracket."""
        if self.peek() == "]":
            self.at += 1
            return
        while True:
            yield self.value()
            if self.peek() == "]":
                self.at += 1
                return
            self.expect(",", "',' or ']'")

    def names(self) -> Iterator[str]:
        """Yield the keys up to the closing brace; the caller takes each value before the next key."""
        if self.peek() == "}":
            self.at += 1
            return
        while True:
            if self.peek() != '"':
                self.expect('"', "a key in double quotes")
            key = self.value()
            self.expect(":", "':'")
            yield str(key)
            if self.peek() == "}":
                self.at += 1
                return
            self.expect(",", "',' or '}'")

    def value(self) -> Any | EpisodeError:
        """Take the next value; an error is returned where it is sound JSON but too deep."""
        self.peek()
        while True:
            try:
                value, end = self._attempt()
            except json.JSONDecodeError as error:
                if self._may_go_on(error) and self._grow():
                    continue
                raise _explained(error, "", whole=False) from None
            if end == len(self.text) and not self.ended and self._grow():
                continue  # A number may go on beyond the window.
            lone = _LONE.search(self.text, self.at, end)
            self.at = end
            try:
                _measured(value, "", self.limits)
            except LimitError as error:
                return error
            return _without_surrogates(value) if lone and _has_surrogates(value) else value

    def _attempt(self) -> tuple[Any, int]:
        try:
            return self.decoder.raw_decode(self.text, self.at)
        except (_Refused, RecursionError) as error:
            raise _explained(error, "", whole=False) from None

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        return not self.ended and (error.msg.startswith("Unterminated") or error.pos >= len(self.text) - 16)

    def _grow(self) -> bool:
        if len(self.text) - self.at > self.limits.record:
            raise LimitError(f"a value of more than {self.limits.record} bytes", cure="reading stops here")
        self.more()
        return True


def _decoded(data: bytes, place: str) -> str:
    try:
        return data.decode("utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8")
    except UnicodeDecodeError as error:
        where = f"{place}, byte {error.start}" if place else f"byte {error.start}"
        raise BrokenFile(
            f"the text is not UTF-8 ({error.reason})", place=where, cure="convert it to UTF-8"
        ) from None


def _counted(text: str, place: str, limits: Limits) -> None:
    """Refuse text that would make too many values, before they are made."""
    containers, values = max(limits.record // 32, 1), max(limits.record // 8, 1)
    if len(text) < 2 * containers or _few(text, containers, values):
        return
    # In JSON a backslash occurs inside strings only, so strings can be cut out without parsing.
    bare = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    if not _few(bare, containers, values):
        raise LimitError(
            f"more than {values} values in one document", place=place, cure="split it into records"
        )


def _few(text: str, containers: int, values: int) -> bool:
    opened_here = text.count("[") + text.count("{")
    return opened_here <= containers and opened_here + text.count(",") <= values


def _measured(value: Any, place: str, limits: Limits) -> None:
    """Refuse nesting beyond `limits.depth`, so that nothing that walks the value later can run out of stack."""
    if type(value) is not dict and type(value) is not list:
        return
    level = [value]
    for _ in range(limits.depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return
    raise LimitError(
        f"nested deeper than {limits.depth} levels", place=place, cure="flatten or remove the record"
    )


def _has_surrogates(value: Any) -> bool:
    """Tell whether `value` holds lone surrogates, which JSON may escape and no file can hold."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return True
    return False


def _without_surrogates(value: Any) -> Any:
    """Return `value` with every lone surrogate replaced by U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _explained(error: Exception, place: str, *, whole: bool) -> EpisodeError:
    if isinstance(error, json.JSONDecodeError):
        line, column = f"line {error.lineno}, ", f"column {error.colno}"
        where = f"{place}, {column}" if place else (line + column if whole else "")
        return BrokenFile(f"not JSON: {error.msg.lower()}", place=where, cure=_REPAIR)
    if isinstance(error, RecursionError):
        return LimitError("nested too deeply", place=place, cure="flatten or remove the record")
    what = str(error) if isinstance(error, _Refused) else "an integer has too many digits"
    return BrokenFile(what, place=place, cure=_REPAIR)
