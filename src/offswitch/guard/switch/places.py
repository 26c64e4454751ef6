# SPDX-License-Identifier: MIT
"""Where runs are found while they live, where their receipts stay, and what a run may be called.

    /run/offswitch/NAME/          control (the socket), about.json, renew.key, output, ledger.jsonl, last.jsonl; gone with the next boot
    /var/lib/offswitch/receipts/  NAME-RUN.json, one for each run that ended; kept

A name is taken for as long as somebody holds the lock `NAME.lock`: the kernel lets go of it when the holder dies, however that
happens, so there is no number of a process in any file, and none is ever believed.

Easy to get wrong: a socket's path may have 107 bytes. Sockets are therefore bound and reached through an open folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import stat

from offswitch.guard.errors import NameInUseError, PlaceError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CONTROL, ABOUT, OUTPUT, LEDGER, LAST = "control", "about.json", "output", "ledger.jsonl", "last.jsonl"
RENEW_KEY = "renew.key"


def runs_folder() -> str:
    """Return the folder of live runs; `OFFSWITCH_RUN_DIR` names another."""
    if own := os.environ.get("OFFSWITCH_RUN_DIR"):
        return os.path.abspath(own)
    if os.geteuid() == 0:
        return "/run/offswitch"
    return os.path.join(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/offswitch-{os.geteuid()}", "offswitch")


def state_folder() -> str:
    """Return the folder of what is kept; `OFFSWITCH_STATE_DIR` names another."""
    if own := os.environ.get("OFFSWITCH_STATE_DIR"):
        return os.path.abspath(own)
    if os.geteuid() == 0:
        return "/var/lib/offswitch"
    kept = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(kept, "offswitch")


def checked_name(name: str) -> str:
    """Return a name that may stand in paths, messages and tables; raise PlaceError for another."""
    if not NAME.fullmatch(name):
        raise PlaceError(
            f"{name!r:.80} is no name for a run: letters, digits, '.', '_' and '-', at most 64, the first a letter or digit"
        )
    return name


def own_folder(path: str, mode: int = 0o700) -> str:
    """Make a folder that only we may write in; raise PlaceError where somebody else may, or it cannot be made."""
    try:
        if not os.path.isdir(path):
            os.makedirs(path, exist_ok=True)
            os.chmod(path, mode)
        seen = os.lstat(path)
    except OSError as failure:
        raise PlaceError(f"{path}: cannot be made: {failure.strerror}; name another by OFFSWITCH_RUN_DIR and OFFSWITCH_STATE_DIR") from failure  # fmt: skip
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_mode & 0o022:
        raise PlaceError(
            f"{path}: belongs to user {seen.st_uid} with mode {seen.st_mode & 0o7777:o}; it must be a folder that is ours "
            "and that nobody else may write in"
        )
    return path


def names() -> list[str]:
    """Return the names of runs that have a folder, alive or dead."""
    try:
        found = os.listdir(runs_folder())
    except FileNotFoundError:
        return []
    return sorted(name for name in found if NAME.fullmatch(name) and not name.endswith(".lock"))


class Place:
    """The folder of one run."""

    def __init__(self, name: str) -> None:
        self.name = checked_name(name)
        if name.endswith(".lock"):
            raise PlaceError(f"{name!r} is no name for a run: names that end in .lock are taken")
        self.path = os.path.join(runs_folder(), name)
        self.lock = -1

    def file(self, name: str) -> str:
        """Return the path of one of its files."""
        return os.path.join(self.path, name)

    def claim(self) -> None:
        """Take the name and make the folder anew; raise NameInUseError where a living run has it."""
        own_folder(os.path.dirname(self.path), 0o711)
        while self.lock < 0:
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.stat(f"{self.path}.lock").st_ino == os.fstat(lock).st_ino:
                    self.lock, lock = lock, -1  # ours from here on; what a living run holds is never touched
            except FileNotFoundError:
                pass  # the last run took its lock away while we reached for it
            except OSError as failure:
                raise NameInUseError(
                    f"a run named {self.name!r} is alive; stop it (`offswitch stop {self.name}`) or give another --name"
                ) from failure
            finally:
                if lock >= 0:
                    os.close(lock)
        with contextlib.suppress(FileNotFoundError):
            for left in os.listdir(self.path):
                os.unlink(self.file(left))
        own_folder(self.path, 0o711)

    def held(self) -> bool:
        """Tell whether somebody alive holds the name."""
        try:
            lock = os.open(f"{self.path}.lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(lock)
        return False

    def forget(self) -> None:
        """Take the folder away, and let go of the name."""
        with contextlib.suppress(OSError):
            for left in os.listdir(self.path):
                os.unlink(self.file(left))
            os.rmdir(self.path)
        with contextlib.suppress(OSError):
            os.unlink(f"{self.path}.lock")
        if self.lock >= 0:
            os.close(self.lock)

    def whole(self) -> bool:
        """Tell whether the way to us is still there: a run that nobody can reach must not go on."""
        try:
            there = os.stat(f"{self.path}.lock")
            return (
                stat.S_ISSOCK(os.stat(self.file(CONTROL)).st_mode)
                and there.st_ino == os.fstat(self.lock).st_ino
            )
        except OSError:
            return False

    def listen(self, backlog: int) -> socket.socket:
        """Return the listening control socket."""
        listener = socket.socket(
            socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        with self._reached() as path:
            listener.bind(path)
        os.chmod(
            self.file(CONTROL), 0o666
        )  # who may ask for what is decided by the kernel's word on who asks
        listener.listen(backlog)
        return listener

    def connect(self, timeout: float) -> socket.socket:
        """Return a line to the run's supervisor; raises OSError where nobody listens."""
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        line.settimeout(timeout)
        try:
            with self._reached() as path:
                line.connect(path)
        except BaseException:
            line.close()
            raise
        return line

    @contextlib.contextmanager
    def _reached(self):  # type: ignore[no-untyped-def]
        folder = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            yield f"/proc/self/fd/{folder}/{CONTROL}"
        finally:
            os.close(folder)
