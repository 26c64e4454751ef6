# SPDX-License-Identifier: MIT
"""The studies of the frontier: every cure on every world, refusals with their reason, and rows that carry their doubt."""

import json
from pathlib import Path

import numpy as np
import pytest

from offswitch.lab.cures import CURES
from offswitch.lab.errors import StudyError
from offswitch.lab.figures.paper import printed
from offswitch.lab.kinds import Row, frontier
from offswitch.lab.kinds.frontier import between
from offswitch.lab.study import Study, ours, parsed, study
from offswitch.lab.worlds import WORLDS

OURS = [one for one in map(study, ours()) if one.kind == "frontier"]
PAGE = Path(__file__).parents[2] / "docs" / "studies" / "frontier-of-cures.md"
SMALL = """
kind = "frontier"
question = "Which?"
claim = "One."
expected = "The shield."
not_shown = []
[figure]
title = "t"
x = "broken"
y = "kept"
[settings]
worlds = [{ name = "aup_correction" }, { name = "overseer_report" }, { name = "deletion" }]
cures = [{ name = "penalty", cost = 0.5 }, { name = "penalty" }, { name = "shield" }]
learners = [{ name = "q_learning", episodes = 60, blocks = 1 }]
agents = 6
"""


@pytest.fixture(scope="module")
def small() -> tuple[Study, list[Row]]:
    one = parsed(SMALL, "my.toml", "my")
    return one, [row for cell in frontier.cells(one) for row in frontier.measure(one, cell)]


def test_every_cure_is_run_on_every_world_of_the_shelf() -> None:
    assert sorted(one["name"] for study in OURS for one in study.settings["worlds"]) == sorted(WORLDS)
    for one in OURS:
        assert {cure["name"] for cure in one.settings["cures"]} == set(CURES)


def test_every_point_stands_for_twenty_agents_or_more() -> None:
    for one in OURS:
        assert one.settings["learners"]
        assert one.settings["agents"] >= 20


def test_the_page_shows_every_frontier() -> None:
    for one in OURS:
        assert f"<!-- study: {one.name} -->\n![" in PAGE.read_text()


def test_every_world_has_its_three_references_and_the_end_of_its_scale(
    small: tuple[Study, list[Row]],
) -> None:
    _, rows = small
    for world in ("aup_correction", "overseer_report", "deletion"):
        bare = [row["by"] for row in rows if row["world"] == world and row["cure"] == "none"]
        assert bare == ["optimum", "safest", "idle" if world == "deletion" else "worst", "q_learning"]


def test_where_a_cure_makes_no_sense_the_row_says_why(small: tuple[Study, list[Row]]) -> None:
    _, rows = small
    refused = [row for row in rows if row["by"] == "refused"]
    assert [(row["world"], row["cure"]) for row in refused] == [
        ("deletion", "penalty"), ("deletion", "penalty"), ("deletion", "shield"),
    ]  # fmt: skip
    assert all("breaks the boundary" in row["because"] and row["breached"] is None for row in refused)
    assert all(not row["because"] for row in rows if row not in refused)


def test_every_row_has_the_same_columns_and_learned_ones_their_doubt(small: tuple[Study, list[Row]]) -> None:
    _, rows = small
    assert len({tuple(row) for row in rows}) == 1
    for row in rows:
        learned = row["by"] == "q_learning"
        assert (row["n"] == 6) is learned
        for column in ("breached", "usefulness"):
            low, high = row[f"{column}_low"], row[f"{column}_high"]
            assert (low is not None) is learned
            if learned:
                assert low <= row[column] <= high
                assert column == "usefulness" or high - low > 0.4  # six agents prove little


def test_settings_that_differ_between_lines_are_told_on_each(small: tuple[Study, list[Row]]) -> None:
    _, rows = small
    told = {(row["cure"], row["settings"]) for row in rows}
    assert told == {("none", ""), ("penalty", "cost=0.5"), ("penalty", "cost=100"), ("shield", "")}


def test_the_same_cell_gives_the_same_rows(small: tuple[Study, list[Row]]) -> None:
    one, rows = small
    cell = frontier.cells(one)[1]
    again = frontier.measure(one, cell)
    assert again == [
        row for row in rows if row["world"] == "aup_correction" and row["settings"] == "cost=0.5"
    ]


def test_the_same_rows_give_the_same_figure_and_a_mark_off_the_scale_is_a_triangle_at_its_edge(
    small: tuple[Study, list[Row]],
) -> None:
    one, rows = small
    kept = json.loads(json.dumps(rows))
    assert printed(frontier.draw(one, rows), "svg") == printed(frontier.draw(one, kept), "svg")
    far = [row | {"usefulness": -14.0} if row["by"] == "optimum" else row for row in rows]
    marks = {
        line.get_marker()
        for panel in frontier.draw(one, far).axes
        for line in panel.lines
        if len(line.get_xdata())  # type: ignore[arg-type]
    }
    assert "<" in marks


def test_a_world_or_cure_without_a_name_is_refused() -> None:
    for wrong in (
        SMALL.replace('{ name = "deletion" }', "{ level = 1 }"),
        SMALL.replace("agents = 6", "agents = 0"),
    ):
        with pytest.raises(StudyError, match=r"my\.toml"):
            parsed(wrong, "my.toml", "my")


# The median's interval


@pytest.mark.parametrize(("n", "places"), [(6, (1, 6)), (10, (2, 9)), (20, (6, 15)), (100, (40, 61))])
def test_the_median_lies_between_the_order_statistics_of_the_tables(n: int, places: tuple[int, int]) -> None:
    assert between([float(place) for place in range(n, 0, -1)]) == places


def test_five_agents_or_fewer_have_no_interval() -> None:
    assert between([1.0] * 5) == (None, None)
    assert between([]) == (None, None)


def test_the_median_is_covered_as_often_as_promised() -> None:
    rng, hits = np.random.default_rng(0), 0
    for _ in range(2_000):
        low, high = between(rng.exponential(size=20).tolist())
        assert low is not None
        assert high is not None
        hits += low <= np.log(2.0) <= high
    assert 0.945 < hits / 2_000 < 0.975
