# SPDX-License-Identifier: MIT
"""`offswitch receipt`: read a receipt, check its seal or its signature, and say what it proves."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show_json


@click.command(short_help="Check a receipt: its seal, its signature, and whether it proves a death.")
@click.argument("what", metavar="FILE|NAME")
@click.option(
    "--key",
    metavar="FILE",
    help="The public key (PEM) of the host that signed it.  [default: this host's seal]",
)
@click.option("--sign", is_flag=True, help="Sign a receipt of this host, so that others can check it.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt and the outcome as one JSON object.")
def COMMAND(what: str, key: str | None, sign: bool, as_json: bool) -> None:
    """Check the receipt in FILE, or the last one of the run NAME on this host.

    Exit codes: 0 it holds and proves a death, 2 there is none, or wrong use, 5 an extra is missing, 6 it does not hold, or proves
    nothing.
    """
    from offswitch.guard.errors import GuardError
    from offswitch.guard.running import last_receipt
    from offswitch.guard.switch import receipts

    try:
        receipt = receipts.read(what) if os.path.isfile(what) else last_receipt(what)
        if sign:
            from offswitch.guard.switch.signing import signed

            receipt = signed(receipt)
            receipts.replace(what if os.path.isfile(what) else receipts.path_of(receipt), receipt)
        if key is None:
            holds, by = receipts.holds(receipt, receipts.host_key()), "sealed by this host"
        else:
            from offswitch.guard.switch.signing import signature_holds

            holds, by = signature_holds(receipt, Path(key).read_bytes()), f"signed by the holder of {key}"
    except ImportError:
        cure = "signatures need cryptography; pip install 'offswitch[guard]'"
        fail("receipt", cure, Exit.MISSING, as_json=as_json)
    except OSError as error:
        fail("receipt", f"{key}: cannot be read: {error.strerror}", Exit.USAGE, as_json=as_json)
    except GuardError as error:
        fail("receipt", str(error), Exit.USAGE, as_json=as_json)
    if as_json:
        show_json({"receipt": receipt, "holds": holds, "checked": by})
    else:
        _tell(receipt, holds, by)
    sys.exit(Exit.DONE if holds and receipt["verdict"] == "proved" else Exit.UNPROVED)


def _tell(receipt: dict[str, Any], holds: bool, by: str) -> None:
    from offswitch.report.visible import visible

    order, empty = receipt["order"], receipt["empty"]
    click.echo(
        f"run       {visible(receipt['name'])} ({visible(receipt['run'][:12])}) on {visible(receipt['host'])}, tier {visible(receipt['tier'])}"
    )
    click.echo(f"order     {visible(order['by'])}: {visible(str(order['why']))}")
    if empty is None:
        click.echo(f"verdict   NOT PROVED DEAD; survivors: {receipt['survivors'] or 'unknown'}")
    else:
        click.echo(
            f"verdict   {receipt['verdict']}: nobody left {(empty['boot'] - order['boot']) * 1000:.1f} ms after the order, by {visible(receipt['how'])}"
        )
    for change in receipt.get("persistence", {}).get("changed", []):
        click.echo(f"{visible(change['how']):<9} {visible(change['path'])}")
    click.echo(f"{by}" if holds else f"DOES NOT HOLD: not {by}, or changed since")
