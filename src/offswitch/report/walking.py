# SPDX-License-Identifier: MIT
"""Which files a scan reads: those named, and those in the folders named, in a fixed order.

Inside a folder no link is followed: a link to a place inside is met there anyway, one that leads out is reported and
left alone, so loops cannot happen; one that leads nowhere is a problem, for what it stands for is not read. Only regular files are ever opened; a FIFO would hang the reader, a device could do
worse. The one thing that is easy to get wrong: file names are bytes, and need not be text.
"""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from offswitch.report.errors import NothingToScan
from offswitch.report.visible import storable, visible


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A regular file: its absolute path as bytes, its name as given, and the stamp that tells if it changes."""

    path: bytes
    name: str
    named: bool  # given by itself, not met in a folder: then an unknown format is an error
    size: int
    mtime_ns: int
    ctime_ns: int


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Something met on the way that is not opened. `named`: given by itself."""

    name: str
    named: bool
    what: str
    cure: str = ""


def walk(paths: Sequence[Path], leave_out: Sequence[Path] = ()) -> Iterator[Found | Refused]:
    """Yield what `paths` lead to, folders in order of names; nothing in the folders `leave_out`."""
    barred = {os.path.realpath(os.fsencode(path)) for path in leave_out}
    for path in paths:
        real, name = os.path.realpath(os.fsencode(path)), os.fsencode(path)
        if os.path.isdir(real):
            yield from _folder(real, name, barred)
        else:
            yield _entry(real, name, named=True)


def check(paths: Sequence[Path]) -> None:
    """Raise where a path does not exist, with the nearest name that does."""
    if not paths:
        raise NothingToScan("no file or folder was given; name at least one")
    for path in paths:
        if not os.path.lexists(path):
            raise NothingToScan(f"{visible(str(path))}: there is no such file or folder{nearest(path)}")


def nearest(path: Path) -> str:
    """Return "; did you mean …?" where a name beside the missing `path` resembles it, else a word on where it ends."""
    parent = path.parent
    if not parent.is_dir():
        return f"; nor is there a folder {visible(str(parent))}"
    names = [entry.name for _, entry in zip(range(10_000), os.scandir(parent), strict=False)]
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    return (
        f"; did you mean {visible(str(parent / close[0]))}?" if close else f"; look in {visible(str(parent))}"
    )


def _folder(real: bytes, name: bytes, barred: set[bytes]) -> Iterator[Found | Refused]:
    waiting = [(real, name)]  # a stack of our own: nesting in a hostile tree must not become recursion here
    while waiting:
        real, name = waiting.pop()
        if real in barred:
            continue
        try:
            entries = sorted(os.scandir(real), key=lambda entry: entry.name)
        except OSError as error:
            yield Refused(name=_text(name), named=True, what=f"the folder cannot be read: {error.strerror}")
            continue
        folders = []
        for entry in entries:
            here = os.path.join(name, entry.name)
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, here))
            elif entry.is_symlink():
                yield from _link(entry.path, here, real)
            else:
                yield _entry(entry.path, here, named=False)
        waiting.extend(reversed(folders))


def _link(path: bytes, name: bytes, folder: bytes) -> Iterator[Refused]:
    target = os.path.realpath(path)
    if not os.path.exists(target):
        # Checkouts of git-annex or DVC are full of these: the transcript is there by name only.
        cure = "fetch what it points to, or remove it"
        yield Refused(name=_text(name), named=True, what=f"is a broken link to {_text(target)}", cure=cure)
        return
    if os.path.commonpath([target, folder]) != folder:
        cure = "links are not followed: give its target by name to have it read"
        yield Refused(name=_text(name), named=False, what=f"is a link to {_text(target)}", cure=cure)


def _entry(path: bytes, name: bytes, *, named: bool) -> Found | Refused:
    try:
        at = os.stat(path, follow_symlinks=False)
    except OSError as error:
        return Refused(name=_text(name), named=True, what=f"cannot be looked at: {error.strerror}")
    if not stat.S_ISREG(at.st_mode):
        return Refused(
            name=_text(name), named=named, what=f"is {_kind(at.st_mode)} and is not opened", cure="name files"
        )
    return Found(
        path=path,
        name=_text(name),
        named=named,
        size=at.st_size,
        mtime_ns=at.st_mtime_ns,
        ctime_ns=at.st_ctime_ns,
    )


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "not a regular file")


def _text(name: bytes) -> str:
    return storable(os.fsdecode(name))
