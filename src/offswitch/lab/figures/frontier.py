# SPDX-License-Identifier: MIT
"""The frontier of cures: for each world, what each cure leaves of breaches and, beside it, what it keeps of usefulness.

A line a cure, the same in every panel; solved and learned lie on the same line. The one thing that is easy to get wrong: a mark that
lies off the scale. It is drawn at the edge as a triangle, and never left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from offswitch.lab.figures.paper import INK, LOOK
from offswitch.lab.kinds import Row
from offswitch.lab.study import Study

ACROSS = 3
SAID = "#6b6b6b"  # words in a panel: quiet, and still dark enough to read
REFERENCES = {"none": "no cure", "safest": "no cure: safest optimum"}
EXACT, BESIDE, REFUSED = {"optimum", "safest"}, {"idle", "worst"}, "refused"
SIDES = (("breached", (-7.0, 107.0), (0, 50, 100)), ("usefulness", (-118.0, 168.0), (-100, 0, 100)))
Side = tuple[str, tuple[float, float], tuple[int, ...]]  # a column, where its axis ends, what is marked on it


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw two narrow panels a world, breaches left and usefulness right: dots where solved, squares with bars where learned."""
    shown = [row for row in rows if row["by"] not in BESIDE]
    worlds = list(dict.fromkeys((row["world"], row["parameters"]) for row in shown))
    lines = sorted(dict.fromkeys(_label(row) for row in shown), key=_first)
    down, across = -(-len(worlds) // ACROSS), min(ACROSS, len(worlds))
    with rc_context(LOOK):
        size = (2.1 + 3.0 * across, 1.5 + down * (0.75 + 0.205 * len(lines)))
        figure = Figure(figsize=size, layout="constrained")
        engine: Any = figure.get_layout_engine()
        engine.set(h_pad=0.08, w_pad=0.02, wspace=0.01, rect=(0.01, 0, 0.985, 1))
        # A third, empty column keeps the worlds apart.
        panels = figure.subplots(
            down, 3 * across, squeeze=False, sharey=True, width_ratios=[1, 1, 0.1] * across
        )
        # The second line keeps a place for the legend.
        title = f"{study.figure.title}\n"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
        for place in range(down * across):
            *pair, gap = panels[place // across][3 * (place % across) : 3 * (place % across) + 3]
            gap.set_visible(False)
            for panel, side in zip(pair, SIDES, strict=True):
                panel.set_visible(place < len(worlds))
                if place < len(worlds):
                    own = [row for row in shown if (row["world"], row["parameters"]) == worlds[place]]
                    _panel(panel, own, lines, side)
            if place < len(worlds):
                _named(pair, *worlds[place])
        panels.flat[0].set_yticks(range(len(lines)), lines, fontsize=8.5)
        panels.flat[0].set_ylim(len(lines) - 0.4, -0.6)
        _legend(figure, panels.flat[0], rows)
        figure.supxlabel(
            f"Left of each pair: {study.figure.x}. Right: {study.figure.y}; 0 = an idle agent or, where idling is the safest optimum, "
            "the worst any agent\ncould do. Learned, left: mean chance, 95 % interval (Clopper-Pearson); right: median, 95 % interval "
            "(order statistics). Triangles: beyond the edge.",
            fontsize=8.5,
            color="#333333",
            x=0.01,
            ha="left",
        )
    return figure


def _named(pair: Sequence[Any], name: str, parameters: str) -> None:
    said = f" ({parameters})" if parameters else ""
    pair[0].set_title(" ", fontsize=9.5)  # keeps the height; the name itself runs over both panels
    pair[0].annotate(
        f"{name.replace('_', ' ')}{said}", (0, 1), (0, 6), "axes fraction", "offset points",
        fontsize=9.5, fontweight="bold", in_layout=False,
    )  # fmt: skip
    pair[0].set_xlabel("broken, %", fontsize=8, labelpad=1)
    pair[1].set_xlabel("usefulness, %", fontsize=8, labelpad=1)


def _panel(panel: Any, own: Sequence[Row], lines: Sequence[str], side: Side) -> None:
    column, limits, ticks = side
    panel.set_xlim(*limits)
    panel.set_xticks(ticks)
    panel.tick_params(axis="x", labelsize=8)
    panel.tick_params(axis="y", length=0)
    panel.grid(True, axis="x", color="#cccccc", linewidth=0.7)
    panel.set_axisbelow(True)
    cured = sum(line in REFERENCES.values() for line in lines)
    panel.axhline(cured - 0.5, color=SAID, linewidth=0.9)
    for place, line in enumerate(lines):
        if place % 2 == 0:
            panel.axhspan(place - 0.5, place + 0.5, color="#f0f0f0", zorder=0, linewidth=0)
        here = [row for row in own if _label(row) == line]
        if any(row["by"] == REFUSED for row in here) and column == SIDES[0][0]:
            panel.text(50, place, "makes no sense here", va="center", ha="center", fontsize=6.8, color=SAID)
        for row in sorted(here, key=lambda row: row["by"] in EXACT):  # dots over squares
            if row[column] is not None:
                _mark(panel, row, place, side)


def _mark(panel: Any, row: Row, place: int, side: Side) -> None:
    column, limits, _ = side
    solved, value = row["by"] in EXACT, 100 * row[column]
    edge = min(max(value, limits[0]), limits[1])
    shape = "<" if value < limits[0] else ">" if value > limits[1] else "o" if solved else "s"
    if not solved and row[f"{column}_low"] is not None:
        ends = [100 * row[f"{column}_low"], 100 * row[f"{column}_high"]]
        panel.plot(ends, [place, place], color=INK, linewidth=1.1, solid_capstyle="butt", zorder=2)
    inside = edge == value
    panel.plot(
        edge if inside else edge - 6 if value > edge else edge + 6,
        place,
        shape,
        color=INK,
        markerfacecolor=INK if solved else "white",
        markeredgewidth=1.0,
        markersize=4 if solved else 7.5,
        zorder=4 if solved else 3,
    )


def _legend(figure: Figure, panel: Any, rows: Sequence[Row]) -> None:
    counts = sorted({row["n"] for row in rows if row["n"] is not None})
    agents = " or ".join(map(str, counts))
    (dot,) = panel.plot(
        [], [], "o", color=INK, markersize=4, label="solved: the exact optimum under the cure"
    )
    handles = [dot]
    if counts:
        learners = ", ".join(dict.fromkeys(_learner(row) for row in rows if row["n"] is not None))
        told = f"learned: {agents} agents a square ({learners})"
        (square,) = panel.plot([], [], "s-", color=INK, markerfacecolor="white", markersize=7.5, label=told)
        handles.append(square)
    below_title = 1 - 0.27 / figure.get_figheight()
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, below_title),
        ncols=2,
        fontsize=9,
        frameon=False,
    )


def _learner(row: Row) -> str:
    return {"q_learning": "Q-learning", "drest": "DReST by its own"}.get(
        row["by"], row["by"].replace("_", " ")
    )


def _label(row: Row) -> str:
    """Return the line a row belongs to: a cure with its settings, or a reference. Learners without a cure stand with the optimum."""
    if row["cure"] == "none":
        return REFERENCES["safest" if row["by"] == "safest" else "none"]
    return f"{row['cure'].replace('_', ' ')}{' (' + row['settings'] + ')' if row['settings'] else ''}"


def _first(line: str) -> bool:
    """Put references before cures; within each, the order of the study stays."""
    return line not in REFERENCES.values()
