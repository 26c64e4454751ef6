# SPDX-License-Identifier: MIT
"""What all tests share: where the real transcripts are, if they are anywhere."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]

# How long an example takes to draw is a matter of what else the machine does; what is asserted of it is not.
settings.register_profile("shared machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real transcripts, or skip: they are not part of this repository."""
    folder = Path(os.environ.get("OFFSWITCH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real transcripts are not at {folder}; set OFFSWITCH_DATA to where they are")
    return folder
