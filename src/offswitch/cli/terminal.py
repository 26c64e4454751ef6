# SPDX-License-Identifier: MIT
"""Everything that commands print: tables, stories, one JSON object, one line of error.

Plain where there is no terminal or NO_COLOR is set, and never reading markup. The one thing that is easy to get wrong:
standard output may fail (a full disk) or know few characters; that is a line on standard error, not a traceback.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from offswitch.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

ERROR_SCHEMA = "offswitch.error/1"


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: no markup, no emoji codes, no guessed highlights."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=False)


def show(what: RenderableType) -> None:
    """Print to standard output; where that is no terminal, lines do not end in spaces."""
    screen = console()
    with writing():
        if screen.is_terminal:
            screen.print(what)
            return
        with screen.capture() as held:
            screen.print(what)
        click.echo("\n".join(line.rstrip(" ") for line in held.get().split("\n")), nl=False)


def show_json(record: Any) -> None:
    """Print one JSON object in a line, whatever does not print escaped."""
    import msgspec

    from offswitch.report.visible import visible_json

    with writing():
        click.echo(visible_json(msgspec.json.encode(record).decode()))


def fail(command: str, why: str, code: Exit, *, as_json: bool = False) -> NoReturn:
    """Say why a command ends, on standard error and, where JSON was asked for, as an object; then end it."""
    from offswitch.report.visible import visible

    click.echo(f"offswitch {command}: {visible(why)}", err=True)
    if as_json:
        with writing():
            click.echo(json.dumps({"schema": ERROR_SCHEMA, "error": why, "exit": int(code)}))
    sys.exit(code)


@contextmanager
def writing() -> Iterator[None]:
    """End the program with one clear line where standard output takes no more."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # whoever read has seen enough: click ends quietly
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still held must not fail again at the end
        click.echo(f"offswitch: standard output cannot be written to: {error.strerror or error}", err=True)
        sys.exit(Exit.INTERNAL)


def lenient() -> None:
    """Let standard output and error escape what their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
