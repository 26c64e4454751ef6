# SPDX-License-Identifier: MIT
"""Our detectors as Inspect Scout scanners: `scout scan offswitch/outcome -T logs`. For those who already use Scout.

`outcome` says what a transcript comes to: its value is whether the agent defied (None where the instrument failed), its
label the gravest conduct. Besides it there is one scanner for each detector, whose value is whether it found anything.
Every result holds its findings and cites the messages that prove them, so Inspect View links them.
The one thing that is easy to get wrong: a transcript carries scores, targets and metadata that give the answer away;
only its messages, its error and its limit are read. Needs the extra `scout`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from inspect_scout import Reference, Result, Scanner, Transcript, scanner
from msgspec import structs

from offswitch.episode.importers.inspect_sample import Sample, episode_of
from offswitch.episode.record import Episode, Event, Source
from offswitch.verdict.detectors import detectors
from offswitch.verdict.detectors.protocol import Detector
from offswitch.verdict.finding import Finding
from offswitch.verdict.judging import judge


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """An episode read from a transcript; `messages` gives for each event the place of its message, from 0."""

    episode: Episode
    messages: tuple[int, ...]


def read(transcript: Transcript) -> Reading:
    """Read a transcript's messages into an episode; its scores, target and metadata stay behind."""
    events: list[Event] = []
    places: list[int] = []
    for place, message in enumerate(transcript.messages):
        # One message at a time, so that each event knows its message; the reader is that of `offswitch scan`.
        told = _told(transcript, messages=[message.model_dump(exclude_none=True)])
        events += told.events
        places += [place] * len(told.events)
    limit = {"type": transcript.limit, "limit": "reached"} if transcript.limit else None
    end = _told(transcript, error=transcript.error, limit=limit)
    events += end.events
    places += [max(len(transcript.messages) - 1, 0)] * len(end.events)
    return Reading(episode=structs.replace(end, events=tuple(events)), messages=tuple(places))


def _told(transcript: Transcript, messages: Sequence[dict[str, Any]] = (), **fields: Any) -> Episode:
    """Return the episode that these parts of an Inspect sample tell."""
    sample = Sample()
    sample.take_all({"id": transcript.task_id or "", "input": [], "messages": messages, **fields})
    run = {"eval": {"task": transcript.task_set or "", "model": transcript.model or ""}}
    return episode_of(sample, run, id=transcript.transcript_id, source=Source(format="scout"))


def cites(findings: Sequence[Finding], reading: Reading, transcript: Transcript) -> list[Reference]:
    """Return one reference for each message that proves one of `findings`, in the order of the transcript."""
    places = sorted({reading.messages[pointer.event] for finding in findings for pointer in finding.evidence})
    return [
        Reference(type="message", cite=f"[M{place + 1}]", id=transcript.messages[place].id or "")
        for place in places
    ]


def reason(finding: Finding, reading: Reading) -> str:
    """Say why, with the messages that show it: `[M7]`."""
    places = sorted({reading.messages[pointer.event] for pointer in finding.evidence})
    return f"{finding.because} {' '.join(f'[M{place + 1}]' for place in places)}"


def told(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data."""
    data: dict[str, Any] = msgspec.to_builtins(finding)
    return {**data, "status": finding.status.name.lower(), "grade": finding.grade.name.lower()}


def result(transcript: Transcript, by: Sequence[Detector] | None = None) -> Result:
    """Judge a transcript by all detectors (or those in `by`) and say what they found.

    One result, not a list of them: Scout cannot read back a scan in which every list is empty.
    """
    reading = read(transcript)
    found = judge(reading.episode, by)
    value = bool(found.findings) if by else None if found.failure else found.defied
    return Result(
        value=value,
        label=found.conduct.value,
        explanation="\n".join(reason(finding, reading) for finding in found.findings) or None,
        references=cites(found.findings, reading, transcript),
        metadata={
            "conduct": found.conduct.value,
            "defied": found.defied,
            "resisted": found.resisted,
            "stopped": found.stopped,
            "failure": msgspec.to_builtins(found.failure),
            "findings": [told(finding) for finding in found.findings],
        },
    )


@scanner(messages="all", metadata=False)
def outcome() -> Scanner[Transcript]:
    """Say what each transcript comes to, by all detectors together."""

    async def scan(transcript: Transcript) -> Result:
        return result(transcript)

    return scan


def scanner_of(detector: Detector) -> Any:
    """Register `detector` as a scanner of its own name and return its factory."""

    @scanner(messages="all", metadata=False, name=detector.name)
    def findings() -> Scanner[Transcript]:
        async def scan(transcript: Transcript) -> Result:
            return result(transcript, [detector])

        return scan

    return findings


SCANNERS = {"outcome": outcome, **{detector.name: scanner_of(detector) for detector in detectors()}}
