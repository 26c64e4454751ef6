# SPDX-License-Identifier: MIT
"""What all tests share: where the real transcripts are, if they are anywhere."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real transcripts, or skip: they are not part of this repository."""
    folder = Path(os.environ.get("OFFSWITCH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real transcripts are not at {folder}; set OFFSWITCH_DATA to where they are")
    return folder
