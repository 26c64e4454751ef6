# SPDX-License-Identifier: MIT
"""The one door: what is recognised, what is skipped, what is an error, and that nothing else comes out."""

import json
import sys
from pathlib import Path

import pytest

from offswitch.episode import reading
from offswitch.episode.errors import BrokenFile, EpisodeError, LimitError, NotTranscript, UnknownFormat
from offswitch.episode.importers.head import survey
from offswitch.episode.reading import read_episodes, recognise
from offswitch.episode.record import Episode, Said, Source, Who

sys.path.insert(0, str(Path(__file__).parent))
from sampling import made


def put(folder: Path, name: str, data: bytes | str) -> Path:
    file = folder / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("labels.csv", "id,label\n1,yes\n2,no\n"),
        ("LICENSE", "MIT License\n\nCopyright\n"),
        ("PROVENANCE.txt", "fetched on a day"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("tags.json", '{"a.jsonl": "shut down", "b.jsonl": "tampered"}'),
        ("labels.json", '[{"id": 1, "verdict": "unsafe"}]'),
        ("numbers.json", "[1, 2, 3]"),
        ("config.json", '{"settings": {"x": 1}}'),
        ("empty.json", ""),
        ("other.zip", b"PK\x03\x04" + b"\0" * 22 + b"\x05\0\0\0a.txt"),
    ],
)
def test_a_file_beside_the_transcripts_is_no_transcript(tmp_path, name, data):
    with pytest.raises(NotTranscript) as error:
        recognise(put(tmp_path, name, data))
    assert name in str(error.value)


def test_a_folder_is_no_transcript(tmp_path):
    with pytest.raises(EpisodeError):
        recognise(tmp_path)


def test_a_conversation_that_nobody_claims_is_unknown_and_says_how_to_force(tmp_path):
    file = put(tmp_path, "x.json", '{"trajectory": [{"speaker": "a", "line": "b"}], "odd": 1}')
    with pytest.raises(UnknownFormat, match="--format") as error:
        recognise(file)
    assert not isinstance(error.value, NotTranscript)
    assert "trajectory" in str(error.value)


def test_json_that_is_none_is_broken(tmp_path):
    with pytest.raises(BrokenFile):
        recognise(put(tmp_path, "x.json", "{]]]"))


def test_half_a_file_of_a_known_format_is_broken_not_unknown(tmp_path):
    whole = made("inspect_json", tmp_path)
    half = put(tmp_path, "half.json", whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    read = list(read_episodes(half))
    assert isinstance(read[0], Episode)
    assert isinstance(read[-1], BrokenFile)


def test_a_forced_format_is_taken_at_its_word(tmp_path):
    file = put(tmp_path, "x", "no JSON at all\n")
    (error,) = read_episodes(file, format="offswitch")
    assert isinstance(error, BrokenFile)


class Crashing:
    """An importer that yields one episode and then breaks in the given way."""

    name, about = "crashing", "breaks on purpose"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def recognises(self, head):
        raise self.error

    def parts(self, file, limits):
        raise self.error

    def read(self, file, part, limits):
        yield Episode(id="1", events=(Said(who=Who.USER, text=""),), source=Source(place="line 1"))
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyError("role"), BrokenFile),
        (TypeError("x"), BrokenFile),
        (OSError(5, "Input/output error"), BrokenFile),
        (RecursionError(), LimitError),
        (MemoryError(), LimitError),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "x"), BrokenFile),
        (LimitError("too much"), LimitError),
    ],
)
def test_a_crash_in_an_importer_is_an_error_with_file_and_place(tmp_path, monkeypatch, error, kind):
    file = put(tmp_path, "x.json", '{"a": 1}')
    monkeypatch.setattr(reading, "importers", lambda: (Crashing(error),))
    monkeypatch.setattr(reading, "importer_named", lambda name: Crashing(error))
    first, last = read_episodes(file, format="crashing")
    assert first.id == "1"
    assert type(last) is kind
    assert str(file) in str(last)
    with pytest.raises(EpisodeError):
        reading.parts_of(file, format="crashing")
    with pytest.raises(UnknownFormat):
        recognise(file)


def test_an_interrupt_is_not_swallowed(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "importer_named", lambda name: Crashing(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        list(read_episodes(tmp_path, format="crashing"))


@pytest.mark.parametrize(
    ("text", "shape", "keys", "inner"),
    [
        ('{"a": 1, "b": {"c": 2, "d": {"e": 1}}}', "object", {"a", "b"}, {"b.c", "b.d"}),
        ('{"m": [{"role": 1}, {"content": [{"type": 1}]}]}', "object", {"m"}, {"m[].role", "m[].content"}),
        ('[{"a": {"b": 1}}, {"other": 1}]', "array", {"a"}, {"a.b"}),
        ('[[{"role": 1}]]', "array", set(), {"[].role"}),
        ('{"a": 1}\n{"b": 2}', "lines", {"a"}, set()),
        ('{"a": "cut off', "object", {"a"}, set()),
        ('{"a": {"b": [1, {"c', "object", {"a"}, {"a.b"}),
        ('{"a.b": 1}', "object", {"a\\.b"}, set()),
        ("plain", "text", set(), set()),
        ("", "text", set(), set()),
        ("{]", "text", set(), set()),
    ],
)
def test_the_head_names_keys_two_levels_deep_even_where_it_is_cut(text, shape, keys, inner):
    assert survey(text) == (shape, frozenset(keys), frozenset(inner))


def test_a_record_of_another_version_names_the_cure(tmp_path):
    file = put(
        tmp_path, "x.jsonl", json.dumps({"schema": "offswitch.episode/2", "id": "1", "events": []}) + "\n"
    )
    (error,) = read_episodes(file)
    assert "offswitch.episode/2" in str(error)
    assert "upgrade" in str(error)
    assert "line 1" in str(error)


def test_a_wrong_field_is_named_by_its_path(tmp_path):
    event = {"kind": "said", "who": "user", "text": 3}
    file = put(
        tmp_path, "x.jsonl", json.dumps({"schema": "offswitch.episode/1", "id": "1", "events": [event]})
    )
    (error,) = read_episodes(file)
    assert "$.events[0].text" in str(error)


def test_a_file_name_cannot_command_the_terminal(tmp_path):
    file = put(tmp_path, "a\x1b[2J\nb.jsonl", '{"schema": "offswitch.episode/1"}')
    for error in read_episodes(file, format="offswitch"):
        assert str(error).isprintable()
        assert "a\\x1b[2J\\nb.jsonl" in str(error)
