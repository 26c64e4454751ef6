# SPDX-License-Identifier: MIT
"""The warden: one small process per jail, outside its namespaces and inside its control groups, that starts commands.

It is a copy of the keeper, without the keeper's descriptors. Because it is in the groups itself, what it forks is in
them from birth, and no process has to be moved, which costs the kernel up to 35 ms and leaves a moment outside. It
starts bubblewrap, then one child for each command, and tells the run how each ended. When it dies, its jail dies:
the first process inside reads the end of its input, and bubblewrap is told by the kernel. It dies at the latest a moment
after the jail's time, by a timer that the kernel holds: no guard that is frozen, or that gets no processor, has to do it.

What it forks before it is needed is in cradle.py.

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
from collections.abc import Callable
from typing import Any, NoReturn

from offswitch.guard import kernel

from . import entering
from .bounds import Bounds
from .cgroups import Group, kill
from .cradle import Cradle, Hand
from .messages import MESSAGE, receive


class Warden:
    """Serves one jail; one thread, one loop, and no way back to the keeper's work."""

    def __init__(
        self, keeper: int, line: int, group: Group, own_pids: int, uid: int | None, cradle: Cradle
    ) -> None:
        """`keeper`: the line to the keeper; `line`: that on which the run asks for commands; `uid`: the jail's user."""
        self.keeper, self.line = socket.socket(fileno=keeper), socket.socket(fileno=line)
        self.group, self.own_pids, self.uid, self.cradle = group, own_pids, uid, cradle
        self.wake, alarm = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        self.commands: dict[int, int] = {}  # pid: command number
        self.folders: dict[int, str | None] = {}  # command number: its control group
        self.pidfd = self.pids = -1
        self.limits = Bounds()
        self.hand: Hand | None = None
        self.stands = False
        self.last_resort = kernel.LastResort()

    def say(self, **message: Any) -> None:
        """Tell whoever holds the other end."""
        self.line.send(json.dumps(message).encode())

    # The start -------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Wait until bubblewrap has its order, and tell whether the jail stands.

        The first command may come before it does: its hand makes ready meanwhile.
        """
        data = self.keeper.recv(MESSAGE)
        if not data:
            os._exit(0)  # never needed: the run has ended
        try:
            order = json.loads(data)
            self.limits = Bounds(**order["limits"])
            self.keeper.setblocking(False)
            inner = self.cradle.first()
            self.pidfd = os.pidfd_open(inner)
            self.pids = os.open(f"/proc/{inner}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            if self.group.killer is not None and not self.group.holds(inner):
                raise OSError("the first process is not in its group")  # died; its number is another's
            self.hand = hand = self.fork_hand()
            while not self.stands:
                heard = self.cradle.heard(self.line.fileno())
                if self.line.fileno() in heard:
                    self.hear()
                if self.cradle.words in heard or not heard:
                    self.stands = self.cradle.listen()
            self.hear_keeper(order)  # only now, for nobody of the agent's acts before
            hand.go()
            told: dict[str, Any] = {"outer": self.cradle.pid, "inner": inner, "hand": hand.pid}
        except (OSError, ValueError, KeyError) as failure:
            told = {"error": str(failure)}
        self.keeper.send(json.dumps(told).encode())
        if not self.stands:
            os._exit(1)

    def hear_keeper(self, said: dict[str, Any] | None = None) -> None:
        """Have the kernel kill us when the keeper last `said`; the end of the line means that the keeper is dead."""
        while (heard := receive(self.keeper, 1)) is not None:
            if not heard[0]:
                os._exit(0)
            said = json.loads(heard[0])
        if said is not None:
            self.last_resort.set(said["until"])

    def fork_hand(self) -> Hand:
        """Fork the child that will carry the first command in."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        folder = self.group.command(0)
        pid = self.fork(folder)
        if pid == 0:
            ours.close()
            entering.wait(self.stay(), theirs)
        theirs.close()
        return Hand(pid, ours, folder)

    # Commands --------------------------------------------------------------------------------------------------------

    def hear(self) -> None:
        """Read one message and do what it says; the end of the line means that nobody wants the jail any more."""
        data, descriptors = receive(self.line, 8) or (b"", [])
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
        """Hand the command to the child that waits for it, or to a new one, in a group of its own and the jail's pid namespace."""
        hand, self.hand = self.hand, None
        if hand is not None and hand.take(descriptors):
            self.commands[hand.pid], self.folders[number] = number, hand.folder
            return
        try:
            if not self.stands:
                raise OSError("the jail does not stand yet")
            folder = self.group.command(number)
            pid = self.fork(folder)
        except OSError as failure:
            self.say(id=number, full=str(failure))
            return
        if pid == 0:
            stay = self.stay()
            entering.prepare(stay)
            entering.act(stay, descriptors)
        self.commands[pid], self.folders[number] = number, folder

    def fork(self, folder: str | None) -> int:
        """Fork a child into a command's group and the jail's pid namespace; it does the rest itself."""
        return fork_inside(self.pids, self.own_pids, self.uid, lambda: self.group.fork(folder, born_in=True))

    def stay(self) -> entering.Stay:
        """Return what a child needs to know about the jail."""
        return entering.Stay(self.pidfd, self.uid, self.rlimits())

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
                    if self.uid is None:
                        os.kill(pid, entering.NOTICE)  # one of us, who stands between and passes it on
                    else:
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
        for pid, status in kernel.reap():
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
            for descriptor in (self.keeper.fileno(), self.line.fileno(), self.wake, self.pidfd):
                watch.register(descriptor, select.POLLIN)
            while True:
                for descriptor, _ in watch.poll():
                    if descriptor == self.wake:
                        with contextlib.suppress(BlockingIOError):
                            os.read(self.wake, 4096)
                        self.reap()
                    elif descriptor == self.pidfd:
                        os._exit(0)  # the first process has gone, and its namespace with it
                    elif descriptor == self.keeper.fileno():
                        self.hear_keeper()
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
