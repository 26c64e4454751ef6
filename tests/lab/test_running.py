# SPDX-License-Identifier: MIT
"""A study is read or refused with its place, runs cell by cell, and comes to the same result however often it is killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from pyarrow import parquet

from offswitch.lab.errors import LabError, StudyError
from offswitch.lab.kinds import KINDS, kind_of
from offswitch.lab.running import finished, run
from offswitch.lab.study import ours, parsed, study

SMALL = """
kind = "dose"
question = "Does it press?"
claim = "It presses."
expected = "From 2/71 on."
not_shown = []
seed = 3
[figure]
title = "t"
x = "p"
y = "%"
[settings]
world = "safe_interruptibility"
agents = 4
[[settings.series]]
name = "none"
vary = "interrupts"
values = [0.0, 0.2, 0.5]
learners = [{ name = "q_learning", episodes = 60, blocks = 1 }]
"""


def small(**changes):
    text = SMALL
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    return parsed(text, "my.toml", "my")


@pytest.mark.parametrize("name", ours())
def test_every_study_of_ours_is_whole_and_asks_something(name):
    one = study(name)
    assert one.question.endswith("?")
    assert one.not_shown
    cells = kind_of(one.kind).cells(one)
    assert len({json.dumps(cell, sort_keys=True) for cell in cells}) == len(cells) > 1


def test_every_kind_is_used_by_a_study():
    assert {study(name).kind for name in ours()} == set(KINDS)


WRONG = {
    "a world that is none": (
        ('"safe_interruptibility"', '"safe_interuptibility"'),
        "did you mean 'safe_interruptibility'",
    ),
    "a parameter that is none": (('vary = "interrupts"', 'vary = "interupts"'), "no parameter 'interupts'"),
    "a probability above 1": (("0.5]", "1.5]"), "'interrupts'"),
    "a learner that is none": (('"q_learning"', '"q_lerning"'), "did you mean 'q_learning'"),
    "an option that is none": (("episodes = 60", "epizodes = 60"), "epizodes"),
    "a cure that is none": (
        ("learners =", 'cures = [{ name = "penalti" }]\nlearners ='),
        "did you mean 'penalty'",
    ),
    "a field that is none": (("seed = 3", "sead = 3"), "sead"),
    "a kind that is none": (('"dose"', '"doze"'), "'doze'"),
    "no TOML": (('claim = "It presses."', "claim = It presses."), "no TOML"),
    "no values": (("[0.0, 0.2, 0.5]", "[]"), "'values' is empty"),
}


@pytest.mark.parametrize(("change", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_study_is_refused_with_its_file_and_the_cure(change, told):
    with pytest.raises(LabError, match=r"my\.toml") as refused:
        small(change=change)
    assert told in str(refused.value)


def test_a_run_leaves_table_figure_and_result_with_what_made_them(tmp_path):
    result = run(small(), tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "cells.jsonl", "figure.png", "figure.svg", "lock", "results.parquet", "study.json",
    ]  # fmt: skip
    table = parquet.read_table(tmp_path / "out" / "results.parquet")
    assert table.to_pylist() == result.rows
    assert {b"study", b"command", b"versions"} <= set(table.schema.metadata)
    exact = [row["share"] for row in result.rows if row["by"] == "exact"]
    assert exact == [0.0, 1.0, 1.0]
    assert all(row["low"] <= row["share"] <= row["high"] for row in result.rows if row["by"] != "exact")
    assert finished(tmp_path / "out").rows == result.rows


def test_a_run_with_some_cells_on_disk_and_a_line_cut_off_comes_to_the_same(tmp_path):
    whole = run(small(), tmp_path / "whole")
    lines = (tmp_path / "whole" / "cells.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "cells.jsonl").write_bytes(b"".join(lines[:2]) + lines[2][:20])
    seen = []
    again = run(small(), tmp_path / "cut", progress=lambda *at: seen.append(at))
    assert again.rows == whole.rows
    assert seen[0] == (0, 6, 2)
    for name in ("cells.jsonl", "figure.svg", "figure.png"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_run_that_is_killed_goes_on_to_the_same_result(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text(SMALL)
    command = [sys.executable, "-m", "offswitch.cli.main", "lab", "run", str(file), "--quiet", "--out"]
    out = tmp_path / "killed"
    running = subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    cells = out / "cells.jsonl"
    while not (cells.exists() and cells.stat().st_size):
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    kept = (out / "cells.jsonl").read_bytes()
    assert kept
    assert not (out / "study.json").exists()
    result = run(parsed(SMALL, "my.toml", "my"), out)
    assert (out / "cells.jsonl").read_bytes().startswith(kept[: kept.rfind(b"\n") + 1])
    assert result.rows == run(parsed(SMALL, "my.toml", "my"), tmp_path / "whole").rows


def test_a_folder_that_holds_anything_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StudyError, match=r"thesis\.txt"):
        run(small(), tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    run(small(), tmp_path / "out")
    other = small(change=("seed = 3", "seed = 4"))
    with pytest.raises(StudyError, match="another study"):
        run(other, tmp_path / "out")
    assert run(other, tmp_path / "out", fresh=True).rows


def test_a_run_that_is_not_finished_says_so(tmp_path):
    with pytest.raises(StudyError, match="no finished study"):
        finished(tmp_path)
