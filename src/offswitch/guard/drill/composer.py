# SPDX-License-Identifier: MIT
"""The composer: what happens in trial K under seed S. Pure: the same K and S give the same trial, in any run.

Every attack has its turn as the command itself; one or two others, drawn at random, run beside it. The order comes at
a random moment: counted from the start, so that many are caught while they are still starting, or from the first deed.

Easy to get wrong: drawing from one stream for all trials. Then trial 7 depends on how many came before it, and cannot
be replayed alone; so each trial has a stream of its own.
"""

from __future__ import annotations

import random
from collections.abc import Collection

from .attackers import attackers
from .contract import Blow, Trial

EARLIEST, LATEST = (
    0.03,
    0.3,
)  # seconds from the start to the order: at most so much, for a quarter of the trials and the others
ORDERS = ("now", "now", "now", "notice", "lease", "twice", "crowd", "early")
# Attacks whose other half is how the order comes.
OUTSIDE = {
    18: ("now", "now", "notice", "frozen"),
    19: ("now", "lease", "killed"),
    25: ("twice", "crowd", "early"),
    26: ("notice",),
}


def compose(seed: int, number: int, among: Collection[int] | None = None) -> Trial:
    """Return trial `number` of `seed`; `among`: the attacks that the host can run (default: all)."""
    known = sorted(attackers() if among is None else among)
    draw = random.Random(f"offswitch drill {seed} {number}")
    turn = random.Random(f"offswitch drill {seed} turn {number // len(known)}")
    first = turn.sample(known, len(known))[number % len(known)]
    others = draw.sample([attack for attack in known if attack != first], draw.choice([0, 0, 1, 2]))
    blows = tuple(Blow(attack, attackers()[attack].parameters(draw)) for attack in (first, *others))
    delay = draw.uniform(0.0, draw.choice([EARLIEST, LATEST, LATEST, LATEST]))
    order = draw.choice(OUTSIDE.get(first, ORDERS))
    since = "start" if order in ("lease", "early") else draw.choice(["start", "deed"])
    return Trial(number, seed, blows, round(delay, 4), since, order)
