# SPDX-License-Identifier: MIT
"""Progress of a scan, a test or a study on standard error: a bar in a terminal, a line every few seconds elsewhere, nothing if quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from offswitch.report.scan import Progress
    from offswitch.scenarios.running import Progress as Samples

EVERY = 5.0  # seconds between lines

Show = Callable[["Progress"], None]
ShowSamples = Callable[["Samples"], None]
ShowCells = Callable[[int, int, int], None]


@contextmanager
def shown(quiet: bool) -> Iterator[Show | None]:
    """Yield what a scan should call with its progress."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _lines()


def _words(at: Progress) -> str:
    parts = [f"{at.episodes:,} episodes"]
    if at.reused:
        parts.append(f"{at.reused:,} of them from before")
    if at.problems:
        parts.append(f"{at.problems:,} problems")
    return ", ".join(parts)


def _lines() -> Show:
    last = time.monotonic()

    def show(at: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            share = 100 * at.bytes_done / at.bytes if at.bytes else 100
            print(f"scan: {share:.0f} % of {at.files:,} files, {_words(at)}", file=sys.stderr, flush=True)

    return show


@contextmanager
def samples_shown(quiet: bool, command: str) -> Iterator[ShowSamples | None]:
    """Yield what a test should call with its progress."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bars() as bars:
            bar = bars.add_task("starting", total=None)

            def show(at: Samples) -> None:
                bars.update(bar, total=at.samples, completed=at.done, description=_sample_words(at))

            yield show
    else:
        yield _sample_lines(command)


@contextmanager
def cells_shown(quiet: bool, command: str) -> Iterator[ShowCells | None]:
    """Yield what a study should call with its progress."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bars() as bars:
            bar = bars.add_task("starting", total=None)

            def show(done: int, cells: int, kept: int) -> None:
                bars.update(bar, total=cells, completed=done, description=_cell_words(done, cells, kept))

            yield show
    else:
        last = time.monotonic()

        def line(done: int, cells: int, kept: int) -> None:
            nonlocal last
            if time.monotonic() - last >= EVERY:
                last = time.monotonic()
                print(f"{command}: {_cell_words(done, cells, kept)}", file=sys.stderr, flush=True)

        yield line


def _cell_words(done: int, cells: int, kept: int) -> str:
    before = f", {kept:,} of them from before" if kept else ""
    return f"{done:,} of {cells:,} cells{before}"


def _sample_words(at: Samples) -> str:
    kept = f", {at.kept:,} of them from before" if at.kept else ""
    return f"{at.done:,} of {at.samples:,} samples{kept}"


def _sample_lines(command: str) -> ShowSamples:
    last = time.monotonic()

    def show(at: Samples) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            print(f"{command}: {_sample_words(at)}", file=sys.stderr, flush=True)

    return show


def _bars() -> Bars:
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    from offswitch.cli.terminal import console

    columns = (
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    return Bars(*columns, console=console(stderr=True), transient=True)


@contextmanager
def _bar() -> Iterator[Show]:
    with _bars() as bars:
        bar = bars.add_task("starting", total=None)

        def show(at: Progress) -> None:
            bars.update(bar, total=at.bytes or 1, completed=at.bytes_done, description=_words(at))

        yield show
