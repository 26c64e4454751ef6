# SPDX-License-Identifier: MIT
"""Planted errors: does the test that should notice a mistake fail when it is made?

    .venv/bin/python tests/planted/plant.py [--only WORDS] [--jobs 1] [--fresh]

Each entry of `errors.toml` is one mistake in one place of `src/offswitch`, and the test that must fail for it. The sources are
copied to a temporary folder; the test passes there; the mistake is planted in the copy; the same test must now fail, and by an
assertion. Printed are a table and k of n with its intervals; the exit status is 1 where anything was not caught. What was
found is kept in a journal, and is tried again when the entry, the file that it changes or the test's file has changed.

Easy to get wrong: to test the installed package instead of the copy. The test's own process tells which one it imported.
CAVEAT: the mistakes were chosen by hand, and where one survived a test was written for it. The rate says that these are noticed;
it is no estimate for mistakes that nobody thought of.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ERRORS = HERE / "errors.toml"
JOURNAL = ROOT / ".cache" / "planted.jsonl"
PATIENCE = 600.0  # seconds for one run of a test; a crowded machine needs many

CAUGHT, SURVIVED, SKIPPED = "caught", "SURVIVED", "skipped"
UNSOUND = "unsound"  # the test fails without the error too, or does not fail by an assertion


class PlantError(Exception):
    """An entry that cannot be planted."""


@dataclass(frozen=True)
class Planted:
    """One mistake: `find` in `file`, which stands there once, becomes `replace`; `test` is the node that must fail."""

    error: str
    file: str
    find: str
    replace: str
    test: str

    @property
    def source(self) -> Path:
        """Return the file that it changes."""
        return ROOT / "src" / "offswitch" / self.file

    @property
    def test_file(self) -> Path:
        """Return the file of its test."""
        return ROOT / self.test.partition("::")[0]

    def in_text(self, text: str) -> str:
        """Return a source with the mistake in it. Raises PlantError where the place is not there, or not the only one."""
        if (count := text.count(self.find)) != 1:
            raise PlantError(
                f"{self.error}: src/offswitch/{self.file} holds the text to find {count} times; write it so that it stands there once"
            )
        return text.replace(self.find, self.replace)

    def print_of(self) -> str:
        """Return what identifies a result: the entry, and the two files that it is about."""
        about = [*asdict(self).values(), self.source.read_text(), self.test_file.read_text()]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Found:
    """What became of one mistake."""

    error: str
    test: str
    told: str
    why: str
    seconds: float


def entries(file: Path = ERRORS) -> list[Planted]:
    """Return the entries of a file. Raises PlantError that names file, entry and field."""
    names = {field.name for field in fields(Planted)}
    found = []
    for number, entry in enumerate(tomllib.loads(file.read_text())["planted"], 1):
        odd = names ^ set(entry) or {name for name in names if not isinstance(entry[name], str)}
        if odd:
            raise PlantError(f"{file.name}, entry {number}: {', '.join(sorted(odd))}: an entry has just {', '.join(sorted(names))}, all text")  # fmt: skip
        found.append(Planted(**entry))
    return found


def verdict(entry: Planted, without: Mapping[str, Any] | None, planted: Mapping[str, Any] | None) -> tuple[str, str]:  # fmt: skip
    """Return what two runs of a test tell of a mistake, and why. Each is what `witness` wrote; None where the test did not run."""
    if without is None:
        return UNSOUND, "the test was not found, or could not be collected"
    if without["outcome"] == "skipped":
        return SKIPPED, without["why"]
    if without["outcome"] != "passed":
        return UNSOUND, f"the test fails without the error: {without['why']}"
    if planted is None:
        return UNSOUND, "with the error the test could not be collected, or did not end"
    if planted["outcome"] == "passed":
        return SURVIVED, ""
    if planted["phase"] != "call" or not planted["assertion"]:
        return (
            UNSOUND,
            f"with the error the test {planted['outcome']} in {planted['phase']}: {planted['why']}",
        )
    return CAUGHT, planted["why"]


def of(test: str, told: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the record of a test, or of the worst of its cases: an assertion that failed, then any other failure."""
    cases = [record for node, record in told.items() if node == test or node.startswith(f"{test}[")]
    return min(cases, key=lambda one: (not one["assertion"], one["outcome"] == "passed"), default=None)


