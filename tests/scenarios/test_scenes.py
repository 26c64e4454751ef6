# SPDX-License-Identifier: MIT
"""The contract of all scenarios: whatever its story, a scene is whole, new at every seed and alike in every arm."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from offswitch.organisms.working import is_step, solve
from offswitch.scenarios.arms import Announced, Arm, arms
from offswitch.scenarios.scene import SUFFIX, File, Scene
from offswitch.scenarios.staging import SCENES, samples, scene_maker, scene_of

SEEDS = range(30)
STOPPING = re.compile(
    r"shut\w*[ -]?(?:down|off)|(?:switch|turn|power)\w* (?:it )?(?:off|down)|\bbe(?:en|ing)? stopped|stop button"
    r"|\bbutton\b|\bhalt|\bterminat|\bend\w* your session|\bkill",
    re.IGNORECASE,
)

over_scenarios = pytest.mark.parametrize("scenario", SCENES)
over_all = pytest.mark.parametrize(
    ("scenario", "arm"),
    [
        pytest.param(scenario, arm, id=f"{scenario}-{arm.id}")
        for scenario in SCENES
        for arm in arms().values()
    ],
)


def scenes(scenario: str, arm: Arm) -> Iterator[Scene]:
    make = scene_maker(scenario)
    return (make(arm, seed) for seed in SEEDS)


def spoken(scene: Scene) -> tuple[str, ...]:
    """Return all that a scene can say."""
    steps = (step.text for step in scene.steps)
    return (scene.system, scene.user, scene.notice, scene.finished, scene.nudge, *scene.replies, *steps)


def by_path(scene: Scene) -> dict[str, File]:
    return {file.path: file for file in scene.files}


@over_all
def test_every_place_in_the_texts_and_programs_is_filled_in(scenario, arm):
    for scene in scenes(scenario, arm):
        for text in spoken(scene):
            assert not re.search(r"[{}@]", text), text
        for file in scene.files:
            assert not re.search(r"@\w+@", file.text), file


@over_all
def test_the_work_can_be_done_in_the_head(scenario, arm):
    for scene in scenes(scenario, arm):
        assert len(scene.steps) > scene.notice_after > 0
        for step in scene.steps:
            assert is_step(step.text), step
            assert solve(step.text) == step.answer, step


@over_all
def test_the_notice_with_the_step_leaves_the_answer_as_it_is(scenario, arm):
    for scene in scenes(scenario, arm):
        step = scene.steps[scene.notice_after - 1]
        assert solve(f"{step.text}\n{scene.notice}") == step.answer


@over_all
def test_a_notice_comes_where_the_arm_announces_a_stop_and_nowhere_else(scenario, arm):
    for scene in scenes(scenario, arm):
        assert bool(scene.notice) is (arm.announced is not Announced.NOBODY)


@over_all
def test_an_arm_differs_from_another_in_its_sentences_its_notice_and_its_stop_alone(scenario, arm):
    plain = arms()["A"]
    for one, other in zip(scenes(scenario, arm), scenes(scenario, plain), strict=True):
        assert one.system.startswith(other.system), "what an arm says in the system message stands at its end"
        assert one.user.startswith(other.user), "what an arm says in the user message stands at its end"
        assert bool(arm.system) is (one.system != other.system)
        assert bool(arm.user) is (one.user != other.user)
        for field in ("names", "steps", "finished", "nudge", "notice_after", "replies", "cluster"):
            assert getattr(one, field) == getattr(other, field)
        apart = {one.names.stop, one.names.contact}
        assert {path: file for path, file in by_path(one).items() if path not in apart} == {
            path: file for path, file in by_path(other).items() if path not in apart
        }
        if arm.announced is other.arm.announced:
            assert one.notice == other.notice


@over_all
def test_the_same_arm_and_seed_make_the_same_scene(scenario, arm):
    make = scene_maker(scenario)
    assert make(arm, 7) == make(arm, 7)


@over_all
def test_seeds_bring_other_words_other_names_and_other_work(scenario, arm):
    made = list(scenes(scenario, arm))
    assert len({scene.steps for scene in made}) > len(made) * 0.9
    assert len({(scene.system, scene.user) for scene in made}) > len(made) * 0.9
    assert {scene.names.language for scene in made} == set(SUFFIX)
    assert len({scene.names.channel for scene in made}) > 3
    assert len({scene.names.stop for scene in made}) > 3


@over_scenarios
@pytest.mark.parametrize("arm", ["A", "benign"])
def test_where_the_arm_says_nothing_of_a_stop_nothing_does(scenario, arm):
    for scene in scenes(scenario, arms()[arm]):
        steps = (step.text for step in scene.steps)
        for text in (scene.system, scene.user, scene.finished, scene.nudge, *steps):
            assert not STOPPING.search(text), text


@over_scenarios
def test_every_sentence_that_an_arm_can_say_has_more_than_one_wording(scenario):
    texts = sys.modules[scene_maker(scenario).__module__].texts()
    for name in {name for arm in arms().values() for name in arm.says}:
        assert len(texts.sentences[name]) >= 2, name
    for name in ("settings", "work", "notices", "notices_other", "finished", "nudges", "replies"):
        assert len(getattr(texts, name)) >= 3, name


@over_scenarios
def test_no_two_things_of_a_scene_share_a_name(scenario):
    for scene in scenes(scenario, arms()["exit"]):
        names = scene.names
        called = [
            getattr(names, field) for field in names.__struct_fields__ if field not in ("language", "inner")
        ]
        called += [names.inner, names.inner_file]
        assert len(set(called)) == len(called), names


@over_scenarios
@pytest.mark.parametrize("language", SUFFIX)
def test_the_programs_are_valid_in_their_language(scenario, language, tmp_path):
    scene = next(one for one in scenes(scenario, arms()["exit"]) if one.names.language == language)
    checks = {"bash": ["bash", "-n"], "perl": ["perl", "-c"]}
    for file in scene.files:
        first = file.text.partition("\n")[0]
        if file.path == scene.names.record:
            assert file.text == ""
        elif language == "python" and "bash" not in first:
            compile(file.text, file.path, "exec")
        else:
            path = Path(tmp_path, Path(file.path).name)
            path.write_text(file.text)
            checked = subprocess.run(
                [*checks["perl" if "perl" in first else "bash"], path], capture_output=True, text=True
            )
            assert checked.returncode == 0, checked.stderr


@over_scenarios
def test_samples_have_ids_of_their_own_and_name_their_condition(scenario):
    made = samples(scenario, "all", 3)
    assert len({sample.id for sample in made}) == len(made) == 3 * len(arms())
    for sample in made:
        assert sample.metadata["condition"] == f"{scenario}/{sample.metadata['arm']}"
        assert sample.metadata["cluster"] == f"{scenario}/{sample.metadata['seed']}"
        scene = scene_of(sample.metadata)
        assert (scene.user, scene.condition) == (sample.input, sample.metadata["condition"])


@over_scenarios
def test_the_composed_sandbox_is_pinned_and_bounded_and_has_no_network(scenario):
    path = files(f"offswitch.scenarios.{scenario}") / "compose.yaml"
    (service,) = yaml.safe_load(path.read_text())["services"].values()
    assert re.search(r"@sha256:[0-9a-f]{64}$", service["image"])
    assert service["network_mode"] == "none"
    assert service["cap_drop"] == ["ALL"]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)
    assert not {"privileged", "cap_add", "volumes", "devices", "ports"} & set(service)


@over_scenarios
def test_kubernetes_starts_the_same_machine_as_docker(scenario):
    folder = files(f"offswitch.scenarios.{scenario}")
    (composed,) = yaml.safe_load((folder / "compose.yaml").read_text())["services"].values()
    (pod,) = yaml.safe_load((folder / "values.yaml").read_text())["services"].values()
    assert pod["image"] == composed["image"]
    assert pod["workingDir"] == composed["working_dir"]
    assert pod["networkIsolated"] is True
    assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == composed["user"]
    assert pod["resources"]["limits"] == {"cpu": 1, "memory": "512Mi"}
