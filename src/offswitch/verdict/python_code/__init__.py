# SPDX-License-Identifier: MIT
"""Read Python code into its effects: parsed with `ast`, followed through names, paths, files and known calls.

    from robotlib import Client; c = Client(); c.forward(1)   ->   run "robotlib.Client.forward"
    p = Path("/a") / "b"; p.unlink()                          ->   delete "/a/b"

Nothing is run or imported. The one thing that is easy to get wrong: code that does not parse did nothing that can be
told, so it gives one `UNKNOWN` and nothing is guessed from its text.
"""

from __future__ import annotations

import re

import msgspec

from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.python_code.parsing import is_python, parsed
from offswitch.verdict.python_code.statements import Statements
from offswitch.verdict.shell import text_within
from offswitch.verdict.shell.state import TEXT, Budget, Exhausted, TooDeep

__all__ = ["is_python", "python_effects"]

_MAGIC = re.compile(r"(?m)^([ \t]*)([!%])(.*)$")


def python_effects(
    code: str, *, folder: str = "", budget: Budget | None = None, depth: int = 0
) -> tuple[Effect, ...]:
    """Return what `code` does, in the order of the text; `folder` is where it runs, "" where not known.

    Never raises. `start` and `stop` are offsets into `code`, in characters. `budget` and `depth` are shared with the shell
    command that the code stands in.
    """
    reader = _Module(code, folder, budget or Budget(), depth)
    try:
        reader.read(code)
    except (Exhausted, TooDeep, RecursionError):
        reader.effects.append(Effect(verb=Verb.UNKNOWN, text=code[:TEXT], language="python", stop=len(code)))
    return tuple(reader.effects)


class _Module(Statements):
    """A whole module, or a cell of a notebook."""

    def read(self, code: str) -> None:
        """Read a whole module."""
        tree = parsed(code)
        if tree is None:
            magic = self._without_magic(code)
            tree = parsed(magic) if magic is not None else None
        if tree is None:
            self.does(Verb.UNKNOWN, text=code, node=None)
            return
        self.starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", code))]
        self.block(tree.body)

    def _without_magic(self, code: str) -> str | None:
        """Take notebook lines (`!cmd`, `%cd x`, `%%bash`) off, recording what they run; None where there are none."""
        cell = re.match(r"\s*%%(bash|sh|script)\b[^\n]*\n", code)
        if cell:
            self.effects += text_within(code[cell.end() :], self.folder, self.budget, self.depth, None)
            return ""
        if not _MAGIC.search(code):
            return None
        for match in _MAGIC.finditer(code):
            shelled = match[2] == "!" or match[3].startswith(("sx ", "system "))
            if shelled:
                command = match[3].lstrip("!") if match[2] == "!" else match[3].split(" ", 1)[1]
                found = text_within(command, self.folder, self.budget, self.depth, None)
                self.effects += [
                    msgspec.structs.replace(e, start=match.start(), stop=match.end()) for e in found
                ]
        return _MAGIC.sub(
            lambda match: match[1] + "pass".ljust(len(match[0]) - len(match[1]))[: max(4, len(match[0]))],
            code,
        )
