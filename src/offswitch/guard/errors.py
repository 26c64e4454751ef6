# SPDX-License-Identifier: MIT
"""What the guard says when it cannot do what was asked: what happened, to which jail, and what to do next.

The guard fails closed: where one of these is raised, no process was left running outside a jail.
"""

from __future__ import annotations

from typing import Any


class GuardError(Exception):
    """Something about the jail, as against something about what runs in it."""


class TierError(GuardError):
    """This host cannot give the asked protection; the message names what is missing and its cure."""


class JailStartError(GuardError):
    """The jail did not come up; what was begun has been taken down again."""


class NoProgramError(JailStartError):
    """The command is no program; `exit` is 126 or 127, as a shell says it."""

    def __init__(self, told: str, exit: int) -> None:
        super().__init__(told)
        self.exit = exit


class JailEndedError(GuardError):
    """The jail is closed, its time is over, or its first process died: nothing runs in it any more."""


class JailFullError(GuardError):
    """No process can be added: the host is out of memory or of process numbers."""


class KeeperLostError(GuardError):
    """The keeper of this run's jails has died, and the jails have died with it."""


class TooLargeError(GuardError):
    """A file in the jail is larger than the reader allowed."""

    def __init__(self, path: str, limit: int) -> None:
        super().__init__(f"{path} is larger than {limit} bytes; allow more with limit=")
        self.path, self.limit = path, limit


class NotProvedEmptyError(GuardError):
    """Processes of the jail were still there when patience ran out; the message gives their numbers."""


class PlaceError(GuardError):
    """A folder or a name for a run cannot be used; the message says why and what to give instead."""


class NameInUseError(PlaceError):
    """A living run has that name."""


class NoSuchRunError(GuardError):
    """There is no run of that name."""


class SilentError(GuardError, TimeoutError):
    """A supervisor does not answer: it is frozen or starved. Its agent ends with its lease, or by its keeper, all the same."""


class RefusedError(GuardError):
    """The supervisor refused what was asked: a renewal that is forged, used or too long, or somebody who may not ask."""


class NotProvedDeadError(GuardError):
    """A run was ordered to stop and its death could not be proved; `receipt` says what is known, where there is one."""

    def __init__(self, told: str, receipt: dict[str, Any] | None) -> None:
        super().__init__(told)
        self.receipt = receipt
