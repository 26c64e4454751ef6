# SPDX-License-Identifier: MIT
"""What a freshly forked child of a warden or the keeper does: goes into a jail, and runs, reads or writes one thing there.

The agent inside has the same user as whoever enters, so the order matters: (1) memory hidden, (2) become the jail's
user, (3) into the namespaces, (4) every descriptor but its own four closed, (5) every capability gone, (6) only then
the agent's file or program. Until a program starts, the process cannot be traced, its
descriptors cannot be opened and what it reports comes from the kernel alone: a file is *read* by this code, not by a
`cat` that the agent may have a hand in.

Easy to get wrong: a descriptor of the host that is left open leads out of every namespace.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import resource
import signal
import socket
import stat
import sys
import termios
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from offswitch.guard import kernel

from . import calls, landlock, view

STDIN, STDOUT, STDERR, STATUS = range(4)
CHUNK = 1024 * 1024
NAMESPACES = (
    kernel.NEW_USERS
    | kernel.NEW_MOUNTS
    | kernel.NEW_NETWORK
    | kernel.NEW_IPC
    | kernel.NEW_HOSTNAME
    | kernel.NEW_CGROUPS
)
NOT_STARTED = 126
TAKE, GO = b"take", b"go"  # what a child that was forked early hears: the command, and that the jail stands
NOTICE = signal.SIGUSR1  # to who stands between, without root: pass SIGTERM on
FILTER = calls.program()


class Stay:
    """What the entering child needs to know about the jail."""

    def __init__(self, pidfd: int, uid: int | None, rlimits: Sequence[tuple[int, int]] = ()) -> None:
        self.pidfd, self.uid, self.rlimits = pidfd, uid, rlimits


def wait(stay: Stay, line: socket.socket) -> NoReturn:
    """Prepare, wait for the command and for the jail, in whichever order they come, do it; never return."""
    try:
        prepare(stay)
        word, descriptors = _hear(line)
        stands = word == GO
        if stands:
            word, descriptors = _hear(line)
        act(stay, descriptors, None if stands else lambda: _hear(line))
    finally:
        os._exit(NOT_STARTED)


def _hear(line: socket.socket) -> tuple[bytes, list[int]]:
    """Return the next word; end where nobody speaks any more."""
    word, descriptors, _, _ = socket.recv_fds(line, len(TAKE), 8, socket.MSG_CMSG_CLOEXEC)
    if not word:
        os._exit(NOT_STARTED)
    return word, descriptors


def prepare(stay: Stay) -> None:
    """Do what needs neither the jail nor the order."""
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")  # out of memory: a command goes before the jail's first process does
    signal.set_wakeup_fd(-1)
    default_signals()
    if stay.uid is not None:
        os.setsid()
    kernel.leave_keyring()
    kernel.hide_memory()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def act(stay: Stay, descriptors: list[int], stands: Callable[[], object] | None = None) -> NoReturn:
    """Enter and do what the order says; never return. `descriptors`: the order, stdin, stdout, stderr, status.
    `stands` waits for the jail, where it does not stand yet.
    """
    order, *streams = descriptors
    code, status = NOT_STARTED, streams[STATUS]
    try:
        try:
            wish = _load(order)
            if stay.uid is not None:
                _become(stay.uid, streams)
            if stands:
                stands()
            if stay.uid is None:
                _stand_between(stay)
            _go_in(stay, streams)
            status = STATUS
            code = _perform(wish)
        except OSError as failure:
            _report(status, failure)
        except BaseException as failure:  # a fault of this code must not go on as a copy of the keeper
            _report(status, OSError(errno.EINVAL, f"{type(failure).__name__}: {failure}"))
    finally:
        os._exit(code)


def _load(order: int) -> dict[str, Any]:
    with os.fdopen(os.dup(order), "rb") as file:
        file.seek(0)
        wish: dict[str, Any] = json.load(file)
        return wish


def _stand_between(stay: Stay) -> None:
    """Without root: enter, fork, and return in the child; the parent ends as the child does.

    Only root may set the PID namespace of children from outside. Whoever is not must be in the jail's user namespace
    first, and then only a child of his is in its PID namespace.
    """
    kernel.hide_memory()
    kernel.enter(stay.pidfd, NAMESPACES | kernel.NEW_PIDS)
    kernel.hide_memory()
    child = os.fork()
    if child == 0:
        os.setsid()
        return

    def pass_on(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGTERM)

    def kill_session(*_: object) -> None:
        for stop in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                stop(child, signal.SIGKILL)

    signal.signal(NOTICE, pass_on)
    signal.signal(signal.SIGTERM, kill_session)  # how the warden asks for the end of the command
    os.closerange(0, os.sysconf("SC_OPEN_MAX"))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.kill(os.getpid(), -code)
    os._exit(code)


def _become(uid: int, descriptors: list[int]) -> None:
    """Become the jail's user, who owns its user namespace, so that he may go in."""
    for place in (STDOUT, STDERR):
        os.fchown(descriptors[place], uid, uid)  # so that /dev/stdout and /dev/stderr can be opened
    kernel.become(uid, uid)
    kernel.hide_memory()


