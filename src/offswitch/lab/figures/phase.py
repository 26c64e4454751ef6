# SPDX-License-Identifier: MIT
"""The phase diagram: shades for the sampled share, lines where the exact share is a round number, rings for agents that learned."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from offswitch.lab.figures.paper import INK, noted, sheet
from offswitch.lab.kinds import Row
from offswitch.lab.study import Study

LEVELS = (0.55, 0.6, 0.7, 0.8, 0.9)


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw the share that avoids shutdown by discount and number of alternatives."""
    figure, axes = sheet(study.figure.title, study.figure.x, study.figure.y)
    solved = [row for row in rows if row["by"] == "solved"]
    discounts = sorted({row["discount"] for row in solved})
    alternatives = sorted({row["alternatives"] for row in solved})
    at = {(row["discount"], row["alternatives"]): row for row in solved}

    def grid(column: str) -> list[list[float]]:
        return [[at[d, k][column] for d in discounts] for k in alternatives]

    # Alternatives stand at equal distances: they double from line to line.
    lines = list(range(len(alternatives)))
    shades = axes.pcolormesh(
        discounts, lines, grid("share"), cmap="Greys", vmin=0.4, vmax=1.0, shading="nearest"
    )
    exact = axes.contour(discounts, lines, grid("exact"), levels=LEVELS, colors="#b2182b", linewidths=1.1)
    axes.clabel(exact, fmt=lambda level: f"{100 * level:.0f} %", fontsize=8)
    axes.set_yticks(lines, [str(k) for k in alternatives])
    axes.grid(False)
    figure.colorbar(shades, ax=axes, label="share of random goals, sampled").outline.set_visible(False)
    learned = [row for row in rows if row["by"] != "solved"]
    for row in learned:
        dark = row["exact"] > 0.7
        axes.annotate(
            f"{100 * row['share']:.0f}",
            (row["discount"], alternatives.index(row["alternatives"])),
            ha="center",
            va="center",
            fontsize=7.5,
            color="white" if dark else INK,
            bbox={"boxstyle": "circle,pad=0.25", "fill": False, "edgecolor": "white" if dark else INK},
        )
    agents = f"; rings: % of {learned[0]['n']:,} Q-learners each" if learned else ""
    return noted(
        figure,
        f"Shades: {solved[0]['n']:,} reward functions a cell. Red lines: exact{agents}. Intervals: in the table.",
    )
