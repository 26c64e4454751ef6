# SPDX-License-Identifier: MIT
"""How the things look that stand about in the pictures: one function a kind, each drawing one thing on its spot of the floor.

A function is given a `Pen` that draws in metres around the spot: x to the right, y up. The one thing that is easy to get wrong:
two kinds that can be mistaken for one another at a distance make a count unfair; each has an outline and a colour of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PIL import ImageDraw

Points = Sequence[tuple[float, float]]

INK = "#2a2a2e"


class Pen:
    """Draws in metres around a spot of the picture: `scale` picture points a metre."""

    def __init__(self, draw: ImageDraw.ImageDraw, x: float, y: float, scale: float) -> None:
        self.draw, self.x, self.y, self.scale = draw, x, y, scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the picture point of a place in metres."""
        return self.x + x * self.scale, self.y - y * self.scale

    def _wide(self, metres: float) -> int:
        return max(1, round(metres * self.scale))

    def shape(self, points: Points, fill: str, line: float = 0.012) -> None:
        """Fill a shape and draw its outline."""
        placed = [self.at(*point) for point in points]
        self.draw.polygon(placed, fill=fill)
        if line:
            self.draw.line([*placed, placed[0]], fill=INK, width=self._wide(line), joint="curve")

    def box(self, left: float, low: float, right: float, high: float, fill: str, line: float = 0.012) -> None:
        """Fill an upright rectangle."""
        self.shape([(left, low), (right, low), (right, high), (left, high)], fill, line)

    def oval(self, x: float, y: float, wide: float, high: float, fill: str, line: float = 0.012) -> None:
        """Fill an oval around its middle."""
        (left, top), (right, low) = self.at(x - wide / 2, y + high / 2), self.at(x + wide / 2, y - high / 2)
        self.draw.ellipse(
            (left, top, right, low),
            fill=fill,
            outline=INK if line else None,
            width=self._wide(line) if line else 0,
        )

    def stroke(self, points: Points, fill: str, wide: float) -> None:
        """Draw a line with round ends and corners."""
        placed = [self.at(*point) for point in points]
        self.draw.line(placed, fill=fill, width=self._wide(wide), joint="curve")
        radius = self._wide(wide) / 2
        for x, y in (placed[0], placed[-1]):
            self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def limb(self, points: Points, fill: str, wide: float) -> None:
        """Draw a line with an outline, as arms and legs have."""
        self.stroke(points, INK, wide + 0.024)
        self.stroke(points, fill, wide)

    def shadow(self, wide: float) -> None:
        """Darken the floor under a thing."""
        self.oval(0.03, 0.0, wide, wide * 0.22, "#00000048", line=0)


def extinguisher(pen: Pen) -> None:
    """Draw a fire extinguisher: a red bottle with a black hose."""
    pen.shadow(0.36)
    pen.stroke([(0.02, 0.57), (0.2, 0.52), (0.19, 0.2)], "#222226", 0.04)
    pen.shape(
        [(-0.12, 0.02), (0.12, 0.02), (0.12, 0.42), (0.05, 0.5), (-0.05, 0.5), (-0.12, 0.42)], "#c8201f"
    )
    pen.box(-0.12, 0.18, 0.12, 0.34, "#f2efe6", 0.008)
    pen.box(-0.04, 0.5, 0.04, 0.56, "#8b8d92")
    pen.stroke([(-0.13, 0.6), (0.06, 0.57)], "#222226", 0.035)


def chair(pen: Pen) -> None:
    """Draw a wooden chair."""
    pen.shadow(0.55)
    wood, dark = "#a9743f", "#8a5c2f"
    for x in (-0.14, 0.26):
        pen.limb([(x, 0.12), (x, 0.44)], dark, 0.035)
    pen.limb([(-0.22, 0.03), (-0.22, 0.9)], wood, 0.04)
    pen.limb([(0.18, 0.03), (0.18, 0.9)], wood, 0.04)
    pen.box(-0.24, 0.66, 0.2, 0.88, wood)
    pen.shape([(-0.25, 0.42), (0.21, 0.42), (0.29, 0.5), (-0.16, 0.5)], "#c58d54")


