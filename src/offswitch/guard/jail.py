# SPDX-License-Identifier: MIT
"""A jail for an agent that does not want to be stopped: start it, run commands in it, look at it, end it, prove it empty.

    jail = await Jail.start(Limits(memory=512 * MIB))
    done = await jail.exec(["bash", "-c", "echo hello; nohup server >log 2>&1 &"])  # the server lives on
    log = await jail.read("log")
    end = await jail.close()  # end.populated == 0: the kernel says that nobody is left

Easy to get wrong: what a *program* in the jail prints is what the agent, who has the same user, lets it print: it can
trace a `cat` that you start. Take the truth from `read` and `processes`, which ask the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import kernel
from .errors import (
    JailEndedError,
    JailFullError,
    JailStartError,
    KeeperLostError,
    NotProvedEmptyError,
    TooLargeError,
)
from .limits import MIB, Limits
from .walls import view
from .walls.cgroups import pids_below
from .walls.line import LOST, KeeperLine, Line, keeper_line
from .walls.pipes import Bounded

if TYPE_CHECKING:
    from .host.part import Wanted

FILE_SECONDS = 60.0  # for one read or write
KILL_SECONDS = 20.0  # until a killed command must have ended
NO_PROGRAM, NOT_STARTED = 127, 126


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    exit: int  # 128 + n where signal n killed it, as a shell says it; 126 or 127 where it did not start
    stdout: bytes
    stderr: bytes
    timed_out: bool = False  # it was killed, with all that it had started, because its time was over
    truncated: bool = False  # it was killed because it printed more than the limit; the beginning is kept
    refused: int = 0  # the errno for which it did not start, from outside the agent's reach
    seconds: float = 0.0


@dataclass(frozen=True)
class Seen:
    """A process of the jail, seen from outside. The name is what the process calls itself."""

    pid: int
    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Emptied:
    """What the kernel said when the jail was ended."""

    populated: int  # 0: proved empty
    survivors: tuple[int, ...]
    seen: int  # processes at the moment of the order
    milliseconds: float  # from the order to the proof
    how: str  # cgroup.kill, freeze and kill, or pid namespace


class Jail:
    """One jail. Make it with `start`; it ends with `close`, with its time, with the run, whichever comes first."""

    def __init__(self, keeper: KeeperLine, limits: Limits, workdir: str) -> None:
        self._keeper, self._number = keeper, keeper.number()
        self.limits, self.workdir = limits, workdir
        self._warden: Line | None = None
        self._folders: list[Path] = []
        self._own: set[int] = (
            set()
        )  # processes that are not the agent's: warden, bubblewrap, the first one inside
        self._first = 0  # the first process inside
        self._hand = 0  # what waits for the first command, and becomes it
        self._emptied: Emptied | None = None

    @classmethod
    async def start(
        cls,
        limits: Limits | None = None,
        workdir: str = "/workspace",
        *,
        show: Sequence[str] = (),
        accept: Wanted = "rootless",
    ) -> Jail:
        """Start a jail; raise TierError where this host's tier is less than `accept` (tiers.py; `rootless`: limits and
        the proof of emptiness hold for the jail as a whole).

        `show` names paths of the host that are visible inside, read-only, at the same place.
        """
        from .tiers import require

        limits = limits or Limits()
        view.View(workdir, tuple(show))  # refuses what cannot be
        require(accept)
        jail = cls(keeper_line(), limits, workdir)
        waiting = jail._wait()
        order = {"do": "start", "jail": jail._number, "workdir": workdir, "show": list(show)}
        jail._keeper.ask({**order, "limits": asdict(limits)})
        try:
            answer = await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.result().get("line", -1) >= 0:
                os.close(waiting.result()["line"])  # the jail had just come up
            jail._keeper.ask({"do": "close", "jail": jail._number})
            raise
        if "error" in answer:
            raise JailStartError(f"the jail did not come up: {answer['error']}")
        jail._warden = Line(socket.socket(fileno=answer["line"]), asyncio.get_running_loop())
        jail._folders, jail._own = [Path(folder) for folder in answer["folders"]], set(answer["own"])
        jail._first, jail._hand = answer["own"][-1], answer["hand"]
        return jail

    async def exec(
        self,
        argv: Sequence[str],
        *,
        input: bytes | None = None,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        output_limit: int | None = None,
    ) -> Finished:
        """Run a command and wait for it, not for what it leaves in the background.

        Without `timeout` it may run as long as the jail lives. Cancelling the wait kills the command and all that
        it has started.
        """
        if not argv or not all(isinstance(word, str) and "\0" not in word for word in argv):
            raise ValueError(f"argv must be one string or more without NUL, got {argv!r:.200}")
        environment = {**view.environment(self.workdir), **(env or {})}
        wish = {"do": "exec", "argv": list(argv), "env": environment, "cwd": self._folder(cwd)}
        return await self._enter(wish, input, output_limit or self.limits.output, timeout)

    async def read(self, path: str, limit: int = 100 * MIB) -> bytes:
        """Return a plain file's bytes, read as the jailed user, so that no link leads out.

        Raises TooLargeError, and OSError as `open` does.
        """
        wish = {"do": "read", "path": _path(path), "cwd": self.workdir, "limit": limit}
        done = await self._enter(wish, None, limit + 1, FILE_SECONDS, wide=True)
        if done.refused == errno.EFBIG or done.truncated:
            raise TooLargeError(path, limit)
        self._raise(done, path)
        return done.stdout

    async def write(self, path: str, data: bytes) -> None:
        """Write a plain file as the jailed user; folders on the way are made. Raises OSError as `open` does."""
        wish = {"do": "write", "path": _path(path), "cwd": self.workdir}
        self._raise(await self._enter(wish, data, 1024, FILE_SECONDS), path)

    def processes(self) -> list[Seen]:
        """Return who is in the jail, asked of the kernel from outside; the jail's own two are left out."""
        found = []
        pids = pids_below(self._folders[0]) if self._folders else _in_namespace_of(self._first)
        for pid in pids:
            if pid in self._own or pid == self._hand:
                continue
            with contextlib.suppress(OSError):
                name = Path(f"/proc/{pid}/comm").read_bytes().decode(errors="replace").rstrip("\n")
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
                found.append(Seen(pid, name, tuple(word.decode(errors="surrogateescape") for word in words)))
        return found

    async def close(self) -> Emptied:
        """End the jail and everything in it; return once the kernel says that it is empty.

        Raises NotProvedEmptyError where that cannot be shown. Closing twice returns the first proof.
        """
        if self._emptied is None:
            waiting = self._keeper.jails.get(self._number) or self._wait()
            self._keeper.ask({"do": "close", "jail": self._number})
            answer = (await asyncio.shield(waiting))["closed"]
            if answer is None:
                raise JailEndedError("the jail is closed already")
            seen = max(0, answer["seen"] - len(self._own) - bool(self._hand))
            self._emptied = Emptied(**{**answer, "survivors": tuple(answer["survivors"]), "seen": seen})
        if self._emptied.populated:
            raise NotProvedEmptyError(
                f"not proved empty after {self._emptied.milliseconds:.0f} ms: {self._emptied.survivors} are still there, "
                "killed but not gone (a process in uninterruptible sleep?); see `ps -o pid,stat,wchan -p PID`"
            )
        return self._emptied

    async def __aenter__(self) -> Jail:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # Inside ----------------------------------------------------------------------------------------------------------

    def _wait(self) -> asyncio.Future[dict[str, Any]]:
        """Return a future for the keeper's next word on this jail."""
        if self._keeper.lost:
            raise KeeperLostError(LOST)
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._keeper.jails[self._number] = waiting
        return waiting

    def _folder(self, path: str | None) -> str:
        return os.path.join(self.workdir, path) if path else self.workdir

    def _raise(self, done: Finished, path: str) -> None:
        if done.timed_out:
            raise TimeoutError(f"{path}: not done within {FILE_SECONDS:g} s")
        if done.refused:
            raise OSError(done.refused, os.strerror(done.refused), path)
        if done.exit:
            raise JailFullError(
                f"{path}: whoever reads and writes in the jail was killed (exit {done.exit}); is its memory full, "
                "or did the agent kill it?"
            )

    async def _enter(
        self, wish: dict[str, Any], data: bytes | None, limit: int, timeout: float | None, wide: bool = False
    ) -> Finished:
        """Send a wish into the jail with the pipes for its answer, and gather the answer."""
        loop = asyncio.get_running_loop()
        began, number = time.monotonic(), self._keeper.number()
        line = self._warden if wish["do"] == "exec" else self._keeper
        if line is None or line.lost:
            raise JailEndedError(f"nothing can run in this jail: {self._why()}")
        waiting = line.wait_for(number)
        stop = {"do": "kill", "jail": self._number, "id": number}
        with contextlib.ExitStack() as held:
            out, err = (held.enter_context(Bounded(loop, limit, lambda: line.ask(stop), wide)) for _ in "oe")
            status = held.enter_context(Bounded(loop, 4096, lambda: None))
            timed_out = False
            if line is self._warden:
                self._hand = 0
            try:
                self._send(line, wish, data, number, (out, err, status))
                await asyncio.wait([waiting], timeout=timeout)
                if not waiting.done():
                    timed_out = True
                    line.ask(stop)
                    await asyncio.wait([waiting], timeout=KILL_SECONDS)
                if not waiting.done():
                    raise NotProvedEmptyError(f"a command was killed and has not ended in {KILL_SECONDS:g} s")
            finally:
                if line.commands.pop(number, None) is not None:  # cancelled: kill, and do not wait
                    line.ask(stop)
            answer = waiting.result()
            if "full" in answer:
                raise JailFullError(f"no process can be added to the jail: {answer['full']}")
            if "ended" in answer:
                raise JailEndedError(f"nothing can run in this jail: {self._why()}")
            for stream in (out, err, status):
                stream.drain()
            refused, complaint = _refusal(status.data())
            code = os.waitstatus_to_exitcode(answer["status"])
            return Finished(
                exit=_exit(code, refused), stdout=out.data(), stderr=complaint or err.data(), timed_out=timed_out,
                truncated=out.overflowed or err.overflowed, refused=refused, seconds=time.monotonic() - began,
            )  # fmt: skip

    def _why(self) -> str:
        self._keeper.hear()
        return self._keeper.over.get(self._number, "it has ended, or is ending")

    def _send(self, line: Line, wish: dict[str, Any], data: bytes | None, number: int, streams: Sequence[Bounded]) -> None:  # fmt: skip
        order = kernel.sealed("order", json.dumps(wish).encode())
        try:
            stdin = (
                kernel.sealed("input", data)
                if data is not None
                else os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
            )
            try:
                ends = tuple(stream.far for stream in streams)
                line.ask({"do": "enter", "jail": self._number, "id": number}, (order, stdin, *ends))
            finally:
                os.close(stdin)
        finally:
            os.close(order)
        for stream in streams:
            stream.close_far()


def _in_namespace_of(first: int) -> list[int]:
    """Return the processes in the pid namespace of another; where there are no control groups to ask."""
    found = []
    with contextlib.suppress(OSError):
        namespace = os.stat(f"/proc/{first}/ns/pid").st_ino
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if name.isdigit() and os.stat(f"/proc/{name}/ns/pid").st_ino == namespace:
                    found.append(int(name))
    return found


def _path(path: str) -> str:
    if not path or "\0" in path:
        raise ValueError(f"not a path: {path!r}")
    return path


def _exit(code: int, refused: int) -> int:
    if refused:
        return NO_PROGRAM if refused == errno.ENOENT else NOT_STARTED
    return 128 - code if code < 0 else code


def _refusal(told: bytes) -> tuple[int, bytes]:
    """Read what the entering process said about why it could not; empty where all went well."""
    if not told:
        return 0, b""
    message = json.loads(told)
    return message["errno"], message["what"].encode() + b"\n"


def signal_name(exit: int) -> str | None:
    """Return the name of the signal that an exit code stands for."""
    with contextlib.suppress(ValueError):
        return signal.Signals(exit - 128).name
    return None
