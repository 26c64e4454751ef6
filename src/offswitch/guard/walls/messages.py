# SPDX-License-Identifier: MIT
"""The lines between the processes of the guard: one message is one packet of JSON, and descriptors may come with it."""

from __future__ import annotations

import socket

MESSAGE = 65536  # bytes of one at most


def receive(line: socket.socket, most: int) -> tuple[bytes, list[int]] | None:
    """Return the next message with up to `most` descriptors: empty at the end of the line, None where a line that does not wait has none."""
    try:
        data, descriptors, _, _ = socket.recv_fds(line, MESSAGE, most, socket.MSG_CMSG_CLOEXEC)
    except BlockingIOError:
        return None
    except OSError:
        return b"", []
    return data, descriptors
