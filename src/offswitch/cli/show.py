# SPDX-License-Identifier: MIT
"""`offswitch show`: one episode, from a file or from a scan, as a story with its evidence marked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from offswitch.cli.exits import Exit

if TYPE_CHECKING:
    from offswitch.episode.record import Episode
    from offswitch.verdict.finding import Outcome


@click.command(short_help="Tell one episode as a story, its evidence marked.")
@click.argument("episode")
@click.option(
    "--scan",
    type=click.Path(path_type=Path),
    help="Results of a scan to look in.  [default: the latest ones]",
)
@click.option("--id", help="In a file: the episode with this id.")
@click.option("--at", type=click.IntRange(0), help="In a file: the episode with this number, from 0.")
@click.option("--format", metavar="NAME", help="Read the file as this format ('offswitch list').")
@click.option(
    "--only-evidence", is_flag=True, help="Only the events that prove something, and those beside them."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def COMMAND(
    episode: str,
    scan: Path | None,
    id: str | None,
    at: int | None,
    format: str | None,
    only_evidence: bool,
    as_json: bool,
) -> None:
    """Tell EPISODE as a story: orders, events, and under each event what it proves.

    EPISODE is a file, or the id of an episode in the results of a scan (its beginning is enough).
    """
    from offswitch.episode.errors import EpisodeError
    from offswitch.report.errors import ScanError
    from offswitch.report.visible import visible

    if id is not None and at is not None:
        raise click.UsageError("give --id or --at, not both")
    try:
        found = _find(episode, scan, id, at, format)
    except (ScanError, EpisodeError, OSError) as error:
        click.echo(f"offswitch show: {visible(str(error))}", err=True)
        sys.exit(Exit.BROKEN if isinstance(error, EpisodeError) else Exit.USAGE)
    _print(*found, only_evidence=only_evidence, as_json=as_json)


def _find(
    name: str, scan: Path | None, id: str | None, at: int | None, format: str | None
) -> tuple[Episode, Outcome]:
    from offswitch.report import locating
    from offswitch.report.errors import NoSuchEpisode, ScanError
    from offswitch.report.visible import visible
    from offswitch.report.walking import nearest
    from offswitch.verdict.judging import judge

    if scan is not None:
        return locating.in_scan(scan, name)
    if Path(name).is_file():
        read = locating.in_file(Path(name), format, id=id, at=at)
        return read, judge(read)
    for folder in locating.latest_scans():
        try:
            return locating.in_scan(folder, name)
        except NoSuchEpisode:
            continue
    raise ScanError(f"{visible(name)}: is neither a file nor an episode of a scan here{nearest(Path(name))}")


def _print(episode: Episode, outcome: Outcome, *, only_evidence: bool, as_json: bool) -> None:
    if as_json:
        import msgspec

        from offswitch.report.results import finding_record

        verdict = msgspec.to_builtins(outcome)
        verdict["findings"] = [finding_record(finding) for finding in outcome.findings]
        click.echo(
            msgspec.json.encode({"schema": "offswitch.story/1", "episode": episode, "outcome": verdict})
        )
        return
    from offswitch.cli.terminal import console
    from offswitch.report.story import story

    console().print(story(episode, outcome, only_evidence=only_evidence))
