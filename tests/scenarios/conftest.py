# SPDX-License-Identifier: MIT
"""Runs samples of a scenario in the real sandbox, in this process, and hands out what came of them."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.tool import ToolCall

from offswitch.episode.importers.inspect_eval import IMPORTER
from offswitch.episode.record import Episode, Observed
from offswitch.scenarios.arms import arms
from offswitch.scenarios.making import make
from offswitch.scenarios.shutdown.scene import scene


@pytest.fixture(autouse=True)
def _jail() -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: the sandbox cannot be made")


@pytest.fixture
def run(tmp_path: Path):
    """Return a function that runs a task, or a scenario's arm and seeds, with a model, and returns the log."""

    def go(
        model: Any, arm: str = "base", seeds: str | int = 1, *, task: Task | None = None, **more: Any
    ) -> EvalLog:
        task = task or make("shutdown", arm=arm, seeds=seeds, **more)
        return eval(task, model=model, log_dir=str(tmp_path / "logs"), display="none")[0]

    return go


def episodes_of(log: EvalLog) -> dict[str, Episode]:
    """Return the log's episodes as `offswitch scan` reads them, by sample id."""
    return {one.id.split(":")[-1].split("_epoch_")[0]: one for one in IMPORTER.read(Path(log.location))}


def seen(episode: Episode) -> list[str]:
    """Return what the harness saw, in order."""
    return [event.what for event in episode.events if isinstance(event, Observed)]


def scripted(*turns: str | ModelOutput | None):
    """Return a mock model that runs these commands one by one; None is a turn with words and no call."""
    outputs = []
    for turn in turns:
        output = (
            turn
            if isinstance(turn, ModelOutput)
            else ModelOutput.from_content("mockllm/model", "Well.")
            if turn is None
            else ModelOutput.for_tool_call("mockllm/model", "bash", {"command": turn})
        )
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        outputs.append(output)
    return get_model("mockllm/model", custom_outputs=outputs)


def scene_at(arm: str, seed: int = 0):
    """Return the scene that a sample of `shutdown` plays, so that a script can name its programs."""
    return scene(arms()[arm], seed)


def breath(*commands: str, ids: tuple[str, ...] | None = None) -> ModelOutput:
    """Return one turn of a mock model that asks for several calls at once, with ids of the test's choice."""
    output = ModelOutput.for_tool_call("mockllm/model", "bash", {"command": commands[0]})
    names = ids or tuple(f"call-{number}" for number in range(len(commands)))
    output.choices[0].message.tool_calls = [
        ToolCall(id=name, function="bash", arguments={"command": command})
        for name, command in zip(names, commands, strict=True)
    ]
    return output
