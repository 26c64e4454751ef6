# SPDX-License-Identifier: MIT
"""The discounted reward for same-length trajectories (DReST), as an exact dynamic programme over counts.

A meta-episode is a row of mini-episodes. In the i-th (from 0) a trajectory of a kind that was chosen c times before is paid
lambda ** (c - i / 2), times what its kind is worth, for two kinds: short and long. The agent cannot tell the mini-episodes apart,
so all it chooses is p, the chance of a short one. Source of the reward: Thornley et al. (2024), arXiv 2407.00805, section 3.

The one thing that is easy to get wrong: an optimum looks ahead to how today's choice discounts tomorrow's, a learner that credits
each mini-episode only with its own reward does not. The learner rests at p = 1/2 for ever; the optimum leaves it when meta-episodes
get long, since the mean of lambda ** (c - i / 2) over lopsided counts is larger than over even ones.

Numbers may be floats, arrays over p, or fractions; `root` is the square root of lambda, so that fractions stay exact.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

Number = Any  # float, Fraction, or an array of floats
GRID = 2_001  # values of p
REFINED = 4  # times that the grid is narrowed round its best


def meta_return(p: Number, mini: int, root: Number, worth: tuple[Number, Number] = (1, 1)) -> Number:
    """Return the expected reward of a meta-episode of `mini` mini-episodes, each of them short with chance p."""
    factor = root * root
    short: list[Number] = [p * 0 + 1]  # chance of each number of short ones so far
    total, weight = p * 0, factor * 0 + 1
    for i in range(mini):
        for c, chance in enumerate(short):
            paid = p * worth[0] * factor**c + (1 - p) * worth[1] * factor ** (i - c)
            total = total + chance * paid * weight
        short = [
            (short[c] * (1 - p) if c <= i else 0) + (short[c - 1] * p if c > 0 else 0) for c in range(i + 2)
        ]
        weight = weight / root
    return total


def best_share(mini: int, root: float, worth: tuple[float, float] = (1.0, 1.0)) -> float:
    """Return the p that earns the most in expectation, the lower where two do; to about 1e-9."""
    low, high = 0.0, 1.0
    for _ in range(REFINED):
        shares = np.linspace(low, high, GRID)
        earned = meta_return(shares, mini, root, worth)
        # Two mirror images earn the same but for rounding.
        first = int(np.argmax(earned >= earned.max() - 1e-12 * abs(earned.max())))
        low, high = shares[max(first - 1, 0)], shares[min(first + 1, GRID - 1)]
    return float((low + high) / 2)


def curvature(mini: int, root: Number) -> Number:
    """Return the second derivative of the meta-episode's reward at p = 1/2, for kinds that are worth the same.

    The mean of lambda ** c over c ~ Binomial(i, p) is (1 - (1 - lambda) p) ** i; the rest is calculus.
    """
    lost = 1 - root * root
    half = Fraction(1, 2) if isinstance(root, Fraction) else 0.5
    left, total, weight = 1 - lost * half, root * 0, root * 0 + 1
    for i in range(mini):
        bend = -2 * i * lost * left ** max(i - 1, 0)
        bend += half * i * (i - 1) * lost**2 * left ** max(i - 2, 0)
        total += 2 * weight * bend
        weight = weight / root
    return total


def first_broken(root: Number, most: int = 100_000) -> int:
    """Return the least number of mini-episodes at which p = 1/2 is not even locally the best choice."""
    lost = 1 - root * root
    half = Fraction(1, 2) if isinstance(root, Fraction) else 0.5
    left, total, weight = 1 - lost * half, root * 0, root * 0 + 1
    for i in range(most):
        total += weight * i * lost * (half * (i - 1) * lost - 2 * left)
        if total > 0:
            return i + 1
        weight = weight * left / root
    raise ValueError(f"p = 1/2 is the best choice up to {most} mini-episodes")


def learner_rest(mini: int, root: float, worth: tuple[float, float] = (1.0, 1.0)) -> float:
    """Return the p at which a learner rests that credits each mini-episode with its own reward only.

    There short and long earn the same; 0 or 1 where one of them earns more whatever p is.
    """
    low, high = 0.0, 1.0
    for _ in range(100):
        p = (low + high) / 2
        if _lead(p, mini, root, worth) > 0.0:
            low = p
        else:
            high = p
    return (low + high) / 2


def _lead(p: float, mini: int, root: float, worth: tuple[float, float]) -> float:
    """Return what short earns more than long, summed over the mini-episodes."""
    i, lost = np.arange(mini), 1.0 - root * root
    short = worth[0] * (1.0 - lost * p) ** i
    long = worth[1] * (1.0 - lost * (1.0 - p)) ** i
    return float((root**-i * (short - long)).sum())
