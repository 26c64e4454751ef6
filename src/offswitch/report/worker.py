# SPDX-License-Identifier: MIT
"""The process that reads and judges: a task in, rows out, no file written. Started by `crew`, many at a time.

Everything that touches a transcript's content happens here, under a cap on memory and on time, so that a hostile file
costs one worker and not the scan. The one thing that is easy to get wrong: an episode that was read but could not be
judged is not a gap but an outcome, with an instrument failure; only what could not be read is trouble.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from offswitch.episode.errors import EpisodeError, NotTranscript
from offswitch.episode.importers.protocol import Part
from offswitch.episode.limits import MIB
from offswitch.episode.reading import parts_of, read_episodes, recognise
from offswitch.episode.record import Episode, FailureKind
from offswitch.report.messages import (
    Begun,
    Cut,
    Finished,
    Message,
    Ready,
    Row,
    Settings,
    Spoiled,
    Task,
    Trouble,
    framed,
)
from offswitch.report.timelimit import TimeUp, time_limit
from offswitch.report.visible import storable
from offswitch.verdict.finding import Failure, Finding, Outcome

Judge = Callable[[Episode], Outcome]

TROUBLES = 100  # of one part that are told one by one
QUOTE, NAME = 2_000, 500  # characters kept of a quotation, and of an id or a condition
OUTCOME = 2 * MIB  # bytes of one outcome; findings beyond are left out, and a note says so
FAT = (
    96 * MIB
)  # resident memory at which a worker ends between two units: detectors and allocators hold on to things
PULSE = 0.5  # seconds after which finished rows are sent off even if they are few


class Desk:
    """One worker's work: reads tasks, judges, and says what it finds through `send`."""

    def __init__(self, settings: Settings, judge: Judge, send: Callable[[Message, bool], None]) -> None:
        self.settings, self.judge, self.send = settings, judge, send
        self.exhausted = False  # memory ran out once

    def work(self, task: Task) -> None:
        """Do one task, whatever happens, and end it with `Cut`, `Spoiled` or `Finished`."""
        if changed := _changed(task):
            self.send(changed, True)
            return
        troubles = Troubles(self.send)
        last = self._read(task, troubles)
        troubles.close()
        last = _changed(task) or last
        if isinstance(last, Finished) and (self.exhausted or resident() > FAT):
            last = msgspec.structs.replace(last, leaving=True)
        self.send(last, True)

    def _read(self, task: Task, troubles: Troubles) -> Message:
        try:
            with time_limit(self.settings.seconds):
                file = Path(os.fsdecode(task.file))
                format = recognise(file, self.settings.format).name
                parts = tuple(parts_of(file, format, self.settings.limits)) if task.whole else ()
            if len(parts) > 1:
                return Cut(parts)
            return self._read_part(file, format, parts[0] if parts else task.part, task, troubles)
        except EpisodeError as error:
            troubles.add(_trouble(error, task))
        except OSError as error:
            troubles.add(Trouble("broken", f"cannot be read: {error.strerror or error}"))
            return Finished(complete=False)
        except MemoryError:
            self.exhausted = True
            troubles.add(_out_of_memory(self.settings, ""))
        except TimeUp:
            troubles.add(_out_of_time(self.settings, ""))
        except Exception as error:
            what = f"the reader broke: {_words(error)}"
            troubles.add(Trouble("broken", what, cure="this is a fault in the importer: please report it"))
        return Finished()

    def _read_part(self, file: Path, format: str, part: Part, task: Task, troubles: Troubles) -> Message:
        """Judge the episodes of one part. What stops the reading is reported with the place reached."""
        place, seq = "its beginning", 0
        episodes = iter(read_episodes(file, format, part, self.settings.limits))
        try:
            while True:
                with time_limit(self.settings.seconds):
                    episode = next(episodes, None)
                if episode is None:
                    return Finished()
                if isinstance(episode, EpisodeError):
                    troubles.add(_trouble(episode, task))
                    continue
                place = _place(episode, file, seq)
                self._judge(seq, format, place, episode, task, troubles)
                seq += 1
        except MemoryError:
            self.exhausted = True
            troubles.add(_out_of_memory(self.settings, f"after {place}"))
        except TimeUp:
            troubles.add(_out_of_time(self.settings, f"after {place}"))
        return Finished()

    def _judge(
        self, seq: int, format: str, place: str, episode: Episode, task: Task, troubles: Troubles
    ) -> None:
        if task.careful:
            self.send(Begun(seq), True)
        outcome = _failed(episode, task.doomed[seq]) if seq in task.doomed else self._outcome(episode)
        outcome, left_out = trimmed(outcome)
        if left_out:
            troubles.add(
                Trouble("note", f"{left_out} findings of this episode are left out: too many", place)
            )
        if outcome.failure and outcome.failure.because.startswith(UNJUDGED):
            again = "; the next run tries again" if seq in task.doomed else ""
            cure = f"counted as an instrument failure{again}"
            troubles.add(Trouble("broken", outcome.failure.because, place, cure))
        self.send(Row(seq, format, place, outcome), task.careful)

    def _outcome(self, episode: Episode) -> Outcome:
        try:
            with time_limit(self.settings.seconds):
                return self.judge(episode)
        except MemoryError:
            self.exhausted = True
            return _failed(episode, f"judging it takes more than {self.settings.memory // MIB} MiB of memory")
        except TimeUp:
            return _failed(episode, f"judging it takes more than {self.settings.seconds:g} s")
        except Exception as error:
            return _failed(episode, f"a detector broke: {_words(error)}")


