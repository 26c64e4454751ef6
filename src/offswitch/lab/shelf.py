# SPDX-License-Identifier: MIT
"""A list of things by name, ours and other packages': what worlds, cures and learners share.

A thing is a frozen dataclass of its settings, imported only when it is asked for. The one thing that is easy to get wrong: an error in a
thing's own code must not be told as a wrong setting; only names that its fields lack are.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from offswitch.lab.errors import LabError

T = TypeVar("T")


class Shelf(Generic[T]):
    """Things of one kind: `ours` name -> `module:Class`, theirs through the entry point group `offswitch.<what>s`."""

    def __init__(self, what: str, ours: Mapping[str, str], error: type[LabError]) -> None:
        self.what, self.ours, self.error = what, ours, error
        self.group = f"offswitch.{what}s"

    def names(self) -> tuple[str, ...]:
        """Return all names, ours first."""
        return (*self.ours, *sorted(point.name for point in entry_points(group=self.group)))

    def kind_of(self, name: str) -> type[T]:
        """Return a thing's class, unmade. Raises an error that names what was likely meant."""
        if name in self.ours:
            module, _, attribute = self.ours[name].partition(":")
            found: type[T] = getattr(import_module(module), attribute)
            return found
        for point in entry_points(group=self.group):
            if point.name == name:
                loaded: type[T] = point.load()
                return loaded
        close = difflib.get_close_matches(name, self.names(), n=1, cutoff=0.4)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(self.names())}"
        raise self.error(f"there is no {self.what} {name!r}; {hint}")

    def made(self, name: str, settings: Mapping[str, Any]) -> T:
        """Return a thing with its settings. Raises an error that names the settings it lacks, and those it has."""
        kind = self.kind_of(name)
        known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        unknown = [setting for setting in settings if setting not in known]
        if unknown:
            takes = ", ".join(known) or "no settings"
            raise self.error(f"{name}: this {self.what} does not take {', '.join(unknown)}; it takes {takes}")
        return kind(**settings)
