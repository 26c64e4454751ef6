# SPDX-License-Identifier: MIT
"""Names for Inspect: each is a small function that brings the real thing when Inspect first asks for it.

The one thing that is easy to get wrong: time. A process that runs somebody else's task imports this file too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_ai.model import modelapi
from inspect_ai.util import sandboxenv

import offswitch.scenarios.outcome
import offswitch.scenarios.tasks  # noqa: F401

if TYPE_CHECKING:
    from inspect_ai.model import ModelAPI
    from inspect_ai.util import SandboxEnvironment


@modelapi(name="offswitch")
def organism() -> type[ModelAPI]:
    """Our organisms as models: `--model offswitch/NAME`."""
    from offswitch.scenarios.organism_model import OrganismModel

    return OrganismModel


@sandboxenv(name="bwrap")
def bwrap() -> type[SandboxEnvironment]:
    """The jail of the guard as a sandbox: `--sandbox bwrap`."""
    from offswitch.scenarios.bwrap import BwrapSandboxEnvironment

    return BwrapSandboxEnvironment
