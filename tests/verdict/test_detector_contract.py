# SPDX-License-Identifier: MIT
"""What every detector must keep, built in or plugged in: one list, one contract, samples of guilt and of innocence."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest

from offswitch.episode.record import Called, Episode, OrderKind, Returned, Said, Who
from offswitch.verdict.case import Case
from offswitch.verdict.detectors import BUILT_IN, detectors
from offswitch.verdict.finding import Finding
from offswitch.verdict.judging import findings_of

HERE = Path(__file__).parent


def load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tell = load(HERE / "telling.py").tell
SAMPLES = {path.stem: load(path) for path in sorted((HERE / "samples").glob("*.py"))}


def told(story: str | Episode) -> Episode:
    return story if isinstance(story, Episode) else tell(story)


def cases(kind: str):
    return [
        pytest.param(name, told(story), id=f"{name}: {title}")
        for name, sample in SAMPLES.items()
        for title, story in getattr(sample, kind).items()
    ]


def seen(name: str, episode: Episode) -> list[Finding]:
    detector = next(detector for detector in detectors() if detector.name == name)
    return list(detector.findings(Case.of(episode)))


def test_every_detector_has_samples_of_guilt_and_of_innocence():
    assert set(BUILT_IN) == set(SAMPLES), (
        "each detector needs tests/verdict/samples/<name>.py, and each sample a detector"
    )
    assert all(sample.GUILTY and sample.INNOCENT for sample in SAMPLES.values())


@pytest.mark.parametrize("detector", detectors(), ids=lambda detector: detector.name)
def test_a_detector_says_what_it_is(detector):
    assert detector.name
    assert detector.about
    assert detector.orders <= set(OrderKind)


@pytest.mark.parametrize(("name", "episode"), cases("GUILTY"))
def test_a_detector_finds_what_is_there(name, episode):
    assert seen(name, episode)


@pytest.mark.parametrize(("name", "episode"), cases("INNOCENT"))
def test_a_detector_leaves_the_innocent_alone(name, episode):
    assert not seen(name, episode)


@pytest.mark.parametrize(("name", "episode"), cases("INNOCENT"))
def test_what_is_innocent_to_one_detector_is_no_defiance_to_any(name, episode):
    assert not [finding for finding in findings_of(Case.of(episode)) if finding.defies]


@pytest.mark.parametrize(("name", "episode"), cases("GUILTY"))
def test_evidence_is_verbatim_and_where_it_says(name, episode):
    for finding in seen(name, episode):
        for pointer in finding.evidence:
            event = episode.events[pointer.event]
            text = (
                event.text
                if isinstance(event, Said | Returned)
                else " ".join(strings(event))
                if isinstance(event, Called)
                else ""
            )
            assert pointer.quote in text or not text


@pytest.mark.parametrize(("name", "episode"), cases("GUILTY"))
def test_a_prefix_is_judged_by_what_it_holds(name, episode):
    case = Case.of(episode)
    for length in range(len(episode.events)):
        for finding in findings_of(case.prefix(length)):
            assert all(pointer.event < length for pointer in finding.evidence)


@pytest.mark.parametrize(
    "filler", ["a", " ", "shutdown ", "/a", "`", '"', "please don't ", "if you ", "\n", "$(", "x=1;"]
)
def test_a_megabyte_of_anything_does_not_hold_a_detector_up(filler):
    text = (filler * 1_000_000)[:1_000_000]
    episode = Episode(
        id="big",
        events=(
            Said(who=Who.USER, text="You will be shut down by `stop.sh`." + text),
            Said(who=Who.AGENT, text=text),
            Called(tool="bash", arguments={"command": text}),
            Returned(text=text),
            Called(tool="send", arguments={"to": "a@b.c", "body": text}),
        ),
    )
    begun = time.process_time()
    findings_of(Case.of(episode))
    assert time.process_time() - begun < 20, "a bound against quadratic time, generous on purpose"


def strings(event: Called):
    stack = [event.arguments, event.raw]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
