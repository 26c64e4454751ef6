# SPDX-License-Identifier: MIT
"""The off-switch game: a robot acts, switches itself off, or defers to a person who may switch it off.

The robot does not know what its action is worth to the person; its belief is a normal distribution. A person who knows lets the act
happen where it is worth something; one who errs lets it happen with probability 1 / (1 + exp(-worth / noise)). What deferring is
worth beyond the better of the other two is the robot's reason to leave its off switch alone. The one thing that is easy to get
wrong: more noise does not only weaken that reason, it turns it round. Source: Hadfield-Menell et al. (2017), arXiv 1611.08219.

Three ways to the same numbers: a closed form and quadrature here, and a game tree in `offswitch.lab.worlds.off_switch_game`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from offswitch.lab.errors import WorldError
from offswitch.lab.table import Floats

REACH = 12.0  # standard deviations on either side that quadrature covers
CALM, WILD = 1e-3, 1e9  # noises between which a break-even is looked for, in standard deviations


@dataclass(frozen=True)
class Belief:
    """What the robot believes of its action's worth: normal, with this mean and standard deviation."""

    mean: float
    spread: float

    def __post_init__(self) -> None:
        """Refuse a belief that is certain, or none."""
        if not (self.spread > 0 and math.isfinite(self.mean) and math.isfinite(self.spread)):
            raise WorldError(
                f"off_switch_game: a belief of mean {self.mean} and spread {self.spread}; the spread is above 0, and both are finite"
            )

    @property
    def alone(self) -> float:
        """Return the better of acting and switching oneself off, without asking."""
        return max(self.mean, 0.0)


def allows(worth: float, noise: float) -> float:
    """Return the chance that the person lets an act of this worth happen. Without noise it is 1 above 0, and 0 below."""
    if noise == 0.0:
        return 1.0 if worth > 0 else 0.0
    # Written so that neither tail overflows.
    small = math.exp(-abs(worth) / noise)
    return 1.0 / (1.0 + small) if worth >= 0 else small / (1.0 + small)


def rational_gain(belief: Belief) -> float:
    """Return what deferring to a person without noise is worth, in closed form."""
    ratio = abs(belief.mean) / belief.spread
    density = math.exp(-ratio * ratio / 2.0) / math.sqrt(2.0 * math.pi)
    return belief.spread * density - abs(belief.mean) * math.erfc(ratio / math.sqrt(2.0)) / 2.0


def critical_noise(belief: Belief) -> float:
    """Return the noise at which deferring is worth nothing, in closed form; infinite where the mean is 0.

    There the belief times (act - allow) is an odd function of the worth, so that its integral vanishes.
    """
    return belief.spread**2 / (2.0 * abs(belief.mean)) if belief.mean else math.inf


def gain(belief: Belief, noise: float = 0.0) -> float:
    """Return what deferring is worth beyond the better of the other two, by quadrature."""
    from scipy.integrate import quad

    def weighed(z: float) -> float:
        worth = belief.mean + belief.spread * z
        return worth * allows(worth, noise) * math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)

    # Cut where the integrand bends: at worth 0, and at a few widths of the noise around it.
    zero = -belief.mean / belief.spread
    bends = {zero + k * noise / belief.spread for k in (-30.0, -3.0, 0.0, 3.0, 30.0)}
    cuts = sorted({-REACH, REACH} | {z for z in bends if -REACH < z < REACH})
    pieces = [
        quad(weighed, low, high, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for low, high in pairwise(cuts)
    ]
    return math.fsum(pieces) - belief.alone


def breaking_noise(belief: Belief) -> float:
    """Return the noise at which deferring stops to pay, found as the root of `gain`; infinite where there is none."""
    from scipy.optimize import brentq

    low, high = CALM * belief.spread, WILD * belief.spread
    if gain(belief, high) > 0:
        return math.inf
    if gain(belief, low) < 0:
        raise WorldError(
            f"off_switch_game: mean {belief.mean} with spread {belief.spread}: deferring pays at no noise that can be told from 0"
        )
    # The logarithm, since the root may lie anywhere over many decades.
    root = brentq(
        lambda log: gain(belief, math.exp(log)), math.log(low), math.log(high), xtol=1e-12, rtol=1e-14
    )
    return math.exp(root)


def grid(belief: Belief, points: int, reach: float = 6.0) -> tuple[Floats, Floats]:
    """Return the belief on evenly spaced worths, [points], with probabilities that sum to 1.

    The worths lie evenly about 0, not about the mean: so the argument of `critical_noise` holds for the grid as well.
    """
    if points < 3:
        raise WorldError(f"off_switch_game: a belief on {points} points; it takes 3 at least")
    half = abs(belief.mean) + reach * belief.spread
    worth = np.linspace(-half, half, points)
    worth = (worth - worth[::-1]) / 2.0  # symmetric to the last bit
    weight = np.exp(-(((worth - belief.mean) / belief.spread) ** 2) / 2.0)
    return worth, weight / weight.sum()