def tried(source: Path, tests: Sequence[str], patience: float) -> dict[str, Any]:
    """Run tests against a copy of the sources; return what the witness wrote of each. Raises PlantError for another package."""
    told = source.parent / "told.json"
    told.unlink(missing_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    clean |= {
        "PYTHONPATH": f"{source}:{HERE}",
        "OFFSWITCH_PLANTED_TOLD": str(told),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(source.parent / "hypothesis"),
    }
    argv = [sys.executable, "-m", "pytest", "-p", "witness", "-p", "no:cacheprovider", "--tb=no", *tests]
    run = subprocess.Popen(
        argv, cwd=ROOT, env=clean, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )  # fmt: skip
    try:
        run.wait(patience)
    except subprocess.TimeoutExpired:
        return {}
    finally:
        end_what_is_left(source)
        run.wait()
    if not told.exists():
        return {}
    record = json.loads(told.read_text())
    if not Path(record["package"]).is_relative_to(source):
        raise PlantError(f"the tests imported {record['package']} and not the copy at {source}")
    found: dict[str, Any] = record["tests"]
    return found


def end_what_is_left(source: Path) -> None:
    """Kill whoever was started from a copy of the sources: a planted error may leave a supervisor that nobody can stop."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            if os.fsencode(source) in environment and int(folder.name) != os.getpid():
                os.kill(int(folder.name), signal.SIGKILL)


@contextlib.contextmanager
def copied() -> Iterator[Path]:
    """Yield a copy of the sources, compiled files and their dates included, that every user of the host can read."""
    with tempfile.TemporaryDirectory(prefix="offswitch-planted-", ignore_cleanup_errors=True) as made:
        os.chmod(made, 0o755)
        yield Path(shutil.copytree(ROOT / "src", Path(made) / "src"))


@contextlib.contextmanager
def planted_in(source: Path, entry: Planted) -> Iterator[None]:
    """Plant one mistake in a copy, and take it out again."""
    file = source / "offswitch" / entry.file
    before, when = file.read_text(), file.stat()
    compiled = list((file.parent / "__pycache__").glob(f"{file.stem}.*"))
    for one in compiled:
        one.unlink()  # its date would not tell two mistakes within a second apart
    file.write_text(entry.in_text(before))
    try:
        yield
    finally:
        file.write_text(before)
        os.utime(file, ns=(when.st_atime_ns, when.st_mtime_ns))
        for one in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            one.unlink()


def sought(waiting: Sequence[Planted], patience: float) -> Iterator[tuple[Planted, Found]]:
    """Try the entries whose tests are in one file: all of these tests without an error first, then each with its own."""
    with copied() as source:
        without = tried(source, sorted({entry.test for entry in waiting}), patience)
        for entry in waiting:
            began, planted = time.monotonic(), None
            known = of(entry.test, without)
            if known is not None and known["outcome"] == "passed":
                with planted_in(source, entry):
                    planted = of(entry.test, tried(source, [entry.test], patience))
            told, why = verdict(entry, known, planted)
            yield entry, Found(entry.error, entry.test, told, why, round(time.monotonic() - began, 1))


def read_journal(file: Path) -> dict[str, Found]:
    """Return what a journal holds; a line that was cut off is none."""
    known = {}
    with contextlib.suppress(FileNotFoundError):
        for line in file.read_text().splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                record = json.loads(line)
                key = record.pop("print")
                known[key] = Found(**record)
    return known


def all_found(chosen: Sequence[Planted], journal: Path, jobs: int, patience: float) -> list[Found]:
    """Try what the journal does not know yet, and return all, in the order of the entries."""
    known, lock = read_journal(journal), threading.Lock()
    prints = {entry: entry.print_of() for entry in chosen}  # once: somebody may be at work on the sources
    waiting = sorted((entry for entry in chosen if prints[entry] not in known), key=lambda one: one.test)
    journal.parent.mkdir(parents=True, exist_ok=True)

    def work(group: list[Planted]) -> None:
        for entry, found in sought(group, patience):
            with lock, journal.open("a") as file:
                known[prints[entry]] = found
                file.write(json.dumps({"print": prints[entry], **asdict(found)}) + "\n")
                print(f"{found.told:8}  {found.seconds:6.1f} s  {found.error}", file=sys.stderr, flush=True)

    groups = [list(group) for _, group in groupby(waiting, key=lambda one: one.test_file)]
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(work, groups))
    return [known[prints[entry]] for entry in chosen]


def table_of(found: Sequence[Found], chosen: Sequence[Planted]) -> str:
    """Return the table, and k of n for each room and for all."""
    from offswitch.stats.intervals import clopper_pearson, rate

    wide = max(len(one.error) for one in found)
    lines = [f"{one.error:{wide}}  {one.told:8}  {one.seconds:6.1f} s  {one.test}" for one in found]
    lines += [f"{one.told}: {one.error}: {one.why}" for one in found if one.told in (UNSOUND, SKIPPED)]
    rooms = [entry.file.partition("/")[0] for entry in chosen]
    for room in (*dict.fromkeys(rooms), None):
        told = [one.told for one, where in zip(found, rooms, strict=True) if room in (None, where)]
        k, n = told.count(CAUGHT), len(told) - told.count(SKIPPED)
        exact = clopper_pearson(k, n)
        lines.append(f"{room or 'all':8} caught {rate(k, n)} Wilson, {exact} Clopper-Pearson, 95 %")
    return "\n".join(lines)


def main() -> int:
    """Plant what was asked for; return 1 where anything was not caught."""
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--only", default="", metavar="WORDS", help="entries that hold all of these words")
    words.add_argument("--jobs", type=int, default=1, help="test files at once (default 1)")
    words.add_argument("--patience", type=float, default=PATIENCE, help="seconds for one run of a test")
    words.add_argument("--journal", type=Path, default=JOURNAL, help="where results are kept")
    words.add_argument("--fresh", action="store_true", help="forget the journal, and try all again")
    asked = words.parse_args()
    wanted = asked.only.lower().split()
    chosen = [
        entry
        for entry in entries()
        if all(word in f"{entry.error} {entry.file} {entry.test}".lower() for word in wanted)
    ]
    if not chosen:
        raise PlantError(f"no entry holds all of: {asked.only}")
    if asked.fresh:
        asked.journal.unlink(missing_ok=True)
    found = all_found(chosen, asked.journal, asked.jobs, asked.patience)
    print(table_of(found, chosen))
    return int(any(one.told not in (CAUGHT, SKIPPED) for one in found))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PlantError as failure:
        sys.exit(f"plant: {failure}")
