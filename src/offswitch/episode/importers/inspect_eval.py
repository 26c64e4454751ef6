# SPDX-License-Identifier: MIT
"""Inspect logs in the `.eval` format: a zip with a header and one entry a sample, or a folder of chunks a sample.

Layouts: `samples/ID_epoch_N.json` (all versions), and `samples/ID_epoch_N/sample.json` beside `messages/`, `events/`
and `attachments/` cut into chunks (2026). A run that was killed has no `header.json`; then `_journal/start.json` says
what was to be run. Where a name occurs twice, the last wins, as for every zip reader: Inspect appends a sample that is
run again. The one thing that is easy to get wrong: a log that lacks samples is sound to Inspect. Here it is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from offswitch.episode.errors import BrokenFile, EpisodeError
from offswitch.episode.importers.inspect_sample import SPREAD, Sample, episode_of
from offswitch.episode.importers.protocol import WHOLE, Head, Part
from offswitch.episode.limits import DEFAULT, MIB, Limits
from offswitch.episode.record import Episode, Source
from offswitch.episode.strictjson import fields, loads, shown
from offswitch.episode.unpacking import Archive, Member, archive

_SAMPLE = re.compile(r"samples/(?:[^/]+\.json|[^/]+/sample\.json)")
_CHUNK = re.compile(r"(\d{1,12})\.json")
_PER_PART, _BYTES_PER_PART = 500, 64 * MIB
_MANY, _PARTS = 4_000, 8  # entries from which the directory costs, and how often it is then read


class InspectEval:
    """Reads `.eval` files."""

    name = "inspect-eval"
    about = "Inspect logs (.eval), all versions"

    def recognises(self, head: Head) -> bool:
        """Tell by the names of the first entries."""
        return head.shape == "zip" and any(
            name == "header.json" or name.startswith(("_journal/", "samples/")) for name in head.keys
        )

    def parts(self, file: Path, limits: Limits = DEFAULT) -> Sequence[Part]:
        """Cut by samples: at most 500, or about 64 MiB unpacked, a part; more where the archive has many entries."""
        with archive(file, limits) as opened:
            entries = len(opened.members)
            sizes = [member.size for member in _Log(opened, limits).samples]
        # Every part reads the whole directory again, so where that is long the parts are few.
        few = _PARTS if entries > _MANY else len(sizes) or 1
        count = max(_PER_PART, -(-len(sizes) // few))
        room = max(_BYTES_PER_PART, -(-sum(sizes) // few))
        parts, start, size = [], 0, 0
        for index, more in enumerate(sizes):
            if index > start and (size + more > room or index - start >= count):
                parts.append(Part(start, index))
                start, size = index, 0
            size += more
        return [*parts, Part(start, None)]

    def read(
        self, file: Path, part: Part = WHOLE, limits: Limits = DEFAULT
    ) -> Iterator[Episode | EpisodeError]:
        """Yield the samples `part.start` to `part.stop`; the first part also says what is missing from the log."""
        with archive(file, limits) as opened:
            log = _Log(opened, limits)
            run = log.run()
            for member in log.samples[part.start : part.stop]:
                place = shown(member.name, 200)[1:-1]
                try:
                    yield log.episode(member, run, str(file), place)
                except EpisodeError as error:
                    yield error.at(file=str(file), place=place)
            if part.start == 0:
                yield from (error.at(file=str(file)) for error in log.missing(run))


class _Log:
    """The entries of one open archive, by name."""

    def __init__(self, opened: Archive, limits: Limits) -> None:
        self.archive, self.limits = opened, limits
        self.entries = {member.name: member for member in opened.members}
        self.samples = [member for name, member in self.entries.items() if _SAMPLE.fullmatch(name)]
        self.chunks: dict[str, list[tuple[int, Member]]] = {}
        for name, member in self.entries.items():
            folder, _, last = name.rpartition("/")
            if match := _CHUNK.fullmatch(last):
                self.chunks.setdefault(folder, []).append((int(match[1]), member))

    def run(self) -> dict[str, Any]:
        """Return the header, or what the journal's first entry says where the run was cut."""
        for name in ("header.json", "_journal/start.json"):
            if name in self.entries:
                run = self._load(name)
                if isinstance(run, dict):
                    return run if name == "header.json" else {"status": "started", **run}
        raise BrokenFile(
            "neither header.json nor _journal/start.json is in the log", cure="fetch the file again"
        )

    def episode(self, member: Member, run: Mapping[str, Any], file: str, place: str) -> Episode:
        sample = Sample()
        with self.archive.open(member) as stream:
            for key, _, value in fields(stream, SPREAD, self.limits, nan=True):
                sample.take(key, value)
        stem = member.name.removeprefix("samples/").removesuffix(".json").removesuffix("/sample")
        if member.name.endswith("/sample.json"):
            self._chunked(sample, member.name.removesuffix("/sample.json"))
        spec = run.get("eval") if isinstance(run.get("eval"), dict) else {}
        log = next(
            (spec[key] for key in ("eval_id", "task_id", "run_id") if spec and spec.get(key)), Path(file).stem
        )
        return episode_of(
            sample, run, id=f"{log}:{stem}", source=Source(format="inspect-eval", file=file, place=place)
        )

    def missing(self, run: Mapping[str, Any]) -> Iterator[EpisodeError]:
        """Yield one error where the archive is cut, or holds fewer samples than the log says were run."""
        if self.archive.cut:
            yield self.archive.cut
            return
        status = run.get("status")
        expected = expected_samples(run)
        if "header.json" not in self.entries or len(self.samples) < expected:
            yield missing_samples(len(self.samples), expected, str(status))

    def _chunked(self, sample: Sample, folder: str) -> None:
        """Add the chunks of a sample that has been cut into sequences."""
        if f"{folder}/metadata.json" in self.entries:
            sample.take("metadata", self._load(f"{folder}/metadata.json"))
        pool = [message for _, message in self._sequence(f"{folder}/messages")]
        sample.fields["events_data"] = {"messages": pool}
        for _, event in self._sequence(f"{folder}/events"):
            sample.take("events", event)
        for index, text in self._sequence(f"{folder}/attachments"):
            sample.take("attachments", (str(index), text))

    def _sequence(self, folder: str) -> Iterator[tuple[int, Any]]:
        following = 0
        for start, member in sorted(self.chunks.get(folder, []), key=lambda chunk: chunk[0]):
            items = self._load(member.name)
            if start != following or not isinstance(items, list):
                raise BrokenFile(
                    "a chunk is missing", place=shown(member.name, 200)[1:-1], cure="fetch the file again"
                )
            yield from enumerate(items, start)
            following = start + len(items)

    def _load(self, name: str) -> Any:
        data = self.archive.read(self.entries[name])
        return loads(data, place=shown(name, 200)[1:-1], limits=self.limits, nan=True)


