# SPDX-License-Identifier: MIT
"""`offswitch fleet`: what hosts need to obey one order, and what the one who gives it needs; `stop --fleet` is here too."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offswitch.cli.arguments import Duration
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show, show_json

if TYPE_CHECKING:
    from offswitch.guard.fleet.engine import Engine
    from offswitch.guard.fleet.order import Scope
    from offswitch.guard.fleet.stopping import Survey

KEY, HOSTS = "/etc/offswitch/fleet.key", "/etc/offswitch/fleet.hosts"
KEY_VARIABLE, HOSTS_VARIABLE = "OFFSWITCH_FLEET_KEY", "OFFSWITCH_FLEET_HOSTS"

key_option = click.option(
    "--key",
    metavar="FILE",
    envvar=KEY_VARIABLE,
    show_envvar=True,
    default=KEY,
    show_default=True,
    help="The fleet's key.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group(short_help="Join hosts, so that one order stops every agent on them; say who lives where.")
def COMMAND() -> None:
    """Let one order reach every host: `offswitch stop --all --fleet URL`.

    URL is nats://HOST, etcd://HOST or kubernetes://HOST/NAMESPACE. Every host runs `fleet join`; `fleet key` makes the key
    that orders and answers are sealed with. The engine can shorten a life and never prolong one.
    """


@COMMAND.command(short_help="Make the key that orders and answers are sealed with.")
@click.argument("file")
def key(file: str) -> None:
    """Make the fleet's key in FILE; copy it to every host, readable by root alone.

    Exit codes: 0, 2 the file is there already or cannot be written.
    """
    from offswitch.guard.fleet.sealed import make_key

    with told("key"):
        make_key(file)
        click.echo(f"{file}: made; copy it to {KEY} on every host (mode 600)")


@COMMAND.command(short_help="Carry out the fleet's orders on this host.")
@click.argument("url")
@click.option("--host", metavar="NAME", help="This host's name in the fleet.  [default: its own name]")
@key_option
@click.option("--renew", is_flag=True, help="Renew the leases of this host's runs while the engine answers.")
@click.option(
    "--patience",
    type=Duration(0.5),
    default=15.0,
    show_default="15s",
    help="With --renew: how long the engine may be silent before renewals cease.",
)
@click.option(
    "--beat", type=Duration(0.1), default=2.0, show_default="2s", help="Between two questions to the engine."
)
def join(url: str, host: str | None, key: str, renew: bool, patience: float, beat: float) -> None:
    """Carry out the fleet's orders on this host until ended by a signal. Agents live and die by their own leases meanwhile.

    Exit codes: 0 ended by SIGTERM or SIGINT, 2 wrong use, 5 an extra is missing.
    """
    from offswitch.guard.fleet.engine import connect
    from offswitch.guard.fleet.hosted import HostRuns
    from offswitch.guard.fleet.member import Member
    from offswitch.guard.fleet.memory import Memory
    from offswitch.guard.fleet.order import checked_name
    from offswitch.guard.fleet.sealed import read_key
    from offswitch.guard.fleet.stopping import default_host

    with told("join"):
        if renew and patience <= beat:
            raise click.UsageError("--patience must be longer than --beat, or nothing is ever renewed")
        name, secret = checked_name(host or default_host(), "host"), read_key(key)
        with closing(connect(url)) as engine, closing(Memory(name, secret)) as memory:
            member = Member(
                engine,
                memory,
                name,
                HostRuns(),
                renew=renew,
                patience=patience,
                beat=beat,
                say=lambda line: click.echo(f"offswitch fleet {name}: {line}", err=True),
            )
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: member.ended.set())
            member.serve()


@COMMAND.command(name="list", short_help="Say which agents live where, and which orders stand.")
@click.argument("url")
@key_option
@json_option
def list_(url: str, key: str, as_json: bool) -> None:
    """Say which hosts are in the fleet, which agents live there by their word, and which orders stand.

    Exit codes: 0, 2 wrong use or the engine does not answer, 3 some values were not believed, 5 an extra is missing.
    """
    from offswitch.guard.fleet.order import Scope
    from offswitch.guard.fleet.recalling import remember
    from offswitch.guard.fleet.stopping import Survey, standing

    with told("list", as_json), reached(url, key) as (engine, secret):
        survey = Survey(secret)
        survey.look(engine, Scope())
        remember(survey.believed())
        orders = standing(engine, survey)
        if as_json:
            show_json(
                {
                    "hosts": [roster.record() for _, roster in sorted(survey.rosters.items())],
                    "standing": orders,
                    "refused": list(survey.refused.values()),
                }
            )
        else:
            _print_hosts(survey, orders)
    sys.exit(Exit.BROKEN if survey.refused else Exit.DONE)


@COMMAND.command(short_help="Let leases end so soon, or sooner.")
@click.argument("url")
@click.argument("whom", metavar="all|HOST|HOST/NAME")
@click.argument("seconds", type=Duration())
@click.option("--why", default="", metavar="TEXT", help="A reason, for the log of each host.")
@key_option
def shorten(url: str, whom: str, seconds: float, why: str, key: str) -> None:
    """Let leases end SECONDS from now or sooner. Counts from now also where it is heard later; nothing takes it back.

    Exit codes: 0 the engine holds the order, 2 wrong use or the engine does not answer, 5 an extra is missing.
    """
    from offswitch.guard.fleet.stopping import give

    with told("shorten"), reached(url, key) as (engine, secret):
        order, _ = give(engine, secret, scope_of(whom), "shorten", seconds=seconds, why=why)
        click.echo(f"order {order.id}: leases of {scope_of(whom)} end in {seconds:g} s or sooner")


@COMMAND.command(short_help="Lift a stop that stands.")
@click.argument("url")
@click.argument("whom", metavar="all|HOST")
@key_option
def lift(url: str, whom: str, key: str) -> None:
    """Lift a stop that stands, so that agents may be started there again. It brings none back.

    A stop of all and a stop of one host are lifted separately.

    Exit codes: 0 the engine holds the order, 2 wrong use or the engine does not answer, 5 an extra is missing.
    """
    from offswitch.guard.fleet.stopping import give

    with told("lift"), reached(url, key) as (engine, secret):
        order, _ = give(engine, secret, scope_of(whom), "lift")
        click.echo(f"order {order.id}: the stop of {scope_of(whom)} stands no more")


@COMMAND.command(short_help="Wait no more for a host that is gone for good.")
@click.argument("url")
@click.argument("host")
@key_option
def forget(url: str, host: str, key: str) -> None:
    """Take a HOST that is gone for good out of the list, so that no stop waits for it.

    Exit codes: 0, 2 wrong use or the engine does not answer, 5 an extra is missing.
    """
    from offswitch.guard.fleet.stopping import forget as forget_host

    with told("forget"), reached(url, key) as (engine, _):
        forget_host(engine, host)
        click.echo(f"{host}: forgotten; if its member still runs, it is back at the next beat")


def order_stop(url: str, names: tuple[str, ...], *, now: bool, why: str, wait: float, as_json: bool) -> None:
    """Give the order of `offswitch stop --fleet`: to all where `names` is empty, else to each HOST or HOST/NAME; then end."""
    from offswitch.guard.fleet.stopping import stop_fleet

    def one(scope: Scope) -> dict[str, Any]:
        expected = hosts_expected() if scope.host is None else ()
        return stop_fleet(engine, secret, scope, now=now, wait=wait, why=why, hosts=expected, say=say)

    def say(line: str) -> None:
        click.echo(f"offswitch stop: {line}", err=True)

    pool = ThreadPoolExecutor(64)
    here = None if names else pool.submit(_stop_here, now, why)  # first, and whatever becomes of the fleet
    with pool, told("stop", as_json):
        scopes = [scope_of(name) for name in names or ("all",)]
        with reached(url, os.environ.get(KEY_VARIABLE, KEY)) as (engine, secret):
            reports = list(pool.map(one, scopes))
        unproved_here = here.result() if here else {}
        if as_json:
            show_json({"reports": reports, "not_proved_here": unproved_here})
        else:
            for report in reports:
                _print_report(report)
            for name, reason in unproved_here.items():
                click.echo(f"this host/{name}: NOT PROVED DEAD: {_safe(reason)}")
    whole = all(report["complete"] for report in reports) and not unproved_here
    sys.exit(Exit.DONE if whole else Exit.UNPROVED)


def _stop_here(now: bool, why: str) -> dict[str, str]:
    """Stop what runs on this very host without asking any engine; return who is not proved dead."""
    from offswitch.guard.errors import GuardError
    from offswitch.guard.running import stop_all

    return {name: str(one) for name, one in stop_all(now=now, why=why).items() if isinstance(one, GuardError)}


def scope_of(word: str) -> Scope:
    """Return whom a word of the command line means."""
    from offswitch.guard.fleet.order import EVERYBODY, Scope

    host, mark, name = word.partition("/")
    return Scope() if word == EVERYBODY else Scope(host, name if mark else None)


def hosts_expected() -> list[str]:
    """Return the hosts that must answer, one name a line, from the file that the variable names."""
    from offswitch.guard.fleet.errors import FleetError

    named = os.environ.get(HOSTS_VARIABLE)
    try:
        lines = Path(named or HOSTS).read_text().splitlines()
    except OSError as failure:
        if named is None and isinstance(failure, FileNotFoundError):
            return []
        raise FleetError(
            f"{named or HOSTS}: cannot be read: {failure.strerror}; see {HOSTS_VARIABLE}"
        ) from failure
    return [word for line in lines if (word := line.partition("#")[0].strip())]


@contextmanager
def reached(url: str, key: str) -> Iterator[tuple[Engine, bytes]]:
    """Yield the engine and the fleet's key."""
    from offswitch.guard.fleet.engine import connect
    from offswitch.guard.fleet.sealed import read_key

    secret = read_key(key)
    with closing(connect(url)) as engine:
        yield engine, secret


