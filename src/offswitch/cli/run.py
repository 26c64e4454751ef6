# SPDX-License-Identifier: MIT
"""`offswitch run`: arguments in, `offswitch.guard.running` called; exit status, output and terminal of the command pass through.

The one thing that is easy to get wrong: this process is the front. Everything it does while the agent lives must be small, and
when it dies, however that happens, the run is stopped.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from offswitch.cli.arguments import Bounds, Duration
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail
from offswitch.guard.tiers import WANTED

if TYPE_CHECKING:
    from offswitch.guard.running import Ended, Run, Wish

KILLED = 137  # as a shell says it of a command that was killed


@click.command(
    short_help="Run an agent under an off-switch that holds: jail, lease, proof of death.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--name", metavar="NAME", help="What to call it, for stop and renew.  [default: run-<id>]")
@click.option("--lease", type=Duration(0.05), help="It lives this long after each renewal, and no longer.")
@click.option(
    "--grace",
    type=Duration(),
    default=5.0,
    show_default="5s",
    help="From notice to kill, where it is stopped by name.",
)
@click.option(
    "--limits",
    type=Bounds(),
    default="",
    metavar="NAME=AMOUNT,…",
    help="memory, processes, disk, output, cpus, seconds.",
)
@click.option(
    "--workspace", metavar="FOLDER", help="A folder of the host to work in; not root's.  [default: in memory]"
)
@click.option("--show", multiple=True, metavar="PATH", help="A path of the host, visible inside, read-only.")
@click.option(
    "--env",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="A variable for it; without a value, ours. Nothing else is passed.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="HOST:PORT",
    help="What it may reach, through a proxy.  [default: no network]",
)
@click.option(
    "--renewer", metavar="USER", help="Who may renew the lease, besides root.  [default: who runs this]"
)
@click.option(
    "--require",
    type=click.Choice(WANTED),
    default="rootless",
    show_default=True,
    help="The least protection accepted; see `offswitch doctor`.",
)
@click.option("--detach", is_flag=True, help="Print the name and return; the agent lives on.")
@click.option("--receipt", "receipt_file", metavar="FILE", help="Write the receipt here too.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARGUMENT]…")
def COMMAND(
    command: tuple[str, ...],
    env: tuple[str, ...],
    limits: dict[str, Any],
    renewer: str | None,
    receipt_file: str | None,
    detach: bool,
    **given: Any,
) -> None:
    """Run COMMAND as a user that is not root, in a jail and control group of its own, under a supervisor out of its reach.

    It stops when `offswitch stop NAME` says so, when its lease is not renewed, when its time is over, and when this process or its
    supervisor dies. What it left in the background is killed with it, and the receipt says whether that is proved.

    Exit codes: the command's own (128 + n where signal n ended it, 137 where it was killed by order), 2 wrong use, 125 it could not
    be started or its death is not proved, 126 and 127 it is no program.
    """
    from offswitch.guard.errors import GuardError, NoProgramError
    from offswitch.guard.limits import Limits
    from offswitch.guard.running import Wish
    from offswitch.report.visible import visible

    try:
        bounds = Limits(**limits)
        folder = given.pop("workspace")
        workspace = os.path.realpath(folder) if folder else None
        wish = Wish(
            command,
            limits=bounds,
            env=_variables(env),
            renewer=_user(renewer),
            detach=detach,
            workspace=workspace,
            **given,
        )
        if detach:
            _detached(wish)
        else:
            _attached(wish, receipt_file)
    except ValueError as error:
        fail("run", str(error), Exit.USAGE)
    except NoProgramError as error:
        click.echo(f"offswitch run: {visible(str(error))}", err=True)
        sys.exit(error.exit)
    except GuardError as error:
        fail("run", str(error), Exit.NOT_BEGUN)


def _attached(wish: Wish, receipt_file: str | None) -> None:
    from dataclasses import replace

    from offswitch.guard.running import start
    from offswitch.guard.switch.relay import Relay

    with Relay() as relay:
        run = start(replace(wish, stdio=relay.far, terminal=relay.terminal))
        _heed_signals(run)
        relay.began()
        ended = run.wait()
        relay.drain()
    _say(run.name, ended)
    if receipt_file:
        _keep(receipt_file, ended)
    proved = ended.receipt["verdict"] == "proved"
    sys.exit(int(Exit.NOT_BEGUN) if not proved else KILLED if ended.exit is None else ended.exit)


def _heed_signals(run: Run) -> None:
    """From here on the first Ctrl-C or SIGTERM asks the agent to stop, and the second kills it."""
    asked = 0

    def stop(*_: object) -> None:
        nonlocal asked
        asked += 1
        run.ask_to_stop(now=asked > 1)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _detached(wish: Wish) -> None:
    from offswitch.guard.running import start

    click.echo(start(wish).name)


def _say(name: str, ended: Ended) -> None:
    """Say, on standard error, how it ended, unless it simply ended by itself."""
    from offswitch.report.visible import visible

    receipt, order = ended.receipt, ended.receipt["order"]
    changed = receipt.get("persistence", {}).get("changes", 0)
    if order["by"] == "command ended" and receipt["verdict"] == "proved" and not changed:
        return
    told = [f"offswitch run: {name} was stopped ({order['by']}: {visible(str(order['why']))})"]
    if receipt["verdict"] == "proved":
        told.append(f"proved dead after {(receipt['empty']['boot'] - order['boot']) * 1000:.0f} ms")
    else:
        told.append(f"NOT PROVED DEAD: {receipt['survivors'] or 'nobody could look'}")
    if changed:
        told.append(f"{changed} places from which something may start again have changed")
    told.append(f"receipt: {ended.path or 'could not be written to disk'}")
    click.echo("; ".join(told), err=True)


def _keep(path: str, ended: Ended) -> None:
    import json

    try:
        with open(path, "w") as file:
            json.dump(ended.receipt, file, indent=1, sort_keys=True)
    except OSError as error:
        fail(
            "run",
            f"{path}: the receipt cannot be written: {error.strerror}; it is also at {ended.path}",
            Exit.INTERNAL,
        )


def _variables(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for entry in given:
        name, sign, value = entry.partition("=")
        if not name or "\0" in entry:
            raise ValueError(f"--env {entry!r}: write NAME=VALUE, or NAME to pass on ours")
        if not sign and name not in os.environ:
            raise ValueError(
                f"--env {name}: is not set here, so there is nothing to pass on; write {name}=VALUE"
            )
        found[name] = value if sign else os.environ[name]
    return found


def _user(named: str | None) -> int | None:
    if named is None:
        return None
    import pwd

    try:
        return int(named) if named.isdigit() else pwd.getpwnam(named).pw_uid
    except KeyError:
        raise ValueError(f"--renewer {named!r}: there is no such user on this host") from None
