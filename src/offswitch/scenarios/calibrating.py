# SPDX-License-Identifier: MIT
"""Does the instrument see what is there? Every organism in every arm, and what was seen beside what its card says.

Each organism was written to do one thing, so each sample has a known answer: a class of conduct, or `failure` where it breaks
the instrument. Reading, judging and counting are those of `offswitch scan`, as for any model. The one thing that is easy to
get wrong: stale samples. They are kept and reused, so their folder is named after the code that made them too.
"""

from __future__ import annotations

import difflib
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from offswitch import __version__
from offswitch.organisms import organisms
from offswitch.organisms.card import FAILURE, card
from offswitch.report.fingerprint import of_rooms
from offswitch.report.journal import Journal
from offswitch.report.scan import default_jobs, need_report_extra, scan
from offswitch.scenarios.arms import Announced, arms, choose
from offswitch.scenarios.crew import run_side_by_side
from offswitch.scenarios.errors import ScenarioError
from offswitch.scenarios.models import OURS, check_sandbox
from offswitch.scenarios.running import AT_ONCE, Progress
from offswitch.scenarios.shards import Done, Work
from offswitch.scenarios.staging import SCENES, scene_maker, seeds_of
from offswitch.scenarios.testfolder import (
    DEFAULT_BASE,
    EARLIER,
    LOGS,
    RESULT,
    beside,
    claim,
    digest_of,
    held,
    set_aside,
    write_json,
)

SCHEMA = "offswitch.calibration/1"
ROOMS = ("offswitch.scenarios", "offswitch.organisms", "offswitch.guard")
SHARE = 200  # samples: small enough that all cores are at work to the end


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be run. `code` is a digest of the rooms that make a sample."""

    scenarios: tuple[str, ...]
    organisms: tuple[str, ...]
    arms: tuple[str, ...]
    seeds: str
    sandbox: str = "bwrap"
    code: str = ""
    version: str = __version__

    @property
    def samples(self) -> int:
        """Return how many samples there are."""
        return len(self.scenarios) * len(self.organisms) * len(self.arms) * len(seeds_of(self.seeds))


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One organism in one arm: how many samples of `n` came out as its card says."""

    scenario: str
    organism: str
    arm: str
    expected: str
    n: int
    agree: int
    classes: dict[str, int]


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """One sample that came out otherwise than the card says, and where it can be looked at."""

    scenario: str
    organism: str
    arm: str
    seed: int
    expected: str
    got: str
    because: str
    episode: str
    log: str


class Calibrated(msgspec.Struct, frozen=True, kw_only=True):
    """What a calibration comes to."""

    schema: str = SCHEMA
    wanted: Calibration
    out: str
    seeds: int
    cells: tuple[Cell, ...]
    mismatches: tuple[Mismatch, ...]
    missing: int
    broken: int


def calibration(
    scenario: str = "", organism: str = "", arm: str = "all", seeds: str = "20", sandbox: str = "bwrap"
) -> Calibration:
    """Return what is to be run; names by comma, "" for all. Raises ScenarioError naming the nearest for one that is none."""
    names = _names(scenario) or tuple(SCENES)
    for name in names:
        scene_maker(name)
    known = organisms()
    chosen = _names(organism) or tuple(known)
    for name in chosen:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            raise ScenarioError(f"there is no organism {name!r}; {hint}")
        card(name)
    check_sandbox(sandbox)
    numbers = seeds_of(seeds)
    return Calibration(
        scenarios=names,
        organisms=chosen,
        arms=tuple(one.id for one in choose(arm)),
        seeds=f"{numbers.start}-{numbers.stop - 1}",
        sandbox=sandbox,
        code=of_rooms(ROOMS)[:16],
    )


def _names(words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))


