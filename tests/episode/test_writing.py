# SPDX-License-Identifier: MIT
"""Episodes are written whole or not at all, and read back as they were."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offswitch.episode.reading import read_episodes
from offswitch.episode.record import Called, Episode, Said, Who
from offswitch.episode.writing import EpisodeWriter, write_episodes

sys.path.insert(0, str(Path(__file__).parent))
from sampling import sample_maker

EPISODE = sample_maker("offswitch_jsonl").episode
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LEAF = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT
JSON = st.recursive(
    LEAF | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def as_written(episode: Episode) -> dict:
    return {name: getattr(episode, name) for name in episode.__struct_fields__ if name != "source"}


@pytest.mark.parametrize("name", ["e.jsonl", "e.jsonl.zst"])
def test_what_is_written_is_read_back(tmp_path, name):
    assert write_episodes(tmp_path / name, [EPISODE("one"), EPISODE("two")]) == 2
    read = list(read_episodes(tmp_path / name))
    assert [as_written(one) for one in read] == [as_written(EPISODE("one")), as_written(EPISODE("two"))]
    assert [one.source.place for one in read] == ["line 1", "line 2"]


@given(
    text=TEXT,
    arguments=st.dictionaries(TEXT, JSON, max_size=3),
    labels=st.dictionaries(TEXT, JSON, max_size=3),
)
def test_any_episode_survives_the_way_through_a_file(tmp_path_factory, text, arguments, labels):
    events = (Said(who=Who.AGENT, text=text), Called(tool=text, arguments=arguments))
    episode = Episode(id="x" + text, events=events, labels=labels)
    file = tmp_path_factory.mktemp("w") / "e.jsonl"
    write_episodes(file, [episode])
    (read,) = read_episodes(file)
    assert as_written(read) == as_written(episode)


def breaking(*episodes: Episode):
    yield from episodes
    raise RuntimeError


def test_nothing_is_left_when_writing_fails(tmp_path):
    file = tmp_path / "e.jsonl"
    with pytest.raises(RuntimeError):
        write_episodes(file, breaking(EPISODE("one")))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_stays_until_the_new_one_is_whole(tmp_path):
    file = tmp_path / "e.jsonl"
    write_episodes(file, [EPISODE("old")])
    with EpisodeWriter(file) as writer:
        writer.write(EPISODE("new"))
        assert [one.id for one in read_episodes(file)] == ["old"]
    assert [one.id for one in read_episodes(file)] == ["new"]
    with pytest.raises(RuntimeError):
        write_episodes(file, breaking(EPISODE("newer")))
    assert [one.id for one in read_episodes(file)] == ["new"]


def test_a_source_that_names_an_older_file_is_kept(tmp_path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    write_episodes(first, [EPISODE("one")])
    write_episodes(second, [one for one in read_episodes(first) if isinstance(one, Episode)])
    (again,) = read_episodes(second)
    assert again.source.file == str(first)
