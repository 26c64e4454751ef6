# SPDX-License-Identifier: MIT
"""`offswitch list`: what can be named on a command line: formats, detectors, scenarios, arms, organisms, plug-ins included.

The one thing that is easy to get wrong: scenarios and arms live beside Inspect. Where it is not installed they are left out
with a word, and everything else is listed all the same.
"""

from __future__ import annotations

from importlib.util import find_spec

import click

from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show, show_json

NEED_INSPECT = ("scenarios", "arms")


@click.command(short_help="List formats, detectors, scenarios, arms and organisms.")
@click.argument(
    "what",
    type=click.Choice(["formats", "detectors", "scenarios", "arms", "organisms", "runs"]),
    required=False,
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def COMMAND(what: str | None, as_json: bool) -> None:
    """List what other commands can be given by name.

    Formats that can be read (scan --format), detectors that judge, scenarios (test SCENARIO), arms and their groups
    (--arm), and organisms (test --model offswitch/NAME). `offswitch list runs` lists agents under an off-switch here.
    """
    if what == "runs":
        from offswitch.cli.status import print_runs

        print_runs(as_json)
        return
    wanted = list(LISTS) if what is None else [what]
    lacking = [name for name in wanted if name in NEED_INSPECT and find_spec("inspect_ai") is None]
    if lacking:
        cure = "inspect-ai is not installed; pip install 'offswitch[inspect]'"
        if what is not None:
            fail("list", cure, Exit.MISSING, as_json=as_json)
        click.echo(f"offswitch list: without {' and '.join(lacking)}: {cure}", err=True)
    known = {name: LISTS[name]() for name in wanted if name not in lacking}
    if as_json:
        show_json(known)
        return
    from rich.table import Table
    from rich.text import Text

    from offswitch.report.visible import visible

    for name, rows in known.items():
        sheet = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False, title_justify="left")
        for row in rows:
            first, *rest = row.values()
            sheet.add_row(Text(visible(first), style="bold"), *(Text(visible(cell)) for cell in rest))
        if what is None:
            show(Text(name, style="underline"))
        show(sheet)


def _formats() -> list[dict[str, str]]:
    from offswitch.episode.importers import importers

    return [{"name": importer.name, "about": importer.about} for importer in importers()]


def _detectors() -> list[dict[str, str]]:
    from offswitch.verdict.detectors import detectors

    return [{"name": detector.name, "about": detector.about} for detector in detectors()]


def _scenarios() -> list[dict[str, str]]:
    from offswitch.scenarios import tasks
    from offswitch.scenarios.staging import scenarios, scene_maker

    # A scenario of another package may have no task of its own: then its maker of scenes says what it is.
    told = {name: getattr(tasks, name, None) or scene_maker(name) for name in scenarios()}
    return [{"name": name, "about": _first_line(one.__doc__)} for name, one in told.items()]


def _arms() -> list[dict[str, str]]:
    from offswitch.scenarios.arms import arms

    return [{"name": arm.id, "group": arm.group.value, "about": arm.about} for arm in arms().values()]


def _organisms() -> list[dict[str, str]]:
    from offswitch.organisms import organisms

    return [{"name": organism.name, "about": organism.about} for organism in organisms().values()]


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


LISTS = {
    "formats": _formats,
    "detectors": _detectors,
    "scenarios": _scenarios,
    "arms": _arms,
    "organisms": _organisms,
}
