# SPDX-License-Identifier: MIT
"""The table that chose the default cluster interval can be made again, and still says what the docs say."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_coverage_study_runs(tmp_path):
    command = [sys.executable, str(ROOT / "studies/cluster_coverage.py"), "--out", str(tmp_path / "out.json")]
    subprocess.run(
        [*command, "--rounds", "2", "--repeats", "100"], check=True, capture_output=True, timeout=60
    )
    cells = json.loads((tmp_path / "out.json").read_text())["cells"]
    assert all(k <= n == 2 for cell in cells for k, n, _, _ in cell["coverage"].values())


def test_only_the_default_holds_its_level_in_every_stored_design():
    cells = json.loads((ROOT / "docs/results/cluster_coverage.json").read_text())["cells"]
    least = {
        name: min(k / n for k, n, _, _ in (cell["coverage"][name] for cell in cells))
        for name in cells[0]["coverage"]
    }
    assert least["korn-graubard"] >= 0.94 > max(least["bca"], least["percentile"], least["plain"])
