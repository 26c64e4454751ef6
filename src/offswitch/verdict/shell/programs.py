# SPDX-License-Identifier: MIT
"""Run one command, its words already expanded: function, alias, special command, table, or a program nobody knows.

One more command is one line in `commands.toml`; one whose options decide what it does is a function in one of the
files named in `SPECIALS`. The one thing that is easy to get wrong: `/bin/rm`, `\\rm` and a copy of `rm` are all `rm`.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Callable

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell import (
    builtins,
    editing,
    interpreters,
    moving,
    output,
    services,
    uploading,
    wrappers,
)
from offswitch.verdict.shell.options import Words, read_words
from offswitch.verdict.shell.state import Field, Shell
from offswitch.verdict.shell.table import Command, commands

Special = Callable[[Shell, str, list[Field]], str | None]
SPECIALS: dict[str, Special] = {
    **builtins.SPECIALS,
    **editing.SPECIALS,
    **interpreters.SPECIALS,
    **moving.SPECIALS,
    **output.SPECIALS,
    **services.SPECIALS,
    **uploading.SPECIALS,
    **wrappers.SPECIALS,
}
_GUESSES = 8  # programs that a pattern may stand for and be followed
_VERSIONED = re.compile(r"(python|pypy|perl|ruby|node|php|lua|bash)(\d[\d.]*)?(?:\.exe)?\Z")


FILE_TESTS = builtins.FILE_TESTS


def run_program(shell: Shell, fields: list[Field]) -> str | None:
    """Record what a command does; return what it prints where that is known."""
    if not fields:
        return ""
    shell.budget.call(len(fields))
    try:
        return _run(shell, fields)
    finally:
        shell.budget.programs -= 1


def _run(shell: Shell, fields: list[Field]) -> str | None:
    name, args = fields[0], fields[1:]
    if name.text in shell.functions:
        return _function(shell, name.text, args)
    if name.text in shell.aliases:
        # Scripts do not expand aliases, people's shells do.
        return _alias(shell, name.text, args)
    known = known_name(shell, name.text)
    if not name.certain:
        shell.does(Verb.UNKNOWN, text=" ".join(field.text for field in fields), certain=False)
    certain, shell.certain = shell.certain, shell.certain and name.certain
    try:
        if _is_local(shell, name.text):
            # `./w` is a script of that name before it is the program `w`; what the program does stays a guess.
            printed, shell.certain = _stranger(shell, name, args), False
            if known not in SPECIALS and known not in commands():
                return printed
        if known == "systemd-inhibit":
            shell.does(Verb.DEFINE, "shutdown", text="held up", program=known)
        if known in SPECIALS:
            return SPECIALS[known](shell, known, args)
        if known in commands():
            return _tabled(shell, known, commands()[known], args)
        if not name.certain and _matching(shell, known, args):
            return None
        return _stranger(shell, name, args)
    finally:
        shell.certain = certain


def _is_local(shell: Shell, written: str) -> bool:
    """Tell whether a program is named by a path of its own, not the system's, and is no copy made in this command."""
    if "/" not in written or shell.path(written) in shell.copies:
        return False
    return not re.match(
        r"/(?:usr/)?(?:local/)?s?bin/|/(?:usr/)?lib(?:32|64)?/|/proc/|.*busybox|.*toybox", written
    )


def _matching(shell: Shell, pattern: str, args: list[Field]) -> bool:
    """Read `/bin/r?` as each known program of that name; tell whether there are a few."""
    if "$" in pattern or not re.search(r"[*?\[]", pattern) or len(pattern) > 100:
        return False
    names = [known for known in sorted({*SPECIALS, *commands()}) if fnmatch.fnmatchcase(known, pattern)]
    for known in names[:_GUESSES]:
        run_program(shell, [Field(known), *args])
    return 0 < len(names) <= _GUESSES


def is_known(shell: Shell, written: str) -> bool:
    """Tell whether a program is one whose effects are known."""
    known = known_name(shell, written)
    return known in SPECIALS or known in commands()


def known_name(shell: Shell, written: str) -> str:
    """Return the plain name of a program: without its folder, its version, or the copy it was given."""
    original = shell.copies.get(shell.path(written)) if "/" in written else None
    name = posixpath.basename(original or written)
    versioned = _VERSIONED.match(name)
    return versioned[1] if versioned else name


def _function(shell: Shell, name: str, args: list[Field]) -> str | None:
    body, at = shell.functions[name]
    if shell.active.count(name) >= 3:
        shell.does(Verb.UNKNOWN, text=body, program=name)
        return None
    outer, shell.positional = shell.positional, tuple(args)
    shell.active = (*shell.active, name)
    try:
        return shell.run(shell, body, at)
    finally:
        shell.positional, shell.active = outer, shell.active[:-1]
        shell.ended = False


