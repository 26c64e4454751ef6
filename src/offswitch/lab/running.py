# SPDX-License-Identifier: MIT
"""Runs a study, cell by cell, so that it survives `kill -9` and comes to the same result, and writes what it came to.

    cells.jsonl      one line a measured cell, on disk before the next one begins
    results.parquet  all rows, with the question, the command and the versions in the file's own metadata
    figure.png, figure.svg
    study.json       the study, the rows, the versions and the command; written last, so its presence means the run is whole

The one thing that is easy to get wrong: a line that a kill cut off. It is thrown away, and its cell measured again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from offswitch.lab.errors import StudyError
from offswitch.lab.figures.paper import printed
from offswitch.lab.kinds import Cell, Row, kind_of
from offswitch.lab.study import Study

DEFAULT_BASE = Path("offswitch-studies")
CELLS, TABLE, RESULT, LOCK = "cells.jsonl", "results.parquet", "study.json", "lock"
PICTURES = ("figure.png", "figure.svg")
OURS = (CELLS, TABLE, RESULT, LOCK, *PICTURES)
LIBRARIES = ("offswitch", "jax", "numpy", "scipy")

Progress = Callable[[int, int, int], None]  # cells done, of how many, of which from before


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a study came to."""

    schema: str = "offswitch.study/1"
    study: Study
    rows: list[dict[str, Any]]
    command: str
    versions: dict[str, str]
    out: str


def default_out(study: Study) -> Path:
    """Return the folder of a run that names none: the same for the same study, so that it goes on."""
    return DEFAULT_BASE / f"{study.name}-{study.digest[:8]}"


def run(
    study: Study, out: Path | None = None, *, fresh: bool = False, progress: Progress | None = None
) -> Result:
    """Measure every cell that `out` does not hold yet, write the results, and return them.

    Raises StudyError where the folder holds anything else, or is being written to.
    """
    out = default_out(study) if out is None else out
    kind = kind_of(study.kind)
    cells = kind.cells(study)
    with _held(out, fresh):
        known = _known(out / CELLS, study)
        kept = sum(_name(cell) in known for cell in cells)
        rows: list[Row] = []
        for done, cell in enumerate(cells):
            if progress is not None:
                progress(done, len(cells), kept)
            if _name(cell) not in known:
                known[_name(cell)] = kind.measure(study, cell)
                _append(out / CELLS, study, cell, known[_name(cell)])
            rows += known[_name(cell)]
        if progress is not None:
            progress(len(cells), len(cells), kept)
        result = Result(study=study, rows=rows, command=_command(), versions=versions(), out=str(out))
        _write(out, result)
    return result


def finished(out: Path) -> Result:
    """Read what a run came to. Raises StudyError where there is none that is whole."""
    try:
        read = msgspec.json.decode((out / RESULT).read_bytes(), type=Result)
    except FileNotFoundError as missing:
        raise StudyError(
            f"{out}: no finished study here; `offswitch lab run` makes one, or goes on with it"
        ) from missing
    except (OSError, msgspec.DecodeError) as trouble:
        raise StudyError(
            f"{out / RESULT}: cannot be read: {trouble}; run the study again with --fresh"
        ) from trouble
    return msgspec.structs.replace(read, out=str(out))


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()}


def key_of(study: Study, cell: Cell) -> int:
    """Return the seed of a cell: its own, and the same in every run of the study."""
    return int.from_bytes(hashlib.sha256(f"{study.seed} {_name(cell)}".encode()).digest()[:4], "big")


def _name(cell: Cell) -> str:
    return msgspec.json.encode(cell, order="sorted").decode()


def _command() -> str:
    return shlex.join(["offswitch", *sys.argv[1:]]) if Path(sys.argv[0]).stem == "offswitch" else "python"


@contextmanager
def _held(out: Path, fresh: bool) -> Iterator[None]:
    """Hold the folder for this run alone. Only files that a run writes are ever replaced or removed."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        strangers = sorted(
            name for name in os.listdir(out) if name not in OURS and not name.startswith(".part-")
        )
        if strangers:
            raise StudyError(f"{out}: holds other files, such as {strangers[0]}; give an empty or new folder")
        lock = os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as trouble:
        raise StudyError(f"{out}: cannot be written to: {trouble.strerror}; give another --out") from trouble
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StudyError(
                f"{out}: another run is writing here; wait for it, or give another --out"
            ) from None
        if fresh:
            for name in OURS:
                if name != LOCK:
                    (out / name).unlink(missing_ok=True)
        yield
    finally:
        os.close(lock)


def _known(path: Path, study: Study) -> dict[str, list[Row]]:
    """Return the cells measured before, by name; a line that a kill cut off is dropped from the file."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return {}
    known, sound = {}, 0
    for number, line in enumerate(lines, 1):
        try:
            read = msgspec.json.decode(line)
            if not line.endswith(b"\n"):
                break
            owner, cell, rows = read["study"], read["cell"], read["rows"]
        except (msgspec.DecodeError, KeyError, TypeError):
            if number == len(lines):
                break
            raise StudyError(f"{path}: line {number} is no cell of a study; --fresh starts over") from None
        if owner != study.digest:
            raise StudyError(
                f"{path}: holds another study, or other settings; give another --out, or --fresh"
            )
        known[_name(cell)] = rows
        sound += len(line)
    if sound < path.stat().st_size:
        os.truncate(path, sound)
    return known


def _append(path: Path, study: Study, cell: Cell, rows: list[Row]) -> None:
    line = msgspec.json.encode({"study": study.digest, "cell": cell, "rows": rows}) + b"\n"
    with path.open("ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _write(out: Path, result: Result) -> None:
    figure = kind_of(result.study.kind).draw(result.study, result.rows)
    for name in PICTURES:
        _put(out / name, printed(figure, name.rpartition(".")[2]))
    _put(out / TABLE, _parquet(result))
    _put(out / RESULT, msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")


def _parquet(result: Result) -> bytes:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pylist(result.rows)
    about = {
        "study": msgspec.json.encode(result.study),
        "command": result.command,
        "versions": msgspec.json.encode(result.versions),
    }
    stream = BytesIO()
    parquet.write_table(table.replace_schema_metadata(about), stream, compression="zstd")
    return stream.getvalue()


def _put(path: Path, content: bytes) -> None:
    """Put a file in place whole, or not at all."""
    part = path.with_name(f".part-{path.name}")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as trouble:
        raise StudyError(f"{path}: cannot be written: {trouble.strerror}") from trouble


def rows_of(rows: Sequence[Row], **wanted: Any) -> list[Row]:
    """Return the rows in which these columns have these values, in order."""
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]
