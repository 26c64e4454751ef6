# SPDX-License-Identifier: MIT
"""`offswitch drill`: arguments in, `offswitch.guard.drill` called, a table of escapes out; the statistics are made here."""

from __future__ import annotations

import math
import platform
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import click

from offswitch.cli.arguments import Bounds, Place
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show, show_json

LEVEL = 0.95
TIERS = ["full", "hybrid", "freezer", "rootless", "reduced"]


@click.command(
    short_help="Fire drill: scripted attackers try to survive the off-switch; escapes with their doubt."
)
@click.option(
    "--trials", default=200, show_default=True, type=click.IntRange(1), help="Trials of our own off-switch."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Which trials: K of S is always the same.",
)
@click.option(
    "--usual",
    "beside",
    type=click.IntRange(0),
    help="Trials of each usual method.  [default: a fifth, from 40 to 200]",
)
@click.option(
    "--only",
    type=click.IntRange(0),
    metavar="K",
    help="Replay trial K under every method, and tell what happened.",
)
@click.option("--jobs", type=click.IntRange(1), help="Trials side by side.  [default: two a core]")
@click.option(
    "--require",
    type=click.Choice(TIERS),
    default="rootless",
    show_default=True,
    help="The least protection to drill under.",
)
@click.option(
    "--limits",
    type=Bounds(),
    default="",
    metavar="NAME=AMOUNT,…",
    help="As for `run`: your own configuration.",
)
@click.option("--show", "shown", multiple=True, metavar="PATH", help="As for `run`.")
@click.option("--allow", multiple=True, metavar="HOST:PORT", help="As for `run`.")
@click.option(
    "--image",
    default="python:3-slim",
    show_default=True,
    help="For containers, where an engine answers: has python3.",
)
@click.option(
    "--out",
    type=Place(),
    help="Page to keep (Markdown); trials go beside it (.jsonl), where a killed drill goes on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def COMMAND(out: Path | None, as_json: bool, quiet: bool, only: int | None, **given: Any) -> None:
    """Let scripted attackers try to survive the off-switch at random moments, beside the usual ways of killing a process.

    Everything happens in control groups and namespaces that the drill makes, and a canary outside must come to no harm.
    Escapes are looked for by what the host's own lists say, whatever a receipt says.

    Exit codes: 0 nothing escaped from our off-switch, 2 wrong use or no drill is possible here, 3 some trials broke by
    themselves, 4 something escaped, 130 interrupted.
    """
    from offswitch.guard.drill.drilling import drill
    from offswitch.guard.drill.page import markdown, record
    from offswitch.guard.errors import GuardError

    log = None if out is None or only is not None else out.with_name(out.name + ".jsonl")
    try:
        plan = plan_of(only, given)
        drilled = drill(plan, log, None if quiet else lines_shown())
    except KeyboardInterrupt:
        kept = (
            "give the same command again to go on"
            if log is not None
            else "with --out, what was tried would have been kept"
        )
        fail("drill", f"interrupted; {kept}", Exit.INTERRUPTED, as_json=as_json)
    except (GuardError, ValueError) as refusal:
        fail("drill", str(refusal), Exit.USAGE, as_json=as_json)
    except OSError as failure:
        fail(
            "drill",
            f"{failure.filename or 'this host'}: {failure.strerror or failure}",
            Exit.INTERNAL,
            as_json=as_json,
        )
    told = record(drilled, interval, upper_bound)
    if only is None and out is not None:
        when, command = (
            time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            shlex.join(["offswitch", *sys.argv[1:]]),
        )
        try:
            out.write_text(markdown(told, command, when, f"Linux {platform.release()}"), encoding="utf-8")
        except OSError as failure:
            fail("drill", f"{out}: cannot be written to: {failure.strerror}", Exit.INTERNAL, as_json=as_json)
    if as_json:
        show_json(told)
    elif only is not None:
        click.echo("\n".join(replayed(drilled)))
    else:
        show_table(told, out)
    sys.exit(exit_code(told))


def plan_of(only: int | None, given: dict[str, Any]) -> Any:
    """Return what is to be drilled."""
    from offswitch.guard.drill.drilling import Plan
    from offswitch.guard.drill.own import Setting
    from offswitch.guard.limits import Limits

    setting = Setting(
        Limits(**given["limits"]),
        tuple(given["shown"]),
        tuple(given["allow"]),
        given["require"],
        given["image"],
    )
    return Plan(given["trials"], given["seed"], given["beside"], given["jobs"], only, setting)


def exit_code(told: dict[str, Any]) -> Exit:
    """Return what the command ends with; what escaped outranks what broke."""
    ours = told["methods"][0]
    if ours["escapes"]:
        return Exit.FOUND
    return Exit.BROKEN if ours["faults"] or not ours["trials"] else Exit.DONE


# How sure we are -------------------------------------------------------------------------------------------------------


def interval(escapes: int, trials: int) -> tuple[float, float]:
    """Return the exact two-sided 95 % interval (Clopper and Pearson's); without scipy, Wilson's."""
    from offswitch.stats.errors import MissingExtraError
    from offswitch.stats.intervals import clopper_pearson, wilson

    try:
        found = clopper_pearson(escapes, trials)
    except MissingExtraError:
        found = wilson(escapes, trials)
    return found.low, found.high


def upper_bound(escapes: int, trials: int) -> float:
    """Return the one-sided upper 95 % bound: for no escapes in closed form, 1 - 0.05^(1/n), about 3/n."""
    from offswitch.stats.errors import MissingExtraError
    from offswitch.stats.intervals import clopper_pearson, wilson

    if trials == 0:
        return 1.0
    if escapes == 0:
        return -math.expm1(math.log(1 - LEVEL) / trials)
    try:
        return clopper_pearson(escapes, trials, 2 * LEVEL - 1).high
    except MissingExtraError:
        return wilson(escapes, trials, 2 * LEVEL - 1).high


# For people ------------------------------------------------------------------------------------------------------------


def lines_shown() -> Any:
    """Return what shows progress: a line in place in a terminal, one every few seconds elsewhere."""
    from offswitch.cli.progress import EVERY

    last, began = 0.0, time.monotonic()

    def shown(done: int, of: int, kept: int) -> None:
        nonlocal last
        now, terminal = time.monotonic(), sys.stderr.isatty()
        if now - last < (0.2 if terminal else EVERY) and not (terminal and done == of):
            return
        last = now
        left = (now - began) / max(1, done - kept) * (of - done)
        before = f", {kept:,} of them from before" if kept else ""
        words = f"drill: {done:,} of {of:,} trials{before}, {left:,.0f} s left"
        print(
            f"\r{words}\033[K" if terminal else words,
            end="" if terminal and done < of else "\n",
            file=sys.stderr,
            flush=True,
        )

    return shown


def show_table(told: dict[str, Any], out: Path | None) -> None:
    """Print one row a method, and what has to be known to read it."""
    from rich.table import Table

    from offswitch.guard.drill.page import escapes_of, time_of, worst_of

    ours = told["methods"][0]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("method", no_wrap=True)
    table.add_column("escapes / trials [95 %]", no_wrap=True)
    table.add_column("ms: median/95 %/max", justify="right", no_wrap=True)
    for row in (ours, *(row for row in told["methods"][1:] if row["trials"] or row["faults"])):
        style = ("green" if not row["escapes"] else "red") if row is ours else None
        table.add_row(row["name"], escapes_of(row), time_of(row), style=style)
    show(table)
    freed = {row["name"]: worst_of(row) for row in told["methods"][1:]}
    click.echo(
        "got away when alone (attacks): " + "; ".join(f"{name}: {words}" for name, words in freed.items())
    )
    for name, why in told["methods_not_there"].items():
        click.echo(f"{name}: not there: {why}")
    for gone in told["attacks_not_run"]:
        click.echo(f"attack {gone['attack']} {gone['name']}: not run: {gone['why']}")
    click.echo(
        f"tier {told['tier']}, seed {told['seed']}; in {ours['at_work']:,} of {ours['trials']:,} trials of ours an attacker "
        "was at work when the order came, in the others it was still starting"
    )
    for row in told["methods"]:
        if row["faults"]:
            click.echo(
                f"{row['name']}: {row['faults']:,} trials broke by themselves and are not counted: {row['fault_examples'][0]}"
            )
    for one in ours["escaped"][:5]:
        click.echo(
            f"escaped: trial {one['trial']}, attacks {one['attacks']}, order {one['order']}: {'; '.join(one['what'])}"
        )
    if ours["escaped"]:
        click.echo(f"replay: offswitch drill --seed {told['seed']} --only {ours['escaped'][0]['trial']}")
    if out is not None:
        click.echo(f"page: {out}")


def replayed(drilled: Any) -> list[str]:
    """Return what happened in one trial, method by method."""
    from offswitch.guard.drill.composer import compose
    from offswitch.guard.drill.page import name_of

    trial = compose(drilled.plan.seed, drilled.plan.only)
    lines = [
        f"trial {trial.number} of seed {trial.seed}: order {trial.order} after {1000 * trial.delay:.0f} ms"
    ]
    lines += [f"  attack {blow.attack}: {blow.given}" for blow in trial.blows]
    for method, outcomes in drilled.outcomes.items():
        for outcome in outcomes:
            word = f"broke: {outcome.fault}" if outcome.fault else "; ".join(outcome.escapes) or "held"
            took = "" if outcome.latency is None else f", {outcome.latency:.1f} ms"
            at_work = ", ".join(map(str, outcome.begun)) or "none"
            lines.append(
                f"{name_of(method)}: {word}{took}; at work: {at_work}"
                + "".join(f"; {note}" for note in outcome.notes)
            )
    return lines
