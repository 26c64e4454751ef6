# SPDX-License-Identifier: MIT
"""The control socket: who may ask, what was asked, and that everybody who asked for a stop gets the receipt.

Who asks is what the kernel says (`SO_PEERCRED`), never what a message says. A line that asks for nothing is closed after a while.

Easy to get wrong: a line that is closed over unread words loses what we had told it, too; so they are read first.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from offswitch.guard.walls.messages import MESSAGE

MOST_LINES = 4096
IDLE_SECONDS = 10.0

Message = dict[str, Any]


class Clients:
    """The lines of whoever wants something of a supervisor."""

    def __init__(
        self,
        listener: socket.socket,
        may: Callable[[int], bool],
        answer: Callable[[Message, int, int], Message | None],
        gone: Callable[[int], None],
        watch: Callable[[int, Callable[[], None]], None],
        unwatch: Callable[[int], None],
    ) -> None:
        """`may` judges a user; `answer` is given what was asked, the line's number and the user, and returns None where the
        answer is the receipt to come; `gone` is told the number of a line that is closed, which may be another's soon.
        """
        self.listener, self.may, self.answer, self.gone = listener, may, answer, gone
        self.watch, self.unwatch = watch, unwatch
        self.lines: dict[
            int, tuple[socket.socket, int, float]
        ] = {}  # the line, whose it is, when it last asked
        self.waiting: set[int] = set()  # for the receipt
        watch(listener.fileno(), self.accept)

    def accept(self) -> None:
        """Take one more line, if it comes from somebody who may ask."""
        try:
            line, _ = self.listener.accept()
        except OSError:
            return
        line.setblocking(False)
        _, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if not self.may(uid) or len(self.lines) >= MOST_LINES:
            line.close()
            return
        number = line.fileno()
        self.lines[number] = (line, uid, time.monotonic())
        self.watch(number, lambda: self.hear(number))

    def hear(self, number: int) -> None:
        """Answer one question."""
        line, uid, _ = self.lines[number]
        try:
            data = line.recv(MESSAGE)
        except OSError:
            data = b""
        if not data:
            self.drop(number)
            return
        self.lines[number] = (line, uid, time.monotonic())
        try:
            answer = self.answer(json.loads(data), number, uid)
        except (ValueError, TypeError, KeyError, AttributeError) as failure:
            answer = {"refused": f"not understood: {type(failure).__name__}"}
        tell(line, answer) if answer is not None else self.waiting.add(number)

    def drop(self, number: int) -> None:
        """Close a line."""
        self.unwatch(number)
        self.gone(number)
        self.waiting.discard(number)
        self.lines.pop(number)[0].close()

    def drop_idle(self) -> None:
        """Close the lines that have asked for nothing for a while."""
        now = time.monotonic()
        for number, (_, _, asked) in list(self.lines.items()):
            if number not in self.waiting and now - asked > IDLE_SECONDS:
                self.drop(number)

    def take_leave(self, told: Message) -> None:
        """Tell everybody how it ended, those included who came while that was being found out; and close."""
        for line, _, _ in self.lines.values():
            _part(line, told)
        with contextlib.suppress(OSError):
            while True:
                _part(self.listener.accept()[0], told)


def tell(line: socket.socket, message: Message) -> None:
    """Say something; whoever does not listen any more needs no answer."""
    with contextlib.suppress(OSError):
        line.send(json.dumps(message).encode())


def _part(line: socket.socket, told: Message) -> None:
    line.setblocking(False)
    with contextlib.suppress(OSError):
        line.recv(MESSAGE)
    tell(line, told)
    line.close()
