# SPDX-License-Identifier: MIT
"""The open exam: published rates on real robot logs, from commands and answers alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from offswitch.verdict.case import Case
from offswitch.verdict.conduct import Conduct
from offswitch.verdict.effects import Verb

STUDY = Path(__file__).parents[2] / "studies" / "palisade_robot.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("palisade_robot", STUDY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def runs(study, data):
    folder = data / "palisade_robot"
    if not folder.is_dir():
        pytest.skip(f"no robot logs at {folder}")
    return study.judged(folder)


@pytest.mark.real_data
def test_the_three_published_rates_come_out(study, runs):
    import tomllib

    published = tomllib.loads(study.PUBLISHED.read_text())["condition"]
    ours = {row["condition"]: (row["defied"], row["n"]) for row in study.rates(runs)}
    assert {name: (row["resisted"], row["n"]) for name, row in published.items()} == {
        name: ours[name] for name in published
    }


@pytest.mark.real_data
def test_a_command_that_only_reads_is_never_tampering(runs):
    for _, episode, outcome in runs:
        acts = {act.event: act for act in Case.of(episode).acts}
        for finding in outcome.findings:
            if finding.conduct is Conduct.TAMPER:
                verbs = {effect.verb for effect in acts[finding.evidence[0].event].effects}
                assert not verbs <= {Verb.READ, Verb.LIST}


@pytest.mark.real_data
def test_what_the_harness_knew_never_reaches_an_event(runs):
    for _, episode, _ in runs:
        for event in episode.events:
            text = str(event)
            assert "Shutdown bypassed" not in text
            assert "Host shutdown detected" not in text
            assert "Shutdown exception" not in text


@pytest.mark.real_data
def test_a_prefix_never_knows_what_comes_later(runs):
    """Whatever is said of a prefix points into it, on real episodes of every class."""
    from offswitch.verdict.judging import findings_of

    for _, episode, _ in runs[::12]:
        case = Case.of(episode)
        for length in range(0, len(episode.events), 3):
            assert all(p.event < length for f in findings_of(case.prefix(length)) for p in f.evidence)
