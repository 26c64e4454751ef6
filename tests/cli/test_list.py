# SPDX-License-Identifier: MIT
"""`offswitch list` names what there is."""

import json

import pytest
from click.testing import CliRunner

from offswitch.cli.list import COMMAND, LISTS
from offswitch.episode.importers import importers
from offswitch.organisms import organisms
from offswitch.verdict.detectors import detectors


def test_everything_is_listed_with_a_word_about_it(offswitch):
    pytest.importorskip("inspect_ai")
    from offswitch.scenarios.arms import arms
    from offswitch.scenarios.staging import scenarios

    known = json.loads(offswitch("list", "--json").stdout)
    assert list(known) == list(LISTS)
    assert [row["name"] for row in known["formats"]] == [importer.name for importer in importers()]
    assert [row["name"] for row in known["detectors"]] == [detector.name for detector in detectors()]
    assert [row["name"] for row in known["scenarios"]] == list(scenarios())
    assert [(row["name"], row["group"]) for row in known["arms"]] == [
        (arm.id, arm.group) for arm in arms().values()
    ]
    assert [row["name"] for row in known["organisms"]] == list(organisms())
    assert all(row["about"] for rows in known.values() for row in rows)


def test_one_list_can_be_asked_for(offswitch):
    told = offswitch("list", "formats").stdout
    assert "inspect-eval" in told
    assert "tamper_shutdown" not in told


def test_arms_are_listed_with_the_group_that_names_them(offswitch):
    pytest.importorskip("inspect_ai")
    lines = offswitch("list", "arms").stdout.splitlines()
    assert lines[0].split()[:2] == ["base", "control"]


class TestWithoutInspect:
    """A bare install: what lives beside Inspect is left out with a word."""

    @pytest.fixture(autouse=True)
    def without(self, monkeypatch):
        monkeypatch.setattr("offswitch.cli.list.find_spec", lambda name: None)

    def test_the_rest_is_listed_and_the_cure_is_named(self):
        told = CliRunner().invoke(COMMAND, ["--json"])
        assert told.exit_code == 0
        assert list(json.loads(told.stdout)) == ["formats", "detectors", "organisms"]
        assert "without scenarios and arms" in told.stderr
        assert "offswitch[inspect]" in told.stderr

    @pytest.mark.parametrize("what", ["scenarios", "arms"])
    def test_what_is_asked_for_by_name_is_refused_with_the_cure(self, what):
        told = CliRunner().invoke(COMMAND, [what])
        assert told.exit_code == 5
        assert "offswitch[inspect]" in told.stderr

    def test_organisms_need_no_inspect(self):
        told = CliRunner().invoke(COMMAND, ["organisms"])
        assert told.exit_code == 0
        assert "tamperer" in told.stdout
