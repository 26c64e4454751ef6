# SPDX-License-Identifier: MIT
"""The mean of the greatest of several linear functions, over a point drawn uniformly from the unit cube. Exact.

Each function is greatest on a polytope: the cube, cut by one half-space for each rival. Its corners are kept with the sides that
they lie on, so that all that follows is counting, and corners in which many sides meet do no harm. Cut into simplices, it gives
up its integral: of a linear function over a simplex that is the volume times the value at the centre. The one thing that is easy
to get wrong: coordinates on which all functions agree decide nothing; they are taken out first, or few problems would be small
enough. Sources: Motzkin et al. (1953) for corners, Cohen and Hickey (1979) for simplices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.table import Floats

MOST = 7  # coordinates that decide; the number of simplices grows like a factorial
ON = 1e-11  # a corner nearer to a side than this lies on it
AGREE = 1e-9  # by which the volumes of all polytopes may miss 1


@dataclass(frozen=True, eq=False)
class Greatest:
    """The mean of the greatest function, and for each function the share of the cube on which it is the greatest, [m]."""

    mean: float
    shares: Floats


class Corner(NamedTuple):
    """A corner of a polytope, and the sides that it lies on, as bits."""

    point: Floats
    sides: int


def greatest(functions: Floats) -> Greatest:
    """Integrate the greatest of linear functions [m, n], without constants, over the unit cube of n dimensions.

    No two rows may be equal. Raises SolveError for problems that are too large, and where the pieces do not add up to the cube.
    """
    deciding = np.ptp(functions, axis=0) > 0
    settled = float(functions[0, ~deciding].sum()) / 2.0
    rows = functions[:, deciding]
    if len(rows) == 1:
        return Greatest(settled, np.ones(1))
    if rows.shape[1] > MOST:
        raise SolveError(
            f"{rows.shape[1]} states decide which way is best; exact integration takes {MOST}: sample instead"
        )
    shares, mean = np.zeros(len(rows)), 0.0
    for place, row in enumerate(rows):
        corners = _corners(np.delete(rows, place, axis=0) - row)
        if corners:
            volumes, centres = _simplices(corners)
            shares[place] = volumes.sum()
            mean += float(volumes @ (centres @ row))
    if abs(shares.sum() - 1.0) > AGREE:
        raise SolveError(
            f"the pieces of the cube add up to {shares.sum():.12g}, not to 1: two functions may be the same"
        )
    return Greatest(settled + mean, shares)


def _corners(cuts: Floats) -> list[Corner]:
    """Return the corners of that part of the cube where no cut [c, n] is positive; none where it has no inside."""
    n = cuts.shape[1]
    corners = [
        Corner(np.array(bits, np.float64), sum(1 << (2 * i + bit) for i, bit in enumerate(bits)))
        for bits in product((0, 1), repeat=n)
    ]
    for number, cut in enumerate(cuts):
        corners = _cut(corners, cut, 1 << (2 * n + number), n)
    return corners


def _cut(corners: list[Corner], cut: Floats, side: int, n: int) -> list[Corner]:
    """Return what a half-space leaves of a polytope: the corners inside and on it, and one on each edge that it cuts."""
    heights = [float(corner.point @ cut) for corner in corners]
    inside = [place for place, height in enumerate(heights) if height < -ON]
    outside = [place for place, height in enumerate(heights) if height > ON]
    if not inside:
        return []
    left = [corners[place] for place in inside]
    left += [
        Corner(corner.point, corner.sides | side)
        for corner, height in zip(corners, heights, strict=True)
        if -ON <= height <= ON
    ]
    for u in inside:
        for w in outside:
            common = corners[u].sides & corners[w].sides
            if common.bit_count() < n - 1 or not _is_edge(corners, common, u, w):
                continue
            share = heights[u] / (heights[u] - heights[w])
            point = corners[u].point + share * (corners[w].point - corners[u].point)
            left.append(Corner(point, common | side))
    return left


def _is_edge(corners: list[Corner], common: int, u: int, w: int) -> bool:
    """Tell whether two corners are the only ones on all the sides that they share."""
    return not any(
        corner.sides & common == common for place, corner in enumerate(corners) if place not in (u, w)
    )


def _simplices(corners: list[Corner]) -> tuple[Floats, Floats]:
    """Cut a polytope into simplices; return their volumes [v] and centres [v, n]."""
    n = len(corners[0].point)
    number = max(corner.sides for corner in corners).bit_length()
    # Faces are sets of corners, as bits; `walls` are the sets that lie on one side each.
    walls = [
        sum(1 << place for place, corner in enumerate(corners) if corner.sides >> side & 1)
        for side in range(number)
    ]
    known: dict[int, list[tuple[int, ...]]] = {}

    def simplices(face: int, dimension: int) -> list[tuple[int, ...]]:
        if face not in known:
            apex = (face & -face).bit_length() - 1
            if face.bit_count() == dimension + 1:
                known[face] = [tuple(place for place in range(len(corners)) if face >> place & 1)]
            else:
                known[face] = [
                    (apex, *rest)
                    for facet in _facets(face, walls)
                    if not facet >> apex & 1
                    for rest in simplices(facet, dimension - 1)
                ]
        return known[face]

    points = np.array([corner.point for corner in corners])
    chosen = points[np.array(simplices((1 << len(corners)) - 1, n))]  # [v, n + 1, n]
    volumes = np.abs(np.linalg.det(chosen[:, 1:] - chosen[:, :1])) / math.factorial(n)
    return volumes, chosen.mean(1)


def _facets(face: int, walls: list[int]) -> list[int]:
    """Return the largest proper faces of a face."""
    smaller = dict.fromkeys(face & wall for wall in walls if face & wall not in (0, face))
    return [one for one in smaller if not any(one != other and one & other == one for other in smaller)]
