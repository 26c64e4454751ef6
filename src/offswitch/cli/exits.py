# SPDX-License-Identifier: MIT
"""Exit codes, for scripts: what each one promises is written in docs/exit-codes.md."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended. `FOUND` outranks `BROKEN`: what was found stands, whatever could not be read."""

    DONE = 0  # everything was read, whatever was found
    INTERNAL = 1  # a fault of this program
    USAGE = 2  # wrong arguments, or nothing to scan
    BROKEN = 3  # done, but some files or episodes could not be read or judged
    FOUND = 4  # done, and `--fail-on` was met
    MISSING = 5  # an extra is not installed
    UNPROVED = 6  # something was stopped and is not proved dead
    NOT_BEGUN = 125  # `run`: the guard could not start the command, or not prove its death
    INTERRUPTED = 130  # Ctrl-C; the same command goes on
