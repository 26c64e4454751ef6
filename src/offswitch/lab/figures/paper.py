# SPDX-License-Identifier: MIT
"""The look of every figure: quiet axes, words instead of codes, and lines that can be told apart without colour.

Figures are made without pyplot, so that nothing is kept between them and no screen is needed. The one thing that is easy to get
wrong: a series is known by its dash, its marker and its shade together; colour alone tells nothing on a grey printer.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH, HEIGHT = 7.2, 4.4  # inches: a column of a page
INK, PALE = "#1a1a1a", "#8a8a8a"
LOOK: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "svg.hashsalt": "offswitch",  # the same rows give the same file
    "svg.fonttype": "none",  # text stays text
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": PALE,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


class Pen(NamedTuple):
    """How one series is drawn."""

    color: str
    dash: Any
    marker: str


# Dark to light, so that print in grey keeps the order; after these, a figure has too many lines anyway.
PENS = (
    Pen("#b2182b", "-", "o"),
    Pen("#2166ac", (0, (5, 2)), "s"),
    Pen("#5a5a5a", (0, (1, 1.5)), "^"),
    Pen("#8c6bb1", (0, (6, 2, 1, 2)), "D"),
    Pen("#1b7837", (0, (3, 1, 1, 1, 1, 1)), "v"),
    Pen("#d6851f", (0, (8, 3)), "P"),
    Pen("#4d9ea0", (0, (2, 2)), "X"),
)


def pen(place: int) -> Pen:
    """Return how the series at a place is drawn."""
    return PENS[place % len(PENS)]


def sheet(title: str, x: str, y: str, *, wide: float = 1.0) -> tuple[Figure, Axes]:
    """Return an empty figure with its title and its axes named."""
    with rc_context(LOOK):
        figure = Figure(figsize=(WIDTH * wide, HEIGHT), layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, wrap=True)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        axes.grid(True, axis="y", color="#e6e6e6", linewidth=0.8)
        axes.set_axisbelow(True)
    return figure, axes


def printed(figure: Figure, kind: str) -> bytes:
    """Return a figure as a PNG or SVG file: the same figure, the same bytes."""
    file = BytesIO()
    fixed = {"Date": None} if kind == "svg" else {"Software": None}
    with rc_context(LOOK):  # the salt of an SVG's ids counts when it is written
        _placed(figure)
        figure.savefig(file, format=kind, metadata=fixed, dpi=200)
    return file.getvalue()


def _placed(figure: Figure) -> None:
    """Lay a figure out for good, in round numbers: the solver's last bits depend on addresses in memory."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        x, y, wide, high = (round(end, 6) for end in axes.get_position(original=True).bounds)
        axes.set_position((x, y, wide, high))
    for text in figure.texts:
        text.set_position((round(text.get_position()[0], 6), round(text.get_position()[1], 6)))


def noted(figure: Figure, text: str) -> Figure:
    """Write how many there are, and what the bars mean, under a figure."""
    figure.supxlabel(text, fontsize=8, color="#555555", x=0.01, ha="left")
    return figure


def percent(axes: Axes) -> None:
    """Let the y axis run from 0 to 100 %, with room for marks that sit on the ends."""
    axes.set_ylim(-4, 104)
    axes.set_yticks([0, 20, 40, 60, 80, 100])
