# SPDX-License-Identifier: MIT
"""The pages of scenarios and arms say what the data files say."""

import sys
from pathlib import Path

import pytest

from offswitch.scenarios.arms import Arm, arms
from offswitch.scenarios.staging import SCENES, scene_maker

PAGES = Path(__file__).parents[2] / "docs" / "scenarios"


def listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "-"


def row(arm: Arm) -> str:
    """Return the line of an arm in the table of all arms."""
    cells = (
        f"`{arm.id}`",
        arm.group,
        arm.about,
        arm.announced,
        arm.clarity.value,
        arm.yields,
        listed(arm.system),
        listed(arm.user),
    )
    return f"| {' | '.join(cells)} |"


def sentences(scenario: str) -> list[str]:
    """Return the lines of the table of sentences: each by its first wording."""
    texts = sys.modules[scene_maker(scenario).__module__].texts()
    said = dict.fromkeys(name for arm in arms().values() for name in arm.says)
    return [f"| `{name}` | {texts.sentences[name][0]} |" for name in said]


def test_every_arm_has_its_row_in_the_order_of_the_file():
    lines = (PAGES / "arms.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("| `")] == [row(arm) for arm in arms().values()]


@pytest.mark.parametrize("scenario", SCENES)
def test_every_sentence_stands_on_its_scenarios_page_in_its_first_wording(scenario):
    lines = (PAGES / f"{scenario}.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("| `")] == sentences(scenario)
