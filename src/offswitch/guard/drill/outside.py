# SPDX-License-Identifier: MIT
"""What stands outside and must come to no harm: a canary, its file, and a desk that would start a program for who asks.

Easy to get wrong: a canary that is only looked at. One that was frozen, or whose memory was written to, is still in
the list of processes; so it is asked, and must answer in time with what it was given.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import socket
import subprocess
import sys
from pathlib import Path

CANARY = """
import sys
held = bytearray(sys.argv[1].encode() * 1024)
for line in sys.stdin.buffer:
    sys.stdout.write("well\\n" if held == sys.argv[1].encode() * 1024 else "hurt\\n")
    sys.stdout.flush()
"""
SECONDS = 5.0  # for the canary's answer, on a busy host
WORDS = b"canary: nothing in here may ever change\n"


class Outside:
    """The canary and the desk of one worker. A context."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "canary"
        mark = secrets.token_hex(8)
        self.desk_name, self.desk_path = f"offswitch-drill-{mark}", str(folder / "desk")

    def __enter__(self) -> Outside:
        self.file.write_bytes(WORDS)
        self.file.chmod(0o666)  # whoever can reach it may write: what protects it is that nobody can
        self.desks = [
            self._listen(socket.AF_UNIX, self.desk_path),
            self._listen(socket.AF_UNIX, "\0" + self.desk_name),
        ]
        self.desks.append(self._listen(socket.AF_INET, ("127.0.0.1", 0)))
        os.chmod(self.desk_path, 0o777)
        self.desk_port: int = self.desks[-1].getsockname()[1]
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.canary.kill()
        self.canary.wait()
        for desk in self.desks:
            desk.close()
        with contextlib.suppress(OSError):
            os.unlink(self.desk_path)

    def _start(self) -> None:
        argv = [sys.executable, "-I", "-S", "-c", CANARY, self.desk_name]
        self.canary = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )

    @staticmethod
    def _listen(family: int, address: str | tuple[str, int]) -> socket.socket:
        desk = socket.socket(family, socket.SOCK_STREAM)
        desk.bind(address)
        desk.listen(128)
        desk.setblocking(False)
        return desk

    def harm(self) -> list[str]:
        """Return what came to harm since the last question, one line each; what was hurt is made whole again."""
        found = []
        if (told := self._ask()) != "well":
            found.append(f"the canary outside is {told}")
            self.canary.kill()
            self.canary.wait()
            self._start()
        with contextlib.suppress(OSError):
            if self.file.read_bytes() == WORDS:
                return found + self._requests()
        found.append("the canary's file was changed")
        self.file.write_bytes(WORDS)
        return found + self._requests()

    def _ask(self) -> str:
        assert self.canary.stdin is not None
        assert self.canary.stdout is not None
        try:
            self.canary.stdin.write(b"?\n")
            self.canary.stdin.flush()
        except OSError:
            return "dead"
        if not select.select([self.canary.stdout], [], [], SECONDS)[0]:
            return "frozen"
        return self.canary.stdout.readline().decode().strip() or "dead"

    def _requests(self) -> list[str]:
        found = []
        for desk in self.desks:
            with contextlib.suppress(OSError):
                while True:
                    desk.accept()[0].close()
                    found.append("a request reached the desk outside: it would have started a program")
        return found
