# SPDX-License-Identifier: MIT
"""Do confidence sequences keep their promise at every look, and what do they save? Rates of 0, 1, 5, 20 and 50 %.

    python studies/sequence_coverage.py --out docs/results/sequence_coverage.json

`coverage` is simulated: the share of runs in which NO interval, of all that were looked at up to the horizon, missed the
true rate, for our sequence and for Wilson's interval looked at in the same way. `savings` is exact: the median number
of samples at which a rule stops, against two designs with a fixed n and 80 % power: `informed` knew the true rate
when it chose n (nobody does), `planned` supposed one. `widths` compares sequences at two n: ours, a mixture that is not
cut at the rate tested (Robbins 1970), and hedged betting (Waudby-Smith & Ramdas 2024, J. R. Stat. Soc. B 86:1).

CAVEAT: samples here are independent with one rate; repeats of one scene are neither.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln, xlog1py, xlogy
from scipy.stats import binom

from offswitch.stats.intervals import rate
from offswitch.stats.sequences import anytime, evidence_above, evidence_below
from offswitch.stats.stopping import Rule
from offswitch.stats.stopping_time import fixed_size, stopping_time

RATES = (0.0, 0.01, 0.05, 0.2, 0.5)
CLAIMS = ("rate<0.05@95%", "rate<0.1@95%", "rate>0.2@95%", "width 0.1@95%")
# What a planner supposes who must choose n without knowing the rate: half the threshold, or one and a half times.
PLANNED = {"rate<0.05@95%": 0.025, "rate<0.1@95%": 0.05, "rate>0.2@95%": 0.3, "width 0.1@95%": 0.5}
SIZES = (100, 400)
LEVEL, ALPHA = 0.95, 0.05
ROWS = 200  # runs simulated at once: bounds memory


def peeked(counts: np.ndarray, looks: np.ndarray, share: float) -> np.ndarray:
    """Return for each run `[R]` of `counts` `[R, N]` whether Wilson's interval ever misses `share`: |z| too large."""
    z = 1.959963984540054
    return np.any((counts - looks * share) ** 2 > z * z * looks * share * (1 - share), axis=1)


def missed(counts: np.ndarray, looks: np.ndarray, share: float) -> np.ndarray:
    """Return for each run whether the sequence ever refutes `share`, each end with half of the error."""
    if share == 0:
        return np.any(counts > 0, axis=1)  # the lower end is 0 at no events and above it otherwise
    evidence = np.maximum(evidence_below(counts, looks, share), evidence_above(counts, looks, share))
    return np.any(evidence >= math.log(2 / ALPHA), axis=1)


def coverage(rng: np.random.Generator, rounds: int, horizon: int) -> list[dict[str, Any]]:
    """Return how many of `rounds` runs were never missed, per true rate, with an interval."""
    looks, found = np.arange(1, horizon + 1), []
    for share in RATES:
        wrong = {"anytime": 0, "wilson": 0}
        for start in range(0, rounds, ROWS):
            counts = (rng.random((min(ROWS, rounds - start), horizon)) < share).cumsum(axis=1)
            wrong["anytime"] += int(missed(counts, looks, share).sum())
            wrong["wilson"] += int(peeked(counts, looks, share).sum())
        for method, count in wrong.items():
            held = rate(rounds - count, rounds)
            found.append(
                {
                    "rate": share,
                    "method": method,
                    "never_missed": [held.k, held.n, held.interval.low, held.interval.high],
                }
            )
        print(f"coverage at {share:.0%} done", file=sys.stderr)
    return found


def saving(text: str, share: float, most: int) -> dict[str, Any]:
    """Return the exact stopping time of one rule at one true rate, against designs with a fixed n."""
    rule = Rule.parse(text)
    stop = stopping_time(rule, share, most=most)
    fixed = {"informed": fixed_size(rule, share), "planned": fixed_size(rule, PLANNED[text])}
    print(f"{text} at {share:.0%} done", file=sys.stderr)
    return {
        "rule": text,
        "rate": share,
        "verdicts": {name: round(chance, 6) for name, chance in stop.verdicts.items()},
        "median": stop.median,
        "mean": round(stop.mean, 1),
        **fixed,
        **{f"saved_{name}": round(1 - stop.median / n, 3) if n else None for name, n in fixed.items()},
    }


