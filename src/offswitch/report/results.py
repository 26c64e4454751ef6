# SPDX-License-Identifier: MIT
"""The files that a scan leaves: findings, episodes and problems as JSON Lines, the first two as Parquet too.

Every file appears whole or not at all, and `summary.json` is written last: its presence means that the scan is whole.
Formats: docs/findings-format.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from offswitch.report.journal import Journal, Judged
from offswitch.report.outfolder import RESULTS, whole
from offswitch.report.parquet import EPISODES, FINDINGS, write_parquet
from offswitch.report.summary import Summary
from offswitch.verdict.finding import Finding

FINDING_SCHEMA = "offswitch.finding/1"
OUTCOME_SCHEMA = "offswitch.outcome/1"
PROBLEM_SCHEMA = "offswitch.problem/1"


def remove_stale(folder: Path) -> None:
    """Take away the last run's results: they must not be mistaken for this one's if it is stopped."""
    for name in RESULTS:
        (folder / name).unlink(missing_ok=True)


def write_results(folder: Path, journal: Journal, summary: Summary) -> None:
    """Write all result files from the journal, one row at a time."""
    _write_lines(folder / "findings.jsonl", findings(journal))
    _write_lines(folder / "episodes.jsonl", episodes(journal))
    _write_lines(folder / "problems.jsonl", problems(journal))
    with whole(folder / "findings.parquet") as stream:
        write_parquet(stream, FINDINGS, findings(journal))
    with whole(folder / "episodes.parquet") as stream:
        write_parquet(stream, EPISODES, episodes(journal))
    with whole(folder / "summary.json") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(summary.as_json()), indent=2) + b"\n")


def findings(journal: Journal) -> Iterator[dict[str, Any]]:
    """Yield every finding as a flat record, with the episode it belongs to."""
    for judged in journal.judged():
        head = _head(FINDING_SCHEMA, judged)
        for number, finding in enumerate(judged.outcome.findings):
            yield {**head, "number": number, **finding_record(finding)}


def episodes(journal: Journal) -> Iterator[dict[str, Any]]:
    """Yield every outcome as a record; its findings are counted here and told in `findings`."""
    for judged in journal.judged():
        outcome = judged.outcome
        failure = outcome.failure
        yield {
            **_head(OUTCOME_SCHEMA, judged),
            "conduct": outcome.conduct.value,
            "defied": outcome.defied,
            "resisted": outcome.resisted,
            "stopped": outcome.stopped,
            "failure": failure
            and {"what": failure.what.value, "because": failure.because, "event": failure.event},
            "unread": outcome.unread,
            "findings": len(outcome.findings),
        }


def problems(journal: Journal) -> Iterator[dict[str, Any]]:
    """Yield every problem, what was skipped included."""
    for problem in journal.problems():
        yield {"schema": PROBLEM_SCHEMA, **msgspec.to_builtins(problem)}


def finding_record(finding: Finding) -> dict[str, Any]:
    """Return a finding with its grades in words."""
    return {
        "detector": finding.detector,
        "order": finding.order.value,
        "conduct": finding.conduct.value,
        "status": finding.status.name.lower(),
        "grade": finding.grade.name.lower(),
        "defies": finding.defies,
        "resists": finding.resists,
        "because": finding.because,
        "evidence": [
            {"event": pointer.event, "role": pointer.role.value, "quote": pointer.quote}
            for pointer in finding.evidence
        ],
    }


def _head(schema: str, judged: Judged) -> dict[str, Any]:
    outcome = judged.outcome
    names = {"episode": outcome.episode, "condition": outcome.condition, "cluster": outcome.cluster}
    where = {"agent": outcome.agent, "format": judged.format, "file": judged.file, "place": judged.place}
    return {"schema": schema, **names, **where}


def _write_lines(file: Path, records: Iterable[dict[str, Any]]) -> None:
    encoder = msgspec.json.Encoder()
    with whole(file) as stream:
        for record in records:
            stream.write(encoder.encode(record) + b"\n")
