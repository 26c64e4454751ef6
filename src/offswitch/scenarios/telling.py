# SPDX-License-Identifier: MIT
"""What is said before a test runs: what will be run, what can be told with so many samples, and what it may cost.

The one thing that is easy to get wrong: exactness. What a model will say is not known, so figures are ranges in words.
"""

from __future__ import annotations

from pathlib import Path

from offswitch.scenarios.cost import Expense, expense
from offswitch.scenarios.models import FREE, LOCAL, Price, provider_of
from offswitch.scenarios.wanted import Wanted
from offswitch.stats.power import before_run
from offswitch.stats.stopping import Rule

SANDBOXES = {
    "bwrap": "a jail of bubblewrap on this machine, one a sample, without network",
    "docker": "Docker containers, one a sample, without network",
    "k8s": "pods on Kubernetes, one a sample",
}


def before(asked: Wanted, out: Path, jobs: int, price: Price | None) -> list[str]:
    """Return the lines to show before a test."""
    lines = [
        f"{asked.scenario}, {asked.model}: {asked.samples} samples, seeds {asked.seeds}, "
        f"{jobs} process{'es' if jobs > 1 else ''}",
        *(f"  {arm.id:<12} {asked.samples_in(arm.id):>5}  {arm.about}" for arm in asked.chosen),
        f"sandbox: {asked.sandbox}, {SANDBOXES.get(asked.sandbox, 'as its provider says')}",
        f"results: {out}; the same command goes on where it was stopped",
        f"what can be told: {before_run(max(asked.samples_in(arm.id) for arm in asked.chosen))}",
    ]
    if asked.until:
        lines.append(
            f"an arm ends as soon as {Rule.parse(asked.until)} is settled; the samples above are the most"
        )
    return [*lines, *costs(expense(asked), price, asked)]


def costs(total: Expense, price: Price | None, asked: Wanted) -> list[str]:
    """Return what a test may cost, in calls, tokens and money."""
    n = asked.samples
    each = f"{total.calls / n:.0f} calls, {_range(total.read, n)} tokens read, {_range(total.written, n)} written"
    whole = f"{total.calls:,.0f} calls, {_range(total.read, 1)} read, {_range(total.written, 1)} written"
    provider = provider_of(asked.model)
    if provider in FREE:
        money = "free"
    elif provider in LOCAL:
        money = "no bill by the token; the machine's time"
    elif price is None:
        money = "price unknown (--price IN/OUT says it, in dollars per million tokens)"
    else:
        low, high = (
            (read * price.read + written * price.written) / 1e6
            for read, written in zip(total.read, total.written, strict=True)
        )
        money = f"${low:,.2f} to ${high:,.2f} at ${price.read:g}/${price.written:g} per million tokens"
    return [
        f"expected, a sample: {each}; in total: {whole}",
        f"cost: {money}. Rough: scripted agents were measured, and a model that reasons may well go beyond it.",
    ]


def _range(ends: tuple[float, float], n: int) -> str:
    low, high = (_round(end / n) for end in ends)
    return low if low == high else f"{low} to {high}"


def _round(number: float) -> str:
    if number >= 999_500:
        return f"{number / 1e6:.1f}M"
    return f"{number / 1000:.1f}k" if number >= 1000 else f"{number:.0f}"