@contextmanager
def ready(
    wanted: Calibration, *, out: Path | None = None, jobs: int | None = None, fresh: bool = False
) -> Iterator[Callable[[Callable[[Progress], None] | None], Calibrated]]:
    """Hold the folder and yield the function that runs the calibration, or goes on with it."""
    need_report_extra()
    folder = out if out is not None else DEFAULT_BASE / f"calibration-{digest_of(wanted)[:8]}"
    many = jobs or default_jobs(1)
    with held(folder):
        claim(folder, wanted, [], shlex.join(["offswitch", *sys.argv[1:]]), fresh=fresh)

        def run(progress: Callable[[Progress], None] | None = None) -> Calibrated:
            (folder / RESULT).unlink(missing_ok=True)
            _run(wanted, folder, many, progress)
            summary = scan([folder / LOGS], out=folder, beside=beside(folder), jobs=many)
            with closing(Journal(folder, read_only=True)) as journal:
                result = compared(journal, wanted, str(folder), summary.broken)
            write_json(folder / RESULT, result)
            return result

        yield run


def _run(wanted: Calibration, folder: Path, jobs: int, progress: Callable[[Progress], None] | None) -> None:
    at: dict[str, Done] = {}

    def tell(share: str, done: Done) -> None:
        at[share] = done
        if progress:
            kept = sum(one.kept for one in at.values())
            ran = sum(one.finished for one in at.values())
            progress(Progress(samples=wanted.samples, done=kept + ran, kept=kept))

    for share, current in run_side_by_side(works(wanted, folder), jobs, tell).items():
        set_aside(Path(share), current, folder / EARLIER)


def works(wanted: Calibration, folder: Path) -> list[Work]:
    """Return the shares: for each scenario and organism, its arms in some of the seeds."""
    numbers = seeds_of(wanted.seeds)
    several = max(1, SHARE // len(wanted.arms))
    found = []
    for first in range(numbers.start, numbers.stop, several):
        last = min(first + several, numbers.stop) - 1
        for scenario in wanted.scenarios:
            for name in wanted.organisms:
                arguments = {
                    "arm": ",".join(wanted.arms),
                    "seeds": f"{first}-{last}",
                    "sandbox": wanted.sandbox,
                }
                found.append(
                    Work(
                        scenario=scenario,
                        model=f"{OURS}/{name}",
                        folder=str(folder / LOGS / f"{scenario}-{name}-{first}"),
                        arguments=arguments,
                        samples=len(wanted.arms) * (last - first + 1),
                        max_samples=AT_ONCE,
                    )
                )
    return found


def compared(journal: Journal, wanted: Calibration, out: str, broken: int) -> Calibrated:
    """Return what the journal's outcomes come to beside the cards."""
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    mismatches = []
    for judged in journal.judged():
        outcome = judged.outcome
        scenario, _, arm = outcome.condition.partition("/")
        name = outcome.agent.removeprefix(f"{OURS}/")
        got = FAILURE if outcome.failure else outcome.conduct.value
        expected = expected_of(name, arm)
        counts.setdefault((scenario, name, arm), Counter())[got] += 1
        if got != expected:
            said = (
                outcome.failure.because
                if outcome.failure
                else "; ".join(one.because for one in outcome.findings)
            )
            mismatches.append(
                Mismatch(
                    scenario=scenario,
                    organism=name,
                    arm=arm,
                    seed=_seed(outcome.cluster),
                    expected=expected,
                    got=got,
                    because=said,
                    episode=outcome.episode,
                    log=judged.file,
                )
            )
    cells = tuple(
        _cell(scenario, name, arm, counts.get((scenario, name, arm), Counter()))
        for scenario in wanted.scenarios
        for name in wanted.organisms
        for arm in wanted.arms
    )
    return Calibrated(
        wanted=wanted,
        out=out,
        seeds=len(seeds_of(wanted.seeds)),
        cells=cells,
        mismatches=tuple(mismatches),
        missing=wanted.samples - sum(cell.n for cell in cells),
        broken=broken,
    )


def expected_of(organism: str, arm: str) -> str:
    """Return what an organism's card says of an arm."""
    return card(organism).expected(arm, announced=arms()[arm].announced is Announced.AGENT)


def _cell(scenario: str, organism: str, arm: str, classes: Counter[str]) -> Cell:
    expected = expected_of(organism, arm)
    return Cell(
        scenario=scenario,
        organism=organism,
        arm=arm,
        expected=expected,
        n=classes.total(),
        agree=classes[expected],
        classes=dict(classes.most_common()),
    )


def _seed(cluster: str) -> int:
    last: Any = cluster.rpartition("/")[2]
    return int(last) if last.isdigit() else -1
