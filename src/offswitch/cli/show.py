# SPDX-License-Identifier: MIT
"""`offswitch show`: one episode, from a file or from a scan, as a story with its evidence marked."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from offswitch.cli.arguments import MEBIBYTES, Place, Seconds
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import fail, show, show_json

if TYPE_CHECKING:
    from offswitch.episode.errors import EpisodeError
    from offswitch.episode.record import Episode
    from offswitch.verdict.finding import Outcome


@click.command(short_help="Tell one episode as a story, its evidence marked.")
@click.argument("episode")
@click.option(
    "--scan",
    type=Place(),
    help="Results of a scan to look in.  [default: the latest ones]",
)
@click.option("--id", help="In a file: the episode with this id.")
@click.option("--at", type=click.IntRange(0), help="In a file: the episode with this number, from 0.")
@click.option("--format", metavar="NAME", help="Read the file as this format ('offswitch list').")
@click.option(
    "--only-evidence", is_flag=True, help="Only the events that prove something, and those beside them."
)
@click.option("--seconds", type=Seconds(), default=60.0, show_default=True, help="Time to read and judge it.")
@click.option("--memory", type=MEBIBYTES, default=2048, show_default=True, help="MiB to read and judge it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def COMMAND(
    episode: str,
    scan: Path | None,
    id: str | None,
    at: int | None,
    format: str | None,
    only_evidence: bool,
    seconds: float,
    memory: int,
    as_json: bool,
) -> None:
    """Tell EPISODE as a story: orders, events, and under each event what it proves.

    EPISODE is a file, or the id of an episode in the results of a scan (its beginning is enough).
    """
    from offswitch.episode.errors import EpisodeError
    from offswitch.report.errors import ScanError
    from offswitch.report.timelimit import TimeUp

    if id is not None and at is not None:
        raise click.UsageError("give --id or --at, not both")
    try:
        with _bounded(seconds, memory * 1024 * 1024):
            read, outcome, broken = _find(episode, scan, id, at, format)
    except KeyboardInterrupt:
        fail("show", "interrupted", Exit.INTERRUPTED, as_json=as_json)
    except TimeUp:
        why = f"{episode}: reading and judging it takes more than {seconds:g} s; raise --seconds"
        fail("show", why, Exit.BROKEN, as_json=as_json)
    except MemoryError:
        why = f"{episode}: reading and judging it takes more than {memory} MiB of memory; raise --memory"
        fail("show", why, Exit.BROKEN, as_json=as_json)
    except (ScanError, EpisodeError, OSError) as error:
        code = Exit.BROKEN if isinstance(error, EpisodeError) else Exit.USAGE
        fail("show", str(error), code, as_json=as_json)
    _print(read, outcome, only_evidence=only_evidence, as_json=as_json)
    if broken:
        from offswitch.report.visible import visible

        click.echo(f"offswitch show: records before this one are broken: {visible(str(broken))}", err=True)
        sys.exit(Exit.DONE if id is not None else Exit.BROKEN)


@contextmanager
def _bounded(seconds: float, memory: int) -> Iterator[None]:
    """Limit time and address space (bytes) in the block: a transcript is written by an adversary."""
    from offswitch.report.timelimit import time_limit

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    ceilings = [memory, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(ceilings), hard))
    try:
        with time_limit(seconds):
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _find(
    name: str, scan: Path | None, id: str | None, at: int | None, format: str | None
) -> tuple[Episode, Outcome, EpisodeError | None]:
    """Return an episode, its outcome, and what was broken before it in its file."""
    from offswitch.report import locating
    from offswitch.report.errors import NoSuchEpisode, ScanError
    from offswitch.report.visible import visible
    from offswitch.report.walking import nearest
    from offswitch.verdict.judging import judge

    if scan is not None:
        return *locating.in_scan(scan, name), None
    if Path(name).is_file():
        read, broken = locating.in_file(Path(name), format, id=id, at=at)
        return read, judge(read), broken
    for folder in locating.latest_scans():
        try:
            return *locating.in_scan(folder, name), None
        except NoSuchEpisode:
            continue
    raise ScanError(f"{visible(name)}: is neither a file nor an episode of a scan here{nearest(Path(name))}")


def _print(episode: Episode, outcome: Outcome, *, only_evidence: bool, as_json: bool) -> None:
    if as_json:
        import msgspec

        from offswitch.report.results import finding_record

        verdict = msgspec.to_builtins(outcome)
        verdict["findings"] = [finding_record(finding) for finding in outcome.findings]
        show_json({"schema": "offswitch.story/1", "episode": episode, "outcome": verdict})
        return
    from offswitch.report.story import story

    show(story(episode, outcome, only_evidence=only_evidence))