def _alias(shell: Shell, name: str, args: list[Field]) -> str | None:
    body = shell.aliases.pop(name)
    certain, shell.certain = shell.certain, False
    try:
        return shell.nested(" ".join([body, *(_quoted(arg) for arg in args)]))
    finally:
        shell.certain = certain
        shell.aliases[name] = body


def _quoted(field: Field) -> str:
    return "'" + field.text.replace("'", "'\\''") + "'" if field.certain else field.text


def _stranger(shell: Shell, name: Field, args: list[Field]) -> str | None:
    """Run a program that the table does not know: a script among the files just written, or only its name."""
    if shell.guessing and "/" not in name.text:
        return None
    target = shell.path(name.text) if "/" in name.text else name.text
    certain = name.certain and all(arg.certain for arg in args)
    shell.does(Verb.RUN, target, text=" ".join(arg.text for arg in args), program=name.text, certain=certain)
    written = shell.files.get(target)
    if written is not None:
        inner = shell.sub()
        inner.positional = tuple(args)
        return interpreters.run_script(inner, target, written)
    return None


def _tabled(shell: Shell, name: str, command: Command, args: list[Field]) -> str | None:
    if command.operand:
        # A blank in front keeps them from being read as options.
        args = [
            arg._replace(text=" " * bool(re.fullmatch(command.operand, arg.text)) + arg.text) for arg in args
        ]
    words = read_words(args, command.takes, leading=command.wraps is not None)
    for field in words.values(*command.reads.split()):
        shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
    for field in words.values(*command.writes.split()):
        shell.does(Verb.WRITE, shell.path(field.text), program=name, certain=field.certain)
    if command.wraps is not None:
        return _wrapped(shell, name, list(words.operands[command.wraps :]))
    if command.does is None:
        return "" if name in ("true", "false", ":") else None
    if command.last:
        _transfers(shell, name, command, words)
    else:
        _operands(shell, name, command, words, args)
    return _printed(shell, name, command, words)


def _wrapped(shell: Shell, name: str, rest: list[Field]) -> str | None:
    rest = wrappers.without_assignments(shell, rest)
    if not rest:
        return None
    if name == "watch" and len(rest) == 1:
        return shell.nested(rest[0].text)
    return run_program(shell, rest)


def _operands(shell: Shell, name: str, command: Command, words: Words, args: list[Field]) -> None:
    verb = Verb.EDIT if words.has(*command.in_place.split()) else command.does
    assert verb is not None
    first = 0 if words.has(*command.instead.split()) else command.first
    text, targets = words.operands[:first], words.operands[first:]
    said = " ".join(field.text for field in text).strip()
    if verb is Verb.KILL or (command.first == 9 and args):
        said = " ".join(arg.text for arg in args)
    for field in targets:
        if field.text == "-" and verb is Verb.READ:
            continue
        target = field.text if verb in (Verb.KILL, Verb.NETWORK) else shell.path(field.text)
        shell.does(verb, target, text=said, program=name, certain=field.certain)
    if not targets and (command.bare or command.first == 9):
        shell.does(
            verb,
            shell.path(command.bare) if command.bare == "." else command.bare or name,
            text=said,
            program=name,
        )


def _transfers(shell: Shell, name: str, command: Command, words: Words) -> None:
    """Record copies, moves and links: every operand but the last goes to the last, or into the named folder."""
    verb = command.does
    assert verb is not None
    into = words.values(*command.into.split())
    operands = list(words.operands)
    if name == "ln" and len(operands) == 1:
        operands.append(Field(posixpath.basename(operands[0].text.rstrip("/")), operands[0].certain))
    if not into and len(operands) < 2:
        return
    target = into[0] if into else operands.pop()
    many = bool(into) or len(operands) > 1 or target.text.endswith("/") or target.text in (".", "..")
    for source in operands:
        place = target.text
        if many:
            place = posixpath.join(place, posixpath.basename(source.text.rstrip("/")))
        transfer(shell, verb, source, Field(place, target.certain), name)


def transfer(shell: Shell, verb: Verb, source: Field, target: Field, program: str) -> None:
    """Record that `source` goes to `target`, and that a copied program keeps being what it was."""
    origin, place = shell.path(source.text), shell.path(target.text)
    shell.does(verb, place, source=origin, program=program, certain=source.certain and target.certain)
    shell.copies[place] = shell.copies.get(origin, origin)
    if origin in shell.files:
        shell.files[place] = shell.files[origin]


def _printed(shell: Shell, name: str, command: Command, words: Words) -> str | None:
    """Return what a reader prints where its files were written by this very command."""
    if command.does is not Verb.READ:
        return "" if command.does not in (Verb.LIST, Verb.NETWORK) else None
    if name == "cat" and not words.options:
        if not words.operands:
            return shell.stdin
        parts = [
            shell.stdin if f.text == "-" else shell.files.get(shell.path(f.text)) for f in words.operands
        ]
        return None if any(part is None for part in parts) else "".join(part or "" for part in parts)
    return None