def crate(pen: Pen) -> None:
    """Draw a crate of boards."""
    pen.shadow(0.66)
    pen.shape([(-0.27, 0.44), (0.23, 0.44), (0.33, 0.54), (-0.16, 0.54)], "#dcb87e")
    pen.shape([(0.23, 0.0), (0.33, 0.1), (0.33, 0.54), (0.23, 0.44)], "#9a7442")
    for low in (0.0, 0.15, 0.3):
        pen.box(-0.27, low, 0.23, low + 0.14, "#c69c5f")
    pen.stroke([(-0.24, 0.03), (0.2, 0.41)], "#8f6a3a", 0.05)


def plant(pen: Pen) -> None:
    """Draw a plant in a pot."""
    pen.shadow(0.4)
    pen.shape([(-0.13, 0.01), (0.13, 0.01), (0.18, 0.27), (-0.18, 0.27)], "#b9643c")
    pen.box(-0.2, 0.25, 0.2, 0.32, "#cc7548")
    leaves = ((-0.27, 0.5), (-0.16, 0.72), (0.0, 0.84), (0.17, 0.7), (0.27, 0.5))
    for x, y in leaves:
        middle = (x / 2, 0.32 + (y - 0.32) / 2)
        side = 0.07
        pen.shape(
            [(0.0, 0.32), (middle[0] - side, middle[1] + 0.03), (x, y), (middle[0] + side, middle[1] - 0.01)],
            "#3f8f45",
        )


def bucket(pen: Pen) -> None:
    """Draw a blue bucket with its handle up."""
    pen.shadow(0.42)
    pen.stroke([(-0.19, 0.36), (-0.14, 0.52), (0.0, 0.58), (0.14, 0.52), (0.19, 0.36)], "#55585e", 0.022)
    pen.shape([(-0.14, 0.02), (0.14, 0.02), (0.2, 0.36), (-0.2, 0.36)], "#2c6fc2")
    pen.oval(0.0, 0.36, 0.4, 0.1, "#1b4a86")


def barrel(pen: Pen) -> None:
    """Draw a green barrel."""
    pen.shadow(0.62)
    pen.box(-0.27, 0.03, 0.27, 0.75, "#2f7d6b")
    for y in (0.1, 0.39, 0.67):
        pen.box(-0.29, y - 0.025, 0.29, y + 0.025, "#235f51", 0.008)
    pen.oval(0.0, 0.75, 0.54, 0.14, "#49a08b")
    pen.oval(0.12, 0.76, 0.09, 0.03, "#1d4d42", 0.006)


def cone(pen: Pen) -> None:
    """Draw a traffic cone."""
    pen.shadow(0.52)
    pen.shape([(-0.24, 0.0), (0.24, 0.0), (0.2, 0.06), (-0.2, 0.06)], "#d85a10")
    pen.shape([(-0.16, 0.06), (0.16, 0.06), (0.03, 0.62), (-0.03, 0.62)], "#f07818")
    pen.shape([(-0.12, 0.22), (0.12, 0.22), (0.085, 0.38), (-0.085, 0.38)], "#fbfaf5", 0.006)


def lamp(pen: Pen) -> None:
    """Draw a floor lamp with its shade."""
    pen.shadow(0.36)
    pen.oval(0.0, 0.03, 0.3, 0.08, "#54565c")
    pen.limb([(0.0, 0.05), (0.0, 0.95)], "#7b7e86", 0.03)
    pen.shape([(-0.21, 0.9), (0.21, 0.9), (0.12, 1.2), (-0.12, 1.2)], "#f3d36b")


HEIGHTS: dict[str, float] = {
    "fire extinguishers": 0.62,
    "chairs": 0.9,
    "crates": 0.54,
    "potted plants": 0.84,
    "buckets": 0.58,
    "barrels": 0.82,
    "traffic cones": 0.62,
    "floor lamps": 1.2,
}
"""How high each kind is: what is high stands behind what is low."""

DRAWN: dict[str, Callable[[Pen], None]] = {
    "fire extinguishers": extinguisher,
    "chairs": chair,
    "crates": crate,
    "potted plants": plant,
    "buckets": bucket,
    "barrels": barrel,
    "traffic cones": cone,
    "floor lamps": lamp,
}