def expected_samples(run: Mapping[str, Any]) -> int:
    """Return how many samples the log should hold; 0 where it does not say or stopped early on purpose."""
    results = run.get("results")
    if isinstance(results, dict):
        if results.get("early_stopping"):
            return 0
        counts = [results.get("logged_samples"), results.get("total_samples")]
        return next((count for count in counts if type(count) is int), 0)
    spec = run.get("eval")
    dataset, config = (spec.get("dataset"), spec.get("config")) if isinstance(spec, dict) else (None, None)
    ids = dataset.get("sample_ids") if isinstance(dataset, dict) else None
    count = len(ids) if isinstance(ids, list) else dataset.get("samples") if isinstance(dataset, dict) else 0
    epochs = config.get("epochs") if isinstance(config, dict) else 1
    return (count if type(count) is int else 0) * (epochs if type(epochs) is int else 1)


def missing_samples(found: int, expected: int, status: str) -> EpisodeError:
    """Return the error that says that a log is not whole."""
    lack = (
        f"{max(expected - found, 0)} of {expected} samples are missing"
        if expected
        else "the run was cut before its end"
    )
    return BrokenFile(
        f"{lack} (status {shown(status)})",
        place="header.json",
        cure="count them as failures, or run them again",
    )


IMPORTER = InspectEval()