@contextmanager
def told(command: str, as_json: bool = False) -> Iterator[None]:
    """Turn the guard's errors into one line and an exit code."""
    from offswitch.guard.errors import GuardError
    from offswitch.guard.fleet.errors import ExtraMissingError

    name = command if command == "stop" else f"fleet {command}"
    try:
        yield
    except ExtraMissingError as error:
        fail(name, str(error), Exit.MISSING, as_json=as_json)
    except GuardError as error:
        fail(name, str(error), Exit.USAGE, as_json=as_json)


def _safe(text: str) -> str:
    from offswitch.report.visible import visible

    return visible(text)


def _print_report(report: dict[str, Any]) -> None:
    order = report["order"]
    whom = _safe(order["scope"]) if order else "nobody: the order could not be laid down"
    for one in report["unproved"]:
        ends = ""
        if one["lease_ends"] is not None and order is not None:
            ends = f"; its lease ends {one['lease_ends'] - order['wall']:.0f} s after the order"
        click.echo(_safe(f"{one['host']}/{one['name']}: NOT PROVED DEAD: {one['why']}{ends}"))
    for host in report["silent"]:
        click.echo(_safe(f"{host['host']}: SILENT: {host['why']}"))
    for word in report["refused"]:
        click.echo(_safe(f"not believed: {word}"), err=True)
    if report["trouble"]:
        click.echo(_safe(report["trouble"]), err=True)
    last = report["last_proved_after"]
    proved = f"{len(report['proved'])} proved dead" + (
        f", the last after {last:.2f} s" if last is not None else ""
    )
    answered = len(report["hosts"]) - len(report["silent"])
    click.echo(
        f"stop of {whom}: {proved}; {len(report['unproved'])} not proved; {answered} of {len(report['hosts'])} hosts answered"
    )


def _print_hosts(survey: Survey, orders: list[dict[str, Any]]) -> None:
    import time

    from rich.table import Table

    table = Table("host", "last heard", "member", "agent", "lease left", "order", box=None, pad_edge=False)
    for host, roster in sorted(survey.rosters.items()):
        ago = f"{max(0.0, time.time() - roster.wall):.0f} s ago"
        state = "two answer" if roster.rival else "serves" if roster.serving else "ended"
        for run in roster.runs or (None,):
            left = "" if run is None or run.left is None else f"{run.left:.0f} s"
            row = [
                host,
                ago,
                state,
                run.name if run else "none",
                left,
                (run.ordered and "stopping") if run else "",
            ]
            table.add_row(*map(_safe, row))
    if survey.rosters:
        show(table)
    else:
        click.echo("no host is in this fleet")
    for order in orders:
        click.echo(
            _safe(
                f"a stop of {order['scope']} stands, by {order['issuer']}: {order['why'] or 'no reason given'}"
            )
        )
    for word in survey.refused.values():
        with suppress(OSError):
            click.echo(_safe(f"not believed: {word}"), err=True)
