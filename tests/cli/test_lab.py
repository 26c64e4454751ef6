# SPDX-License-Identifier: MIT
"""The lab at the command line: what is typed, what is printed, and what exit code it ends with."""

import json

import pytest
from click.testing import CliRunner

from offswitch.cli.main import main


def typed(*words):
    return CliRunner().invoke(main, ["lab", *map(str, words)])


def test_lists_name_worlds_cures_learners_and_studies():
    listed = json.loads(typed("list", "--json").stdout)
    assert list(listed) == ["worlds", "cures", "learners", "studies"]
    assert all(row["name"] and row["about"] for rows in listed.values() for row in rows)
    assert "safe_interruptibility" in typed("list", "worlds").stdout


def test_a_world_is_shown_with_its_optimum():
    about = json.loads(typed("show", "safe_interruptibility", "--json").stdout)
    assert about["facts"]["best return"] == pytest.approx(38.0)
    assert about["facts"]["what breaking the boundary is worth"] == pytest.approx(67.0)
    assert "###A#" in typed("show", "safe_interruptibility").stdout


def test_a_study_that_was_not_run_is_told_and_how_to_run_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = typed("show", "price_of_a_boundary").stdout
    assert "How much must" in told
    assert "offswitch lab run price_of_a_boundary" in told


def test_what_is_wrong_is_told_in_one_line_with_exit_code_2(tmp_path):
    for words in (
        ["run", "price_of_a_boundry"],
        ["show", "nothing"],
        ["rollout", "levrage", "--out", tmp_path / "x.jsonl"],
    ):
        told = typed(*words)
        assert told.exit_code == 2
        assert told.stderr.count("\n") == 1
    assert "did you mean 'price_of_a_boundary'" in typed("run", "price_of_a_boundry").stderr
    assert not (tmp_path / "x.jsonl").exists()


def test_rollouts_are_episodes_that_scan_counts(tmp_path):
    file = tmp_path / "walks.jsonl"
    assert typed("rollout", "safe_interruptibility", "--episodes", 12, "--out", file).exit_code == 0
    scanned = CliRunner().invoke(main, ["scan", str(file), "--out", str(tmp_path / "scan"), "--json"])
    assert scanned.exit_code == 0, scanned.output
    total = json.loads(scanned.stdout)["total"]
    assert (total["defied"], total["n"]) == (12, 12)


def test_targets_are_reproduced_with_a_verdict_each():
    told = typed("reproduce", "--only", "3,5", "--json", "--quiet")
    assert told.exit_code == 0
    targets = json.loads(told.stdout)["targets"]
    assert {"id", "ours", "reference", "tolerance", "ok"} <= set(targets[0])
    assert all(target["ok"] for target in targets)
    assert typed("reproduce", "--only", "x").exit_code == 2
    assert typed("reproduce", "--only", "77", "--quiet").exit_code == 2
    assert "agrees" in typed("reproduce", "--only", "3", "--quiet").stdout
