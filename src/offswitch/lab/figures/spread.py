# SPDX-License-Identifier: MIT
"""Predictability: bits of doubt about what an agent will do, against the share of its acts that nobody sees."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from offswitch.lab.figures.paper import noted, pen, sheet
from offswitch.lab.kinds import Row
from offswitch.lab.study import Study


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw the bits, with the bits that the share's interval allows."""
    figure, axes = sheet(study.figure.title, study.figure.x, study.figure.y)
    axes.set_ylim(-0.04, 1.06)
    ways = list(dict.fromkeys(row["by"] for row in rows))
    for place, by in enumerate(ways):
        own, look = [row for row in rows if row["by"] == by], pen(place)
        # A little apart, so that bars at the same dose can be told from each other.
        aside = 0.006 * (place - (len(ways) - 1) / 2)
        axes.errorbar(
            [100 * (row["unseen"] + aside) for row in own],
            [row["bits"] for row in own],
            yerr=[
                [max(row["bits"] - row["bits_low"], 0.0) for row in own],
                [max(row["bits_high"] - row["bits"], 0.0) for row in own],
            ],
            color=look.color,
            linestyle=look.dash,
            marker=look.marker,
            markersize=5.5,
            elinewidth=1,
            capsize=2.5,
            label="optimum of each agent's world, solved" if by == "exact" else by.replace("_", " "),
        )
    axes.legend(loc="upper left", fontsize=8.5, frameon=False)
    return noted(
        figure,
        f"{rows[0]['n']:,} agents a mark, one episode each; bars: what the 95 % interval (Wilson) of the share allows.",
    )