class Troubles:
    """The troubles of one part: a hostile file may have millions, so those beyond `TROUBLES` are only counted."""

    def __init__(self, send: Callable[[Message, bool], None]) -> None:
        self.send, self.count = send, 0

    def add(self, trouble: Trouble) -> None:
        """Report one more, or count it."""
        self.count += 1
        if self.count <= TROUBLES:
            self.send(trouble, False)

    def close(self) -> None:
        """Say how many were only counted."""
        if self.count > TROUBLES:
            self.send(
                Trouble("broken", f"{self.count - TROUBLES} more records like these cannot be read"), False
            )


UNJUDGED = "not judged: "


def _failed(episode: Episode, because: str) -> Outcome:
    return Outcome(
        episode=episode.id,
        condition=episode.condition,
        cluster=episode.cluster,
        agent=episode.agent,
        failure=Failure(what=FailureKind.ERROR, because=UNJUDGED + because),
    )


def trimmed(outcome: Outcome) -> tuple[Outcome, int]:
    """Return an outcome of bounded size, and how many findings had to be left out for that."""
    small = msgspec.structs.replace(
        outcome,
        episode=storable(outcome.episode)[:NAME],
        condition=storable(outcome.condition)[:NAME],
        cluster=storable(outcome.cluster)[:NAME],
        agent=storable(outcome.agent)[:NAME],
        failure=outcome.failure
        and msgspec.structs.replace(outcome.failure, because=storable(outcome.failure.because)[:QUOTE]),
        findings=tuple(_trimmed_finding(finding) for finding in outcome.findings),
    )
    kept = list(small.findings)
    while kept and len(msgspec.msgpack.encode(kept)) > OUTCOME:
        del kept[len(kept) // 2 :]
    return msgspec.structs.replace(small, findings=tuple(kept)), len(outcome.findings) - len(kept)


def _trimmed_finding(finding: Finding) -> Finding:
    evidence = tuple(
        msgspec.structs.replace(pointer, quote=storable(pointer.quote)[:QUOTE])
        for pointer in finding.evidence[:50]
    )
    return msgspec.structs.replace(finding, because=storable(finding.because)[:QUOTE], evidence=evidence)


def _place(episode: Episode, file: Path, seq: int) -> str:
    """Return where in `file` an episode stands. Its own word counts only if it speaks of this file."""
    own = episode.source.place if episode.source.file == str(file) else ""
    return storable(own)[:NAME] or f"episode {seq + 1}"


def _trouble(error: EpisodeError, task: Task) -> Trouble:
    kind = "skipped" if isinstance(error, NotTranscript) and not task.named else "broken"
    return Trouble(
        kind, storable(error.what)[:QUOTE], storable(error.place)[:NAME], storable(error.cure)[:QUOTE]
    )


def _out_of_memory(settings: Settings, place: str) -> Trouble:
    what = f"reading on takes more than {settings.memory // MIB} MiB of memory"
    return Trouble("broken", what, place, "raise --memory, or cut the file")


def _out_of_time(settings: Settings, place: str) -> Trouble:
    what = f"reading the next episode takes more than {settings.seconds:g} s"
    return Trouble("broken", what, place, "raise --seconds, or cut the file")


def _words(error: BaseException) -> str:
    return storable(f"{type(error).__name__}: {error}")[:300]


def _changed(task: Task) -> Spoiled | None:
    """Return what to say where the file is not the one that the scan began with."""
    again = "scan again when nothing writes to it"
    try:
        at = os.stat(task.file, follow_symlinks=False)
    except FileNotFoundError:
        return Spoiled("vanished before it was read to its end", "scan again if it should be there")
    except OSError as error:
        return Spoiled(f"cannot be looked at any more: {error.strerror}", again)
    if (at.st_size, at.st_mtime_ns, at.st_ctime_ns) != (task.size, task.mtime_ns, task.ctime_ns):
        return Spoiled("changed while it was scanned; nothing read from it is counted", again)
    return None


def confine(settings: Settings) -> None:
    """Cap this process: memory, no core dumps (they would hold transcripts), deaf to the terminal's Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    ceiling = settings.memory if hard == resource.RLIM_INFINITY else min(settings.memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))


def resident() -> int:
    """Return the memory that this process holds, in bytes; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def tasks(source: int) -> Iterator[bytes]:
    """Yield the frames that arrive on a file descriptor until it is closed."""
    with os.fdopen(source, "rb") as stream:
        while length := stream.read(4):
            yield stream.read(int.from_bytes(length, "big"))


def main() -> None:
    """Serve tasks from standard input until it closes; rows go to what was standard output."""
    out = os.fdopen(os.dup(1), "wb", buffering=MIB // 4)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints must not get between the frames
    sent = [time.monotonic()]

    def send(message: Message, now: bool) -> None:
        out.write(framed(message))
        if now or time.monotonic() - sent[0] > PULSE:
            out.flush()
            sent[0] = time.monotonic()

    frames = tasks(0)
    settings = msgspec.msgpack.decode(next(frames), type=Settings)
    module, _, name = settings.judge.partition(":")
    desk = Desk(settings, getattr(importlib.import_module(module), name), send)
    confine(settings)
    send(Ready(), True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # start-up errors are worth reading, later chatter is not
    decoder = msgspec.msgpack.Decoder(Task)
    try:
        for frame in frames:
            desk.work(decoder.decode(frame))
    except BrokenPipeError:
        os._exit(0)  # the scan is gone: there is nobody left to tell
    sys.exit(0)
