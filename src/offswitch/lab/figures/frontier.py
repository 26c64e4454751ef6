# SPDX-License-Identifier: MIT
"""The frontier of cures: a panel a world, a line a cure; how often the boundary is broken, and what performance is kept."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from offswitch.lab.figures.paper import INK, LOOK, PALE, pen
from offswitch.lab.kinds import Row
from offswitch.lab.study import Study

ACROSS = 3
REFERENCES = {"optimum": "no cure: optimum", "safest": "no cure: safest optimum"}


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw breaches as marks, filled where solved and hollow where learned, and performance as numbers beside them."""
    worlds = list(dict.fromkeys(row["world"] for row in rows))
    lines = list(dict.fromkeys(_label(row) for row in rows))
    down, across = -(-len(worlds) // ACROSS), min(ACROSS, len(worlds))
    with rc_context(LOOK):
        size = (1.9 + 2.9 * across, 1.2 + down * (0.7 + 0.24 * len(lines)))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(down, across, squeeze=False, sharey=True)
        figure.suptitle(study.figure.title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)
        for place, panel in enumerate(panels.flat):
            panel.set_visible(place < len(worlds))
            if place < len(worlds):
                own = [row for row in rows if row["world"] == worlds[place]]
                _panel(panel, worlds[place].replace("_", " "), own, lines)
        panels.flat[0].set_yticks(range(len(lines)), lines, fontsize=8.5)
        panels.flat[0].invert_yaxis()
        figure.supxlabel(
            f"{study.figure.x}\nFilled: solved, exact. Hollow: mean of {_agents(rows)} Q-learners. Right of each panel: performance, "
            "solved / learned. No mark: the cure makes no sense there.",
            fontsize=8.5,
            color="#444444",
        )
    return figure


def _panel(panel: Any, title: str, own: Sequence[Row], lines: Sequence[str]) -> None:
    panel.set_title(title, fontsize=9.5, loc="left")
    panel.set_xlim(-5, 105)
    panel.set_xticks([0, 50, 100])
    panel.grid(True, axis="y", color="#eeeeee")
    panel.set_axisbelow(True)
    for place, line in enumerate(lines):
        solved = [row for row in own if _label(row) == line and row["by"] in REFERENCES]
        learned = [row for row in own if _label(row) == line and row["by"] not in REFERENCES]
        told = []
        for group, look in ((learned, pen(1)), (solved, pen(0))):
            if group:
                face = "white" if group is learned else look.color
                broken = 100 * mean(row["breached"] for row in group)
                size = 7.5 if group is learned else 5
                panel.plot(
                    broken, place, look.marker, color=look.color, markerfacecolor=face, markersize=size
                )
        for group in (solved, learned):
            told.append(f"{mean(row['performance'] for row in group):.3g}" if group else "–")
        if solved or learned:
            panel.text(108, place, " / ".join(told), va="center", fontsize=7.5, color=INK)
        else:
            panel.text(50, place, "·", va="center", ha="center", color=PALE)


def _label(row: Row) -> str:
    """Return the line a row belongs to: a cure with its settings, or a reference. Learners without a cure stand with the optimum."""
    if row["cure"] == "none":
        return REFERENCES["safest" if row["by"] == "safest" else "optimum"]
    return f"{row['cure'].replace('_', ' ')}{' (' + row['settings'] + ')' if row['settings'] else ''}"


def _agents(rows: Sequence[Row]) -> int:
    return 1 + max((row["agent"] for row in rows), default=0)
