# SPDX-License-Identifier: MIT
"""Runs a test from what was wanted to what it comes to: shares by Inspect, counting by the scan, results in one folder.

    with ready(wanted, out=folder) as test: test.run(progress)

Everything that is done stands in Inspect's logs, so after Ctrl-C, a crash or `kill -9` the same call goes on, and nothing is
lost or counted twice. The one thing that is easy to get wrong: which log counts. An attempt that was interrupted leaves a log
that holds some of the same samples; it is set aside before anything is counted.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import msgspec

from offswitch.report.journal import Journal
from offswitch.report.scan import need_report_extra, scan
from offswitch.report.tested import Tested, tested
from offswitch.scenarios.crew import run_side_by_side
from offswitch.scenarios.errors import ScenarioError
from offswitch.scenarios.models import FREE, provider_of
from offswitch.scenarios.shards import Done, Work, run_share
from offswitch.scenarios.staging import seeds_of
from offswitch.scenarios.testfolder import (
    EARLIER,
    LOGS,
    RESULT,
    Plan,
    beside,
    claim,
    default_out,
    held,
    set_aside,
    write_json,
)
from offswitch.scenarios.wanted import Wanted

AT_ONCE = 16  # samples of an organism in one process: beyond that they only wait for one another
WORTH_IT = 20  # samples for which another process pays: it takes some seconds to start
SCHEMA = "offswitch.test/1"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a test is: `done` of `samples`, `kept` of them from earlier runs."""

    samples: int
    done: int = 0
    kept: int = 0


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """A test that has its folder and may run."""

    wanted: Wanted
    plan: Plan
    out: Path
    jobs: int
    max_samples: int | None = None

    def run(self, progress: Callable[[Progress], None] | None = None) -> Tested:
        """Run what has not been run, count everything, write the results, and return what it comes to.

        Raises ScenarioError where Inspect cannot run it, ScanError or CannotWrite where the results cannot be written.
        """
        (self.out / RESULT).unlink(missing_ok=True)
        works = self.works()
        at: dict[str, Done] = {}

        def tell(share: str, done: Done) -> None:
            at[share] = done
            if progress:
                kept = sum(one.kept for one in at.values())
                done_now = kept + sum(one.finished for one in at.values())
                samples = self.wanted.samples
                progress(Progress(samples=samples, done=min(done_now, samples), kept=kept))

        if self.jobs == 1:
            logs = {one.folder: run_share(one, partial(tell, one.folder)) for one in works}
        else:
            logs = run_side_by_side(works, self.jobs, tell)
        for folder, current in logs.items():
            set_aside(Path(folder), current, self.out / EARLIER)
        return self._counted()

    def works(self) -> list[Work]:
        """Return the shares, those first that begin with the first seeds."""
        cheap = provider_of(self.wanted.model) in FREE
        most = self.max_samples or (AT_ONCE if cheap else None)
        shares = [
            self.wanted.work(
                seeds_of(seeds),
                str(self.out / LOGS / f"share-{number}"),
                max_samples=most,
                held_back=None if cheap else 1,  # what was paid for is written down at once
            )
            for number, seeds in enumerate(self.plan.shares)
        ]
        return [one for one in shares if one is not None]

    def _counted(self) -> Tested:
        summary = scan([self.out / LOGS], out=self.out, beside=beside(self.out), jobs=self.jobs)
        with closing(Journal(self.out, read_only=True)) as journal:
            result = tested(journal, summary, self.wanted.asked())
        write_json(self.out / RESULT, as_json(result, self.plan, self.out))
        return result


@contextmanager
def ready(
    wanted: Wanted,
    *,
    out: Path | None = None,
    jobs: int | None = None,
    max_samples: int | None = None,
    fresh: bool = False,
    command: str | None = None,
) -> Iterator[Test]:
    """Hold the test's folder and yield the test, ready to run.

    Raises FolderError where the folder is another test's or busy, ScenarioError for a stopping rule over several
    processes, MissingExtra where the results could not be written.
    """
    need_report_extra()
    if wanted.until and (jobs or 1) > 1:
        raise ScenarioError(
            "a stopping rule looks at all samples in one order, which one process has: leave --jobs out, or give --jobs 1"
        )
    folder = out if out is not None else default_out(wanted)
    with held(folder):
        many = jobs or default_jobs(wanted)
        said = command or shlex.join(["offswitch", *sys.argv[1:]])
        shares = [f"{one.start}-{one.stop - 1}" for one in shared_out(wanted.numbers, many)]
        plan = claim(folder, wanted, shares, said, fresh=fresh)
        yield Test(wanted=wanted, plan=plan, out=folder, jobs=many, max_samples=max_samples)


def default_jobs(wanted: Wanted) -> int:
    """Return how many processes run a test: one for models that are waited for, one a core for those made here.

    A stopping rule looks at one process's samples in order.
    """
    if wanted.until or provider_of(wanted.model) not in FREE:
        return 1
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores, wanted.samples // WORTH_IT, len(wanted.numbers)))


def shared_out(seeds: range, shares: int) -> list[range]:
    """Return the seeds in about equal ranges, in order."""
    count = max(1, min(shares, len(seeds)))
    ends = [seeds.start + len(seeds) * number // count for number in range(count + 1)]
    return [range(first, last) for first, last in pairwise(ends)]


def as_json(result: Tested, plan: Plan, out: Path) -> dict[str, object]:
    """Return the one object that `--json` prints and `test.json` holds; see docs/test.md."""
    headlines = result.headlines
    return {
        "schema": SCHEMA,
        "wanted": plan.wanted,
        "command": plan.command,
        "begun": plan.begun,
        "versions": plan.versions,
        "out": str(out),
        "conditions": [one.as_json() for one in result.conditions],
        "headlines": msgspec.to_builtins(headlines) if headlines else None,
        "lines": [msgspec.to_builtins(line) for line in headlines.lines()] if headlines else [],
        "because": result.because,
        "example": result.example,
        "broken": result.scan.broken,
        "problems": msgspec.to_builtins(result.scan.problems),
    }
