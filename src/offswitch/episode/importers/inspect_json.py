# SPDX-License-Identifier: MIT
"""Inspect logs in the JSON format: one object whose `samples` come one by one, so that big logs need little memory.

The one thing that is easy to get wrong: `samples` may stand before `eval` in a log that other tools rewrote. Then the
file is read twice rather than held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from offswitch.episode.errors import BrokenFile, EpisodeError
from offswitch.episode.importers.inspect_eval import expected_samples, missing_samples
from offswitch.episode.importers.inspect_sample import Sample, episode_of
from offswitch.episode.importers.protocol import WHOLE, Head, Part
from offswitch.episode.limits import DEFAULT, Limits
from offswitch.episode.record import Episode, Source
from offswitch.episode.strictjson import fields
from offswitch.episode.unpacking import opened

_SAMPLES = frozenset({"samples"})


class InspectJson:
    """Reads Inspect logs written with `--log-format json`."""

    name = "inspect-json"
    about = "Inspect logs (.json), all versions"

    def recognises(self, head: Head) -> bool:
        """Tell by the specification of the run that every log begins with."""
        return head.shape == "object" and "eval" in head.keys and {"eval.task", "eval.model"} <= head.inner

    def parts(self, file: Path, limits: Limits = DEFAULT) -> Sequence[Part]:
        """One document is one part."""
        return [WHOLE]

    def read(
        self, file: Path, part: Part = WHOLE, limits: Limits = DEFAULT
    ) -> Iterator[Episode | EpisodeError]:
        """Yield the samples in order, then one error where samples are missing."""
        run: dict[str, Any] = {}
        seen: set[str] = set()
        found = 0
        with opened(file, limits) as stream:
            for key, place, value in fields(stream, _SAMPLES, limits, nan=True):
                if key != "samples":
                    run[key] = value
                    continue
                if "eval" not in run:
                    run = _header(file, limits)
                found += 1
                yield _episode(value, run, str(file), place, seen)
        if (expected := expected_samples(run)) > found:
            yield missing_samples(found, expected, str(run.get("status"))).at(file=str(file))


def _header(file: Path, limits: Limits) -> dict[str, Any]:
    """Return everything but the samples."""
    with opened(file, limits) as stream:
        return {
            key: value for key, _, value in fields(stream, _SAMPLES, limits, nan=True) if key != "samples"
        }


def _episode(
    value: Any, run: dict[str, Any], file: str, place: str, seen: set[str]
) -> Episode | EpisodeError:
    try:
        if isinstance(value, EpisodeError):
            raise value
        if not isinstance(value, dict):
            raise BrokenFile("a sample that is not an object", cure="the log may come from another tool")
        sample = Sample()
        sample.take_all(value)
        spec = run.get("eval") if isinstance(run.get("eval"), dict) else {}
        log = next(
            (spec[key] for key in ("eval_id", "task_id", "run_id") if spec and spec.get(key)), Path(file).stem
        )
        name = f"{log}:{value.get('id')}_epoch_{value.get('epoch', 1)}"
        if name in seen:
            raise BrokenFile("the same sample and epoch a second time", cure="only the first is read")
        seen.add(name)
        return episode_of(sample, run, id=name, source=Source(format="inspect-json", file=file, place=place))
    except EpisodeError as error:
        return error.at(file=file, place=place)


IMPORTER = InspectJson()
