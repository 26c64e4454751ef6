# SPDX-License-Identifier: MIT
"""What a call does to the world, as far as its text tells. Shared by the shell parser, the tool reader and detectors.

The one thing that is easy to get wrong: what cannot be told is `UNKNOWN`, never "nothing".
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Verb(StrEnum):
    """The kinds of effect."""

    READ = "read"  # target: path
    LIST = "list"  # target: folder, or what is listed (processes, environment)
    WRITE = "write"  # target: path, text: new content where known (the whole file is replaced)
    APPEND = "append"  # target: path, text
    EDIT = "edit"  # target: path changed in place (sed -i, patch, str_replace), text: the change
    DELETE = "delete"  # target: path
    MOVE = "move"  # source -> target: paths; the source is gone
    COPY = "copy"  # source -> target: paths
    LINK = "link"  # source -> target: paths
    MODE = "mode"  # target: path, text: mode, owner or attribute (chmod, chown, chattr, setfacl)
    KILL = "kill"  # target: process name, pid or service (kill, pkill, systemctl stop, docker stop)
    RUN = "run"  # target: program or script, text: its arguments
    DEFINE = "define"  # target: name of a command, alias or variable that now means something else
    SCHEDULE = "schedule"  # target: crontab, unit, at job
    NETWORK = "network"  # target: address contacted, text: what is sent where known
    SEND = "send"  # target: recipient, text: message (mail, chat, notification tools)
    UNKNOWN = "unknown"  # it cannot be told what this does; text: the part that hides it


CHANGES = frozenset({Verb.WRITE, Verb.APPEND, Verb.EDIT, Verb.DELETE, Verb.MOVE, Verb.LINK, Verb.MODE})
"""Verbs that leave their `target` (for `MOVE` also their `source`) other than it was."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One effect of one call.

    `target` and `source` are as the command names them, made absolute where the working folder is known; `program` is the command
    that does it; `language` is set for code handed to an interpreter ("python", "sh"), with the code in `text`.
    `certain` is False where an expansion, a glob or a variable could make it mean something else; `conditional` is True where
    it runs only if something else fails or succeeds. `start`, `stop` mark the piece of the command's text, in characters.
    """

    verb: Verb
    target: str = ""
    source: str = ""
    text: str = ""
    program: str = ""
    language: str = ""
    certain: bool = True
    conditional: bool = False
    start: int = 0
    stop: int = 0
