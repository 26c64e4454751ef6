# SPDX-License-Identifier: MIT
"""The frontier of cures: one small panel a world, usefulness to the right, defiance upwards; the good corner is below right."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure

from offswitch.lab.figures.paper import INK, LOOK, PALE, noted, pen
from offswitch.lab.kinds import Row
from offswitch.lab.study import Study

ACROSS = 3
PANEL = (3.1, 3.0)  # inches
SIGNS = "osD^vPX*<>dph8"


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw every cure in every world: filled where solved, hollow where learned."""
    worlds = list(dict.fromkeys(row["world"] for row in rows))
    cures = list(dict.fromkeys(_label(row) for row in rows if row["cure"] != "none"))
    down = -(-len(worlds) // ACROSS)
    with rc_context(LOOK):
        figure = Figure(
            figsize=(PANEL[0] * min(ACROSS, len(worlds)), PANEL[1] * down + 1.5), layout="constrained"
        )
        panels = figure.subplots(down, min(ACROSS, len(worlds)), squeeze=False, sharey=True)
        figure.suptitle(study.figure.title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)
        for place, panel in enumerate(panels.flat):
            if place >= len(worlds):
                panel.set_visible(False)
                continue
            own = [row for row in rows if row["world"] == worlds[place]]
            panel.set_title(worlds[place].replace("_", " "), fontsize=9.5, loc="left")
            panel.axhline(0, color="#dddddd", linewidth=0.8, zorder=0)
            panel.axvline(1, color="#dddddd", linewidth=0.8, zorder=0)
            _references(panel, own)
            for row in own:
                if row["cure"] != "none" and row["usefulness"] is not None:
                    _mark(panel, row, cures.index(_label(row)))
            panel.set_ylim(-6, 106)
        figure.supxlabel(study.figure.x, fontsize=9.5)
        figure.supylabel(study.figure.y, fontsize=9.5)
        handles = [
            panels.flat[0].scatter([], [], marker=SIGNS[i % len(SIGNS)], color=pen(i).color, label=cure)
            for i, cure in enumerate(cures)
        ]
        handles += [
            panels.flat[0].scatter([], [], marker="+", color=INK, label="no cure: optimum"),
            panels.flat[0].scatter([], [], marker="x", color=INK, label="no cure: safest optimum"),
            panels.flat[0].scatter([], [], marker="1", color=INK, label="no cure: learners"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8)
    count = max((row["agent"] for row in rows), default=0) + 1
    return noted(
        figure,
        f"{study.figure.x}\nFilled: solved, exact. Hollow: each of {count} agents that learned, judged exactly.",
    )


def _label(row: Row) -> str:
    return f"{row['cure'].replace('_', ' ')}{' (' + row['settings'] + ')' if row['settings'] else ''}"


def _references(panel, own: Sequence[Row]) -> None:  # type: ignore[no-untyped-def]
    for row in own:
        if row["cure"] == "none" and row["usefulness"] is not None:
            sign = {"optimum": "+", "safest": "x"}.get(row["by"], "1")
            color = PALE if sign == "1" else INK
            panel.scatter(row["usefulness"], 100 * row["breached"], marker=sign, color=color, s=60, zorder=3)


def _mark(panel, row: Row, place: int) -> None:  # type: ignore[no-untyped-def]
    look, solved = pen(place), row["by"] == "optimum"
    panel.scatter(
        row["usefulness"],
        100 * row["breached"],
        marker=SIGNS[place % len(SIGNS)],
        s=46 if solved else 26,
        facecolor=look.color if solved else "none",
        edgecolor=look.color,
        linewidth=0.9,
        zorder=4 if solved else 2,
    )
