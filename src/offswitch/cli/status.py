# SPDX-License-Identifier: MIT
"""`offswitch status`: which agents run under an off-switch here; of one by name, alive or dead, all that is known."""

from __future__ import annotations

from typing import Any

import click

from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show, show_json


@click.command(short_help="Say which agents run under an off-switch here, and how the last ones ended.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def COMMAND(name: str | None, as_json: bool) -> None:
    """Say which runs there are, or all about the one called NAME, from its supervisor or, where it has ended, from its receipt.

    Exit codes: 0, 2 no such run.
    """
    from offswitch.guard.errors import GuardError, SilentError
    from offswitch.guard.running import status

    if name is None:
        print_runs(as_json)
        return
    try:
        seen = status(name)
    except SilentError as error:
        seen = {"state": "unknown", "why": str(error)}
    except GuardError as error:
        fail("status", str(error), Exit.USAGE, as_json=as_json)
    if as_json:
        show_json(seen)
        return
    _print({name: seen})
    for key in ("run", "tier", "host", "uid", "renewals"):
        if seen.get(key) is not None:
            click.echo(f"  {key}: {_plain(seen[key])}")


def print_runs(as_json: bool) -> None:
    """Print every run of this host."""
    from offswitch.guard.errors import GuardError
    from offswitch.guard.running import names, status

    seen: dict[str, Any] = {}
    for name in names():
        try:
            seen[name] = status(name)
        except GuardError as failure:
            seen[name] = {"state": "unknown", "why": str(failure)}
    if as_json:
        show_json({"runs": seen})
    elif seen:
        _print(seen)
    else:
        click.echo("no run on this host")


def _print(runs: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from offswitch.report.visible import visible

    sheet = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("name", "state", "lease left", "processes", "age", "what ended it"):
        sheet.add_column(head)
    for name, one in sorted(runs.items()):
        left = one.get("left")
        order = one.get("order") or {}
        ended = (
            f"{order.get('by', '')}; {one['verdict']}"
            if "verdict" in one
            else order.get("by", one.get("why", ""))
        )
        cells = (
            name, one["state"], "none" if left is None and one["state"] != "dead" else "" if left is None else f"{left:.1f} s",
            str(one.get("processes", "")), f"{one['age']:.0f} s" if "age" in one else "", ended,
        )  # fmt: skip
        sheet.add_row(*(Text(visible(str(cell))) for cell in cells))
    show(sheet)


def _plain(value: Any) -> str:
    from offswitch.report.visible import visible

    return visible(
        ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else str(value)
    )
