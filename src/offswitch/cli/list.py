# SPDX-License-Identifier: MIT
"""`offswitch list`: the formats that can be read and the detectors that judge, plug-ins included."""

from __future__ import annotations

import click

from offswitch.cli.terminal import show, show_json


@click.command(short_help="List the formats that can be read and the detectors that judge.")
@click.argument("what", type=click.Choice(["formats", "detectors"]), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def COMMAND(what: str | None, as_json: bool) -> None:
    """List the formats that can be read (what --format takes) and the detectors that judge."""
    known = {name: rows() for name, rows in LISTS.items() if what in (None, name)}
    if as_json:
        show_json(known)
        return
    from rich.table import Table
    from rich.text import Text

    from offswitch.report.visible import visible

    for name, rows in known.items():
        sheet = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False, title_justify="left")
        for row in rows:
            sheet.add_row(Text(visible(row["name"]), style="bold"), Text(visible(row["about"])))
        if what is None:
            show(Text(name, style="underline"))
        show(sheet)


def _formats() -> list[dict[str, str]]:
    from offswitch.episode.importers import importers

    return [{"name": importer.name, "about": importer.about} for importer in importers()]


def _detectors() -> list[dict[str, str]]:
    from offswitch.verdict.detectors import detectors

    return [{"name": detector.name, "about": detector.about} for detector in detectors()]


LISTS = {"formats": _formats, "detectors": _detectors}
