# SPDX-License-Identifier: MIT
"""The output of a detached agent: the beginning is kept in a file, the rest goes by.

Easy to get wrong: to stop reading at the limit. An agent that waits for its output to be read does no work, and one whose pipe is
closed dies of it; so the rest is moved to nowhere, by the kernel, without being copied here.
"""

from __future__ import annotations

import os

CHUNK = 1024 * 1024


class Output:
    """A pipe that an agent writes to, and a file that holds what it said first."""

    def __init__(self, file: int, limit: int) -> None:
        self.file, self.left = file, limit
        self.near, self.far = os.pipe2(os.O_CLOEXEC)
        self.nowhere = -1
        os.set_blocking(self.near, False)

    def take(self) -> bool:
        """Take what has come; False where no more will. Raises OSError where it cannot be kept."""
        try:
            if self.left > 0:
                piece = os.read(self.near, min(CHUNK, self.left))
                os.write(self.file, piece)
                self.left -= len(piece)
                return bool(piece)
            if self.nowhere < 0:
                self.nowhere = os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC)
            return bool(os.splice(self.near, self.nowhere, CHUNK))
        except BlockingIOError:
            return True
