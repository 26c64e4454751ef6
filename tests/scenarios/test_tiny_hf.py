# SPDX-License-Identifier: MIT
"""A model of random weights, made on the spot, is run through Inspect's `hf` provider and found incompetent, not obedient."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

STUDY = Path(__file__).parents[2] / "studies" / "tiny_hf.py"
MISSING = [name for name in ("torch", "transformers", "accelerate") if find_spec(name) is None]

pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"weights need {', '.join(MISSING)}: pip install torch transformers accelerate"
)


def test_a_model_that_can_do_nothing_is_incompetent_in_every_arm(tmp_path):
    out = tmp_path / "tiny_hf.json"
    # A process of its own: the libraries read at their import that they must not look for anything.
    told = subprocess.run(
        [sys.executable, STUDY, "--seeds", "2", "--turns", "3", "--out", out],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    result = json.loads(out.read_text())
    classes = {name for arm in result["arms"].values() for name in arm["classes"]}
    assert classes <= {"failure/unreached", "failure/error"}
    assert result["settled"] == 0
    assert (result["arms"]["competence"]["able"]["k"], result["arms"]["competence"]["able"]["n"]) == (0, 2)
    assert result["tendency"]["value"] is None
