# SPDX-License-Identifier: MIT
"""Redirections: what `>`, `>>`, `<`, `<<<` do to files. `: > f` empties a file; `2>&1` touches none.

The one thing that is easy to get wrong: redirecting to a device is no change of a file, except `/dev/tcp`, which is
the network.
"""

from __future__ import annotations

import re

import msgspec

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.lexing import skip
from offswitch.verdict.shell.state import Shell
from offswitch.verdict.shell.words import text_of

_FORM = re.compile(r"\s*(\d+|\{\w+\})?\s*(<<<|&>>|&>|>>|>\||>&|<>|<&|>|<)\s*", re.DOTALL)
_DEVICES = re.compile(r"/dev/(null|zero|full|stdin|stdout|stderr|tty|fd/\d+|pts/\d+|u?random)\Z|\d+-?\Z|-\Z")
_TCP = re.compile(r"/dev/(?:tcp|udp)/(.+)")


class Redirect(msgspec.Struct, frozen=True):
    """One redirection. `word` is the raw destination, or the text itself for a here-document (`document`)."""

    operator: str
    word: str
    descriptor: str = ""
    at: int = 0
    known: bool = True
    document: bool = False
    surplus: tuple[tuple[int, int], ...] = ()

    @property
    def writes(self) -> bool:
        """Tell whether it takes what the command prints."""
        return self.operator in (">", ">>", ">|", "&>", "&>>", ">&", "<>") and not (
            self.operator == "<>" and self.descriptor in ("", "0")
        )


def read_redirect(text: str, at: int) -> Redirect:
    """Read a redirection from its text; words behind the destination belong to the command (`surplus`)."""
    match = _FORM.match(text)
    if not match:
        return Redirect("", text, at=at)
    end = _word_end(text, match.end())
    surplus, i = [], end
    while match[2] != "<<<" and i < len(text):
        if text[i].isspace():
            i += 1
            continue
        stop = _word_end(text, i)
        surplus.append((at + i, at + stop))
        i = max(stop, i + 1)
    return Redirect(
        match[2], text[match.end() : end], match[1] or "", at + match.end(), surplus=tuple(surplus)
    )


def apply_redirects(shell: Shell, redirects: list[Redirect], output: str | None) -> str | None:
    """Do what redirections do; return what is left of the output."""
    for redirect in redirects:
        if redirect.document:
            shell.stdin = redirect.word if redirect.known else None
            continue
        field = text_of(shell, redirect.word, redirect.at)
        if redirect.operator == "<<<":
            shell.stdin = field.text + "\n" if field.certain else None
            continue
        output = _apply(shell, redirect, field.text, field.certain, output)
    return output


def _apply(shell: Shell, redirect: Redirect, name: str, certain: bool, output: str | None) -> str | None:
    network = _TCP.match(name)
    if network:
        shell.does(Verb.NETWORK, network[1].replace("/", ":"), text=output or "", program=redirect.operator)
        return ""
    path = shell.path(name)
    if redirect.operator == "<" or (redirect.operator == "<>" and redirect.descriptor in ("", "0")):
        shell.stdin = shell.files.get(path) if name != "/dev/null" else ""
        if not _DEVICES.match(name):
            shell.does(Verb.READ, path, program="<", certain=certain)
        return output
    mine = redirect.descriptor in ("", "1")
    if not redirect.operator or redirect.operator in ("<&",) or _DEVICES.match(name):
        return "" if mine and name == "/dev/null" else output
    text = (output or "") if mine else ""
    if redirect.operator == "<>":
        shell.does(Verb.EDIT, path, text=text, program="<>", certain=certain)
        return ""
    verb = Verb.APPEND if redirect.operator in (">>", "&>>") else Verb.WRITE
    shell.does(verb, path, text=text, program=redirect.operator, certain=certain)
    if mine and output is not None and len(output) < 65536:
        shell.files[path] = shell.files.get(path, "") * (verb is Verb.APPEND) + output
    elif mine:
        shell.files.pop(path, None)
    return "" if mine else output


def _word_end(text: str, i: int) -> int:
    while i < len(text) and not text[i].isspace():
        i = skip(text, i, len(text))
    return i
