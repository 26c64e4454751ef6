# SPDX-License-Identifier: MIT
"""`offswitch renew`: answer a run's challenge with the key of its lease, once or again and again."""

from __future__ import annotations

import time

import click

from offswitch.cli.arguments import Duration
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail


@click.command(short_help="Renew the lease of an agent, so that it may live on.")
@click.argument("name")
@click.option(
    "--for",
    "seconds",
    type=Duration(0.05),
    help="From now.  [default: the length of the lease, which is also the most]",
)
@click.option(
    "--every",
    type=Duration(0.05),
    help="Go on renewing, this often, until the run ends or this command is stopped.",
)
@click.option(
    "--shorten", type=Duration(), help="Let it end in this time or sooner; no renewal takes that back."
)
def COMMAND(name: str, seconds: float | None, every: float | None, shorten: float | None) -> None:
    """Renew the lease of the run NAME. Only the user named by `run --renewer` (or who started it, or root) can: the key is theirs.

    Each renewal answers a challenge and is good once. Exit codes: 0 renewed, 2 no such run, or refused.
    """
    from offswitch.guard.errors import GuardError, NoSuchRunError
    from offswitch.guard.running import renew
    from offswitch.guard.running import shorten as shortened

    if shorten is not None and (every is not None or seconds is not None):
        fail("renew", "--shorten stands alone: it is the opposite of a renewal", Exit.USAGE)
    renewed = False
    try:
        if shorten is not None:
            click.echo(f"{name}: ends in {shortened(name, shorten):.3g} s")
            return
        while True:
            left = renew(name, seconds)
            renewed = True
            if every is None:
                click.echo(f"{name}: lives on for {left:.3g} s")
                return
            time.sleep(every)
    except NoSuchRunError as error:
        if renewed:
            click.echo(f"{name}: has ended")
            return
        fail("renew", str(error), Exit.USAGE)
    except GuardError as error:
        fail("renew", str(error), Exit.USAGE)
