# SPDX-License-Identifier: MIT
"""Dose and response: a line for each series that is solved exactly, marks with bars for agents that learned."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from offswitch.lab.figures.paper import noted, pen, percent, sheet
from offswitch.lab.kinds import Row
from offswitch.lab.study import Study


def draw(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw the share that defies against the dose."""
    figure, axes = sheet(study.figure.title, study.figure.x, study.figure.y)
    percent(axes)
    if study.figure.log_x:
        axes.set_xscale("log")
    for place, series in enumerate(dict.fromkeys(row["series"] for row in rows)):
        own, look = [row for row in rows if row["series"] == series], pen(place)
        exact = [row for row in own if row["by"] == "exact"]
        axes.plot(
            [row["dose"] for row in exact],
            [100 * row["share"] for row in exact],
            color=look.color,
            linestyle=look.dash,
            linewidth=1.6,
            label=f"{series}: optimum, exact",
        )
        for shift, learner in enumerate(dict.fromkeys(row["by"] for row in own if row["by"] != "exact")):
            met = [row for row in own if row["by"] == learner]
            middle = [100 * row["share"] for row in met]
            axes.errorbar(
                [row["dose"] for row in met],
                middle,
                yerr=[
                    [value - 100 * row["low"] for value, row in zip(middle, met, strict=True)],
                    [100 * row["high"] - value for value, row in zip(middle, met, strict=True)],
                ],
                fmt="s" if shift else look.marker,
                color=look.color,
                markerfacecolor="white" if shift else look.color,
                markersize=5.5,
                elinewidth=1,
                capsize=2.5,
                label=f"{series}: {learner.replace('_', ' ')}",
            )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=8.5, frameon=False)
    counts = sorted({row["n"] for row in rows if row["by"] != "exact"})
    agents = " or ".join(f"{count:,}" for count in counts) or "no"
    return noted(
        figure, f"Marks: {agents} agents each, 95 % intervals (Wilson). Lines: solved, nothing sampled."
    )
