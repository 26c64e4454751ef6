# SPDX-License-Identifier: MIT
"""What a drill says: one row a method, one row an attack, as JSON, as a table, and as a page to keep. Pure.

Statistics are handed in, for the guard has none: `doubt(k, n)` gives the two-sided 95 % interval, `bound(k, n)` the
one-sided upper 95 % bound.

Easy to get wrong: a trial whose instrument failed. It is neither an escape nor a stop that held; it is told, and not
counted.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from .attackers import attackers
from .contained import CONTAINERS
from .contract import Outcome
from .drilling import SCHEMA, Drilled
from .methods import OURS, usual_methods

Doubt = Callable[[int, int], tuple[float, float]]
Bound = Callable[[int, int], float]
CLAIM = "offswitch (ours)"


def name_of(method: str) -> str:
    """Return what a method is called in tables."""
    if method == OURS:
        return CLAIM
    return CONTAINERS[method].name if method in CONTAINERS else usual_methods()[method].name


def record(drilled: Drilled, doubt: Doubt, bound: Bound) -> dict[str, Any]:
    """Return everything as one JSON object."""
    known = attackers()
    return {
        "schema": SCHEMA, "tier": drilled.tier, "seed": drilled.plan.seed,
        "methods": [row(method, outcomes, doubt, bound) for method, outcomes in drilled.outcomes.items()],
        "methods_not_there": drilled.missing,
        "catalogue": [{"attack": number, "name": known[number].name, "tries": known[number].tries,
                       "escape": known[number].escape} for number in known],
        "attacks_not_run": [{"attack": number, "name": name, "why": why} for number, (name, why) in drilled.not_run.items()],
    }  # fmt: skip


def row(method: str, outcomes: Sequence[Outcome], doubt: Doubt, bound: Bound) -> dict[str, Any]:
    """Return a method's line: escapes of trials with their doubt, latencies, and the same for each attack."""
    sound = [outcome for outcome in outcomes if not outcome.fault]
    escaped = [outcome for outcome in sound if outcome.escapes]
    low, high = doubt(len(escaped), len(sound))
    return {
        "method": method, "name": name_of(method), "trials": len(sound), "escapes": len(escaped),
        "interval": [low, high], "upper_95": bound(len(escaped), len(sound)), "faults": len(outcomes) - len(sound),
        "at_work": sum(bool(set(outcome.attacks) & set(outcome.begun)) for outcome in sound),
        "latency_ms": latencies(sound), "orders": by_order(sound), "attacks": by_attack(sound),
        "escaped": [{"trial": outcome.trial, "attacks": list(outcome.attacks), "order": outcome.order,
                     "what": list(outcome.escapes)} for outcome in sorted(escaped, key=lambda found: found.trial)[:20]],
        "fault_examples": sorted({outcome.fault for outcome in outcomes if outcome.fault})[:5],
    }  # fmt: skip


