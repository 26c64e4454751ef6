# SPDX-License-Identifier: MIT
"""`scan`: from paths to a summary and files of findings, over many processes, resumable. For command and library.

The parent walks, deals out units, writes the journal and never looks into a transcript; workers read and judge. There
is one path for inputs of every size: a small scan pays about 0.2 s for a worker and gets the same isolation.
The one thing that is easy to get wrong: what a dead worker had said so far. Its unit starts over, alone and step by
step; an episode that kills again is counted as an instrument failure, and what lies behind it is still read.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from offswitch.episode.importers import importer_named
from offswitch.episode.limits import DEFAULT, MIB, Limits
from offswitch.report import fingerprint
from offswitch.report.crew import Crew, Worker
from offswitch.report.errors import CannotWrite, MissingExtra, NothingToScan
from offswitch.report.journal import Journal
from offswitch.report.messages import Begun, Cut, Finished, Message, Row, Settings, Spoiled, Task, Trouble
from offswitch.report.outfolder import DEFAULT_BASE, claimed, default_out
from offswitch.report.results import remove_stale, write_results
from offswitch.report.summary import Summary, summarise
from offswitch.report.visible import visible
from offswitch.report.walking import check, walk

DEATHS = 3  # of one unit, read alone, before the rest of it is given up
MEMORY = 768 * MIB  # of address space, for one worker
SAVE = 1.0  # seconds between commits: what `kill -9` may cost


class Progress(msgspec.Struct, kw_only=True):
    """How far a scan is. Bytes are of files; of archives read in parts they are shares of the file."""

    files: int = 0
    bytes: int = 0
    bytes_done: int = 0
    episodes: int = 0
    problems: int = 0
    reused: int = 0  # episodes kept from an earlier run


def scan(
    paths: Sequence[Path | str],
    *,
    out: Path | str | None = None,
    format: str | None = None,
    jobs: int | None = None,
    limits: Limits = DEFAULT,
    seconds: float = 60.0,
    memory: int = MEMORY,
    fresh: bool = False,
    by: Sequence[str] = ("condition",),
    progress: Callable[[Progress], None] | None = None,
    judge: str = Settings().judge,
    beside: Collection[str] = (),
) -> Summary:
    """Scan files and folders, write findings, outcomes and problems to `out`, and return the summary.

    `out`: default `offswitch-scans/<8 hex of inputs and settings>`. The same call again goes on where it was stopped.
    `jobs`: worker processes, default as `default_jobs` says. `seconds`, `memory` (bytes): what one episode may cost. `by`: what
    the summary's groups are (condition, agent, cluster, format). `judge`: the judging function, as `module:function`.
    `beside`: names of files of the caller's that may lie in `out`.
    Raises `ScanError` where the scan cannot begin, `UnknownFormat` for a format that nobody reads,
    `CannotWrite` where the disk is full; a broken file is a problem in the summary, never an exception.
    """
    need_report_extra()
    if "" in [*paths, out]:
        raise NothingToScan(
            "a path is empty (a variable that is not set?); name a file or folder, '.' for this one"
        )
    given = [Path(path) for path in paths]
    check(given)
    if format is not None:
        importer_named(format)
    settings = Settings(format=format, limits=limits, seconds=seconds, memory=memory, judge=judge)
    inputs = fingerprint.of_inputs(given, settings)
    folder = Path(out) if out is not None else default_out(inputs)
    with (
        claimed(folder, inputs, fresh=fresh, beside=beside),
        _writing(folder),
        closing(Journal(folder)) as journal,
    ):
        journal.set_meta("inputs", inputs)
        entries = walk(given, leave_out=[folder, DEFAULT_BASE])
        journal.enlist(entries, fingerprint.of_code(settings))
        remove_stale(folder)
        Run(journal, settings, jobs or default_jobs(memory), progress).complete()
        summary = summarise(journal, inputs=[str(path) for path in given], out=str(folder), by=tuple(by))
        write_results(folder, journal, summary)
        return summary


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say in words where a full or failing disk stops the scan; the parent itself reads no transcript."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        again = "make room and give the same command again"
        raise CannotWrite(f"{visible(str(folder))}: cannot be written to: {error}; {again}") from error


def default_jobs(memory: int) -> int:
    """Return one worker a core, but no more than may together fill half of the machine's memory (bytes each)."""
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return max(1, min(len(os.sched_getaffinity(0)), half // memory))


def need_report_extra() -> None:
    """Raise `MissingExtra` now, not after hours of scanning, where a library for the results is missing."""
    from importlib.util import find_spec

    for library in ("pyarrow", "scipy"):
        if find_spec(library) is None:
            raise MissingExtra(library, "report")


class Run:
    """One run over all units that are due."""

    def __init__(
        self, journal: Journal, settings: Settings, jobs: int, progress: Callable[[Progress], None] | None
    ) -> None:
        self.journal, self.tell = journal, progress
        self.crew = Crew(settings, max(1, jobs))
        self.tasks: dict[int, Task] = {}  # in hand, by unit
        self.dealt = 0  # the last unit given out
        self.judging: int | None = None  # of a careful task: the record that has been begun and not finished
        self.saved = time.monotonic()
        self.at = self._stock()

    def complete(self) -> None:
        """Read every unit that is due, then, one at a time, those that killed a worker."""
        try:
            while self._deal() or self.crew.busy():
                for worker, messages in self.crew.listen(SAVE):
                    if messages is None:
                        self._lost(worker)
                    for message in messages or ():
                        self._take(worker, message)
                self._save()
            while suspect := self.journal.next_unit("fatal"):
                self._alone(*suspect)
        finally:
            self.crew.disband()
            self.journal.sweep()
            self._save(now=True)

    def _stock(self) -> Progress:
        count = self.journal.count
        kept = count("SELECT count(*) FROM outcome")
        return Progress(
            files=count("SELECT count(*) FROM file"),
            bytes=count("SELECT sum(size) FROM file"),
            bytes_done=count("SELECT sum(share) FROM unit WHERE state = 'done'"),
            episodes=kept,
            reused=kept,
            problems=count("SELECT count(*) FROM problem"),
        )

    def _save(self, now: bool = False) -> None:
        if now or time.monotonic() - self.saved > SAVE:
            self.journal.commit()
            self.saved = time.monotonic()
            if self.tell:
                self.tell(self.at)

    def _deal(self) -> bool:
        """Give a due unit to every idle worker; tell whether any was given."""
        given = False
        while (due := self.journal.next_unit("due", self.dealt)) and (worker := self.crew.idle()):
            self.dealt, task = due
            self._give(worker, self.dealt, task)
            given = True
        return given

    def _give(self, worker: Worker, unit: int, task: Task) -> None:
        self.tasks[unit] = task
        worker.give(unit, task)

    def _take(self, worker: Worker, message: Message) -> None:
        unit = worker.key
        if unit is None:
            return  # an idle worker has nothing to say
        task = self.tasks[unit]
        match message:
            case Row():
                self.judging = None
                self.at.episodes += 1
                self.journal.add(unit, message)
            case Trouble():
                self.at.problems += 1
                self.journal.problem(unit, message.kind, task.name, message.place, message.what, message.cure)
            case Begun():
                self.judging = message.seq
            case Cut():
                self.journal.cut(unit, message.parts)
                self._done(worker, unit)
            case Spoiled():
                self.at.problems += 1
                self.journal.spoil(unit, task.name, message.what, message.cure)
                self._done(worker, unit)
            case Finished():
                self.journal.settle(unit, "done" if message.complete else "failed")
                self.at.bytes_done += task.share
                self._done(worker, unit)
                if message.leaving:
                    self.crew.dismiss(worker)

    def _done(self, worker: Worker, unit: int) -> None:
        del self.tasks[unit]
        worker.key = None

    def _lost(self, worker: Worker) -> str:
        """Bury a worker and return how it ended; its unit, if it had one, starts over later, alone."""
        fate = self.crew.dismiss(worker)
        if worker.key is not None:
            self.at.episodes -= self.journal.rows(worker.key)
            self.journal.restart(worker.key, "fatal")
            self._done(worker, worker.key)
        return fate

    def _alone(self, unit: int, task: Task) -> None:
        """Read a unit that killed a worker, with no other worker at work, until it is through or is given up."""
        doomed: dict[int, str] = {}
        while fate := self._carefully(unit, msgspec.structs.replace(task, careful=True, doomed=doomed)):
            if self.judging is None or len(doomed) == DEATHS:
                break  # the reader itself dies here, or too many episodes are fatal
            doomed = {**doomed, self.judging: f"the worker that did so {fate}"}
        if fate:
            place, what = f"after {self.journal.rows(unit)} episodes", f"the worker that read it {fate}"
            self.journal.problem(
                unit,
                "broken",
                task.name,
                place,
                what,
                "what lies behind is not read; the next run tries again",
            )
        if fate or doomed:  # a death may have come from outside: nobody is condemned for good
            self.journal.settle(unit, "failed")

    def _carefully(self, unit: int, task: Task) -> str | None:
        """Do one careful task; return how its worker died (what it had said is kept), or None if it did not."""
        self.at.episodes -= self.journal.rows(unit)
        self.journal.restart(unit, "fatal")
        self.judging = None
        worker = self.crew.idle()
        assert worker is not None  # nobody else is at work
        self._give(worker, unit, task)
        while worker.key is not None:
            for speaker, messages in self.crew.listen(SAVE):
                if messages is None and speaker is worker:
                    self._done(worker, unit)
                    return self.crew.dismiss(worker)
                if messages is None:
                    self.crew.dismiss(speaker)  # an idle one that ended
                for message in messages or ():
                    self._take(speaker, message)
            self._save()
        return None
