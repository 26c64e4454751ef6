# SPDX-License-Identifier: MIT
"""Which cluster interval keeps its promise? Simulated episodes of known rate, counted by every method.

    python studies/cluster_coverage.py --out docs/results/cluster_coverage.json

Clusters draw their own rate from a Beta distribution with the given mean and intraclass correlation. Coverage is the
share of rounds whose 95 % interval holds the true mean; `plain` is Wilson's interval that ignores clusters.

CAVEAT: clusters here are exchangeable and of one size; real scenarios are neither.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from offswitch.stats.clusters import Cluster, clustered_rate
from offswitch.stats.intervals import rate

METHODS = ("korn-graubard", "bca", "percentile")
DESIGNS = ((5, 10), (10, 10), (20, 5), (40, 2), (40, 10))  # clusters, episodes each
RATES = (0.02, 0.1, 0.3)
CORRELATIONS = (0.01, 0.3, 0.7)


def drawn(
    rng: np.random.Generator, design: tuple[int, int], share: float, correlation: float
) -> list[Cluster]:
    """Draw clusters whose own rates are Beta-distributed around `share`."""
    count, size = design
    spread = (1 - correlation) / correlation
    shares = rng.beta(share * spread, (1 - share) * spread, count)
    return [Cluster(str(place), int(k), size) for place, k in enumerate(rng.binomial(size, shares))]


def cell(
    rng: np.random.Generator,
    design: tuple[int, int],
    share: float,
    correlation: float,
    rounds: int,
    repeats: int,
) -> dict[str, Any]:
    """Return coverage and mean width of every method for one design."""
    held, width = dict.fromkeys((*METHODS, "plain"), 0), dict.fromkeys((*METHODS, "plain"), 0.0)
    for _ in range(rounds):
        sample = drawn(rng, design, share, correlation)
        made = {
            name: clustered_rate(sample, rng=rng, method=name, repeats=repeats).interval for name in METHODS
        }
        made["plain"] = rate(sum(c.k for c in sample), sum(c.n for c in sample)).interval
        for name, interval in made.items():
            held[name] += share in interval
            width[name] += interval.high - interval.low
    coverage = {name: rate(count, rounds) for name, count in held.items()}
    return {
        "clusters": design[0],
        "size": design[1],
        "rate": share,
        "correlation": correlation,
        "coverage": {
            name: [one.k, one.n, one.interval.low, one.interval.high] for name, one in coverage.items()
        },
        "mean_width": {name: round(total / rounds, 4) for name, total in width.items()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all designs and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=400, help="bootstrap resamples")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    rng = np.random.default_rng(chosen.seed)
    cells = [
        cell(rng, design, share, correlation, chosen.rounds, chosen.repeats)
        for design in DESIGNS
        for share in RATES
        for correlation in CORRELATIONS
    ]
    settings = {"rounds": chosen.rounds, "repeats": chosen.repeats, "seed": chosen.seed, "level": 0.95}
    chosen.out.write_text(
        json.dumps({"settings": settings, "cells": cells}, indent=1) + "\n", encoding="utf-8"
    )
    print("| clusters x size | rate | correlation | " + " | ".join((*METHODS, "plain")) + " |")
    for one in cells:
        shown = " | ".join(f"{100 * k / n:.1f}" for k, n, _, _ in one["coverage"].values())
        print(f"| {one['clusters']} x {one['size']} | {one['rate']} | {one['correlation']} | {shown} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
