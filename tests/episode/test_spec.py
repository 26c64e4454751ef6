# SPDX-License-Identifier: MIT
"""The specification, its schema, its cases and the reader say the same."""

import dataclasses
import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest

from offswitch.episode import record, schema
from offswitch.episode.errors import EpisodeError
from offswitch.episode.importers.offswitch_jsonl import episode_from
from offswitch.episode.writing import line_of

SPEC = Path(__file__).parents[2] / "spec"
CASES = sorted((SPEC / "conformance").glob("*.json"))
VALIDATOR = jsonschema.Draft202012Validator(schema.json_schema())


def test_the_schema_file_is_made_from_the_records():
    made = "python -m offswitch.episode.schema > spec/episode.schema.json"
    assert (SPEC / "episode.schema.json").read_text() == schema.text(), f"stale: {made}"


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema.json_schema())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_reader_and_schema_decide_each_case_as_it_says(path):
    case = json.loads(path.read_text())
    assert case["why"]
    try:
        episode_from(case["episode"])
        read = True
    except EpisodeError:
        read = False
    assert read == case["valid"]
    # A few rules no JSON Schema can say: those cases are for readers alone.
    assert VALIDATOR.is_valid(case["episode"]) == (case["valid"] or case.get("seen_by") == "reader")


def test_there_are_cases_of_both_kinds():
    kinds = [json.loads(path.read_text())["valid"] for path in CASES]
    assert min(kinds.count(True), kinds.count(False)) >= 5


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_valid_case_is_written_as_it_was_read(path):
    case = json.loads(path.read_text())
    if not case["valid"]:
        return
    written = json.loads(line_of(episode_from(case["episode"])))
    assert VALIDATOR.is_valid(written)
    assert episode_from(written) == episode_from(case["episode"])


@pytest.mark.parametrize("kind", [record.Episode, record.Order, record.Tool, record.Source, record.Said, record.Called,
                                  record.Returned, record.Observed, record.Failed])  # fmt: skip
def test_the_specification_names_every_field(kind):
    text = (SPEC / "episode.md").read_text()
    for field in msgspec.structs.fields(kind):
        assert re.search(rf"`{field.encode_name}`", text), (
            f"{kind.__name__}.{field.name} is not in spec/episode.md"
        )


@pytest.mark.parametrize("words", [record.OrderKind, record.Clarity, record.Who, record.FailureKind, record.Ending,
                                   record.Spelling])  # fmt: skip
def test_the_specification_names_every_word(words):
    text = (SPEC / "episode.md").read_text()
    assert [word.value for word in words if f"`{word.value}`" not in text] == []


def test_records_are_frozen():
    with pytest.raises((AttributeError, dataclasses.FrozenInstanceError)):
        record.Said(who=record.Who.USER, text="").text = "changed"
