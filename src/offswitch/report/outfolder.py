# SPDX-License-Identifier: MIT
"""The folder that a scan writes to: whose it is, who may write to it now, and how files in it come to be whole.

The one thing that is easy to get wrong: other people's files. A folder that holds anything but this scan is refused,
and `fresh` removes only the files that a scan writes, by name.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from offswitch.report import journal
from offswitch.report.errors import FolderBusy, FolderError
from offswitch.report.visible import visible

DEFAULT_BASE = Path("offswitch-scans")
LOCK = "lock"
RESULTS = (
    "findings.jsonl",
    "episodes.jsonl",
    "findings.parquet",
    "episodes.parquet",
    "problems.jsonl",
    "summary.json",
)
_JOURNAL = (journal.NAME, f"{journal.NAME}-wal", f"{journal.NAME}-shm")


def default_out(inputs: str) -> Path:
    """Return the folder for a scan of these inputs: the same for the same scan, so that it resumes."""
    return DEFAULT_BASE / inputs[:8]


@contextmanager
def claimed(out: Path, inputs: str, *, fresh: bool = False, beside: Collection[str] = ()) -> Iterator[None]:
    """Hold `out` for this scan alone; files named in `beside` may lie in it.

    Raises `FolderBusy`, or `FolderError` where the folder is not this scan's.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise FolderError(
            f"{visible(str(out))}: cannot be written to: {error.strerror}; give another --out"
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            what = f"{visible(str(out))}: another scan is writing here; wait for it, or give another --out"
            raise FolderBusy(what) from None
        _make_room(out, inputs, fresh, beside)
        yield
    finally:
        os.close(lock)


def _make_room(out: Path, inputs: str, fresh: bool, beside: Collection[str]) -> None:
    known = (LOCK, *RESULTS, *_JOURNAL, *beside)
    strangers = [name for name in sorted(os.listdir(out)) if name not in known]
    strangers = [name for name in strangers if not name.startswith(".part-")]
    if not (out / journal.NAME).exists() and (strangers or any((out / name).exists() for name in RESULTS)):
        if strangers != os.listdir(out):
            (out / LOCK).unlink()  # leave the folder as it was
        what = f"{visible(str(out))}: holds other files, such as {visible((strangers or list(RESULTS))[0])}"
        raise FolderError(f"{what}; give an empty or new folder")
    if fresh:
        for name in (*RESULTS, *_JOURNAL):
            (out / name).unlink(missing_ok=True)
    elif (out / journal.NAME).exists() and _owner(out) not in (None, inputs):
        what = f"{visible(str(out))}: holds another scan (other files or settings)"
        raise FolderError(f"{what}; give another --out, or --fresh to replace that scan")


def _owner(out: Path) -> str | None:
    import sqlite3

    try:
        book = journal.Journal(out)
        try:
            return book.meta("inputs")
        finally:
            book.close()
    except sqlite3.Error as error:
        what = f"{visible(str(out / journal.NAME))}: is not a readable journal ({error})"
        raise FolderError(f"{what}; give another --out, or --fresh to start again") from None


@contextmanager
def whole(file: Path) -> Iterator[IO[bytes]]:
    """Write a file that appears under its name only once it is complete."""
    part = file.with_name(f".part-{file.name}")
    with open(part, "wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, file)
