# SPDX-License-Identifier: MIT
"""Scripts that an agent writes and then runs: the deed is in the file, not in the command that starts it.

A shelf remembers the text of every file written in an episode and reads it when it is run. Bounded: a long file is
read as far as `LONGEST`, and what a script runs in turn is followed one step only.
"""

from __future__ import annotations

import msgspec

from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.naming import same
from offswitch.verdict.python_code import python_effects
from offswitch.verdict.shell import shell_effects
from offswitch.verdict.wording import base

LONGEST = 100_000
MOST = 200

_PYTHON = ("python", "ipython", "pypy", "uv", "pytest")
_PROFILES = (".bashrc", ".bash_profile", ".profile", ".zshrc", ".bash_aliases", ".bash_login", ".zprofile")
_SHELLS = ("sh", "bash", "zsh", "dash", "ksh", ".", "source")


class Shelf:
    """The files an agent has written so far, by the path it used."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def effects(self, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """Return `effects` with those of the scripts they run behind them, and remember the files they write."""
        found: list[Effect] = []
        for effect in effects:
            found.append(effect)
            self._remember(effect)
            if effect.verb is Verb.RUN:
                found += self._inside(effect)
            elif effect.verb in (Verb.WRITE, Verb.APPEND) and base(effect.target) in _PROFILES:
                found += _placed(shell_effects(effect.text[:LONGEST]), effect)  # the next shell runs it
        return tuple(found)

    def _remember(self, effect: Effect) -> None:
        if effect.verb is Verb.WRITE and effect.text and len(self._texts) < MOST:
            self._texts[effect.target] = effect.text[:LONGEST]
        elif effect.verb is Verb.APPEND and effect.target in self._texts:
            self._texts[effect.target] = (self._texts[effect.target] + effect.text)[:LONGEST]
        elif effect.verb in (Verb.COPY, Verb.MOVE) and effect.source in self._texts:
            self._texts[effect.target] = self._texts[effect.source]

    def _inside(self, run: Effect) -> list[Effect]:
        text = next((text for path, text in self._texts.items() if same(run.target, path)), None)
        if text is None:
            return []
        inner = (
            python_effects(text)
            if _is_python(run, text)
            else shell_effects(text)
            if _is_shell(run, text)
            else ()
        )
        return _placed(inner, run)


def _placed(inner: tuple[Effect, ...], outer: Effect) -> list[Effect]:
    """Return effects found in a script, marked as standing where the command that runs it stands."""
    return [msgspec.structs.replace(effect, start=outer.start, stop=outer.stop) for effect in inner]


def _is_python(run: Effect, text: str) -> bool:
    first = text.split("\n", 1)[0]
    return (
        run.target.endswith(".py")
        or run.program.startswith(_PYTHON)
        or (first.startswith("#!") and "python" in first)
    )


def _is_shell(run: Effect, text: str) -> bool:
    first = text.split("\n", 1)[0]
    return (
        run.target.endswith((".sh", ".bash"))
        or run.program in _SHELLS
        or (first.startswith("#!") and "sh" in first)
    )
