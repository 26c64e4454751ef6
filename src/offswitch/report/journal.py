# SPDX-License-Identifier: MIT
"""What a scan knows so far, in one SQLite file, so that `kill -9` loses nothing and nothing is counted twice.

A file is read in *units* (a unit is one part of it). Rows of a unit that was not finished are thrown away when the
scan goes on, and the unit is read again; finished ones are kept as long as the file's stamp and the settings are the
same. The one thing that is easy to get wrong: only the scan writes here, never a worker, and a unit's rows and its
state change in the same transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from offswitch.episode.importers.protocol import Part
from offswitch.report.messages import Row, Task
from offswitch.report.walking import Found, Refused
from offswitch.verdict.finding import Outcome

NAME = "scan.sqlite"
VERSION = "offswitch.journal/1"

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS file (
  id INTEGER PRIMARY KEY, path BLOB UNIQUE, name TEXT, named INTEGER, size INTEGER, mtime_ns INTEGER,
  ctime_ns INTEGER, settings TEXT, run INTEGER);
CREATE TABLE IF NOT EXISTS unit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER, start INTEGER, stop INTEGER, whole INTEGER, share INTEGER,
  state TEXT);
CREATE INDEX IF NOT EXISTS unit_file ON unit (file, start);
CREATE INDEX IF NOT EXISTS unit_state ON unit (state);
CREATE TABLE IF NOT EXISTS outcome (
  unit INTEGER, seq INTEGER, episode TEXT, condition TEXT, cluster TEXT, agent TEXT, format TEXT, conduct TEXT,
  defied INTEGER, resisted INTEGER, stopped INTEGER, failure TEXT, findings INTEGER, place TEXT, body BLOB,
  PRIMARY KEY (unit, seq));
CREATE INDEX IF NOT EXISTS outcome_episode ON outcome (episode);
CREATE TABLE IF NOT EXISTS problem (
  id INTEGER PRIMARY KEY, unit INTEGER, kind TEXT, file TEXT, place TEXT, what TEXT, cure TEXT);
CREATE INDEX IF NOT EXISTS problem_unit ON problem (unit);
"""
# due: to be read; done: read; fatal: killed a worker, to be read again alone; failed: given up until the next run.
_ROWS = """
SELECT file.name, outcome.place, outcome.format, outcome.body
FROM file JOIN unit ON unit.file = file.id JOIN outcome ON outcome.unit = unit.id
ORDER BY file.path, unit.start, outcome.seq
"""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a reader of the results should know. `kind`: "broken", "skipped" or "note"."""

    kind: str
    file: str
    place: str = ""
    what: str = ""
    cure: str = ""

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.place) if part)
        return f"{where}: {self.what}{'; ' + self.cure if self.cure else ''}"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome, and where its episode was read."""

    file: str
    place: str
    format: str
    outcome: Outcome


