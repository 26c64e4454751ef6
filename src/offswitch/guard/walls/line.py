# SPDX-License-Identifier: MIT
"""The run's ends of the lines to its keeper and its wardens: ask, and hear the answers in the run's own event loop.

No thread and no lock: a command that blocks for hours costs two open pipes and one entry in a table, so hundreds can
wait side by side. asyncio only (also below anyio on its asyncio back end); there is one keeper for each event loop.

Easy to get wrong: the keeper must not be in the run's process group, or Ctrl-C in a terminal would end it before the
run has taken leave of its jails; and it must not inherit the run's environment, which may hold keys.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

from offswitch.guard.errors import GuardError, KeeperLostError

from .cgroups import find_homes, sweep
from .messages import receive

PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from offswitch.guard.walls.keeper import main; main()"
)
LOST = "the keeper of this run's jails has died; start new jails"

Answer = dict[str, Any]


class Line:
    """One end of a line, and what was asked on it and has not been answered yet."""

    def __init__(self, ours: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self.socket = ours
        self.socket.setblocking(False)
        self.commands: dict[int, asyncio.Future[Answer]] = {}
        self.lost = False
        loop.add_reader(ours.fileno(), _Hearing(self))

    def ask(self, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """Send one message; it is small, and the other end always listens. One that is gone answers by `lose`."""
        data = json.dumps(message).encode()
        for _ in range(100):
            if self.lost:
                return
            try:
                socket.send_fds(self.socket, [data], list(descriptors))
                return
            except BlockingIOError:
                select.select([], [self.socket], [], 0.1)
            except OSError:
                break
        self.hear()  # the last words come before the end
        self.lose()

    def wait_for(self, number: int) -> asyncio.Future[Answer]:
        """Return a future for the answer to command `number`; make it before asking."""
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.commands[number] = waiting
        return waiting

    def hear(self) -> None:
        """Read every message that has come."""
        while not self.lost:
            heard = receive(self.socket, 1)
            if heard is None:
                return
            data, descriptors = heard
            if data:
                self.take(json.loads(data), descriptors)
            else:
                self.lose()

    def take(self, message: Answer, descriptors: list[int]) -> None:
        """Give an answer to whoever waits for it."""
        waiting = self.commands.pop(message["id"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def lose(self) -> None:
        """Note that the other end is gone, and tell whoever waits."""
        if self.lost:
            return
        self.lost = True
        if (loop := self._loop()) is not None and not loop.is_closed():
            loop.remove_reader(self.socket.fileno())
        self.socket.close()
        for number, waiting in list(self.commands.items()):
            if not waiting.done():
                waiting.set_result({"id": number, "ended": "it has ended"})
        self.commands.clear()


class _Hearing:
    """A callback that does not keep its line alive: a line that nobody holds is closed, which ends what it led to."""

    def __init__(self, held: Line) -> None:
        self._line = weakref.ref(held)

    def __call__(self) -> None:
        if (held := self._line()) is not None:
            held.hear()


class KeeperLine(Line):
    """The line to the keeper, which this starts."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.jails: dict[int, asyncio.Future[Answer]] = {}
        self.begun: dict[int, Answer] = {}  # jails that do not stand yet
        self.over: dict[int, str] = {}
        self.hello: Answer = {}
        self._number = 0
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = _start_keeper(theirs)
        super().__init__(ours, loop)

    def number(self) -> int:
        """Return a number that was not used before."""
        self._number += 1
        return self._number

    def take(self, message: Answer, descriptors: list[int]) -> None:
        """Give an answer to whoever waits for it; the line of a jail's commands comes before it stands."""
        if "id" in message:
            super().take(message, descriptors)
        elif "over" in message:
            self.over[message["jail"]] = message["over"]
        elif "begun" in message:
            self.begun[message["jail"]] = {**message, "line": descriptors[0]}
        elif "jail" in message:
            begun = self.begun.pop(message["jail"], {})
            waiting = self.jails.pop(message["jail"], None)
            if "open" in message and waiting is not None and not waiting.done():
                waiting.set_result({**begun, **message})
                return
            if begun:
                os.close(begun["line"])
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        else:
            self.hello = message

    def lose(self) -> None:
        """Take away what the dead keeper left; its jails have died with it."""
        if not self.lost:
            self.leave()
            sweep(find_homes())

    def leave(self) -> None:
        """End the line, and by that the keeper and every jail that it still holds."""
        super().lose()
        for waiting in self.jails.values():
            if not waiting.done():
                waiting.set_exception(KeeperLostError(LOST))
                waiting.exception()  # heard, even where nobody waits any more
        self.jails.clear()
        for begun in self.begun.values():
            os.close(begun["line"])
        self.begun.clear()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)


_keepers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, KeeperLine] = weakref.WeakKeyDictionary()


def _start_keeper(theirs: socket.socket) -> subprocess.Popen[bytes]:
    source = str(Path(__file__).parents[3])
    argv = [sys.executable, "-I", "-S", "-c", PROGRAM, source, str(os.getpid()), str(theirs.fileno())]
    return subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        env={"LANG": "C.UTF-8"}, pass_fds=(theirs.fileno(),), start_new_session=True,
    )  # fmt: skip


def keeper_line() -> KeeperLine:
    """Return the line of the running event loop to its keeper; the first call of a loop starts one."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise GuardError("jails need a running asyncio loop; trio is not supported") from None
    for other, line in list(_keepers.items()):
        if other.is_closed():  # its jails cannot be reached any more
            del _keepers[other]
            line.leave()
    known = _keepers.get(loop)
    if known is None or known.lost:
        known = _keepers[loop] = KeeperLine(loop)
    return known
