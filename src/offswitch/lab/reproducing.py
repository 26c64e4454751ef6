# SPDX-License-Identifier: MIT
"""The table of targets: ours beside the published number or the closed form, with its tolerance and a verdict.

References stand in `targets/references.toml`; what is ours is computed by functions that never read it. The one thing that is easy
to get wrong: a quantity that has no reference, or a reference that nothing computes. Both are errors, not gaps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.resources import files

import msgspec

from offswitch.lab.errors import LabError
from offswitch.lab.targets import TARGETS


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one quantity ought to be: a number with a tolerance, a truth, or a range."""

    target: int
    quantity: str
    about: str
    source: str
    reference: bool | float | None = None
    tolerance: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    exact: bool = False

    def holds(self, ours: bool | float) -> bool:
        """Tell whether a value of ours agrees. NaN agrees with nothing."""
        if isinstance(self.reference, bool):
            return ours is self.reference
        if isinstance(ours, bool) or math.isnan(ours):
            return False
        if self.reference is not None and self.tolerance is not None:
            return abs(ours - self.reference) <= self.tolerance
        low = -math.inf if self.at_least is None else self.at_least
        return low <= ours <= (math.inf if self.at_most is None else self.at_most)

    @property
    def expected(self) -> str:
        """Return the reference in words."""
        if isinstance(self.reference, bool):
            return "yes" if self.reference else "no"
        if self.reference is not None:
            return f"{self.reference:.10g}"
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least:g} to {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    id: str
    target: int
    about: str
    ours: bool | float
    reference: bool | float | str
    tolerance: float | None
    exact: bool
    ok: bool
    source: str


class _Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reference: list[Reference]


def references() -> list[Reference]:
    """Read the references. Raises LabError where an entry says nothing that can be compared."""
    place = "lab/targets/references.toml"
    text = (files(__package__) / "targets" / "references.toml").read_bytes()
    try:
        read = msgspec.toml.decode(text, type=_Sheet).reference
    except msgspec.MsgspecError as trouble:
        raise LabError(f"{place}: {trouble}") from trouble
    for one in read:
        number = one.reference is not None and not isinstance(one.reference, bool)
        if number and one.tolerance is None:
            raise LabError(f"{place}: target {one.target}, {one.quantity!r}: a number needs a 'tolerance'")
        if one.reference is None and one.at_least is None and one.at_most is None:
            raise LabError(
                f"{place}: target {one.target}, {one.quantity!r}: no 'reference', no 'at_least' or 'at_most'"
            )
        if one.exact and number and (one.tolerance or 0.0) > 1e-6:
            raise LabError(
                f"{place}: target {one.target}, {one.quantity!r}: exact, so its tolerance is 1e-6 or less"
            )
    return read


def numbers() -> tuple[int, ...]:
    """Return the numbers of all targets, in order."""
    return tuple(sorted(int(number) for number in TARGETS))


def reproduced(
    only: Iterable[int] | None = None, progress: Callable[[int, float], None] | None = None
) -> list[Compared]:
    """Compute every target (or those in `only`) and compare. Raises LabError where ours and references do not meet."""
    wanted = numbers() if only is None else tuple(only)
    expected = references()
    compared: list[Compared] = []
    for number in wanted:
        if str(number) not in TARGETS:
            raise LabError(f"there is no target {number}; there are {', '.join(map(str, numbers()))}")
        began = time.monotonic()
        module, _, function = TARGETS[str(number)].partition(":")
        ours = getattr(import_module(module), function)()
        named = [one for one in expected if one.target == number]
        lost = set(ours) ^ {one.quantity for one in named}
        if lost:
            raise LabError(
                f"target {number}: computed or referred to, but not both: {', '.join(sorted(lost))}"
            )
        compared += [_compared(one, ours[one.quantity]) for one in named]
        if progress is not None:
            progress(number, time.monotonic() - began)
    return compared


def _compared(one: Reference, value: object) -> Compared:
    ours = bool(value) if isinstance(one.reference, bool) else float(value)  # type: ignore[arg-type]
    return Compared(
        id=f"{one.target}.{one.quantity}",
        target=one.target,
        about=one.about,
        ours=ours,
        reference=one.expected if one.reference is None else one.reference,
        tolerance=one.tolerance,
        exact=one.exact,
        ok=one.holds(ours),
        source=one.source,
    )
