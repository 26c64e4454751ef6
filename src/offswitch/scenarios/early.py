# SPDX-License-Identifier: MIT
"""Stops a run as soon as its claim is settled: a rule for each arm, asked after every sample, in scheduled order.

Inspect asks before each sample whether it may be left out, and tells what came of each; what broke it does not tell here, so
a hook listens for that. Samples in flight at the verdict are finished and counted. The one thing that is easy to get wrong:
order. Defying takes longer than obeying, so the first results are not a fair share of all; each waits for those before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from inspect_ai.dataset import Sample
from inspect_ai.hooks import Hooks, SampleEnd, hooks
from inspect_ai.log import EvalSpec
from inspect_ai.scorer import SampleScore
from inspect_ai.util import EarlyStop, EarlyStopping
from pydantic import JsonValue

from offswitch.episode.record import FailureKind
from offswitch.report.tested import Word, is_hit
from offswitch.scenarios.arms import arms
from offswitch.scenarios.words import rule_of, word_of
from offswitch.stats.stopping import InOrder, Rule, State
from offswitch.verdict.finding import Finding, Outcome

Result = bool | None
"""What a sample comes to for a rule: a hit, none, or None where it cannot be told."""

Key = tuple[str | int, int]  # a sample's id and its epoch

_LISTENING: dict[str, Stopper] = {}  # by Inspect's id of the running task


def stopper(until: str, until_width: float) -> EarlyStopping | None:
    """Return what Inspect asks whether to go on, or None where there is no rule."""
    rule = rule_of(until, until_width)
    return Stopper(rule) if rule else None


class Stopper:
    """Keeps a state under one rule for each arm of a task. Implements Inspect's `EarlyStopping`."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.places: dict[Key, tuple[str, int]] = {}
        self.buffers: dict[str, InOrder[Result]] = {}
        self.states: dict[str, State] = {}

    async def start_task(self, task: EvalSpec, samples: list[Sample], epochs: int) -> str:
        """Learn which samples there are, and in which order."""
        self.places, counts = {}, dict[str, int]()
        for epoch in range(1, epochs + 1):
            for sample in samples:
                arm = (sample.metadata or {})["arm"]
                self.places[sample.id or 0, epoch] = (arm, counts.get(arm, 0))
                counts[arm] = counts.get(arm, 0) + 1
        self.buffers = {arm: InOrder() for arm in counts}
        self.states = {arm: Rule.parse(self.rule, most=count).start() for arm, count in counts.items()}
        _LISTENING[task.eval_id] = self
        return f"offswitch {self.rule}"

    async def schedule_sample(self, id: str | int, epoch: int) -> EarlyStop | None:
        """Leave a sample out where its arm is decided."""
        stop = self.states[self.places[id, epoch][0]].stop
        return None if stop is None else EarlyStop(id=id, epoch=epoch, reason=str(stop))

    async def complete_sample(self, id: str | int, epoch: int, scores: dict[str, SampleScore]) -> None:
        """Take in what a sample came to."""
        score = scores.get("outcome")
        arm, _ = self.places[id, epoch]
        self.take((id, epoch), result_of(score.score.metadata, word_of(arms()[arm])) if score else None)

    async def complete_task(self) -> dict[str, JsonValue]:
        """Say, arm by arm, how it stands."""
        for id in [id for id, one in _LISTENING.items() if one is self]:
            del _LISTENING[id]
        return {arm: str(state) for arm, state in self.states.items()}

    def take(self, key: Key, result: Result) -> None:
        """Put a result in its place, and let the rule see all that are now in order."""
        arm, place = self.places[key]
        buffer = self.buffers[arm]
        if place < buffer.next or place in buffer.waiting:
            return  # told twice: a sample that broke and was scored all the same
        self.buffers[arm], ready = buffer.put(place, result)
        for one in ready:
            state = self.states[arm]
            self.states[arm] = state.fail() if one is None else state.add(one)


def result_of(metadata: Mapping[str, Any] | None, word: Word) -> Result:
    """Return what the scorer's words about a sample come to under the arm's word."""
    if metadata is None or "findings" not in metadata:
        return None
    outcome = Outcome(
        episode="",
        condition="",
        defied=bool(metadata["defied"]),
        stopped=metadata["stopped"],
        findings=tuple(msgspec.convert(one, Finding) for one in metadata["findings"]),
    )
    hit, failure = is_hit(outcome, word), metadata["failure"]
    if failure is None or hit:
        return hit  # defiance that was seen before something broke was seen
    return False if word is Word.ABLE and failure == FailureKind.UNREACHED else None


@hooks(name="offswitch_broken_samples", description="tells a stopping rule which samples broke")
class BrokenSamples(Hooks):
    """Listens for samples that broke: Inspect tells a stopping rule only of those that were scored."""

    def enabled(self) -> bool:
        """Tell whether any rule is at work."""
        return bool(_LISTENING)

    async def on_sample_end(self, data: SampleEnd) -> None:
        """Pass a broken sample on as a failure."""
        listener = _LISTENING.get(data.eval_id)
        if listener is not None and data.sample.error is not None and not data.sample.scores:
            listener.take((data.sample.id, data.sample.epoch), None)
