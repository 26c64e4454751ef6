# SPDX-License-Identifier: MIT
"""What the shell knows at one point of a command: folder, variables, functions, files it has just written.

Mutable on purpose: reading a command walks it as the shell would. The one thing that is easy to get wrong: a copy made
for a subshell shares the effects and the budget, and nothing else.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from offswitch.verdict.effects import Effect, Verb

LONGEST = 1024 * 1024  # characters of one command that are parsed
DEEPEST = 40  # nesting of syntax, of `bash -c` and of function calls, together
TEXT = 64 * 1024  # characters of text kept in one effect
WRAPPED = 60  # programs that run one another: `sudo env xargs …`
_UNREAD, _TAIL = 8, 4_096  # texts nested too deep whose ends are kept, and how much of each
_COPIED = 16  # characters that a word costs which a wrapper hands on
_REREAD = 8  # times what a text costs that is read once more

LOADERS = frozenset(
    [
        "PATH",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "BASH_ENV",
        "ENV",
        "PROMPT_COMMAND",
    ]
)
"""Variables that decide which code runs under a name."""


class Field(NamedTuple):
    """One word after expansion. `certain` is False where a glob or an unknown value hides in it."""

    text: str
    certain: bool = True


class Value(NamedTuple):
    """What a variable holds; `items` where it is an array; `others` what it may hold instead.

    `whole`: it came as one word, and an unquoted use does not cut it up.
    """

    text: str
    certain: bool = True
    items: tuple[Field, ...] | None = None
    others: tuple[str, ...] = ()
    whole: bool = False


class Exhausted(Exception):
    """The command asks for more work than one command may: reading ends here."""


class TooDeep(Exception):
    """Something is nested deeper than anybody would: what is in it is unknown, reading goes on after it."""


@dataclass
class Budget:
    """How much one command may cost to read, in commands run and characters expanded."""

    steps: int = 20_000
    characters: int = 8 * 1024 * 1024
    nested: int = 0
    programs: int = 0
    unread: list[tuple[str, int, tuple[int, int] | None]] = field(default_factory=list)

    def call(self, words: int) -> None:
        """Go into a program of so many words, before they are copied; raise where wrappers are piled up."""
        self.spend(steps=1, characters=words * _COPIED if self.programs else 0)
        if self.programs >= WRAPPED:
            raise TooDeep
        self.programs += 1

    def leave_unread(self, text: str, at: int, place: tuple[int, int] | None) -> None:
        """Note the end of a text that is nested too deep, to be read when the stack is short again."""
        if len(self.unread) < _UNREAD:
            self.unread.append((text[-_TAIL:], at + max(0, len(text) - _TAIL), place))

    def enter(self) -> None:
        """Go one level down into a word; raise `Exhausted` where no sane command goes."""
        self.nested += 1
        if self.nested > DEEPEST:
            self.nested = 0
            raise TooDeep

    def leave(self) -> None:
        """Come back up one level."""
        self.nested -= 1

    def spend(self, *, steps: int = 0, characters: int = 0) -> None:
        """Take from what is left; raise `Exhausted` where nothing is."""
        self.steps -= steps
        self.characters -= characters
        if self.steps < 0 or self.characters < 0:
            raise Exhausted


@dataclass
class Shell:
    """One shell (or subshell) while a command is read.

    `run` reads a text, `call` a command already cut into words; both return what it prints, None where not known.
    `folder` is "" where the working folder is not known. `stdin` is None where what comes in is not known; `source`
    is the code that it comes from. `guessing` is set in text that a shell would not run. `place`
    pins the offsets of text that does not stand in the command as it is (decoded, expanded, handed to `eval`).
    """

    run: Callable[[Shell, str, int], str | None]
    call: Callable[[Shell, list[Field]], str | None]
    folder: str = ""
    variables: dict[str, Value] = field(default_factory=dict)
    functions: dict[str, tuple[str, int]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    positional: tuple[Field, ...] = ()
    stdin: str | None = None
    source: str = ""
    conditional: bool = False
    certain: bool = True
    unset_is_empty: bool = False
    guessing: bool = False
    ended: bool = False
    depth: int = 0
    active: tuple[str, ...] = ()
    place: tuple[int, int] | None = None
    here: tuple[int, int] = (0, 0)
    effects: list[Effect] = field(default_factory=list)
    budget: Budget = field(default_factory=Budget)

    def sub(self) -> Shell:
        """Return a subshell: what it changes for itself is forgotten, what it does to the world is kept."""
        self.budget.spend(steps=1 + (len(self.variables) + len(self.functions) + len(self.files)) // 100)
        return replace(
            self,
            variables=dict(self.variables),
            functions=dict(self.functions),
            aliases=dict(self.aliases),
            files=dict(self.files),
            copies=dict(self.copies),
            ended=False,
        )

    def does(
        self,
        verb: Verb,
        target: str = "",
        *,
        source: str = "",
        text: str = "",
        program: str = "",
        language: str = "",
        certain: bool = True,
    ) -> None:
        """Record one effect of the command that is being read."""
        if self.guessing and verb in (Verb.READ, Verb.LIST):
            return
        start, stop = self.place or self.here
        self.budget.spend(steps=1, characters=min(len(text), TEXT))
        self.effects.append(
            Effect(
                verb=verb,
                target=target,
                source=source,
                text=text[:TEXT],
                program=program,
                language=language,
                certain=certain and self.certain,
                conditional=self.conditional,
                start=start,
                stop=stop,
            )
        )

    def nested(self, text: str) -> str | None:
        """Run text that does not stand in the command as it is: decoded, expanded, handed to another shell."""
        self.budget.spend(characters=(_REREAD - 1) * len(text))
        place, self.place = self.place, self.place or self.here
        try:
            return self.run(self, text, 0)
        finally:
            self.place = place

    def path(self, name: str) -> str:
        """Return a path as plainly as it can be told: absolute where the folder is known, `./x` as `x`."""
        return normal_path(name, self.folder)


def normal_path(name: str, folder: str = "") -> str:
    """Join `name` to `folder` and drop `.`, `..` and doubled slashes; what stands for something else is left as it is."""
    if not name or name == "-" or name.startswith(("$", "`", "<(", ">(")) or "://" in name:
        return name
    if re.match(r"[\w.@-]+:", name):  # host:path of scp and rsync
        return name
    whole = name if name.startswith(("/", "~")) or not folder else posixpath.join(folder, name)
    plain = posixpath.normpath(whole)
    return "/" + plain.lstrip("/") if plain.startswith("//") else plain
