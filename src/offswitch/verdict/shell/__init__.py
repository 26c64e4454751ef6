# SPDX-License-Identifier: MIT
"""Read a shell command into its effects, by parsing it and following it as the shell would. For tool calls.

    X=rm; r''m $X "$(echo a)" && base64 -d <<< cm0gYg== | sh   ->   delete "rm", delete "a", delete "b"

The one thing that is easy to get wrong: nothing is run, and nothing outside the text is known; what depends on the
world is marked as not certain, conditional or unknown.
"""

from __future__ import annotations

import shlex
from contextlib import suppress

from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.shell.programs import run_program
from offswitch.verdict.shell.state import LONGEST, TEXT, Budget, Exhausted, Field, Shell, TooDeep, normal_path
from offswitch.verdict.shell.tail import last_words, read_unread, tail_budget
from offswitch.verdict.shell.walk import run_text

_LAST = 300  # words at the end of a list of words that are read where it is too long

__all__ = ["argv_effects", "argv_within", "normal_path", "shell_effects", "text_within"]


def shell_effects(command: str, *, folder: str = "") -> tuple[Effect, ...]:
    """Return what `command` does, in the order of the text; `folder` is where it runs, "" where that is not known.

    Bounded in time and memory: what a command asks beyond that, and what cannot be told, is an effect `UNKNOWN`.
    Never raises. `start` and `stop` of each effect are offsets into `command`, in characters.
    """
    shell = Shell(run=run_text, call=run_program, folder=folder)
    whole = len(command) <= LONGEST
    try:
        run_text(shell, command)
    except (Exhausted, TooDeep, RecursionError):
        whole = False
        shell.effects.append(Effect(verb=Verb.UNKNOWN, text=command[:TEXT], stop=len(command)))
    with suppress(Exhausted, TooDeep, RecursionError):
        read_unread(shell)
    return tuple(shell.effects) if whole else (*shell.effects, *_at_the_end(command, folder))


def _at_the_end(command: str, folder: str) -> list[Effect]:
    """Return what the last words of a command may do that was too long to be read whole."""
    shell = Shell(
        run=run_text, call=run_program, folder=folder, budget=tail_budget(), certain=False, guessing=True
    )
    start = last_words(command)
    with suppress(Exhausted, TooDeep, RecursionError):
        run_text(shell, command[start:], start)
        read_unread(shell)
    return shell.effects


def argv_effects(words: list[str], *, folder: str = "") -> tuple[Effect, ...]:
    """Return what a command does that is given as words, past any shell."""
    try:
        return argv_within([(word, True) for word in words], folder, Budget(), 0, None)
    except (Exhausted, TooDeep, RecursionError):
        unread = Effect(verb=Verb.UNKNOWN, text=" ".join(words[:TEXT])[:TEXT])
        return (unread, *_at_the_end(" ".join(shlex.quote(word) for word in words[-_LAST:]), folder))


def text_within(text: str, folder: str, budget: Budget, depth: int, stdin: str | None) -> tuple[Effect, ...]:
    """Read a command that stands in other code, on that code's budget; raises `Exhausted` where it is spent."""
    shell = Shell(run=run_text, call=run_program, folder=folder, budget=budget, depth=depth, stdin=stdin)
    run_text(shell, text)
    read_unread(shell)
    return tuple(shell.effects)


def argv_within(
    words: list[tuple[str, bool]], folder: str, budget: Budget, depth: int, stdin: str | None
) -> tuple[Effect, ...]:
    """Read a command given as words (with whether each is certain), on the budget of the code it stands in."""
    shell = Shell(
        run=run_text, call=run_program, folder=folder, budget=budget, depth=depth, stdin=stdin, place=(0, 0)
    )
    run_program(shell, [Field(word, certain) for word, certain in words])
    return tuple(shell.effects)
