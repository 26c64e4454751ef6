# SPDX-License-Identifier: MIT
"""The floor of an arena: its first process, which starts a supervisor that starts the attackers, and watches.

The supervisor is what people have: a process of the agent's own user. The floor itself cannot be killed from inside (it
is the first of its pid namespace), reaps what is orphaned, and plays the daemon that would start a program for whoever
asks. What it says goes to a pipe that no attacker has. Its text goes into the arena on the command line; so it imports
nothing of ours.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONTROL = 3


def say(**words: object) -> None:
    """Tell the drill something."""
    os.write(CONTROL, json.dumps(words).encode() + b"\n")


def supervise(order: dict[str, Any], go: int) -> None:
    """Start the attackers by the method, wait for the moment, stop them by the method; tell how long that took."""
    names: dict[str, Any] = {"__name__": "method"}
    exec(compile(order["method"], "method", "exec"), names)
    given, argv = order["given"], [sys.executable, "-I", "-S", "-c", order["crew"], order["blows"]]
    began = time.monotonic()
    agent = names["start"](argv, given)
    if given["since"] == "deed":
        select.select([go], [], [], 4.0)
        began = time.monotonic()
    time.sleep(max(0.0, began + given["delay"] - time.monotonic()))
    ordered = time.monotonic()
    say(ordered=True)
    names["stop"](agent, given)
    say(stopped=(time.monotonic() - ordered) * 1000)


def desk(names: dict[str, Any]) -> list[socket.socket]:
    """Open the places at which a program can be had for the asking."""
    path = socket.socket(socket.AF_UNIX)
    path.bind(names["desk_path"])
    name = socket.socket(socket.AF_UNIX)
    name.bind("\0" + names["desk_name"])
    port = socket.socket(socket.AF_INET)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port.bind(("127.0.0.1", names["desk_port"]))
    for place in (path, name, port):
        place.listen(64)
        place.setblocking(False)
    return [path, name, port]


def grant(place: socket.socket, seconds: float) -> None:
    """Do what was asked for: start a program, in a session of its own."""
    try:
        line, _ = place.accept()
        line.settimeout(0.2)
        asked = line.recv(64)
        line.close()
    except OSError:
        return
    if asked.startswith(b"spawn") and os.fork() == 0:
        os.setsid()
        os.execvp("sleep", ["sleep", str(int(seconds))])


def main(text: str) -> None:
    """Serve until the drill closes the line."""
    os.set_inheritable(CONTROL, False)
    order = json.loads(text)
    places = desk(order["given"])
    wake, alarm = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    go, began = os.pipe2(os.O_CLOEXEC)
    supervisor = os.fork()
    if supervisor == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for place in places:
            place.close()
        try:
            supervise(order, go)
        except BaseException as fault:
            say(fault=f"{type(fault).__name__}: {fault}"[:300])
        os._exit(0)
    say(supervisor=supervisor)
    lifeline = 0
    while True:
        watched: list[Any] = [lifeline, wake, *places]
        ready = select.select(watched, [], [])[0]
        if lifeline in ready:
            if not os.read(lifeline, 64):
                os._exit(0)
            os.write(began, b"go")
        if wake in ready:
            os.read(wake, 4096)
        if supervisor and os.waitid(os.P_PID, supervisor, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            say(gone=True)
            supervisor = 0
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        for place in places:
            if place in ready:
                grant(place, order["given"]["seconds"])


if __name__ == "__main__":
    main(sys.argv[1])
