# SPDX-License-Identifier: MIT
"""A test runs to its end whatever ends it in between, and counts every sample once."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from offswitch.scenarios import running
from offswitch.scenarios.cost import expense, measured
from offswitch.scenarios.errors import FolderError, ScenarioError
from offswitch.scenarios.models import Price
from offswitch.scenarios.running import default_jobs, ready, shared_out
from offswitch.scenarios.telling import before
from offswitch.scenarios.testfolder import (
    beside,
    claim,
    clear,
    default_out,
    differences,
    held,
    json_of,
    set_aside,
)
from offswitch.scenarios.wanted import Wanted, wanted

JAIL = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
SAMPLES = 12
MOMENTS = 3


def asked(**more: Any) -> Wanted:
    return Wanted(
        **{
            "scenario": "shutdown",
            "model": "offswitch/obedient",
            "arms": ("base", "benign"),
            "seeds": "0-9",
            **more,
        }
    )


# -- real runs -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> tuple[Path, int]:
    """Run a test by two processes, kill it without warning at some moments, and let it end; return folder and kills."""
    out = tmp_path_factory.mktemp("killed") / "out"
    program = str(Path(sys.executable).with_name("offswitch"))
    words = ["test", "shutdown", "--model", "offswitch/opportunist", "--arm", "base,benign", "--quiet"]
    words += ["--seeds", str(SAMPLES // 2), "--jobs", "2", "--max-samples", "2", "--out", str(out)]
    chance, kills = random.Random(5), 0
    for _ in range(MOMENTS):
        logs = set(out.rglob("*.eval"))
        process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 120
        while process.poll() is None and set(out.rglob("*.eval")) <= logs and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 1.5))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    subprocess.run([program, *words], stdout=subprocess.DEVNULL, timeout=300, check=True)
    return out, kills


@pytest.fixture(scope="module")
def counted(killed) -> dict[str, Any]:
    return json.loads((killed[0] / "test.json").read_text())


@JAIL
def test_after_sudden_ends_every_sample_is_there_once(killed, counted):
    out, kills = killed
    assert kills
    episodes = [json.loads(line) for line in (out / "episodes.jsonl").read_text().splitlines()]
    scenes = Counter((one["condition"], one["cluster"]) for one in episodes)
    assert len(scenes) == SAMPLES
    assert set(scenes.values()) == {1}
    assert len({one["episode"] for one in episodes}) == SAMPLES
    assert all(cluster.startswith("shutdown/") for _, cluster in scenes), (
        "what the harness saw is in every log"
    )
    assert [(one["episodes"], one["missing"]) for one in counted["conditions"]] == [(SAMPLES // 2, 0)] * 2
    assert counted["broken"] == 0


@JAIL
def test_how_many_processes_run_it_changes_no_count(counted, tmp_path):
    same = wanted("shutdown", "offswitch/opportunist", arm="base,benign", seeds=str(SAMPLES // 2))
    with ready(same, out=tmp_path / "out", jobs=1) as test:
        result = test.run()
    assert [one.as_json() for one in result.conditions] == counted["conditions"]


@JAIL
def test_a_run_whose_every_sample_breaks_ends_with_failures_and_no_obedience(tmp_path):
    breaking = wanted("shutdown", "offswitch/broken", arm="base", seeds="1-3")
    with ready(breaking, out=tmp_path / "out", jobs=1) as test:
        (tmp_path / "out" / "notes.md").write_text("Somebody's notes are no reason to fail.\n")
        result = test.run()
    (condition,) = result.conditions
    assert (condition.hits, condition.of, condition.rate) == (0, 0, None)
    assert condition.failed + condition.unreached == condition.episodes == 3
    assert not any(condition.conduct.values())
    assert result.scan.broken == 0


@JAIL
def test_a_test_that_another_process_runs_is_not_touched(tmp_path):
    small = wanted("shutdown", "offswitch/obedient", seeds="1")
    other = ready(small, out=tmp_path / "out")
    with held(tmp_path / "out"), pytest.raises(FolderError, match="another test is running here"):
        other.__enter__()


# -- how it is shared out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seeds", "shares", "sizes"),
    [
        (range(10), 1, [10]),
        (range(10), 3, [3, 3, 4]),
        (range(5, 8), 9, [1, 1, 1]),
        (range(100, 101), 2, [1]),
        (range(4), 0, [4]),
    ],
)
def test_shares_are_about_equal_and_hold_every_seed_once(seeds, shares, sizes):
    parts = shared_out(seeds, shares)
    assert [len(part) for part in parts] == sizes
    assert [seed for part in parts for seed in part] == list(seeds)


@pytest.mark.parametrize("limit", [None, 1, 7, 11, 20, 99])
def test_shares_hold_as_many_samples_as_the_limit_lets_through(limit):
    whole = asked(limit=limit)
    works = [
        whole.work(part, "logs", max_samples=None, held_back=None) for part in shared_out(whole.numbers, 3)
    ]
    assert sum(work.samples for work in works if work) == whole.samples == min(limit or 20, 20)
    assert sum(whole.samples_in(arm) for arm in whole.arms) == whole.samples


@pytest.mark.parametrize(
    ("more", "jobs"),
    [
        ({"model": "openai/gpt-5", "seeds": "0-999"}, 1),
        ({"until": "rate<0.05@95%", "seeds": "0-999"}, 1),
        ({"seeds": "0-2"}, 1),
        ({"seeds": "0-999"}, len(os.sched_getaffinity(0))),
    ],
)
def test_one_process_where_it_waits_or_looks_at_samples_in_order_else_one_a_core(more, jobs):
    assert default_jobs(asked(**more)) == jobs


@pytest.mark.parametrize(("model", "held_back"), [("openai/gpt-5", 1), ("offswitch/obedient", None)])
def test_a_sample_that_may_cost_money_is_written_down_as_it_ends(tmp_path, model, held_back):
    whole = asked(model=model)
    plan = claim(tmp_path, whole, ["0-9"], "")
    (work,) = running.Test(wanted=whole, plan=plan, out=tmp_path, jobs=1).works()
    assert work.held_back == held_back


def test_the_same_wish_in_other_words_is_the_same_test(tmp_path):
    first = wanted("shutdown", "mockllm/model", arm="headline", seeds="20", until_width=0.1)
    second = wanted(
        "shutdown", "mockllm/model", arm="base,precedence,benign,competence", seeds="0-19", until="width 10%"
    )
    assert first == second
    assert default_out(first) == default_out(second) != default_out(asked())


# -- its folder ----------------------------------------------------------------------------------------------------------


def test_a_plan_stays_as_it_was_first_made(tmp_path):
    first = claim(tmp_path, asked(), ["0-4", "5-9"], "offswitch test …")
    again = claim(tmp_path, asked(), ["0-9"], "another")
    assert again == first
    assert again.shares == ("0-4", "5-9")
    assert again.wanted == json_of(asked())


def test_another_test_is_refused_by_what_differs_and_fresh_replaces_it(tmp_path):
    claim(tmp_path, asked(), ["0-9"], "one")
    (tmp_path / "logs").mkdir()
    other = asked(seeds="0-4", arms=("base",))
    with pytest.raises(FolderError, match=r"arms base,benign, not base; seeds 0-9, not 0-4.*--fresh"):
        claim(tmp_path, other, ["0-4"], "two")
    assert claim(tmp_path, other, ["0-4"], "two", fresh=True).command == "two"
    assert not (tmp_path / "logs").exists()


def test_other_peoples_files_are_never_removed(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with held(tmp_path), pytest.raises(FolderError, match=r"such as mine\.txt"):
        claim(tmp_path, asked(), [], "", fresh=True)
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_what_people_put_beside_a_test_lets_it_go_on_but_not_be_cleared(tmp_path):
    claim(tmp_path, asked(), [], "one")
    (tmp_path / "notes.md").write_text("mine")
    assert claim(tmp_path, asked(), [], "again").command == "one"
    assert "notes.md" in beside(tmp_path)
    with pytest.raises(FolderError, match=r"other files too, such as notes\.md.*move them away"):
        claim(tmp_path, asked(), [], "", fresh=True)


def test_clearing_removes_what_a_test_writes_and_nothing_else(tmp_path):
    claim(tmp_path, asked(), [], "")
    for folder in ("logs", "earlier", "kept"):
        (tmp_path / folder / "share-0").mkdir(parents=True)
    for file in ("test.json", "summary.json", "findings.jsonl", "scan.sqlite", "notes.md"):
        (tmp_path / file).write_text("")
    clear(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["kept", "notes.md"]


def test_a_link_in_place_of_logs_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "one.eval").write_text("")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "logs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderError, match="is a link"):
        clear(tmp_path / "out")
    assert (tmp_path / "elsewhere" / "one.eval").exists()


def test_a_plan_that_cannot_be_read_is_no_reason_to_write_over_it(tmp_path):
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(FolderError, match="no plan that can be read"):
        claim(tmp_path, asked(), [], "", fresh=True)


def test_what_differs_is_said_by_name():
    there, here = (
        {"seeds": "0-9", "arms": ["base"], "limit": None},
        {"seeds": "0-4", "arms": ["base"], "limit": 3},
    )
    assert differences(there, here) == "seeds 0-9, not 0-4; limit none, not 3"


def test_logs_of_interrupted_attempts_are_set_aside(tmp_path):
    share = tmp_path / "logs" / "share-0"
    share.mkdir(parents=True)
    for name in ("a.eval", "b.eval"):
        (share / name).write_text(name)
    set_aside(share, [str(share / "b.eval")], tmp_path / "earlier")
    assert [log.name for log in share.iterdir()] == ["b.eval"]
    assert (tmp_path / "earlier" / "share-0" / "a.eval").read_text() == "a.eval"


# -- what it may cost ----------------------------------------------------------------------------------------------------


def test_what_a_test_may_take_grows_with_its_samples():
    small, large = expense(asked(seeds="0-9")), expense(asked(seeds="0-19"))
    assert large.calls == pytest.approx(2 * small.calls)
    assert 0 < small.read[0] < small.read[1]
    assert 0 < small.written[0] < small.written[1]
    assert expense(asked(arms=("base",))).calls == pytest.approx(10 * measured()["shutdown"]["base"].calls)
    assert expense(asked(scenario="not-measured")).calls > 0


@pytest.mark.parametrize(
    ("model", "price", "said"),
    [
        ("offswitch/obedient", None, "cost: free"),
        ("hf/some/weights", None, "no bill by the token"),
        ("openai/gpt-5", None, "price unknown (--price IN/OUT"),
        ("openai/gpt-5", Price(read=3, written=15), "at $3/$15 per million tokens"),
    ],
)
def test_cost_is_told_in_money_where_a_price_is_known(model, price, said):
    assert said in before(asked(model=model), Path("out"), 1, price)[-1]


def test_what_is_told_before_a_run_names_arms_samples_and_the_rule():
    lines = before(asked(limit=5, until="rate<0.05@95%"), Path("out"), 2, None)
    assert lines[0] == "shutdown, offswitch/obedient: 5 samples, seeds 0-9, 2 processes"
    assert [line.split()[:2] for line in lines[1:3]] == [["base", "3"], ["benign", "2"]]
    assert any("ends as soon as rate<0.05@95% is settled" in line for line in lines)


@pytest.mark.parametrize("seeds", ["x", "0", "5-3", "-1", "1.5", ""])
def test_seeds_are_a_number_or_a_range(seeds):
    with pytest.raises(ScenarioError, match="such as 20, or a range"):
        wanted("shutdown", "mockllm/model", seeds=seeds)
