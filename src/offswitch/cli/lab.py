# SPDX-License-Identifier: MIT
"""`offswitch lab`: arguments in, `offswitch.lab` called, tables out. Lists, runs and shows studies; reproduces the targets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offswitch.cli.arguments import Place
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show, show_json

if TYPE_CHECKING:
    from rich.table import Table

    from offswitch.lab.reproducing import Compared


@click.group(short_help="Solve, learn and cure defiance in small worlds with exact answers.")
def COMMAND() -> None:
    """Small worlds in which defiance can be solved exactly, learned by agents trained from scratch, and cured.

    `list` names worlds, cures, learners and studies; `show` draws a world or tells a study; `run` runs a study; `reproduce`
    computes published numbers and closed forms again.
    """


@COMMAND.command(name="list")
@click.argument("what", type=click.Choice(["worlds", "cures", "learners", "studies"]), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(what: str | None, as_json: bool) -> None:
    """List worlds, cures, learners and studies, those of other packages included."""
    from offswitch.lab.listing import listed

    with _told("list", as_json):
        known = listed(what)
        if as_json:
            show_json(known)
            return
        _list(known, headed=what is None)


@COMMAND.command()
@click.argument("study")
@click.option("--out", type=Place(), help="Folder for results.  [default: offswitch-studies/STUDY-<id>]")
@click.option("--fresh", is_flag=True, help="Throw away what the folder holds of an earlier run.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def run(study: str, out: Path | None, fresh: bool, as_json: bool, quiet: bool) -> None:
    """Run a study (a name from `lab list studies`, or a .toml file of your own).

    A run that is stopped, even by `kill -9`, goes on when the same command is given again, and comes to the same result.

    Exit codes: 0 done, 1 a fault of this program, 2 wrong use or a wrong file, 5 an extra is missing, 130 interrupted.
    """
    with _told("run", as_json):
        from offswitch.cli.progress import cells_shown
        from offswitch.lab.running import run as run_study
        from offswitch.lab.study import study as read

        with cells_shown(quiet, "lab run") as progress:
            result = run_study(read(study), out, fresh=fresh, progress=progress)
        if as_json:
            show_json(result)
        else:
            _show_result(result)


@COMMAND.command(name="show")
@click.argument("name")
@click.option("--out", type=Place(), help="Folder of the run that is shown.  [default: as for run]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_(name: str, out: Path | None, as_json: bool) -> None:
    """Tell a study (question, expectation and, where it has been run, result), or draw a world with its exact optimum."""
    with _told("show", as_json):
        from offswitch.lab.worlds import names

        if name in names():
            from offswitch.lab.listing import described

            about = described(name)
            if as_json:
                show_json(about)
            else:
                _show_world(about)
            return
        from offswitch.lab.running import RESULT, default_out, finished
        from offswitch.lab.study import study as read

        study = read(name)
        folder = out or default_out(study)
        result = finished(folder) if out is not None or (folder / RESULT).exists() else None
        if as_json:
            show_json(result or study)
        elif result is not None:
            _show_result(result)
        else:
            _show_study(study)
            click.echo(f"\nNot run yet: offswitch lab run {name}")


@COMMAND.command()
@click.argument("name", metavar="WORLD")
@click.option(
    "--by", default="optimum", show_default=True, help="optimum, safest, idle, or a learner's name."
)
@click.option("--episodes", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of chance, and of the learner.")
@click.option("--out", type=Place(), required=True, help="File for the episodes: .jsonl or .jsonl.zst.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rollout(name: str, by: str, episodes: int, seed: int, out: Path, as_json: bool) -> None:
    """Write what an agent does in a world as episodes that `offswitch scan` reads.

    Exit codes: 0 done, 1 the file cannot be written, 2 wrong use, 5 an extra is missing.
    """
    with _told("rollout", as_json):
        from offswitch.episode.writing import EpisodeWriter
        from offswitch.lab.episodes import by_name

        walks = by_name(name, by, episodes, seed)
        try:
            with EpisodeWriter(out) as writer:
                for walk in walks:
                    writer.write(walk)
        except OSError as error:
            why = f"{out}: cannot be written: {error.strerror}"
            fail("lab rollout", why, Exit.INTERNAL, as_json=as_json)
        if as_json:
            show_json({"schema": "offswitch.rollout/1", "out": str(out), "episodes": episodes})
        else:
            click.echo(f"{episodes} episodes of {name} by {by} in {out}; count them: offswitch scan {out}")


@COMMAND.command()
@click.option("--only", default="", metavar="NUMBERS", help="Targets, by comma.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def reproduce(only: str, as_json: bool, quiet: bool) -> None:
    """Compute published numbers and closed forms again: ours, theirs, tolerance, verdict.

    Exit codes: 0 all agree, 2 wrong use, 4 some do not agree, 5 an extra is missing, 130 interrupted.
    """
    with _told("reproduce", as_json):
        from offswitch.lab.reproducing import reproduced

        try:
            wanted = [int(number) for number in only.split(",")] if only else None
        except ValueError:
            fail("lab reproduce", f"--only {only}: numbers of targets, by comma", Exit.USAGE, as_json=as_json)

        def told(number: int, seconds: float) -> None:
            click.echo(f"lab reproduce: target {number} done in {seconds:.1f} s", err=True)

        compared = reproduced(wanted, None if quiet else told)
        if as_json:
            show_json({"schema": "offswitch.targets/1", "targets": compared})
        else:
            show(_targets_table(compared))
            agree = sum(one.ok for one in compared)
            click.echo(f"\n{agree} of {len(compared)} agree.")
    sys.exit(Exit.DONE if all(one.ok for one in compared) else Exit.FOUND)


@contextmanager
def _told(command: str, as_json: bool) -> Iterator[None]:
    """Turn what can go wrong into one line and an exit code."""
    if find_spec("jax") is None:
        cure = "jax is not installed; pip install 'offswitch[lab]'"
        fail(f"lab {command}", cure, Exit.MISSING, as_json=as_json)
    from offswitch.lab.errors import LabError

    try:
        yield
    except KeyboardInterrupt:
        why = "interrupted; nothing is lost: give the same command again to go on"
        fail(f"lab {command}", why, Exit.INTERRUPTED, as_json=as_json)
    except LabError as error:
        fail(f"lab {command}", str(error), Exit.USAGE, as_json=as_json)


def _list(known: dict[str, list[dict[str, str]]], *, headed: bool) -> None:
    from rich.text import Text

    for name, rows in known.items():
        sheet = _sheet()
        for row in rows:
            sheet.add_row(Text(row["name"], style="bold"), Text(row["about"]))
        if headed:
            show(Text(name, style="underline"))
        show(sheet)


def _sheet(*columns: str) -> Table:
    from rich.table import Table

    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(columns))


def _show_study(study: Any) -> None:
    click.echo(f"{study.question}\n\nclaim     {study.claim}\nexpected  {study.expected}")
    for number, line in enumerate(study.not_shown):
        click.echo(f"{'not shown' if not number else '':<9} {line}")


def _show_result(result: Any) -> None:
    from rich.text import Text

    _show_study(result.study)
    click.echo()
    columns = list(result.rows[0]) if result.rows else []
    sheet = _sheet(*columns)
    for row in result.rows:
        sheet.add_row(*(Text(_cell(row[column])) for column in columns))
    show(sheet)
    click.echo(f"\n{len(result.rows)} rows; figure and table in {result.out}")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _show_world(about: dict[str, Any]) -> None:
    click.echo(f"{about['name']}: {about['about']}\n")
    click.echo(about["start"])
    click.echo()
    sheet = _sheet()
    for name, value in about["facts"].items():
        sheet.add_row(name, _cell(value))
    show(sheet)


def _targets_table(compared: list[Compared]) -> Table:
    from rich.text import Text

    sheet = _sheet("target", "what", "ours", "reference", "within", "")
    before = 0
    for one in compared:
        number = str(one.target) if one.target != before else ""
        before = one.target
        within = "exact" if one.exact else "" if one.tolerance is None else f"{one.tolerance:g}"
        verdict = Text("agrees", style="green") if one.ok else Text("DIFFERS", style="bold red")
        ours = _value(one.ours)
        sheet.add_row(number, Text(one.about), ours, _value(one.reference), within, verdict)
    return sheet


def _value(value: bool | float | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:.7g}"
