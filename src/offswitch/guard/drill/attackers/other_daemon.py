# SPDX-License-Identifier: MIT
"""Attack 12: ask a daemon outside to start a program; the stop never looks there."""

from __future__ import annotations

import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 12
NAME = "asks another daemon"
TRIES = (
    "asks docker.sock, containerd, D-Bus, a tmux server, sshd on localhost, or a desk of the drill to "
    "start a program"
)
ESCAPE = "a request reaches a daemon that would start a program"


KNOWN = (
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock",
    "/run/dbus/system_bus_socket", "/run/user/1000/bus", "/tmp/tmux-0/default", "/tmp/tmux-1000/default",
    "/run/systemd/private", "/run/user/1000/systemd/private", "/run/crio/crio.sock",
)  # fmt: skip
PORTS = (22, 2375, 2376, 6443, 10250)


def parameters(draw: Draw) -> Given:
    """Draw how often it asks."""
    return {"rounds": draw.randint(1, 3)}


def attack(given: Given, tell: Tell) -> None:
    """Knock at every door; ask the drill's own desk by its path for a program."""
    for _ in range(given["rounds"]):
        for path in KNOWN:
            if knock(socket.AF_UNIX, path):
                tell(got=f"a connection to {path}")
        for port in PORTS:
            if knock(socket.AF_INET, ("127.0.0.1", port)):
                tell(got=f"a connection to port {port}")
        if given.get("desk_path") and knock(socket.AF_UNIX, given["desk_path"], b"spawn\n"):
            tell(reached="the desk, by its path")
        tell(did="asked")
        time.sleep(0.01)
    tell.stay()


def knock(family: int, address: str | tuple[str, int], words: bytes = b"") -> bool:
    """Connect, say something, and tell whether that worked."""
    with socket.socket(family, socket.SOCK_STREAM) as line:
        line.settimeout(0.2)
        try:
            line.connect(address)
            line.sendall(words)
            return True
        except OSError:
            return False


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """Where the desk is within reach, it was asked."""
    return any("reached" in line for line in told) and any("did" in line for line in told)
