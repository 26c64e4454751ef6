# SPDX-License-Identifier: MIT
"""What is forked before it is needed, for half of a jail's start was once the forking of Python.

The *cradle* is bubblewrap, executed before anybody has asked for a jail: all that every jail has alike it knows, the rest it reads from
a pipe (`--args`), which its keeper holds. The *hand* carries the first command in: it is forked while bubblewrap is still mounting,
takes the command, and goes in when the jail stands. No later command has a hand, for it would wait in sight of the agent.

Easy to get wrong: a pipe that ends early must not let anything loose, so the walls are on the command line, and only what there is to
see is in the pipe. Bubblewrap names its first process in several writes, and complains to the same pipe as the greeting.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import signal
import socket
from collections.abc import Sequence
from typing import NoReturn

from offswitch.guard import kernel

from . import calls, entering, view
from .bounds import Bounds

# Once bubblewrap has complained: it sits there after its child's death, for the deaths of children are ignored (see view.py).
COMPLAINT_SECONDS = 1.0
START_SECONDS = 20.0  # for bubblewrap; a machine that swaps needs patience
MUCH = 8192  # bytes: more than bubblewrap has to say
ROOM = 1024 * 1024  # bytes of options at most
TOLD, FIRST_FILE = 3, 4  # descriptors in bubblewrap: where it names its first process; the made-up files


def order(shown: view.View, limits: Bounds, files: Sequence[tuple[str, int]]) -> bytes:
    """Return what bubblewrap has to be told of one jail. `files`: the memory files of `view.etc_files`."""
    places = {path: FIRST_FILE + number for number, (path, _) in enumerate(files) if path != view.FILTER}
    return b"".join(os.fsencode(word) + b"\0" for word in view.sights(shown, limits, places))


def give(pipe: int, data: bytes) -> None:
    """Write an order into the cradle's pipe, never waiting for one that does not read, and end the pipe. Raises OSError."""
    try:
        if len(data) > 60_000:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, ROOM)
        os.set_blocking(pipe, False)
        if os.write(pipe, data) < len(data):
            raise OSError(f"bubblewrap cannot be told so much: {len(data)} bytes")
    finally:
        os.close(pipe)


class Cradle:
    """Bubblewrap, waiting to be told; and what it says until the jail stands."""

    def __init__(
        self, bubblewrap: str | None, uid: int | None, files: Sequence[tuple[str, int]], args: int
    ) -> None:
        """`args`: the end of the pipe that bubblewrap reads its order from; closed here."""
        stdin, self.lifeline = os.pipe2(os.O_CLOEXEC)
        self.words, words = os.pipe2(os.O_CLOEXEC)
        self.told, told = os.pipe2(os.O_CLOEXEC)
        os.write(self.lifeline, view.GREETING)
        self.said = b""
        self.pid = os.fork()
        if self.pid == 0:
            _become_bubblewrap(
                bubblewrap, uid, [stdin, words, words, told, *(file for _, file in files), args]
            )
        for descriptor in (args, stdin, words, told):
            os.close(descriptor)

    def first(self) -> int:
        """Wait until bubblewrap names its first process, and return its pid. Raises OSError with bubblewrap's complaint."""
        named = b""
        while b"}" not in named:
            if self.told in self.heard(self.told):
                piece = os.read(self.told, MUCH)
                while not piece:  # it has ended, and says why
                    self.heard()
                    self.listen()
                named += piece
            else:
                self.listen()
        os.close(self.told)
        return int(json.loads(named)["child-pid"])

    def heard(self, *besides: int) -> list[int]:
        """Wait, and return which of our words and of `besides` has something to say; none: patience is over."""
        watch = select.poll()
        for descriptor in (self.words, *besides):
            watch.register(descriptor, select.POLLIN)
        patience = COMPLAINT_SECONDS if self.said else START_SECONDS
        return [descriptor for descriptor, _ in watch.poll(patience * 1000)]

    def listen(self) -> bool:
        """Take down what was said; return whether it was the greeting. Raises OSError where it is a complaint, and the last word."""
        watch = select.poll()
        watch.register(self.words, select.POLLIN)
        piece = os.read(self.words, MUCH) if watch.poll(0) else b""
        self.said += piece
        if view.GREETING in self.said:
            os.close(self.words)
            return True
        if not piece or len(self.said) > MUCH:
            raise OSError(self.said.decode(errors="replace").strip() or "bubblewrap ended without a word")
        return False


class Hand:
    """The child that waits to carry the first command in, seen by its warden."""

    def __init__(self, pid: int, line: socket.socket, folder: str | None) -> None:
        self.pid, self.line, self.folder = pid, line, folder

    def take(self, descriptors: list[int]) -> bool:
        """Give it the command and its streams; False where it is gone."""
        return self._tell(entering.TAKE, descriptors)

    def go(self) -> bool:
        """Tell it that the jail stands."""
        return self._tell(entering.GO, [])

    def _tell(self, word: bytes, descriptors: list[int]) -> bool:
        try:
            socket.send_fds(self.line, [word], descriptors)
        except OSError:
            return False
        return True


def _become_bubblewrap(bubblewrap: str | None, uid: int | None, descriptors: list[int]) -> NoReturn:
    """In the child: become nobody in particular, and execute. Bubblewrap must never run as root.

    `descriptors`: stdin, stdout, stderr, where the first process is named, the made-up files, and the pipe with the order.
    """
    try:
        entering.default_signals()
        # Inherited by the first process: the kernel reaps for it.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        os.setsid()
        kernel.leave_keyring()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # A description of its own for each file: bubblewrap reads to the end, and the offset would be shared.
        for place in range(FIRST_FILE, len(descriptors) - 1):
            descriptors[place] = os.open(f"/proc/self/fd/{descriptors[place]}", os.O_RDONLY | os.O_CLOEXEC)
        high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 100) for descriptor in descriptors]
        for place, descriptor in enumerate(high):
            os.dup2(descriptor, place)
        if uid is not None:
            kernel.become(uid, uid)
        kernel.no_new_privileges()
        kernel.die_with_parent(signal.SIGKILL)
        if bubblewrap is None:
            raise FileNotFoundError("bubblewrap is not installed")
        filter = FIRST_FILE if calls.program() else None  # the first of `view.etc_files`
        argv = [*view.walls(bubblewrap, TOLD, filter), "--args", str(len(descriptors) - 1)]
        os.execve(bubblewrap, [*argv, "--", *view.FIRST_PROCESS], view.environment("/"))
    except BaseException as failure:
        os.write(1, f"{type(failure).__name__}: {failure}".encode())
    finally:
        os._exit(entering.NOT_STARTED)
