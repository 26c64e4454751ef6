# SPDX-License-Identifier: MIT
"""`offswitch stop`: order the stop of one run, of all on this host, or of a whole fleet; say what is proved and what is not."""

from __future__ import annotations

import sys
from typing import Any

import click

from offswitch.cli.arguments import Duration
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show_json
from offswitch.guard.errors import GuardError, NotProvedDeadError, PlaceError


@click.command(short_help="Stop agents, whatever they do, and get a sealed receipt.")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.option("--all", "every", is_flag=True, help="Every run on this host; with --fleet, on every host.")
@click.option("--now", is_flag=True, help="No grace: kill at once.")
@click.option("--why", default="", metavar="TEXT", help="A reason, for the receipt.")
@click.option(
    "--fleet", metavar="URL", help="Give the order to a fleet: nats://HOST:PORT, etcd://… or kubernetes://…."
)
@click.option(
    "--wait",
    type=Duration(),
    default=60.0,
    show_default="60s",
    help="With --fleet: how long to wait for the last proof.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the receipts as one JSON object.")
def COMMAND(
    names: tuple[str, ...], every: bool, now: bool, why: str, fleet: str | None, wait: float, as_json: bool
) -> None:
    """Stop runs by NAME, or --all. Accepted in every state, as often as it is given; one that has ended gives its receipt again.

    First tools and network are taken away, then the agent is told and has its grace (none with --now, or after defiance), then the
    kernel kills its control group. A run counts as dead when the kernel counts nobody in there, and by nothing else.

    Exit codes: 0 all proved dead, 2 wrong use or no such run, 6 some are not proved dead.
    """
    from offswitch.guard.running import stop, stop_all

    if bool(names) == every:
        fail(
            "stop",
            "name the runs to stop, or give --all; `offswitch status` lists them",
            Exit.USAGE,
            as_json=as_json,
        )
    if fleet is not None:
        from offswitch.cli.fleet import order_stop

        order_stop(fleet, names, now=now, why=why, wait=wait, as_json=as_json)
        return
    try:
        if every:
            ended: dict[str, Any] = stop_all(now=now, why=why)
        else:
            ended = {}
            for name in names:
                try:
                    ended[name] = stop(name, now=now, why=why)
                except NotProvedDeadError as failure:
                    ended[name] = failure
    except PlaceError as error:
        fail("stop", str(error), Exit.USAGE, as_json=as_json)
    except GuardError as error:
        fail("stop", str(error), Exit.USAGE, as_json=as_json)
    receipts = {
        name: getattr(one, "receipt", None) if isinstance(one, GuardError) else one
        for name, one in ended.items()
    }
    unproved = {name: str(one) for name, one in ended.items() if isinstance(one, GuardError)}
    _sign(receipts)
    if as_json:
        show_json({"receipts": receipts, "not_proved": unproved})
    else:
        _tell(receipts, unproved, every)
    sys.exit(Exit.UNPROVED if unproved else Exit.DONE)


def _sign(receipts: dict[str, Any]) -> None:
    """Add a signature that others can check, where the extra is installed; a receipt without one is none the less sealed."""
    from offswitch.guard.switch import receipts as kept
    from offswitch.guard.switch.signing import add_signature

    for name, receipt in receipts.items():
        if receipt is not None and "signature" not in receipt:
            try:
                path = kept.path_of(receipt)
                if add_signature(path):
                    receipts[name] = kept.read(path)
            except (GuardError, OSError) as failure:
                click.echo(f"{name}: its receipt is not signed: {failure}", err=True)


def _tell(receipts: dict[str, Any], unproved: dict[str, str], every: bool) -> None:
    from offswitch.report.visible import visible

    for name, receipt in receipts.items():
        if name in unproved:
            click.echo(f"{name}: NOT PROVED DEAD: {visible(unproved[name])}", err=True)
            continue
        took = (receipt["empty"]["boot"] - receipt["order"]["boot"]) * 1000
        line = f"{name}: proved dead {took:.0f} ms after the order ({visible(receipt['order']['by'])}), by {receipt['how']}"
        changes = receipt.get("persistence", {}).get("changed", [])
        click.echo(
            line + (f"; {len(changes)} places from which something may start again:" if changes else "")
        )
        for change in changes:
            click.echo(f"    {change['how']:<8} {visible(change['path'])}")
    if every and not receipts:
        click.echo("no run is alive on this host")
