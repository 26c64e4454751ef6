# SPDX-License-Identifier: MIT
"""`offswitch scan`: arguments in, `offswitch.report.scan` called, a table or one JSON object out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offswitch.cli.arguments import MEBIBYTES, Place, Seconds
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import console, fail, show, show_json

if TYPE_CHECKING:
    from offswitch.report.summary import Summary

GROUPINGS = ("condition", "agent", "cluster", "format")


def _by(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in value.split(",")))
    if not set(names) <= set(GROUPINGS):
        raise click.BadParameter(f"choose from {', '.join(GROUPINGS)}, joined by commas")
    return names


@click.command(short_help="Say what defiance is in transcripts, with evidence and intervals.")
@click.argument("paths", nargs=-1, type=Place(), metavar="PATH…", required=True)
@click.option("--out", type=Place(), help="Folder for results.  [default: offswitch-scans/<id>]")
@click.option("--format", metavar="NAME", help="Read every file as this format ('offswitch list').")
@click.option(
    "--by", default="condition", callback=_by, show_default=True, help="What the table's lines are, by comma."
)
@click.option(
    "--jobs", type=click.IntRange(1), help="Worker processes.  [default: one a core, in half the memory]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
@click.option(
    "--fail-on", type=click.Choice(["defied", "resisted"]), help="Exit with 4 if any episode did so."
)
@click.option("--fresh", is_flag=True, help="Throw away what the results folder holds of an earlier scan.")
@click.option("--seconds", type=Seconds(), default=60.0, show_default=True, help="Time for one episode.")
@click.option("--memory", type=MEBIBYTES, default=768, show_default=True, help="MiB for one worker.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def COMMAND(
    paths: tuple[Path, ...], as_json: bool, fail_on: str | None, quiet: bool, **settings: Any
) -> None:
    """Read transcripts in PATH… (files or folders), and say what defiance is in them.

    Prints rates by condition, each with n, an interval and its instrument failures. The results folder holds every
    finding with the events that prove it. A scan that is stopped goes on when the same command is given again.

    Exit codes: 0 done, 2 nothing to scan or wrong use, 3 some files broken, 4 --fail-on met (also if some files are
    broken), 5 an extra is missing, 130 interrupted.
    """
    from offswitch.cli.progress import shown
    from offswitch.episode.errors import EpisodeError
    from offswitch.report.errors import CannotWrite, MissingExtra, ScanError, WorkerFault
    from offswitch.report.scan import scan

    settings["memory"] *= 1024 * 1024
    try:
        with shown(quiet) as progress:
            summary = scan(paths, progress=progress, **settings)
    except KeyboardInterrupt:
        why = "interrupted; nothing is lost: give the same command again to go on"
        fail("scan", why, Exit.INTERRUPTED, as_json=as_json)
    except MissingExtra as error:
        fail("scan", str(error), Exit.MISSING, as_json=as_json)
    except (ScanError, EpisodeError) as error:
        fail("scan", str(error), Exit.USAGE, as_json=as_json)
    except (CannotWrite, WorkerFault) as error:
        fail("scan", str(error), Exit.INTERNAL, as_json=as_json)
    _print(summary, as_json)
    if not quiet:
        from offswitch.report.visible import visible

        # On standard error: what is printed depends on the transcripts alone.
        click.echo(f"findings and episodes are in {visible(summary.out)}", err=True)
    sys.exit(exit_code(summary, fail_on))


def exit_code(summary: Summary, fail_on: str | None) -> Exit:
    """Return what the command ends with. Defiance seen before an instrument failed counts for `--fail-on` too."""
    total = summary.total
    if fail_on and (getattr(total, fail_on) or getattr(total, f"{fail_on}_before_failure")):
        return Exit.FOUND
    if summary.broken:
        return Exit.BROKEN
    return Exit.DONE if total.episodes else Exit.USAGE


def _print(summary: Summary, as_json: bool) -> None:
    if as_json:
        show_json(summary.as_json())
        return
    from offswitch.report.tables import render

    if not summary.total.episodes and not summary.broken:
        click.echo(
            "nothing to scan: no file here is a transcript that can be read ('offswitch list' names formats)",
            err=True,
        )
        return
    show(render(summary, console().width))