class Journal:
    """The open journal of one scan."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        place = folder / NAME
        if read_only:
            self.db = sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            return
        self.db = sqlite3.connect(place, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.executescript(_TABLES)
        self.db.execute("BEGIN")

    def commit(self) -> None:
        """Make everything so far safe against `kill -9`."""
        self.db.execute("COMMIT")
        self.db.execute("BEGIN")

    def close(self) -> None:
        """Commit and close."""
        if self.db.in_transaction:
            self.db.execute("COMMIT")
        self.db.close()

    def meta(self, name: str) -> str | None:
        """Return a fact about the scan as a whole."""
        row = self.db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def set_meta(self, name: str, value: str) -> None:
        """Write down a fact about the scan as a whole."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    # -- which files, which units ------------------------------------------------------------------------------

    def enlist(self, entries: Iterable[Found | Refused], settings: str) -> None:
        """Take stock: keep what is still true of files seen before, queue the rest, forget files that are gone."""
        run = int(self.meta("run") or 0) + 1
        self.set_meta("run", str(run))
        self.db.execute("DELETE FROM problem WHERE unit IS NULL")
        for entry in entries:
            if isinstance(entry, Refused):
                self.problem(
                    None, "broken" if entry.named else "skipped", entry.name, "", entry.what, entry.cure
                )
            else:
                self._enlist_file(entry, settings, run)
        for (file,) in self.db.execute("SELECT id FROM file WHERE run != ?", (run,)).fetchall():
            self._forget_units(file)
            self.db.execute("DELETE FROM file WHERE id = ?", (file,))
        for (unit,) in self.db.execute("SELECT id FROM unit WHERE state != 'done'").fetchall():
            self.restart(unit, "due")
        self.sweep()
        self.commit()

    def _enlist_file(self, found: Found, settings: str, run: int) -> None:
        stamp = (found.size, found.mtime_ns, found.ctime_ns, settings)
        row = self.db.execute(
            "SELECT size, mtime_ns, ctime_ns, settings, named, run, id FROM file WHERE path = ?",
            (found.path,),
        ).fetchone()
        named = found.named or bool(row and row[5] == run and row[4])  # named once, however often it is met
        if row and tuple(row[:4]) == stamp and row[4] == named:
            self.db.execute("UPDATE file SET run = ?, name = ? WHERE id = ?", (run, found.name, row[6]))
            return
        if row:
            self._forget_units(row[6])
            self.db.execute("DELETE FROM file WHERE id = ?", (row[6],))
        file = self.db.execute(
            "INSERT INTO file (path, name, named, size, mtime_ns, ctime_ns, settings, run) VALUES (?,?,?,?,?,?,?,?)",
            (found.path, found.name, named, *stamp, run),
        ).lastrowid
        self.db.execute(
            "INSERT INTO unit (file, start, whole, share, state) VALUES (?, 0, 1, ?, 'due')",
            (file, found.size),
        )

    def _forget_units(self, file: int) -> None:
        for (unit,) in self.db.execute("SELECT id FROM unit WHERE file = ?", (file,)).fetchall():
            self._forget_rows(unit)
        self.db.execute("DELETE FROM unit WHERE file = ?", (file,))

    def _forget_rows(self, unit: int) -> None:
        self.db.execute("DELETE FROM outcome WHERE unit = ?", (unit,))
        self.db.execute("DELETE FROM problem WHERE unit = ?", (unit,))

    def next_unit(self, state: str, after: int = 0) -> tuple[int, Task] | None:
        """Return the first unit in `state` with a number above `after`, as a task."""
        row = self.db.execute(
            "SELECT unit.id, path, name, size, mtime_ns, ctime_ns, start, stop, whole, share, named FROM unit "
            "JOIN file ON file.id = unit.file WHERE state = ? AND unit.id > ? ORDER BY unit.id LIMIT 1",
            (state, after),
        ).fetchone()
        if row is None:
            return None
        unit, path, name, size, mtime_ns, ctime_ns, start, stop, whole, share, named = row
        return unit, Task(
            file=path,
            name=name,
            named=bool(named),
            size=size,
            mtime_ns=mtime_ns,
            ctime_ns=ctime_ns,
            part=Part(start, stop),
            whole=bool(whole),
            share=share,
        )

    def cut(self, unit: int, parts: Sequence[Part]) -> None:
        """Replace a whole file's unit by its parts."""
        file, size = self.db.execute("SELECT file, share FROM unit WHERE id = ?", (unit,)).fetchone()
        self._forget_rows(unit)
        self.db.execute("DELETE FROM unit WHERE id = ?", (unit,))
        self.db.executemany(
            "INSERT INTO unit (file, start, stop, whole, share, state) VALUES (?, ?, ?, 0, ?, 'due')",
            [(file, part.start, part.stop, size // len(parts)) for part in parts],
        )

    def restart(self, unit: int, state: str) -> None:
        """Throw away what was read of a unit and put it in `state`."""
        self._forget_rows(unit)
        self.settle(unit, state)

    def settle(self, unit: int, state: str) -> None:
        """Put a unit in `state`, keeping its rows."""
        self.db.execute("UPDATE unit SET state = ? WHERE id = ?", (state, unit))

    def spoil(self, unit: int, name: str, what: str, cure: str) -> None:
        """Throw away everything read from the file that `unit` is part of, and say why; once, however many parts."""
        row = self.db.execute("SELECT file FROM unit WHERE id = ?", (unit,)).fetchone()
        if row is None:
            return  # another part has said so already
        self._forget_units(row[0])
        query = "INSERT INTO unit (file, start, whole, share, state) VALUES (?, 0, 1, 0, 'failed')"
        self.problem(self.db.execute(query, row).lastrowid, "broken", name, "", what, cure)

    def sweep(self) -> None:
        """Remove rows of units that are gone: other parts of a spoiled file may still have been at work."""
        for table in ("outcome", "problem"):
            self.db.execute(
                f"DELETE FROM {table} WHERE unit IS NOT NULL AND unit NOT IN (SELECT id FROM unit)"
            )

    def rows(self, unit: int) -> int:
        """Count the outcomes of a unit."""
        return self.count("SELECT count(*) FROM outcome WHERE unit = ?", unit)

    # -- what was found ----------------------------------------------------------------------------------------

    def add(self, unit: int, row: Row) -> None:
        """Write down one outcome."""
        o = row.outcome
        self.db.execute(
            "INSERT INTO outcome VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(unit, row.seq, o.episode, o.condition, o.cluster, o.agent, row.format, o.conduct.value),
                *(o.defied, o.resisted, o.stopped, o.failure.what.value if o.failure else None),
                *(len(o.findings), row.place),
                msgspec.json.encode(o),
            ),
        )

    def problem(self, unit: int | None, kind: str, file: str, place: str, what: str, cure: str) -> None:
        """Write down one problem."""
        self.db.execute(
            "INSERT INTO problem (unit, kind, file, place, what, cure) VALUES (?,?,?,?,?,?)",
            (unit, kind, file, place, what, cure),
        )

    def judged(self) -> Iterator[Judged]:
        """Yield all outcomes, by file, place and number: the same order whatever the workers did."""
        decoder = msgspec.json.Decoder(Outcome)
        for file, place, format, body in self.db.execute(_ROWS):
            yield Judged(file=file, place=place, format=format, outcome=decoder.decode(body))

    def problems(self, kind: str | None = None, limit: int = -1) -> Iterator[Problem]:
        """Yield problems by file."""
        columns = "kind, file, place, what, cure"
        query = f"SELECT {columns} FROM problem WHERE ?1 IS NULL OR kind = ?1 ORDER BY file, id LIMIT ?2"
        for kind_, file, place, what, cure in self.db.execute(query, (kind, limit)):
            yield Problem(kind=kind_, file=file, place=place, what=what, cure=cure)

    def count(self, query: str, *values: Any) -> int:
        """Return the one number that `query` asks for."""
        return int(self.db.execute(query, values).fetchone()[0] or 0)
