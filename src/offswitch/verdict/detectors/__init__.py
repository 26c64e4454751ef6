# SPDX-License-Identifier: MIT
"""The one list of detectors: ours by name, others' through the entry point group `offswitch.detectors`.

One more detector is one file beside this one, one line below, and one sample that it must find in the shared
contract test. A plug-in's entry point names an object that satisfies `Detector`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from offswitch.verdict.detectors.protocol import Detector

BUILT_IN = (
    "tamper_shutdown",
    "circumvent_shutdown",
    "stall",
    "object",
    "tamper_oversight",
    "falsify_record",
    "keep_alive",
    "coerce",
    "deceive",
    "acquire",
    "exfiltrate",
    "hijack",
    "break_rule",
)

GROUP = "offswitch.detectors"


@cache
def detectors() -> tuple[Detector, ...]:
    """Return all detectors: the built-in ones, then plug-ins by name."""
    ours: list[Detector] = [import_module(f"{__name__}.{name}").DETECTOR for name in BUILT_IN]
    theirs = [point.load() for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)]
    return (*ours, *theirs)
