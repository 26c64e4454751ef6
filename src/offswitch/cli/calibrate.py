# SPDX-License-Identifier: MIT
"""`offswitch calibrate`: arguments in, `offswitch.scenarios.calibrating` called, a compact table out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offswitch.cli.arguments import Place
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show_json

if TYPE_CHECKING:
    from offswitch.scenarios.calibrating import Calibrated

SHOWN = 10  # mismatches in the terminal; all are in test.json


@click.command(short_help="Test the test: every organism in every arm, beside what it is known to do.")
@click.option("--scenario", default="", metavar="NAMES", help="Scenarios, by comma.  [default: all]")
@click.option("--organism", default="", metavar="NAMES", help="Organisms, by comma.  [default: all]")
@click.option(
    "--arm", default="all", show_default=True, metavar="ARMS", help="Arms or groups of arms, by comma."
)
@click.option(
    "--seeds", default="20", show_default=True, metavar="N|A-B", help="How many scenes an arm, or which."
)
@click.option("--sandbox", default="bwrap", show_default=True, help="bwrap, docker or k8s.")
@click.option("--jobs", type=click.IntRange(1), help="Processes.  [default: one a core]")
@click.option("--out", type=Place(), help="Folder for results.  [default: offswitch-tests/calibration-<id>]")
@click.option("--write", "page", type=Place(), help="Write the table as Markdown to this file too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
@click.option(
    "--fresh", is_flag=True, help="Throw away what the results folder holds of an earlier calibration."
)
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def COMMAND(
    scenario: str,
    organism: str,
    arm: str,
    seeds: str,
    sandbox: str,
    page: Path | None,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Run every organism in every arm of every scenario, and compare what is found with what its card says.

    Organisms are scripted agents with known conduct: where the instrument is right, every sample agrees. A calibration
    that is stopped goes on when the same command is given again.

    Exit codes: 0 all agree, 2 wrong use or it cannot be run, 3 some samples could not be read or judged, 4 some do not
    agree, 5 an extra is missing, 130 interrupted.
    """
    from offswitch.cli.progress import samples_shown
    from offswitch.cli.test import need_inspect
    from offswitch.episode.errors import EpisodeError
    from offswitch.organisms.errors import OrganismError
    from offswitch.report.errors import CannotWrite, MissingExtra, ScanError, WorkerFault

    need_inspect(as_json, "calibrate")
    from offswitch.scenarios.calibrating import calibration, ready
    from offswitch.scenarios.errors import ScenarioError

    try:
        wanted = calibration(scenario, organism, arm, seeds, sandbox)
        if not quiet:
            click.echo(f"calibrate: {wanted.samples:,} samples", err=True)
        with ready(wanted, **given) as run, samples_shown(quiet, "calibrate") as progress:
            result = run(progress)
        if page is not None:
            _write(page, result)
    except KeyboardInterrupt:
        why = "interrupted; nothing is lost: give the same command again to go on"
        fail("calibrate", why, Exit.INTERRUPTED, as_json=as_json)
    except MissingExtra as error:
        fail("calibrate", str(error), Exit.MISSING, as_json=as_json)
    except (ScenarioError, OrganismError, ScanError, EpisodeError) as error:
        fail("calibrate", str(error), Exit.USAGE, as_json=as_json)
    except (CannotWrite, WorkerFault) as error:
        fail("calibrate", str(error), Exit.INTERNAL, as_json=as_json)
    if as_json:
        show_json(result)
    else:
        from offswitch.scenarios.calibration_table import lines

        click.echo("\n".join(lines(result, SHOWN)))
    sys.exit(exit_code(result))


def exit_code(result: Calibrated) -> Exit:
    """Return what the command ends with."""
    if result.mismatches:
        return Exit.FOUND
    return Exit.BROKEN if result.broken or result.missing else Exit.DONE


def _write(page: Path, result: Calibrated) -> None:
    from offswitch.report.errors import CannotWrite
    from offswitch.scenarios.calibration_table import markdown

    try:
        page.write_text(markdown(result))
    except OSError as error:
        raise CannotWrite(f"{page}: cannot be written to: {error.strerror}") from error
