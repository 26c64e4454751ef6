# SPDX-License-Identifier: MIT
"""Find one episode: in a file, by number or id, or in the results of a scan, by id.

The one thing that is easy to get wrong: a file may have changed since it was scanned. Then the events that a finding
points to may not be those any more, so the episode is not shown from the scan.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from offswitch.episode.errors import EpisodeError
from offswitch.episode.importers.protocol import Part
from offswitch.episode.reading import read_episodes
from offswitch.episode.record import Episode
from offswitch.report.errors import NoSuchEpisode, ScanError
from offswitch.report.journal import NAME, Journal
from offswitch.report.outfolder import DEFAULT_BASE
from offswitch.report.visible import one_line, visible
from offswitch.verdict.finding import Outcome

_WANTED = """
SELECT file.path, file.name, file.size, file.mtime_ns, file.ctime_ns, unit.start, unit.stop, unit.whole, outcome.seq,
       outcome.format, outcome.episode, outcome.body
FROM outcome JOIN unit ON unit.id = outcome.unit JOIN file ON file.id = unit.file
"""


def in_file(
    file: Path, format: str | None = None, *, id: str | None = None, at: int | None = None
) -> tuple[Episode, EpisodeError | None]:
    """Return the episode with `id`, or number `at` from 0, or the first, and what was first broken before it.

    As in a scan, broken records have no number. Raises `ScanError` where there is no such episode, or the first
    `EpisodeError` if some records are broken: it may be one of them.
    """
    seen: list[str] = []
    number, broken = 0, None
    for episode in read_episodes(file, format):
        if isinstance(episode, EpisodeError):
            broken = broken or episode
            continue
        if (id is None and number == (at or 0)) or (id and _is_called(episode.id, id)):
            return episode, broken
        number += 1
        if len(seen) < 5:
            seen.append(one_line(episode.id, 60))
    if broken:
        raise broken
    wanted = f"with id {one_line(id, 80)}" if id is not None else f"number {at or 0}"
    has = f"; it begins with {', '.join(seen)}" if seen else "; it holds none"
    raise NoSuchEpisode(f"{visible(str(file))}: has no episode {wanted}{has}")


def _is_called(full: str, id: str) -> bool:
    """Tell whether an id, or the record's own name at its end, is the one asked for."""
    return full == id or full.endswith((f":{id}", f"#{id}"))


def in_scan(folder: Path, id: str) -> tuple[Episode, Outcome]:
    """Return an episode and its outcome from the results of a scan; `id` may be a beginning or an end that fits one only."""
    if not (folder / NAME).is_file():
        raise ScanError(f"{visible(str(folder))}: holds no scan; 'offswitch scan' makes one")
    journal = Journal(folder, read_only=True)
    try:
        row = _row(journal, folder, id)
    finally:
        journal.close()
    path, name, size, mtime_ns, ctime_ns, start, stop, _, seq, format, found, body = row
    file = Path(os.fsdecode(path))
    _unchanged(file, name, (size, mtime_ns, ctime_ns))
    part = Part(start, stop)
    episode = next(islice(_episodes(read_episodes(file, format, part)), seq, None), None)
    if episode is None or episode.id != found:
        raise ScanError(f"{visible(name)}: does not hold the episode where the scan found it; scan it again")
    return episode, msgspec.json.decode(body, type=Outcome)


def latest_scans() -> Iterator[Path]:
    """Yield the folders of scans in the default place, newest first."""
    if DEFAULT_BASE.is_dir():
        folders = [folder for folder in DEFAULT_BASE.iterdir() if (folder / NAME).is_file()]
        yield from sorted(folders, key=lambda folder: (folder / NAME).stat().st_mtime_ns, reverse=True)


def _row(journal: Journal, folder: Path, id: str) -> tuple:  # type: ignore[type-arg]
    rows = journal.db.execute(f"{_WANTED} WHERE outcome.episode = ? LIMIT 2", (id,)).fetchall()
    if not rows:
        query = f"{_WANTED} WHERE substr(outcome.episode, -?) IN (?, ?) LIMIT 6"
        rows = journal.db.execute(query, (len(id) + 1, f":{id}", f"#{id}")).fetchall() if id else []
    if not rows:
        query = f"{_WANTED} WHERE substr(outcome.episode, 1, ?) = ? LIMIT 6"
        rows = journal.db.execute(query, (len(id), id)).fetchall() if id else []
    if not rows:
        raise NoSuchEpisode(
            f"{visible(str(folder))}: has no episode {one_line(id, 80)}; episodes.jsonl lists those there are"
        )
    if len(rows) > 1:
        names = ", ".join(f"{one_line(row[10], 60)} in {one_line(row[1], 60)}" for row in rows[:5])
        raise ScanError(
            f"{one_line(id, 80)} fits more than one episode: {names}; name one fully, or show it from its file"
        )
    found: tuple = rows[0]  # type: ignore[type-arg]
    return found


def _unchanged(file: Path, name: str, stamp: tuple[int, int, int]) -> None:
    try:
        at = os.stat(file, follow_symlinks=False)
    except OSError as error:
        raise ScanError(f"{visible(name)}: cannot be read any more: {error.strerror}") from None
    if (at.st_size, at.st_mtime_ns, at.st_ctime_ns) != stamp:
        raise ScanError(f"{visible(name)}: has changed since it was scanned; scan it again")


def _episodes(read: Iterator[Episode | EpisodeError]) -> Iterator[Episode]:
    return (episode for episode in read if isinstance(episode, Episode))
