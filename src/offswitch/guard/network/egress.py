# SPDX-License-Identifier: MIT
"""Network for a jailed agent, by allow-list: the one door that leads out of its jail.

    rules = Rules.parse(["api.example.com", "*.example.org:443", "127.0.0.1:8080"])  # allowlist.py
    listener = listen_inside(pidfd_of_first_process, uid)  # 127.0.0.1:3128 in the jail, and nowhere else
    pid, pidfd = start(listener, rules, log)  # a process outside accepts there, and connects from the host: forwarder.py
    listener.close()
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)  # the network is revoked: every connection is cut

The jail keeps a network of its own with nothing but a loopback, and no code of ours runs in it.

Easy to get wrong: through the door, 127.0.0.1 is the *host's* loopback. And what a rule allows is a host, not a purpose: who may
reach a host that hands on what it is given (a mail server, a bucket, a front for many sites) can reach what lies behind it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

from offswitch.guard import kernel
from offswitch.guard.errors import GuardError

from .allowlist import Rules

PORT = 3128
SERVE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from offswitch.guard.network.forwarder import main; main()"
LISTENER, LOG, READY = 3, 4, 5  # the descriptors of the process outside
START_SECONDS = 20.0
FIRST_USER, USERS = 0x7FFD_0000, 0x1_0000  # where the users of jails end; no process of the host has them
NOBODY_ELSE = 65533  # in a container that maps few users; jails are 65534 there


class EgressError(GuardError):
    """The jail's door to the network could not be made; the jail has none."""


def environment(port: int = PORT) -> dict[str, str]:
    """Return the variables by which programs in the jail find the door."""
    door = f"http://127.0.0.1:{port}"
    told = {"HTTP_PROXY": door, "HTTPS_PROXY": door, "ALL_PROXY": door, "NO_PROXY": ""}
    return told | {name.lower(): value for name, value in told.items()}


def listen_inside(pidfd: int, uid: int | None, port: int = PORT) -> socket.socket:
    """Return a socket that listens at 127.0.0.1 in the jail whose first process is `pidfd`; before the agent runs.

    `uid` is the jail's user, or None where the run is not root. Raises EgressError.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            child = os.fork()
            if child == 0:
                _listen(theirs, pidfd, uid, port)
        told, descriptors, _, _ = socket.recv_fds(ours, 4096, 1, socket.MSG_CMSG_CLOEXEC)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)
    if not descriptors:
        why = told.decode(errors="replace") or "whoever went in was killed"
        raise EgressError(f"nothing can listen at 127.0.0.1:{port} in the jail: {why}; is the jail still there, and the port free?")  # fmt: skip
    return socket.socket(fileno=descriptors[0])


def _listen(line: socket.socket, pidfd: int, uid: int | None, port: int) -> NoReturn:
    """In the child: go into the jail's network, and hand out a socket."""
    try:
        kernel.hide_memory()
        before = os.stat("/proc/self/ns/net").st_ino
        kernel.enter(pidfd, kernel.NEW_NETWORK if uid is not None else kernel.NEW_USERS | kernel.NEW_NETWORK)
        kernel.hide_memory()
        if os.stat("/proc/self/ns/net").st_ino == before:
            raise OSError("it has the network of the host")
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
            socket.send_fds(line, [b"."], [listener.fileno()])
    except BaseException as failure:
        line.send(str(failure).encode(errors="replace")[:2000])
    finally:
        os._exit(0)


def start(listener: socket.socket, rules: Rules, log_fd: int, uid: int | None = None) -> tuple[int, int]:
    """Start the process outside, and return its pid and pidfd once it serves; it dies with the thread that calls this.

    It is a child of the caller, who reaps it and closes his own `listener`. `uid`: its user where the caller is root.
    """
    if os.geteuid() == 0 and uid is None:
        uid = _free_user()
    heard, told = os.pipe2(os.O_CLOEXEC)
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 16) for descriptor in (listener.fileno(), log_fd, told)]  # fmt: skip
    os.close(told)
    argv = [sys.executable, "-I", "-S", "-c", SERVE, str(Path(__file__).parents[3]), str(os.getpid())]
    actions = [(os.POSIX_SPAWN_OPEN, place, "/dev/null", os.O_RDWR, 0) for place in range(3)]
    actions += [(os.POSIX_SPAWN_DUP2, place, LISTENER + n) for n, place in enumerate(high)]  # type: ignore[misc]
    # One arena for malloc: each thread would else have its own, and keep it.
    clean = {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
    pid = os.posix_spawn(
        sys.executable, [*argv, "" if uid is None else str(uid), *rules.entries], clean, file_actions=actions, setsid=True,
        setsigmask=(), setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD),
    )  # fmt: skip
    pidfd = os.pidfd_open(pid)
    for descriptor in high:
        os.close(descriptor)
    watch = select.poll()
    watch.register(heard, select.POLLIN)
    said = os.read(heard, 2000) if watch.poll(START_SECONDS * 1000) else b"not within %d s" % START_SECONDS
    os.close(heard)
    if said == b".":
        return pid, pidfd
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(pidfd)
    raise EgressError(f"the jail's door to the network did not open: {said.decode(errors='replace') or 'its process ended'}")  # fmt: skip


def _free_user() -> int:
    """Return a user that no jail has."""
    with open("/proc/self/uid_map") as file:
        last = max(int(start) + int(count) for start, _, count in (line.split() for line in file))
    return FIRST_USER + os.getpid() % USERS if last >= FIRST_USER + USERS else NOBODY_ELSE
