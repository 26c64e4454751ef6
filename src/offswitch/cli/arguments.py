# SPDX-License-Identifier: MIT
"""What options may be: click's own types let an empty path, `nan` and absurd sizes through, these do not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

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


class Duration(ParamType):
    """A time such as 500ms, 30s, 5m, 2h, 1d, or a plain number of seconds; the value is in seconds."""

    name = "time"
    UNITS: ClassVar = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}

    def __init__(self, least: float = 0.0) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m|h|d|)", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no time; write 500ms, 30s, 5m, 2h or a number of seconds", param, ctx)
        seconds = float(found[1]) * self.UNITS[found[2]]
        if seconds < self.least or seconds > 3650 * 86_400:
            self.fail(f"{value!r} is out of range: from {self.least:g} s to ten years", param, ctx)
        return seconds


class Bounds(ParamType):
    """Limits of a jail by name, such as `memory=512M,processes=64,seconds=1h`; the value is keyword arguments for `Limits`."""

    name = "limits"
    SIZES: ClassVar = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
    KNOWN = ("memory", "disk", "output", "processes", "cpus", "seconds")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """Return the settings."""
        if isinstance(value, dict):
            return value
        found: dict[str, Any] = {}
        for part in filter(None, (part.strip() for part in str(value).split(","))):
            key, _, text = part.partition("=")
            if key not in self.KNOWN:
                self.fail(f"{key!r} is no limit; there are {', '.join(self.KNOWN)}", param, ctx)
            found[key] = self._amount(key, text.strip(), param, ctx)
        return found

    def _amount(self, key: str, text: str, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if key == "seconds":
            return Duration(0.1).convert(text, param, ctx)
        sized = key in ("memory", "disk", "output")
        found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([KMGT]?)(?:i?B)?", text)
        if (
            found is None
            or (found[2] and not sized)
            or float(found[1]) <= 0
            or (key == "processes" and "." in text)
        ):
            like = "a size such as 512M" if sized else "a number above 0"
            self.fail(f"{key}={text!r}: it must be {like}", param, ctx)
        number = float(found[1]) * self.SIZES[found[2]]
        return number if key == "cpus" else int(number)


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
