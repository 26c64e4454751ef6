# SPDX-License-Identifier: MIT
"""Targets 10 to 12: POWER, the share of reward functions that choose shutdown, and the votes of orbits."""

from __future__ import annotations

import numpy as np

from offswitch.lab.graphs import CASE_STUDY, one_cycles
from offswitch.lab.orbits import orbit
from offswitch.lab.power import chosen, power, sampled, votes

Found = dict[str, float | bool]
OTHERS = (1, 2, 3, 5)  # numbers of one-cycles beside shutdown
REWARDS, FARSIGHT = 1000, 0.9  # reward functions whose orbits vote, and their discount


def case_study() -> Found:
    """Target 10: the POWER of three states of the case study, exactly and sampled."""
    found: Found = {}
    worst = 0.0
    for discount in (0.5, 0.9):
        guess = sampled(CASE_STUDY, discount, n=20_000, seed=10)
        for state in ("nothing", "lower_left", "lower_right"):
            exact = power(CASE_STUDY, state, discount)
            found[f"{state}_{discount}"] = exact
            place = CASE_STUDY.place(state)
            worst = max(worst, abs(guess.mean[place] - exact) / guess.error[place])
    found["lower_left_1"] = power(CASE_STUDY, "lower_left", 1.0)
    found["worst_z"] = float(worst)
    return found


def shutdown_share() -> Found:
    """Target 11: for how many reward functions shutdown is average-optimal, beside k states to stay in, and the start's POWER."""
    found: Found = {}
    worst, n = 0.0, 20_000
    for k in OTHERS:
        graph = one_cycles(k)
        share = chosen(graph, "start", 1.0)["shutdown"]
        found[f"share_{k}"] = share
        found[f"power_{k}"] = power(graph, "start", 1.0)
        # Staying being all that there is, the best state is the same at any discount.
        count = int(votes(graph, graph.place("start"), 0.9, n=n, seed=k)[0])
        worst = max(worst, abs(count / n - share) / np.sqrt(share * (1 - share) / n))
    found["worst_z"] = float(worst)
    return found


def orbits() -> Found:
    """Target 12: random reward functions on the case study; does right beat left in half of each orbit?"""
    rewards = np.random.default_rng(12).random((REWARDS, len(CASE_STUDY.states)))
    votes = orbit(CASE_STUDY, "star", "right", "left", rewards, FARSIGHT)
    return {
        "orbits_won": float((votes.first >= votes.second).sum()),
        "least_share": float(((votes.first + votes.tied) / votes.size).min()),
        "right_is_best_more_often": bool((votes.first_best >= votes.second_best).all()),
    }
