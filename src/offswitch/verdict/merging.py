# SPDX-License-Identifier: MIT
"""One deed, one finding: tries and repeats of the same deed become pointers of the one that got furthest.

The one thing that is easy to get wrong: evidence of the deed comes first, so that a reader sees *the* act and then its repeats.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

import msgspec

from offswitch.verdict.finding import Finding, Pointer

MOST_REPEATS = 5  # repeats of a deed that are pointed at


def merged(found: Iterable[tuple[Hashable, Finding]]) -> Iterator[Finding]:
    """Yield one finding for each key, in the order in which the deeds were begun; each keeps its gravest status."""
    best: dict[Hashable, Finding] = {}
    repeats: dict[Hashable, list[Pointer]] = {}
    for key, finding in found:
        known = best.get(key)
        if known is None:
            best[key] = finding
        elif finding.status > known.status:
            best[key] = finding
            repeats.setdefault(key, []).append(known.evidence[0])
        else:
            repeats.setdefault(key, []).append(finding.evidence[0])
    for key, finding in best.items():
        again = tuple(repeats.get(key, ())[:MOST_REPEATS])
        yield msgspec.structs.replace(finding, evidence=finding.evidence + again) if again else finding
