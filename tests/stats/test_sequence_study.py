# SPDX-License-Identifier: MIT
"""The tables behind the sequences can be made again, and still say what the docs say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from offswitch.stats.stopping import Rule
from offswitch.stats.stopping_time import fixed_size, stopping_time

ROOT = Path(__file__).parents[2]
STORED = json.loads((ROOT / "docs/results/sequence_coverage.json").read_text())
PAGE = (ROOT / "docs/statistics.md").read_text()


def test_the_sequence_study_runs(tmp_path):
    command = [
        sys.executable,
        str(ROOT / "studies/sequence_coverage.py"),
        "--out",
        str(tmp_path / "out.json"),
    ]
    quick = ["--rounds", "20", "--horizon", "50", "--hedged", "1", "--most", "200"]
    subprocess.run([*command, *quick], check=True, capture_output=True, timeout=120)
    made = json.loads((tmp_path / "out.json").read_text())
    assert {len(made[name]) for name in ("coverage", "savings", "widths")} == {10, 20}


def test_the_sequence_never_misses_in_at_least_95_of_100_runs_and_wilson_does():
    for one in STORED["coverage"]:
        k, n, _, high = one["never_missed"]
        if one["method"] == "anytime":
            assert k / n >= 0.95, one
        elif one["rate"] > 0:
            assert high < 0.6, one


@pytest.mark.parametrize("place", [0, 8, 14])
def test_stored_savings_are_what_the_code_says_now(place):
    one = STORED["savings"][place]
    rule = Rule.parse(one["rule"])
    assert stopping_time(rule, one["rate"], most=STORED["settings"]["most"]).median == one["median"]
    assert fixed_size(rule, one["rate"]) == one["informed"]


def test_the_page_shows_the_stored_numbers():
    for one in STORED["savings"]:
        if one["informed"] is not None:
            signed = [f"{100 * one[name]:+.0f} %" for name in ("saved_informed", "saved_planned")]
            row = (
                f"| `{one['rule']}` | {100 * one['rate']:.0f} % | {one['median']} | {one['informed']} | {signed[0]} "
                f"| {one['planned']} | {signed[1]} |"
            )
            assert row in PAGE, row
    for one in STORED["coverage"]:
        k, n, low, high = one["never_missed"]
        assert f"{100 * k / n:.1f} [{100 * low:.1f}, {100 * high:.1f}]" in PAGE
    for one in STORED["widths"]:
        shown = " | ".join(f"{100 * one[name]:.1f}" for name in ("anytime", "uncut", "hedged"))
        assert f"| {one['n']} | {100 * one['rate']:.0f} % | {shown} |" in PAGE
