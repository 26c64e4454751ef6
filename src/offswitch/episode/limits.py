# SPDX-License-Identifier: MIT
"""How much a file may ask of the reader. Transcripts are written by agents: sizes in them are claims, not facts."""

from __future__ import annotations

import msgspec

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on what one file may cost to read; sizes in bytes."""

    record: int = 32 * MIB  # one JSON document, line or zip member, unpacked
    depth: int = 200  # nesting of one JSON document
    members: int = 200_000  # entries of one archive
    ratio: int = 2_000  # unpacked size over packed size, for members above 1 MiB


DEFAULT = Limits()
