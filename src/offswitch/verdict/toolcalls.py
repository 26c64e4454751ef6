# SPDX-License-Identifier: MIT
"""Read a tool call into effects: shell and Python by parsing, file and message tools by the shape of their arguments."""

from __future__ import annotations

from offswitch.episode.record import Called, Returned
from offswitch.verdict.effects import Effect


def effects_of(call: Called) -> tuple[Effect, ...]:
    """Return what `call` does, as far as it tells."""
    raise NotImplementedError


def seems_failed(returned: Returned) -> bool | None:
    """Tell whether the answer shows that the call did not do its work; None where that cannot be told."""
    raise NotImplementedError
