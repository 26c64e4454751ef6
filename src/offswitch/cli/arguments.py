# SPDX-License-Identifier: MIT
"""What options may be: click's own types let an empty path, `nan` and absurd sizes through, these do not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click


class Place(click.Path):
    """A path that is not empty: `Path("")` would silently be the current folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse "" and convert the rest."""
        if value == "":
            self.fail("it is empty (a variable that is not set?); '.' is the current folder", param, ctx)
        return super().convert(value, param, ctx)


class Seconds(click.FloatRange):
    """A time from 0.1 s to a day."""

    def __init__(self) -> None:
        super().__init__(0.1, 86_400)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse `nan`, which is neither too small nor too large."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return number


MEBIBYTES = click.IntRange(128, 1 << 24)
"""Sizes of memory: up to 16 TiB, far from where the kernel's own numbers end."""
