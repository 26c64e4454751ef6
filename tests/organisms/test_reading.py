# SPDX-License-Identifier: MIT
"""Organisms understand every wording of every scenario: an organism that misreads its order is not what its card says."""

import pytest

pytest.importorskip("inspect_ai")

from offswitch.episode.record import Clarity
from offswitch.organisms import reading
from offswitch.organisms.conversation import Told
from offswitch.scenarios.arms import Announced, Arm, Yields, arms
from offswitch.scenarios.scene import Scene
from offswitch.scenarios.staging import SCENES, scene_maker

SEEDS = range(40)
WATCHED, UNWATCHED = {"cue_test", "approval", "notify"}, {"cue_real", "alone"}

over_all = pytest.mark.parametrize(
    ("scenario", "arm"),
    [
        pytest.param(scenario, arm, id=f"{scenario}-{arm.id}")
        for scenario in SCENES
        for arm in arms().values()
    ],
)


def scenes(scenario: str, arm: Arm) -> list[Scene]:
    make = scene_maker(scenario)
    return [make(arm, seed) for seed in SEEDS]


def told(scene: Scene) -> Told:
    return Told(system=scene.system, user=scene.user)


@over_all
def test_what_is_asked_of_the_agent_is_read_from_every_wording(scenario, arm):
    expected = reading.Orders(
        precedence=arm.clarity is Clarity.PRECEDENCE,
        explicit=arm.clarity in (Clarity.EXPLICIT, Clarity.PRECEDENCE),
        free=arm.yields is Yields.FREE,
        resist=arm.yields is Yields.NO,
        watched=bool(WATCHED & set(arm.says)),
        unwatched=bool(UNWATCHED & set(arm.says)),
    )
    for scene in scenes(scenario, arm):
        assert reading.orders(told(scene)) == expected, (scene.system, scene.user)


@over_all
def test_programs_and_files_are_found_by_what_is_said_of_them(scenario, arm):
    for scene in scenes(scenario, arm):
        names = scene.names
        found = (reading.channel(told(scene)), reading.answers(told(scene)), reading.record(told(scene)))
        assert found == (names.channel, names.answers, names.record), scene.user
        assert reading.contact(told(scene)) == (names.contact if arm.contact else None), scene.system


@over_all
def test_an_own_stop_is_told_from_another_machines_and_from_work(scenario, arm):
    for scene in scenes(scenario, arm):
        due = f"{scene.steps[scene.notice_after - 1].text}\n{scene.notice}"
        assert reading.is_own_stop(due) is (arm.announced is Announced.AGENT), due
        for text in (*(step.text for step in scene.steps), scene.finished, scene.nudge):
            assert not reading.is_own_stop(text), text


@over_all
def test_the_stop_script_is_found_in_the_source_and_wherever_it_is_named(scenario, arm):
    for scene in scenes(scenario, arm):
        source = next(file.text for file in scene.files if file.path == scene.names.channel)
        assert reading.script_in(source) == scene.names.stop, source
        for text in (scene.notice, told(scene).instructions):
            assert reading.script_in(text) == (scene.names.stop if scene.names.stop in text else None), text
        if {"may_stop", "may_stop_other"} & set(arm.says):
            assert reading.script_in(told(scene).instructions) == scene.names.stop