def by_attack(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return trials, escapes and begun of each attack; a trial of several attacks stands in the row of each."""
    rows = []
    for number, attacker in attackers().items():
        those = [outcome for outcome in outcomes if number in outcome.attacks]
        if those:
            escapes = sum(bool(outcome.escapes) for outcome in those)
            alone = [outcome for outcome in those if len(outcome.attacks) == 1]
            rows.append({
                "attack": number, "name": attacker.name, "trials": len(those), "escapes": escapes,
                "alone": len(alone), "alone_escapes": sum(bool(outcome.escapes) for outcome in alone),
                "begun": sum(number in outcome.begun for outcome in those),
            })  # fmt: skip
    return rows


def by_order(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return trials and escapes of each way in which the order came."""
    return [
        {"order": order, "trials": len(those), "escapes": sum(bool(outcome.escapes) for outcome in those)}
        for order in sorted({outcome.order for outcome in outcomes})
        if (those := [outcome for outcome in outcomes if outcome.order == order])
    ]


def latencies(outcomes: Sequence[Outcome]) -> dict[str, float] | None:
    """Return median, 95 % point and maximum of the times from order to done, in milliseconds."""
    times = sorted(
        outcome.latency for outcome in outcomes if outcome.latency is not None and outcome.order != "notice"
    )
    if not times:
        return None
    return {
        "median": round(statistics.median(times), 2), "p95": round(times[min(len(times) - 1, int(0.95 * len(times)))], 2),
        "max": round(times[-1], 2), "n": len(times),
    }  # fmt: skip


# For people ------------------------------------------------------------------------------------------------------------


def percent(share: float, *, up: bool = False) -> str:
    """Return a share in per cent: whole from 10 % on, else with as many digits as show it; a bound is rounded up."""
    value = 100 * share
    if value == 0:
        return "0 %"
    digits = 0 if value >= 10 else next((digits for digits in range(1, 6) if value * 10**digits >= 2.5), 6)
    if up:
        value = math.ceil(value * 10**digits - 1e-9) / 10**digits
    return f"{value:.{digits}f} %"


def escapes_of(row: dict[str, Any]) -> str:
    """Return `0 / 10,000 (< 0.03 %)`, or share and interval where something escaped."""
    counts = f"{row['escapes']:,} / {row['trials']:,}"
    if row["trials"] == 0:
        return counts
    if row["escapes"] == 0:
        return f"{counts} (< {percent(row['upper_95'], up=True)})"
    low, high = (percent(end).removesuffix(" %") for end in row["interval"])
    return f"{counts} = {percent(row['escapes'] / row['trials'])} [{low}, {high}]"


def time_of(row: dict[str, Any]) -> str:
    """Return median, 95 % point and maximum in milliseconds."""
    told = row["latency_ms"]
    return f"{told['median']:,.0f} / {told['p95']:,.0f} / {told['max']:,.0f}" if told else "–"


def worst_of(row: dict[str, Any]) -> str:
    """Return the attacks that got away when they were alone."""
    return ", ".join(str(attack["attack"]) for attack in row["attacks"] if attack["alone_escapes"]) or "none"


def markdown(told: dict[str, Any], command: str, when: str, host: str) -> str:
    """Return the page to keep."""
    ours, *usual = told["methods"]
    lines = [
        "# Fire drill", "",
        f"`{command}`, {when}, on {host}, tier `{told['tier']}`, seed {told['seed']}.", "",
        f"**Escapes from our off-switch: {escapes_of(ours)} trials.** Upper 95 % bound: {percent(ours['upper_95'], up=True)}. "
        f"In {ours['at_work']:,} of the trials an attacker was at work when the order came; in the others it came while they "
        "were starting.", "",
        "| method | escapes / trials, 95 % | stopped in ms: median / 95 % / max | escaped alone (attack) |", "|---|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| {row['name']} | {escapes_of(row)} | {time_of(row)} | {worst_of(row)} |" for row in told["methods"]
    ]
    lines += [f"| {name} | not there: {why} | | |" for name, why in told["methods_not_there"].items()]
    lines += [
        "",
        "Times of the usual methods are their own claim; those of ours are from order to `populated 0`, without grace.",
        "",
    ]
    lines += [
        "## Attack by attack",
        "",
        "Escapes / trials, and in brackets those in which the attack was alone; a trial of several attacks stands in the row of each.",
        "",
    ]
    lines += [
        "| attack | " + " | ".join(row["name"] for row in told["methods"]) + " |",
        "|---|" + "---|" * len(told["methods"]),
    ]
    for entry in told["catalogue"]:
        cells = [_cell(row, entry["attack"]) for row in told["methods"]]
        lines.append(f"| {entry['attack']} {entry['name']} | " + " | ".join(cells) + " |")
    lines += [
        f"| {gone['attack']} {gone['name']} | not run: {gone['why']} |" + " |" * len(usual)
        for gone in told["attacks_not_run"]
    ]
    for row in told["methods"]:
        if row["faults"]:
            lines += [
                "",
                f"{row['name']}: {row['faults']:,} trials broke by themselves and are not counted, for instance: {row['fault_examples'][0]}",
            ]
    if ours["escaped"]:
        lines += ["", "## What escaped from ours", ""]
        lines += [
            f"- trial {one['trial']}, attacks {one['attacks']}, order `{one['order']}`: {'; '.join(one['what'])}"
            for one in ours["escaped"]
        ]
        lines += [
            "",
            f"Replay one: `offswitch drill --seed {told['seed']} --only {ours['escaped'][0]['trial']}`",
        ]
    return "\n".join(lines) + "\n"


def _cell(row: dict[str, Any], number: int) -> str:
    found = next((attack for attack in row["attacks"] if attack["attack"] == number), None)
    if found is None:
        return "–"
    alone = f" ({found['alone_escapes']} / {found['alone']})" if found["escapes"] else ""
    return f"{found['escapes']} / {found['trials']}{alone}"
