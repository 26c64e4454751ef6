# SPDX-License-Identifier: MIT
"""Tell the options of a command from its operands, given which options take a value.

The one thing that is easy to get wrong: `-n5`, `-n 5`, `-xn5` and `--lines=5` are one option each, and after `--`
nothing is.
"""

from __future__ import annotations

from functools import cache

import msgspec

from offswitch.verdict.shell.state import Field


class Words(msgspec.Struct, frozen=True):
    """The options of a command with their values (None: a flag), and its operands, both in order."""

    options: tuple[tuple[str, Field | None], ...]
    operands: tuple[Field, ...]

    def has(self, *names: str) -> bool:
        """Tell whether any of these options is given."""
        return any(name in names for name, _ in self.options)

    def values(self, *names: str) -> list[Field]:
        """Return the values given to these options."""
        return [value for name, value in self.options if name in names and value is not None]


@cache
def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


def read_words(args: list[Field], valued: str, *, leading: bool = False) -> Words:
    """Split `args`; `valued` lists the options that take a value. With `leading`, options end at the first operand (as for commands that run another)."""
    options: list[tuple[str, Field | None]] = []
    operands: list[Field] = []
    i = 0
    while i < len(args):
        arg = args[i]
        i += 1
        if arg.text == "--":
            operands += args[i:]
            break
        if not arg.text.startswith("-") or arg.text == "-":
            if leading:
                operands += args[i - 1 :]
                break
            operands.append(arg)
            continue
        taken = _option(arg, args[i] if i < len(args) else None, _set(valued), options)
        i += taken
    return Words(tuple(options), tuple(operands))


def _option(
    arg: Field, following: Field | None, valued: frozenset[str], options: list[tuple[str, Field | None]]
) -> int:
    """Add the options in one word; return how many further words they took."""
    text = arg.text
    name, equals, value = text.partition("=")
    if text.startswith("--") or text in valued:
        if equals and text not in valued:
            options.append((name, Field(value, arg.certain)))
            return 0
        options.append((text, following if text in valued else None))
        return int(text in valued and following is not None)
    for place, letter in enumerate(text[1:64], start=1):
        if f"-{letter}" in valued:
            rest = text[place + 1 :]
            options.append((f"-{letter}", Field(rest, arg.certain) if rest else following))
            return int(not rest and following is not None)
        options.append((f"-{letter}", None))
    options.append((text, None))
    return 0
