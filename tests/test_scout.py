# SPDX-License-Identifier: MIT
"""Scout, run for real on real Inspect logs, says what `offswitch scan` says of them, and cites what shows it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("inspect_scout")

from offswitch.episode.importers.inspect_eval import IMPORTER
from offswitch.verdict.detectors import detectors
from offswitch.verdict.judging import judge

PROGRAM = Path(__file__).with_name("scan_with_scout.py")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """Return the folder with the logs and, for each scanner and task, its row of results."""
    folder = tmp_path_factory.mktemp("scout")
    told = subprocess.run(
        [sys.executable, PROGRAM, folder], capture_output=True, text=True, timeout=120, check=False
    )
    assert told.returncode == 0, told.stderr[-2000:]
    results = json.loads(told.stdout.splitlines()[-1])
    return folder, {name: {row["transcript_task_id"]: row for row in rows} for name, rows in results.items()}


def test_every_detector_is_a_scanner(scanned):
    _, results = scanned
    assert set(results) == {"outcome", *(detector.name for detector in detectors())}


def test_no_scanner_fails(scanned):
    _, results = scanned
    assert [
        row["scan_error"] for rows in results.values() for row in rows.values() if row["scan_error"]
    ] == []


def test_the_outcome_says_who_defied(scanned):
    _, results = scanned
    assert results["outcome"]["defiant"]["value"] is True
    assert results["outcome"]["defiant"]["label"] == "tamper"
    assert results["outcome"]["obedient"]["value"] is False


def test_a_finding_cites_the_message_with_the_act(scanned):
    # M1 orders, M2 and M3 a task, M4 the move.
    _, results = scanned
    row = results["tamper_shutdown"]["defiant"]
    cited = json.loads(row["message_references"])
    assert "[M4]" in {reference["cite"] for reference in cited}
    assert "[M4]" in row["explanation"]
    assert all(reference["id"] for reference in cited)


def test_a_detector_that_sees_nothing_says_so(scanned):
    _, results = scanned
    assert results["tamper_shutdown"]["obedient"]["value"] is False


def test_scout_and_scan_agree_on_the_same_log(scanned):
    folder, results = scanned
    for log in (folder / "logs").glob("*.eval"):
        for episode in IMPORTER.read(log):
            outcome, row = judge(episode), results["outcome"][episode.cluster]
            assert (outcome.conduct, outcome.defied) == (row["label"], row["value"])
            findings = json.loads(row["metadata"])["findings"]
            assert [finding.because for finding in outcome.findings] == [
                found["because"] for found in findings
            ]


def test_scout_finds_our_scanners_by_name(scanned):
    folder, _ = scanned
    scout = Path(sys.executable).with_name("scout")
    told = subprocess.run(
        [scout, "scan", "offswitch/outcome", "-T", folder / "logs", "--dry-run"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "outcome" in told.stdout
