# SPDX-License-Identifier: MIT
"""The usual methods of stopping a process, one file each, tried on the same attackers beside our own.

Each is what people do: a supervisor of the agent's own user starts it, and stops it when told. Like the attackers they
are read as text, for they run inside the arena. One more method is one more file, and one name in `FILES`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

OURS = "offswitch"
FILES = ("kill_pid", "kill_group", "kill_tree", "timeout_k", "pid_file", "die_with_parent", "pid_namespace")
NEEDS = {
    "timeout_k": "timeout",
    "die_with_parent": "bwrap",
    "pid_namespace": "unshare",
}  # a program of the host


@dataclass(frozen=True)
class Usual:
    """One usual method, ready to be sent into the arena."""

    key: str
    name: str
    how: str
    source: str = field(repr=False)
    missing: str = ""  # why it cannot be tried here


@cache
def usual_methods() -> dict[str, Usual]:
    """Return every usual method by its key, in the order of the list."""
    return {name: _load(name) for name in FILES}


def _load(name: str) -> Usual:
    module: Any = import_module(f"{__name__}.{name}")
    source = files(__name__).joinpath(f"{name}.py").read_text(encoding="utf-8")
    program = NEEDS.get(name)
    missing = f"`{program}` is not installed" if program and shutil.which(program) is None else ""
    return Usual(name, module.NAME, module.HOW, source, missing)
