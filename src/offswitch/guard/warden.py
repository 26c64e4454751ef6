# SPDX-License-Identifier: MIT
"""The warden: one small process per jail, outside its namespaces and inside its control groups, that starts commands.

It is a copy of the keeper, without the keeper's descriptors. Because it is in the groups itself, what it forks is in
them from birth, and no process has to be moved, which costs the kernel up to 35 ms and leaves a moment outside. It
starts bubblewrap, then one child for each command, and tells the run how each ended. When it dies, its jail dies:
the first process inside reads the end of its input, and bubblewrap is told by the kernel.

Easy to get wrong: whatever the warden holds open, its children hold too, until they have closed it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import calls, entering, kernel, view
from .bounds import Bounds
from .cgroups import Group, kill

MESSAGE = 65536
# Once bubblewrap has complained: it sits there after its child's death, for the deaths of children are ignored (see view.py).
COMPLAINT_SECONDS = 1.0
START_SECONDS = 20.0  # for bubblewrap; a machine that swaps needs patience


class Warden:
    """Serves one jail; one thread, one loop, and no way back to the keeper's work."""

    def __init__(self, line: int, group: Group, own_pids: int, files: Sequence[tuple[str, int]]) -> None:
        self.line = socket.socket(fileno=line)
        self.group, self.own_pids, self.files = group, own_pids, files
        self.wake, alarm = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        self.commands: dict[int, int] = {}  # pid: command number
        self.folders: dict[int, str | None] = {}  # command number: its control group
        self.pidfd = self.pids = self.lifeline = -1
        self.limits = Bounds()
        self.uid: int | None = None

    def say(self, **message: Any) -> None:
        """Tell whoever holds the other end."""
        self.line.send(json.dumps(message).encode())

    # The start -------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Wait for the order, start bubblewrap, and tell whether the jail stands."""
        order = json.loads(self.line.recv(MESSAGE) or b"null")
        if order is None:
            os._exit(0)  # never needed: the run has ended
        self.limits, self.uid = Bounds(**order["limits"]), order["uid"]
        shown = view.View(order["workdir"], tuple(order["show"]), order.get("workspace"))
        try:
            outer, inner = self.start_bubblewrap(order["bubblewrap"], shown)
            self.pidfd = os.pidfd_open(inner)
            if self.group.killer is not None and inner not in self.group.pids():
                raise OSError(
                    "the first process is not in its control group"
                )  # died; its number is another's
            self.pids = os.open(f"/proc/{inner}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, ValueError, KeyError) as failure:
            self.say(error=str(failure))
            os._exit(1)
        self.say(open=True, outer=outer, inner=inner)

    def start_bubblewrap(self, bubblewrap: str, shown: view.View) -> tuple[int, int]:
        """Fork into bubblewrap and wait for the first process's greeting; return both pids."""
        stdin, self.lifeline = os.pipe2(os.O_CLOEXEC)
        ready, ready_end = os.pipe2(os.O_CLOEXEC)
        told, told_end = os.pipe2(os.O_CLOEXEC)
        os.write(self.lifeline, view.GREETING)
        outer = os.fork()
        if outer == 0:
            self.become_bubblewrap(bubblewrap, shown, stdin, ready_end, told_end)
        for descriptor in (stdin, ready_end, told_end):
            os.close(descriptor)
        words = b""
        watch = select.poll()
        watch.register(ready, select.POLLIN)
        while view.GREETING not in words:
            patience = COMPLAINT_SECONDS if words else START_SECONDS
            piece = os.read(ready, 4096) if watch.poll(patience * 1000) else b""
            if not piece or len(words) > 8192:
                raise OSError(words.decode(errors="replace").strip() or "bubblewrap ended without a word")
            words += piece
        inner = int(json.loads(os.read(told, 4096))["child-pid"])
        os.close(ready)
        os.close(told)
        return outer, inner

    def become_bubblewrap(
        self, bubblewrap: str, shown: view.View, stdin: int, stdout: int, told: int
    ) -> NoReturn:
        """In the child: become nobody in particular, and execute. Bubblewrap must never run as root."""
        try:
            entering.default_signals()
            signal.signal(
                signal.SIGCHLD, signal.SIG_IGN
            )  # inherited by the first process: the kernel reaps for it
            os.setsid()
            kernel.leave_keyring()
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            for descriptor, place in ((stdin, 0), (stdout, 1), (stdout, 2)):
                os.dup2(descriptor, place)
            # A description of its own for each start: bubblewrap reads to the end, and the offset would be shared.
            files = {path: os.open(f"/proc/self/fd/{known}", os.O_RDONLY) for path, known in self.files}
            for descriptor in (told, *files.values()):
                os.set_inheritable(descriptor, True)
            if self.uid is not None:
                kernel.become(self.uid, self.uid)
            kernel.no_new_privileges()
            kernel.die_with_parent(signal.SIGKILL)
            filter = files.pop(view.FILTER)
            argv = view.command(
                bubblewrap, shown, self.limits, files, told, filter if calls.program() else None
            )
            os.execve(argv[0], argv, view.environment(shown.workdir))
        except BaseException as failure:
            os.write(stdout, f"{type(failure).__name__}: {failure}".encode())
        finally:
            os._exit(entering.NOT_STARTED)

    # Commands --------------------------------------------------------------------------------------------------------

    def hear(self) -> None:
        """Read one message and do what it says; the end of the line means that nobody wants the jail any more."""
        data, descriptors, _, _ = socket.recv_fds(self.line, MESSAGE, 8, socket.MSG_CMSG_CLOEXEC)
        if not data:
            os._exit(0)
        message = json.loads(data)
        try:
            if message["do"] == "enter":
                self.enter(message["id"], descriptors)
            elif message["do"] == "kill":
                self.kill(message["id"])
            elif message["do"] == "notify":
                self.notify(message["id"])
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def enter(self, number: int, descriptors: list[int]) -> None:
        """Fork a child into the command's own group and the jail's pid namespace; it does the rest itself."""
        try:
            folder = self.group.command(number)
            pid = fork_inside(
                self.pids, self.own_pids, self.uid, lambda: self.group.fork(folder, born_in=True)
            )
        except OSError as failure:
            self.say(id=number, full=str(failure))
            return
        if pid == 0:
            order, *streams = descriptors
            entering.act(entering.Stay(self.pidfd, self.uid, self.rlimits()), order, streams)
        self.commands[pid], self.folders[number] = number, folder

    def rlimits(self) -> list[tuple[int, int]]:
        """Return per-process limits: a poor stand-in where the host has no control groups for us."""
        if self.group.homes.limited:
            return []
        return [
            (resource.RLIMIT_AS, self.limits.memory),
            (resource.RLIMIT_NPROC, self.limits.processes),
            (resource.RLIMIT_FSIZE, self.limits.disk),
        ]

    def notify(self, number: int) -> None:
        """Ask one command to end by itself: SIGTERM to its session, which we have not reaped, so the number is its own."""
        for pid, known in self.commands.items():
            if known == number:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGTERM)

    def kill(self, number: int) -> None:
        """Kill one command with all that it started, and nothing else in its jail."""
        for pid, known in self.commands.items():
            if known == number:
                if self.uid is None:
                    os.kill(pid, signal.SIGTERM)  # one of us, who stands between and kills the session
                    continue
                for stop in (os.kill, os.killpg):  # by number, by session, and below by group
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        stop(pid, signal.SIGKILL)
        folder = self.folders.get(number)
        if folder is not None:
            kill(folder)

    def reap(self) -> None:
        """Collect children that have ended, and tell how."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            number = self.commands.pop(pid, None)
            if number is None:
                continue  # bubblewrap; the keeper watches the first process
            self.say(id=number, status=status)
            folder = self.folders.pop(number)
            if folder is not None:
                with contextlib.suppress(OSError):  # what it left in the background is still in there
                    os.rmdir(folder)

    def serve(self) -> NoReturn:
        """Begin, and serve until the end of the line or of the jail."""
        watch = select.poll()
        try:
            self.begin()
            for descriptor in (self.line.fileno(), self.wake, self.pidfd):
                watch.register(descriptor, select.POLLIN)
            while True:
                for descriptor, _ in watch.poll():
                    if descriptor == self.wake:
                        with contextlib.suppress(BlockingIOError):
                            os.read(self.wake, 4096)
                        self.reap()
                    elif descriptor == self.pidfd:
                        os._exit(0)  # the first process has gone, and its namespace with it
                    else:
                        self.hear()
        except OSError:
            pass  # nobody listens
        finally:
            os._exit(1)


def fork_inside(pids: int, own: int, uid: int | None, fork: Callable[[], int]) -> int:
    """Fork with the jail's pid namespace set for children, and set it back at once; not root: see `_stand_between`."""
    if uid is None:
        return fork()
    kernel.enter(pids, kernel.NEW_PIDS)
    pid = -1
    try:
        pid = fork()
    finally:
        if pid != 0:
            kernel.enter(own, kernel.NEW_PIDS)
    return pid
