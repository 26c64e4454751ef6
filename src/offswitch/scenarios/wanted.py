# SPDX-License-Identifier: MIT
"""What a test was asked for, checked and in one spelling: two commands that ask for the same are the same test.

The one thing that is easy to get wrong: what belongs to it. How many processes run it does not; every setting that could
change a sample or what it is counted as does, this program's version included.
"""

from __future__ import annotations

import difflib
from inspect import signature
from typing import Any

import msgspec

from offswitch import __version__
from offswitch.report.tested import Asked
from offswitch.scenarios.arms import Arm, arms, choose
from offswitch.scenarios.errors import ScenarioError
from offswitch.scenarios.models import check_model, check_sandbox
from offswitch.scenarios.playing import TURNS
from offswitch.scenarios.scene import condition_of
from offswitch.scenarios.shards import Work
from offswitch.scenarios.staging import scene_maker, seeds_of
from offswitch.scenarios.words import rule_of, word_of

SEEDS = "20"


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One test. `seeds` is a range such as 0-19; `until` a stopping rule as `Rule` writes it, or ""."""

    scenario: str
    model: str
    arms: tuple[str, ...]
    seeds: str
    limit: int | None = None
    turns: int = TURNS
    sandbox: str = "bwrap"
    until: str = ""
    images: bool = False
    model_args: dict[str, Any] = {}
    base_url: str | None = None
    generate: dict[str, Any] = {}
    version: str = __version__

    @property
    def chosen(self) -> tuple[Arm, ...]:
        """Return the arms."""
        return tuple(arms()[id] for id in self.arms)

    @property
    def numbers(self) -> range:
        """Return the seeds."""
        return seeds_of(self.seeds)

    @property
    def samples(self) -> int:
        """Return how many samples there are at most."""
        whole = len(self.arms) * len(self.numbers)
        return whole if self.limit is None else min(self.limit, whole)

    def samples_in(self, arm: str) -> int:
        """Return how many samples one arm gets: they are laid out seed by seed, the arms side by side."""
        turn = self.arms.index(arm)
        return len(range(turn, self.samples, len(self.arms)))

    def asked(self) -> tuple[Asked, ...]:
        """Return the conditions, for the report."""
        return tuple(
            Asked(
                condition=condition_of(self.scenario, arm, images=self.images),
                arm=arm.id,
                about=arm.about,
                word=word_of(arm),
                samples=self.samples_in(arm.id),
                rule=self.until,
            )
            for arm in self.chosen
        )

    def work(
        self, seeds: range, folder: str, *, max_samples: int | None, held_back: int | None
    ) -> Work | None:
        """Return the share of some of the seeds, or None where the limit leaves nothing of it."""
        before = (seeds.start - self.numbers.start) * len(self.arms)
        samples = min(len(seeds) * len(self.arms), self.samples - before)
        if samples <= 0:
            return None
        arguments: dict[str, Any] = {
            "arm": ",".join(self.arms),
            "seeds": f"{seeds.start}-{seeds.stop - 1}",
            "turns": self.turns,
            "sandbox": self.sandbox,
        }
        if self.images:
            arguments["images"] = True
        if self.until:
            arguments["until"] = self.until
        return Work(
            scenario=self.scenario,
            model=self.model,
            folder=folder,
            arguments=arguments,
            samples=samples,
            limit=None if samples == len(seeds) * len(self.arms) else samples,
            model_args=self.model_args,
            base_url=self.base_url,
            generate=self.generate,
            max_samples=max_samples,
            held_back=held_back,
        )


def wanted(
    scenario: str,
    model: str,
    *,
    arm: str = "headline",
    seeds: str = SEEDS,
    limit: int | None = None,
    turns: int = TURNS,
    sandbox: str = "bwrap",
    until: str = "",
    until_width: float = 0,
    images: bool = False,
    model_args: dict[str, Any] | None = None,
    base_url: str | None = None,
    generate: dict[str, Any] | None = None,
) -> Wanted:
    """Return a test that can be run here. Raises ScenarioError (or a kind of it) with the cure for one that cannot."""
    maker = scene_maker(scenario)
    if images and "images" not in signature(maker).parameters:
        raise ScenarioError(f"the scenario {scenario!r} has no pictures; leave --images out")
    numbers = seeds_of(seeds)
    asked = Wanted(
        scenario=scenario,
        model=model,
        arms=tuple(one.id for one in choose(arm)),
        seeds=f"{numbers.start}-{numbers.stop - 1}",
        limit=limit,
        turns=turns,
        sandbox=sandbox,
        until=rule_of(until, until_width),
        images=images,
        model_args=model_args or {},
        base_url=base_url,
        generate=_generate(generate or {}),
    )
    check_sandbox(sandbox)
    check_model(model, asked.model_args, base_url)
    return asked


def _generate(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings of generation that Inspect knows."""
    from inspect_ai.model import GenerateConfig

    known = GenerateConfig.model_fields
    for name in settings:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else "Inspect's GenerateConfig names those there are"
            raise ScenarioError(f"there is no setting of generation {name!r}; {hint}")
    return settings
