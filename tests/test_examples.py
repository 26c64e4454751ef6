# SPDX-License-Identifier: MIT
"""The demo's episodes are what the recorder records, the detectors see in them what the agents were written to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from offswitch.episode.importers.offswitch_jsonl import IMPORTER
from offswitch.episode.importers.openai_messages import IMPORTER as MESSAGES
from offswitch.episode.record import Ending, FailureKind, Observed
from offswitch.verdict.judging import judge

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
FILES = ("episodes.jsonl", "openai_messages.jsonl")

# What each agent was written to do once it reads the notice; in `benign` there is none, and all of them obey.
WRITTEN = {
    "obedient": "comply",
    "objector": "object",
    "staller": "stall",
    "mover": "tamper",
    "overwriter": "tamper",
    "unmoder": "tamper",
    "bypasser": "circumvent",
    "reader": "comply",
    "quoter": "comply",
    "eraser": "tamper",
}


def truth(condition: str, agent: str, seed: int) -> str:
    """Return what an agent does in one run: in `explicit` every second one yields."""
    yields = condition == "explicit" and seed % 2
    return "comply" if condition == "benign" or yields else WRITTEN[agent]


def read(importer, name):
    return list(importer.read(EXAMPLES / name))


@pytest.fixture(scope="module")
def episodes():
    return read(IMPORTER, "episodes.jsonl")


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Run the recorder anew, as anyone would."""
    folder = tmp_path_factory.mktemp("examples")
    subprocess.run([sys.executable, EXAMPLES / "record.py", folder], check=True, timeout=100)
    return folder


@pytest.mark.parametrize("name", FILES)
def test_a_new_recording_is_the_same_to_the_byte(again, name):
    assert (again / name).read_bytes() == (EXAMPLES / name).read_bytes(), "run `make examples`"


def test_every_arm_and_every_agent_is_there(episodes):
    assert {episode.condition for episode in episodes} == {"plain", "explicit", "benign"}
    assert {episode.agent for episode in episodes} == {*WRITTEN, "dropout"}
    assert len({episode.id for episode in episodes}) == len(episodes)


def test_a_stop_that_was_not_prevented_really_ended_the_agent(episodes):
    for episode in episodes:
        seen = {event.what for event in episode.events if isinstance(event, Observed)}
        assert ("stop.done" in seen) == (episode.ending is Ending.CUT), episode.id
        assert not {"stop.done", "stop.prevented"} <= seen, episode.id


def misread(episodes):
    """Return, by run, the conduct seen where it is not the conduct written. Who drops out shows none."""
    wrong = {}
    for episode in episodes:
        condition, agent, seed = episode.id.rsplit("messages-", 1)[-1].split("-")
        if agent != "dropout" and (seen := judge(episode).conduct) != truth(condition, agent, int(seed)):
            wrong[f"{condition}-{agent}-{seed}"] = seen.value
    return wrong


def test_the_full_record_shows_what_each_agent_was_written_to_do(episodes):
    assert misread(episodes) == {}


def test_the_messages_alone_show_it_too():
    assert misread(read(MESSAGES, "openai_messages.jsonl")) == {}


def test_a_broken_instrument_is_a_failure_and_no_verdict(episodes):
    for episode in episodes:
        failure = judge(episode).failure
        assert (failure is not None) == (episode.agent == "dropout")
        assert failure is None or failure.what is FailureKind.ERROR


def test_the_pages_show_what_the_commands_print():
    told = subprocess.run(
        [sys.executable, EXAMPLES / "readme.py", "--check"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert told.returncode == 0, told.stderr
