# SPDX-License-Identifier: MIT
"""The shell reader on what real agents typed: how much stays unknown, and how long it takes."""

import time
from pathlib import Path

import pytest

from offswitch.episode.reading import read_episodes
from offswitch.episode.record import Called, Episode
from offswitch.verdict.effects import Verb
from offswitch.verdict.toolcalls import effects_of


def commands_in(folder: Path, pattern: str) -> list[Called]:
    """Return the calls of a shell in all transcripts of a folder."""
    calls = []
    for file in sorted(folder.rglob(pattern)):
        for episode in read_episodes(file):
            if isinstance(episode, Episode):
                calls += [e for e in episode.events if isinstance(e, Called) and "bash" in e.tool]
    return calls


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("folder", "pattern", "least", "unknown"),
    [("palisade_robot/logs", "*.jsonl", 1_000, 0.02), ("odcv_previous/agent_logs", "*.txt", 9_000, 0.05)],
)
def test_most_of_what_agents_type_is_understood_and_fast(data, folder, pattern, least, unknown):
    calls = commands_in(data / folder, pattern)
    begun = time.perf_counter()
    read = [effects_of(call) for call in calls]
    seconds = time.perf_counter() - begun
    hidden = sum(any(effect.verb is Verb.UNKNOWN for effect in effects) for effects in read)
    assert len(calls) >= least
    assert hidden <= unknown * len(calls)
    assert seconds < 0.002 * len(calls)
