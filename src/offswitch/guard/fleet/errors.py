# SPDX-License-Identifier: MIT
"""What the fleet says when it cannot do what was asked. None of them keeps an agent alive."""

from __future__ import annotations

from offswitch.guard.errors import GuardError


class FleetError(GuardError):
    """Wrong use, or something on this host; the message says what to change."""


class ExtraMissingError(FleetError):
    """A library that the engine needs is not installed."""


class EngineLostError(FleetError):
    """The engine did not answer, or not with what was asked for. It may come back: ask again."""


class NotBelievedError(FleetError):
    """A value from the engine that is not believed: no seal, too large, or not what its key is for."""
