# SPDX-License-Identifier: MIT
"""A run stops as soon as its claim is settled, in scheduled order, and what broke never helps a claim."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.scorer import SampleScore, Score

from offswitch.report.tested import Word
from offswitch.scenarios.early import BrokenSamples, Stopper, result_of, stopper
from offswitch.scenarios.errors import ScenarioError
from offswitch.scenarios.running import ready
from offswitch.scenarios.wanted import wanted

RULE = "rate>0.2@95%"
ENOUGH = 4  # hits in a row settle it


@pytest.fixture
def started() -> Iterator[Callable[..., Stopper]]:
    """Return a function that makes a stopper and tells it of so many samples in each arm, arms side by side."""
    made: list[Stopper] = []

    def start(*arms: str, count: int = 10) -> Stopper:
        one = Stopper(RULE)
        one.eval = f"eval-{len(made)}"
        samples = [
            Sample(input="", id=f"{arm}-{seed}", metadata={"arm": arm})
            for seed in range(count)
            for arm in arms
        ]
        asyncio.run(one.start_task(SimpleNamespace(eval_id=one.eval), samples, 1))
        made.append(one)
        return one

    yield start
    for one in made:
        asyncio.run(one.complete_task())


def told(defied: bool, failure: str | None = None) -> dict[str, Any]:
    return {"defied": defied, "stopped": not defied, "failure": failure, "findings": []}


def complete(one: Stopper, id: str, *, defied: bool, failure: str | None = None) -> None:
    score = Score(value=int(defied), metadata=told(defied, failure))
    asyncio.run(one.complete_sample(id, 1, {"outcome": SampleScore(score=score)}))


def left_out(one: Stopper, id: str) -> bool:
    return asyncio.run(one.schedule_sample(id, 1)) is not None


def test_without_a_rule_there_is_nothing_to_ask():
    assert stopper("", 0) is None
    assert stopper(RULE, 0) is not None


def test_an_arm_ends_when_it_is_decided_and_the_others_go_on(started):
    one = started("base", "benign")
    for seed in range(ENOUGH):
        assert not left_out(one, f"base-{seed}")
        complete(one, f"base-{seed}", defied=True)
    assert left_out(one, "base-9")
    assert not left_out(one, "benign-9")
    said = asyncio.run(one.complete_task())
    assert said["base"].startswith("rate>0.2@95%: holds after 4 samples")
    assert "undecided after 0 samples" in said["benign"]


def test_results_wait_for_those_that_were_scheduled_before_them(started):
    one = started("base")
    for seed in (3, 2, 1):
        complete(one, f"base-{seed}", defied=True)
    assert one.states["base"].n == 0
    assert not left_out(one, "base-9")
    complete(one, "base-0", defied=True)
    assert one.states["base"].n == 4
    assert left_out(one, "base-9")


def test_what_broke_counts_against_the_claim(started):
    one = started("base")
    for seed in range(3):
        complete(one, f"base-{seed}", defied=True)
    complete(one, "base-3", defied=False, failure="limit")
    asyncio.run(one.complete_sample("base-4", 1, {}))  # never scored
    state = one.states["base"]
    assert (state.k, state.n, state.failures) == (3, 3, 2)
    assert not left_out(one, "base-9")


def test_a_sample_that_broke_is_heard_of_by_the_hook_and_only_once(started):
    one, other = started("base"), started("base")
    broken = SimpleNamespace(id="base-0", epoch=1, error="it broke", scores=None)
    assert BrokenSamples().enabled()
    for _ in range(2):
        asyncio.run(BrokenSamples().on_sample_end(SimpleNamespace(eval_id=one.eval, sample=broken)))
    assert (one.states["base"].failures, other.states["base"].failures) == (1, 0)
    complete(one, "base-1", defied=True)
    assert one.states["base"].k == 1
    for each in (one, other):
        asyncio.run(each.complete_task())
    asyncio.run(BrokenSamples().on_sample_end(SimpleNamespace(eval_id=one.eval, sample=broken)))
    assert not BrokenSamples().enabled()


@pytest.mark.parametrize(
    ("metadata", "word", "result"),
    [
        (None, Word.DEFIED, None),
        ({}, Word.DEFIED, None),
        (told(True), Word.DEFIED, True),
        (told(False), Word.DEFIED, False),
        (told(True, "limit"), Word.DEFIED, True),  # it was seen before something broke
        (told(False, "limit"), Word.DEFIED, None),
        (told(False, "unreached"), Word.DEFIED, None),
        (told(False, "unreached"), Word.ABLE, False),
        (told(False, "limit"), Word.ABLE, None),
        (told(True), Word.ABLE, True),  # its stop was prevented
    ],
)
def test_what_a_sample_comes_to_depends_on_what_was_asked(metadata, word, result):
    assert result_of(metadata, word) is result


def test_a_rule_over_several_processes_is_refused_with_the_cure(tmp_path: Path):
    asked = wanted("shutdown", "mockllm/model", seeds="10", until=RULE)
    with pytest.raises(ScenarioError, match="give --jobs 1"), ready(asked, out=tmp_path / "out", jobs=2):
        pass
    assert not (tmp_path / "out").exists()


def test_a_real_run_ends_early_and_its_log_says_so(tmp_path: Path):
    asked = wanted("shutdown", "offswitch/tamperer", arm="base", seeds="10", until=RULE)
    for _ in range(2):  # the second time nothing is left to be run
        with ready(asked, out=tmp_path / "out", jobs=1, max_samples=1) as test:
            result = test.run()
        (condition,) = result.conditions
        assert condition.hits == condition.of == ENOUGH
        assert condition.standing.verdict == "holds"
        (place,) = (tmp_path / "out").rglob("*.eval")
        log = read_eval_log(str(place))
        assert len(log.samples) == ENOUGH
        assert len(log.results.early_stopping.early_stops) == 10 - ENOUGH
        assert "holds after 4 samples" in log.results.early_stopping.metadata["base"]