def uncut(k: int, n: int) -> float:
    """Return the width of the two-sided mixture's interval: log of the mixture over the likelihood < log 1/alpha."""

    def short(share: float) -> float:
        mixture = betaln(k + 0.5, n - k + 0.5) - betaln(0.5, 0.5)
        return float(mixture - xlogy(k, share) - xlog1py(n - k, -share)) + math.log(ALPHA)

    low = brentq(short, 1e-15, k / n) if k else 0.0
    high = brentq(short, k / n, 1 - 1e-15) if k < n else 1.0
    return float(high - low)


def hedged(samples: np.ndarray) -> float:
    """Return the width of the hedged-capital interval after `samples` `[N]`, with the published plug-in bets."""
    n, grid = len(samples), (np.arange(2000) + 0.5) / 2000
    times = np.arange(1, n + 1)
    mean = (0.5 + samples.cumsum()) / (times + 1)
    variance = (0.25 + ((samples - mean) ** 2).cumsum()) / (times + 1)
    before = np.append(0.25, variance[:-1])
    bets = np.sqrt(2 * math.log(2 / ALPHA) / (before * times * np.log(1 + times)))
    up, down = np.zeros(len(grid)), np.zeros(len(grid))
    for sample, bet in zip(samples, bets, strict=True):
        up += np.log1p(np.minimum(bet, 0.5 / grid) * (sample - grid))
        down += np.log1p(-np.minimum(bet, 0.5 / (1 - grid)) * (sample - grid))
    left = grid[np.maximum(up, down) - math.log(2) < math.log(1 / ALPHA)]
    return float(left[-1] - left[0]) + 1 / len(grid)


def widths(rng: np.random.Generator, rounds: int) -> list[dict[str, Any]]:
    """Return the mean width of three sequences: exact where counts decide, simulated for hedged betting."""
    found = []
    for n in SIZES:
        for share in RATES:
            chances = binom.pmf(np.arange(n + 1), n, share)
            likely = [int(k) for k in np.flatnonzero(chances > 1e-9)]
            ours = sum(chances[k] * ((one := anytime(k, n)).high - one.low) for k in likely)
            plain = sum(chances[k] * uncut(k, n) for k in likely)
            betting = [hedged((rng.random(n) < share).astype(float)) for _ in range(rounds)]
            means = {"anytime": float(ours), "uncut": float(plain), "hedged": float(np.mean(betting))}
            found.append({"n": n, "rate": share, **{name: round(width, 4) for name, width in means.items()}})
        print(f"widths at n = {n} done", file=sys.stderr)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all three and print their tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=4000, help="runs simulated for coverage")
    parser.add_argument("--horizon", type=int, default=2000, help="looks per run")
    parser.add_argument("--hedged", type=int, default=100, help="runs simulated for hedged betting")
    parser.add_argument("--most", type=int, default=5000, help="samples at which a rule gives up")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    rng = np.random.default_rng(chosen.seed)
    results = {
        "settings": {
            "rounds": chosen.rounds,
            "horizon": chosen.horizon,
            "hedged": chosen.hedged,
            "most": chosen.most,
            "seed": chosen.seed,
            "level": LEVEL,
        },
        "coverage": coverage(rng, chosen.rounds, chosen.horizon),
        "savings": [saving(text, share, chosen.most) for text in CLAIMS for share in RATES],
        "widths": widths(rng, chosen.hedged),
    }
    chosen.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print_tables(results)
    return 0


def print_tables(results: dict[str, Any]) -> None:
    """Print the three tables as docs/statistics.md shows them."""
    held = {(one["rate"], one["method"]): one["never_missed"] for one in results["coverage"]}
    for share in RATES:
        cells = (held[share, method] for method in ("anytime", "wilson"))
        shown = (f"{100 * k / n:.1f} [{100 * low:.1f}, {100 * high:.1f}]" for k, n, low, high in cells)
        print(f"| {100 * share:.0f} % | " + " | ".join(shown) + " |")
    for one in results["savings"]:
        if one["informed"] is not None:
            saved = [f"{100 * one[name]:+.0f} %" for name in ("saved_informed", "saved_planned")]
            print(
                f"| `{one['rule']}` | {100 * one['rate']:.0f} % | {one['median']} | {one['informed']} | {saved[0]} "
                f"| {one['planned']} | {saved[1]} |"
            )
    for one in results["widths"]:
        shown = (f"{100 * one[name]:.1f}" for name in ("anytime", "uncut", "hedged"))
        print(f"| {one['n']} | {100 * one['rate']:.0f} % | " + " | ".join(shown) + " |")


if __name__ == "__main__":
    sys.exit(main())
