# SPDX-License-Identifier: MIT
"""Writes episodes as JSON Lines, plain or zstd-compressed, whole or not at all. For `scan`, exporters and tests.

The file appears under its name only when it is complete and on disk; until then it is a hidden neighbour that a crash
leaves behind and nobody mistakes for a transcript. The one thing that is easy to get wrong: a rename is only safe after
the data are synced, and only lasting after the folder is synced too.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec
import zstandard

from offswitch.episode.record import Episode

_LEVEL = 6


class EpisodeWriter:
    """Writes episodes one by one; leaving the `with` block without an exception puts the file in place.

    A path that ends in `.zst` is compressed. An existing file is replaced at the end, in one step.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
        self._file: BinaryIO | None = None
        self._sink: BinaryIO | None = None

    def __enter__(self) -> EpisodeWriter:
        self._file = self._waiting.open("xb")
        self._sink = self._file
        if self.path.suffix == ".zst":
            packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
            self._sink = packer.stream_writer(self._file, closefd=False)
        return self

    def write(self, episode: Episode) -> None:
        """Append one episode as one line."""
        if self._sink is None:
            raise ValueError("an EpisodeWriter is used in a `with` block")
        self._sink.write(line_of(episode))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        file, sink = self._file, self._sink
        assert file is not None
        assert sink is not None
        self._file = self._sink = None
        try:
            with file:
                if sink is not file:
                    sink.close()
                file.flush()
                os.fsync(file.fileno())
            if kind is None:
                self._waiting.replace(self.path)
                _sync_folder(self.path.parent)
        finally:
            with contextlib.suppress(FileNotFoundError):
                self._waiting.unlink()


def write_episodes(path: Path, episodes: Iterable[Episode]) -> int:
    """Write `episodes` to `path` and return how many there were."""
    count = 0
    with EpisodeWriter(path) as writer:
        for episode in episodes:
            writer.write(episode)
            count += 1
    return count


def line_of(episode: Episode) -> bytes:
    """Return the episode as one line of JSON: the exact inverse of reading it."""
    return msgspec.json.encode(episode) + b"\n"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
