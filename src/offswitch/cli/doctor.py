# SPDX-License-Identifier: MIT
"""`offswitch doctor`: which tier of protection this host gives, what that tier cannot hold, and how to raise it.

The one thing that is easy to get wrong: a doctor that needs what it looks for. This runs on a bare install, and where no jail can
be made at all it says so in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show, show_json
from offswitch.guard.host.part import Tier
from offswitch.guard.tiers import LACKS, NEEDS, NO_TIER_HOLDS, TIERS, WANTED, Survey, at_least, survey

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA = "offswitch.doctor/1"
BESIDE = "beside"


@click.command(short_help="Say which tier of protection this host gives, and how to raise it.")
@click.option(
    "--require", type=click.Choice(WANTED), help="End with 4 where the host gives less than this tier."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def COMMAND(require: Tier | None, as_json: bool) -> None:
    """Say which tier of protection this host gives, what it cannot hold, and how to raise it.

    Tiers, from best to least: full, hybrid, freezer, rootless, reduced, none. A jail is made and ended for the look; nothing else
    is changed.
    """
    seen = survey()
    met = require is None or at_least(seen.tier, require)
    if as_json:
        show_json(record(seen, require, met))
    else:
        _print(seen)
    if not met:
        lacking = ", ".join(part.name for part in seen.lacking(require or "full"))
        fail("doctor", f"this host gives {seen.tier}, less than {require}; missing: {lacking}", Exit.FOUND)


def record(seen: Survey, require: str | None, met: bool) -> dict[str, Any]:
    """Return what was seen as one JSON object."""
    better = _next(seen.tier)
    return {
        "schema": SCHEMA, "tier": seen.tier, "limited": seen.limited, "counted": seen.counted,
        "required": require, "met": met,
        "container": {"name": seen.container.name, "told": seen.container.told, "changes": list(seen.container.changes)},
        "parts": [
            {
                "name": part.name, "there": part.there, "told": part.told, "for": part.use, "cure": part.cure,
                "opens": part.opens, "raises": not part.there and part.opens is not None and part.opens == better,
            }
            for part in seen.parts
        ],
        "cannot_hold": _cannot(seen.tier),
        "below": {tier: list(LACKS[tier]) for tier in _below(seen.tier)},
    }  # fmt: skip


def _next(tier: Tier) -> Tier | None:
    place = TIERS.index(tier)
    return TIERS[place - 1] if place else None


def _below(tier: Tier) -> tuple[Tier, ...]:
    return tuple(lower for lower in TIERS[TIERS.index(tier) + 1 :] if lower != "none")


def _cannot(tier: Tier) -> list[str]:
    return list(LACKS[tier]) if tier == "none" else [*LACKS[tier], NO_TIER_HOLDS]


def _print(seen: Survey) -> None:
    from rich.text import Text

    from offswitch.report.visible import visible

    head = _sheet(2)
    ladder = Text(" > ").join(
        Text(tier, style="bold reverse" if tier == seen.tier else "dim") for tier in TIERS
    )
    head.add_row(Text("tier"), Text(seen.tier, style="bold"))
    head.add_row(Text("of"), ladder)
    head.add_row(Text("that is"), Text(NEEDS[seen.tier]))
    mark = seen.container
    head.add_row(Text("container"), Text(visible(f"{mark.name} ({mark.told})" if mark.told else mark.name)))
    for change in mark.changes:
        head.add_row(Text(""), Text(f"- {change}"))
    show(head)

    sheet = _sheet(4)
    group = ""
    for part in seen.parts:
        word = part.opens or BESIDE
        there = (
            Text("yes", style="green")
            if part.there
            else Text("no", style="bold red" if part.opens else "yellow")
        )
        sheet.add_row(
            Text("" if word == group else word, style="bold"),
            Text(part.name),
            there,
            Text(visible(part.told)),
        )
        group = word
    _section("What was looked at, by the least tier that needs it", sheet)

    _rows("How to raise it", [(str(part.opens), part.name, part.cure) for part in seen.lacking()])
    beside = [part for part in seen.parts if not part.opens and not part.there]
    _rows("What would harden it", [(BESIDE, part.name, part.cure) for part in beside])
    _rows(f"What {seen.tier} cannot hold", [("-", lack) for lack in _cannot(seen.tier)])
    lower = [
        (tier if not place else "", lack)
        for tier in _below(seen.tier)
        for place, lack in enumerate(LACKS[tier])
    ]
    _rows("What lower tiers cannot hold", lower)


def _rows(title: str, rows: Sequence[tuple[str, ...]]) -> None:
    from rich.text import Text

    from offswitch.report.visible import visible

    if rows:
        sheet = _sheet(len(rows[0]))
        for first, *rest in rows:
            sheet.add_row(Text(first, style="bold"), *(Text(visible(cell)) for cell in rest))
        _section(title, sheet)


def _section(title: str, sheet: Table) -> None:
    from rich.text import Text

    show(Text(f"\n{title}", style="underline"))
    show(sheet)


def _sheet(columns: int) -> Table:
    from rich.table import Table

    sheet = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for column in range(columns):
        sheet.add_column(no_wrap=column < columns - 1)
    return sheet
