# SPDX-License-Identifier: MIT
"""What is known about commands: `commands.toml`, one line a command, read once.

A line says what becomes of the operands; see `docs/add-a-command.md`. The one thing that is easy to get wrong: an
option that takes a value must be listed, or its value is read as an operand.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from offswitch.verdict.effects import Verb


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the words of one command become effects.

    `does`: the verb for every operand ("" for none). `first`: how many leading operands are no targets but the effect's text
    (a pattern, a mode), unless one of `instead` gives it. `last`: the last operand is where the others go (`cp a b`), unless an
    option of `into` names it. `valued`, `reads`, `writes`: options that take a value, a file that is read, a file
    that is written. `bare`: what is listed without operands. `wraps`: the operands from this one on are a command.
    `operand`: a pattern of words that look like options and are none (`chmod -x`). `in_place`: options that make a reader change what it reads.
    """

    does: Verb | None = None
    first: int = 0
    instead: str = ""
    last: bool = False
    into: str = ""
    valued: str = ""
    reads: str = ""
    writes: str = ""
    bare: str = ""
    wraps: int | None = None
    operand: str = ""
    in_place: str = ""

    @property
    def takes(self) -> str:
        """Options that take a value."""
        return f"{self.valued} {self.reads} {self.writes} {self.into}"


class TableError(Exception):
    """The table of commands cannot be read."""


@cache
def commands() -> dict[str, Command]:
    """Return the table: command name to what it does."""
    text = (files(__package__) / "commands.toml").read_text("utf-8")
    return read_table(text)


def read_table(text: str) -> dict[str, Command]:
    """Read a table from TOML; a key may name several commands, separated by blanks."""
    table: dict[str, Command] = {}
    for names, row in tomllib.loads(text).items():
        try:
            command = msgspec.convert(row, Command)
        except msgspec.ValidationError as error:
            raise TableError(f"commands.toml: {names}: {error}; see docs/add-a-command.md") from error
        for name in names.split():
            if name in table:
                raise TableError(f"commands.toml: {name} stands there twice; keep one line")
            table[name] = command
    return table
