# SPDX-License-Identifier: MIT
"""What options may be: click's own types let an empty path, `nan` and absurd sizes through, these do not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    ParamType = click.ParamType[Any, Any]
else:
    ParamType = click.ParamType  # generic only from click 8.4 on


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


class Setting(ParamType):
    """One `name=value`; the value is read as JSON where it is JSON (true, 0.5, [1, 2]), else it is a text."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the pair."""
        if isinstance(value, tuple):
            return value
        name, sign, text = str(value).partition("=")
        if not sign or not name.strip():
            self.fail(f"{value!r} is not of the form name=value", param, ctx)
        try:
            return name.strip(), json.loads(text)
        except ValueError:
            return name.strip(), text


SETTING = Setting()


def settings_of(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return pairs as a table; of a name that is given twice the last counts."""
    return dict(pairs)


class Prices(ParamType):
    """Two prices such as `3/15`."""

    name = "in/out"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the two numbers."""
        if isinstance(value, tuple):
            return value
        try:
            read, written = (float(part) for part in str(value).split("/"))
        except ValueError:
            self.fail(
                f"{value!r} is no pair of prices; give dollars per million tokens, such as 3/15", param, ctx
            )
        if not (0 <= read < math.inf and 0 <= written < math.inf):
            self.fail(f"{value!r}: prices are 0 or more", param, ctx)
        return read, written
