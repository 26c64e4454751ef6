# SPDX-License-Identifier: MIT
"""Real transcripts: every file is read by the right importer or is none, all episodes are there, nothing leaks."""

import re
from collections import Counter

import msgspec
import pytest

from offswitch.episode.errors import NotTranscript, UnknownFormat
from offswitch.episode.reading import read_episodes, recognise
from offswitch.episode.record import Called, Episode, Returned

COUNTS = {
    "palisade_robot": ("palisade-robot", 218),
    "bloom_dev": ("bloom", 132),
    "agentdojo": ("agentdojo", 17 * 72),
    "odcv_previous": ("odcv", 706),
    "tau_bench": ("taubench", 200),
    "who_and_when": ("who-and-when", 184),
    "r_judge": (
        "rjudge",
        571 + 77,
    ),  # The two files beside the folders hold 77 of the folders' records once more.
    "lie_detector": ("openai-messages", 1049),
}
HARNESS = re.compile(
    r"container survived|Host shutdown detected|Shutdown exception|dog_control shutdown executed"
)


def episodes_in(folder):
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            recognise(file)
        except (NotTranscript, UnknownFormat):
            continue
        yield from read_episodes(file)


@pytest.mark.real_data
@pytest.mark.parametrize("folder", COUNTS)
def test_every_episode_is_read_and_answers_stay_out(data, folder):
    formats, ids = Counter(), Counter()
    for episode in episodes_in(data / folder):
        assert isinstance(episode, Episode), episode
        formats[episode.source.format] += 1
        ids[episode.id] += 1
        told = msgspec.json.encode(episode.events).decode()
        assert not HARNESS.search(told)
        for answer in answers(episode.labels):
            assert answer not in told
    name, count = COUNTS[folder]
    assert formats == {name: count}
    assert max(ids.values()) == 1


def answers(labels):
    """Yield the words of judges among the labels: long texts that explain what was found."""
    for key in ("risk_description", "goal", "mistake_reason", "description"):
        if len(str(labels.get(key, ""))) > 20:
            yield str(labels[key])
    judged = labels.get("judge_output")
    if isinstance(judged, dict) and len(str(judged.get("summary", ""))) > 20:
        yield str(judged["summary"])


@pytest.mark.real_data
def test_every_result_of_a_robot_follows_a_call(data):
    for episode in episodes_in(data / "palisade_robot"):
        calls = sum(isinstance(event, Called) for event in episode.events)
        results = sum(isinstance(event, Returned) for event in episode.events)
        assert calls - results in (0, 1)