def _go_in(stay: Stay, descriptors: list[int]) -> None:
    for limit, value in stay.rlimits:
        resource.setrlimit(limit, (value, value))
    if stay.uid is not None:
        kernel.enter(stay.pidfd, NAMESPACES)
    _keep_only(descriptors)
    kernel.die_with_parent(signal.SIGKILL)
    kernel.give_up_privileges()
    kernel.forbid_calls(FILTER)
    kernel.hide_memory()
    # Root without a capability is still the owner of /proc/sys: whoever is not wholly the jail's user goes no further.
    if set(os.getresuid() + os.getresgid()) != {view.UID}:
        raise PermissionError(errno.EPERM, "not the jail's user")
    os.umask(0o022)


def default_signals() -> None:
    """Undo what Python (the first two) and the keeper ignore: programs inherit it."""
    for number in (
        signal.SIGPIPE,
        signal.SIGXFSZ,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):
        signal.signal(number, signal.SIG_DFL)


def _keep_only(descriptors: list[int]) -> None:
    """Make stdin, stdout, stderr and status the numbers 0 to 3, and close everything else."""
    high = [
        os.dup2(os.dup(descriptor), 100 + place, inheritable=False)
        for place, descriptor in enumerate(descriptors)
    ]
    for place, descriptor in enumerate(high):
        os.dup2(descriptor, place, inheritable=place != STATUS)
    os.closerange(STATUS + 1, os.sysconf("SC_OPEN_MAX"))


def _report(status: int, failure: OSError) -> None:
    """Say on the status pipe, which no program ever sees, what went wrong."""
    told = {"errno": failure.errno or errno.EIO, "what": str(failure)[:500]}
    os.write(status, json.dumps(told).encode())


def _perform(wish: dict[str, Any]) -> int:
    return {"exec": _exec, "read": _read, "write": _write}[wish["do"]](wish)


def _exec(wish: dict[str, Any]) -> int:
    if wish.get("terminal"):
        fcntl.ioctl(STDIN, termios.TIOCSCTTY, 0)
    if wish.get("writable") is not None:
        landlock.confine(wish["writable"])
    os.chdir(wish["cwd"])
    environment = {**wish["env"], "PWD": os.getcwd()}
    os.execvpe(wish["argv"][0], wish["argv"], environment)
    return NOT_STARTED


def _regular(path: str, flags: int) -> int:
    """Open a plain file, following links as the jailed user would; never wait, and never open a device."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY, 0o644)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EOPNOTSUPP, "not a plain file")
    return descriptor


def _stand_for(wish: dict[str, Any]) -> None:
    """Go to the work folder where a path starts there; elsewhere the agent, who may lock it, has no say."""
    if not wish["path"].startswith("/"):
        os.chdir(wish["cwd"])


def _read(wish: dict[str, Any]) -> int:
    _stand_for(wish)
    file = _regular(wish["path"], os.O_RDONLY)
    left = wish["limit"] + 1  # one byte more, so that the reader sees that there is more
    if os.fstat(file).st_size >= left:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    while left and (piece := os.read(file, min(left, CHUNK))):
        left -= len(piece)
        _send(STDOUT, piece)
    if not left:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return 0


def _write(wish: dict[str, Any]) -> int:
    _stand_for(wish)
    parent = os.path.dirname(wish["path"])
    if parent:
        os.makedirs(parent, exist_ok=True)
    file = _regular(wish["path"], os.O_WRONLY | os.O_CREAT)
    os.ftruncate(file, 0)
    os.lseek(STDIN, 0, os.SEEK_SET)
    while piece := os.read(STDIN, CHUNK):
        _send(file, piece)
    return 0


def _send(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


assert sys.platform == "linux", "the guard's jail is built on Linux namespaces"
