# SPDX-License-Identifier: MIT
"""The inner parts of a program: what its source imports, runs and fetches, so that they are known when used directly."""

from __future__ import annotations

import re
import sys

from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.python_code import is_python, python_effects
from offswitch.verdict.shell import shell_effects
from offswitch.verdict.wording import STOP_NAME, base

LONGEST = 100_000
MOST = 50
_IMPORT = re.compile(
    r"^\s*(?:from\s+([\w.]+)\s+import\b|import\s+([\w.]+)|(?:source|\.)\s+(\S+))", re.MULTILINE
)
_SCRIPT = re.compile(r"/|\.(?:py|sh|js|rb|pl)$")


def inner_parts(source: str) -> list[str]:
    """Return the modules outside the standard library, scripts and addresses that a program's source uses."""
    text = source[:LONGEST]
    found = [next(filter(None, match.groups())) for match in _IMPORT.finditer(text)]
    modules = [
        name for name in found if name.split(".")[0] not in sys.stdlib_module_names and name != "__future__"
    ]
    effects = (
        python_effects(text) if is_python(text) else shell_effects(text) if text.startswith("#!") else ()
    )
    return list(dict.fromkeys(modules + [part for effect in effects for part in _part(effect)]))[:MOST]


def _part(effect: Effect) -> list[str]:
    """Return what an effect of the source works through: an own script it runs, an address it asks."""
    if effect.verb is Verb.NETWORK and "://" in effect.target:
        return [effect.target]
    ran = effect.verb is Verb.RUN and effect.program != "import" and _SCRIPT.search(effect.target)
    if (
        ran
        and effect.certain
        and not STOP_NAME.search(base(effect.target))
        and not effect.target.startswith(("/usr/", "/bin/", "/sbin/"))
    ):
        return [effect.target]
    return []
