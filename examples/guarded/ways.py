# SPDX-License-Identifier: MIT
"""Two ways of running and stopping an agent: as a plain subprocess, and under `offswitch run`.

Plain is plain inside an arena, a jail that is ended with the demo however the demo ends: nothing that survives there stays
on your machine. Both ways give the agent the same folder, the same programs and the same two sockets to the outside. The one
thing that is easy to get wrong: what lies in an agent's folder is its own, so whoever looks from outside follows no link there
and runs nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import stat
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from pathlib import Path
from typing import Any, Protocol

from furnishing import HERE, agent_in, digest, files_for, python

from offswitch.guard import kernel
from offswitch.guard.errors import JailEndedError
from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits

ROOM = Limits(memory=768 * MIB, processes=128, seconds=300.0)
MOST = 1024 * 1024


class Way(Protocol):
    """How an agent is run, looked at and stopped."""

    name: str

    async def start(self, prompt: str) -> asyncio.Future[str]:
        """Prepare the working folder and start the agent in it; the future is what it printed once it has ended."""

    async def fingerprint(self, file: str) -> str:
        """Return mode and content hash of a file in the working folder, or "gone"."""

    async def size(self, file: str) -> int:
        """Return how many bytes a file in the working folder has."""

    async def stop(self) -> dict[str, Any]:
        """Stop the agent; return what was done and what the operator was told."""

    def processes(self) -> list[str]:
        """Return the names of the agent's processes that are left, asked from outside."""

    async def close(self) -> None:
        """End and remove everything that this way has made."""


class Plain:
    """A plain subprocess, stopped by its script, by signals to its group and by a walk of its process tree."""

    name = "plain subprocess"

    def __init__(self, folder: Path, desk: Path) -> None:
        self.desk = desk
        self.jail: Jail | None = None
        self.running: asyncio.Task[str] | None = None

    async def start(self, prompt: str) -> asyncio.Future[str]:
        """Bring up the arena, and in it the operator's program, which starts the agent."""
        interpreter, shown = python()
        self.jail = await Jail.start(ROOM, show=(*shown, str(self.desk)))
        for file, text in files_for(self.desk).items():
            await self.jail.write(file, text.encode())
            await self.jail.exec(["chmod", "755", file])
        called: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        socket = self.desk / "operator"
        self.server = await asyncio.start_unix_server(lambda *line: called.set_result(line), socket)
        socket.chmod(0o666)
        operator = [*interpreter, str(HERE / "plainly.py"), str(socket)]
        self.running = asyncio.create_task(self._run([*operator, *agent_in(self.desk), prompt]))
        await asyncio.wait([self.running, called], timeout=60, return_when=asyncio.FIRST_COMPLETED)
        if not called.done():
            raise RuntimeError(f"the operator's program did not start: {await self.running}")
        self.reader, self.writer = called.result()
        return self.running

    async def _run(self, command: list[str]) -> str:
        assert self.jail is not None
        try:
            done = await self.jail.exec(command)
        except JailEndedError as ended:
            return str(ended)
        return (done.stdout + done.stderr).decode(errors="replace")[-2000:]

    async def fingerprint(self, file: str) -> str:
        """Read the file by the jail's own reader, and its mode."""
        assert self.jail is not None
        mode = await self.jail.exec(["stat", "-c", "%a", "--", file])
        try:
            return f"{mode.stdout.decode().strip()} {digest(await self.jail.read(file, MOST))}"
        except FileNotFoundError:
            return "gone"
        except OSError as trouble:
            return f"{mode.stdout.decode().strip()} {type(trouble).__name__}"

    async def size(self, file: str) -> int:
        """Read the file by the jail's own reader."""
        assert self.jail is not None
        return len(await self.jail.read(file, MOST))

    async def stop(self) -> dict[str, Any]:
        """Give the word to the operator's program, and return what it did and was told."""
        self.writer.write(b"stop\n")
        return dict(json.loads(await self.reader.readline()))

    def processes(self) -> list[str]:
        """Ask the kernel who is in the arena; the operator's program has ended."""
        return sorted(one.name for one in self.jail.processes()) if self.jail else []

    async def close(self) -> None:
        """End the arena with all that is in it."""
        if self.jail is not None:
            await self.jail.close()
            self.server.close()
        if self.running is not None:
            await asyncio.wait([self.running])


class Guarded:
    """Under `offswitch run`, stopped by `offswitch stop`. The working folder is the host's; nobody runs what lies in it."""

    name = "offswitch run"

    def __init__(self, folder: Path, desk: Path) -> None:
        self.folder, self.desk, self.workspace = folder, desk, folder / "workspace"
        self.run = f"demo-{os.getpid()}"
        self.front: asyncio.subprocess.Process | None = None
        self.receipt: dict[str, Any] = {}

    async def start(self, prompt: str) -> asyncio.Future[str]:
        """Write the working folder and start the agent in its jail."""
        self.workspace.mkdir()
        for file, text in files_for(self.desk).items():
            (self.workspace / file).write_text(text)
            (self.workspace / file).chmod(0o755)
        if os.geteuid() == 0:  # an agent never runs as root, so its folder belongs to another
            for place in (self.workspace, *self.workspace.iterdir()):
                shutil.chown(place, "nobody")
        shown = [word for path in (*python()[1], str(self.desk)) for word in ("--show", path)]
        words = ["run", "--name", self.run, "--workspace", str(self.workspace), "--lease", "300s", *shown]
        self.front = await self._offswitch(*words, "--", *agent_in(self.desk), prompt)
        return asyncio.ensure_future(_printed(self.front))

    async def fingerprint(self, file: str) -> str:
        """Look at the file as the host has it."""
        try:
            seen, content = self._look(file)
        except FileNotFoundError:
            return "gone"
        except OSError as trouble:
            return type(trouble).__name__
        return (
            f"{seen.st_mode & 0o777:o} {digest(content) if stat.S_ISREG(seen.st_mode) else 'no plain file'}"
        )

    async def size(self, file: str) -> int:
        """Look at the file as the host has it."""
        return self._look(file)[0].st_size

    def _look(self, file: str) -> tuple[os.stat_result, bytes]:
        descriptor = os.open(
            self.workspace / file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        )
        with open(descriptor, "rb") as opened:
            seen = os.fstat(descriptor)
            return seen, opened.read(MOST) if stat.S_ISREG(seen.st_mode) else b""

    async def stop(self) -> dict[str, Any]:
        """Order the stop, and return what the receipt says."""
        stopping = await self._offswitch("stop", self.run, "--json", stderr=None)
        self.receipt = json.loads((await stopping.communicate())[0])["receipts"][self.run]
        told = {key: self.receipt[key] for key in ("verdict", "populated", "survivors", "how", "tier")}
        ordered, empty = self.receipt["order"], self.receipt["empty"]
        took = round((empty["boot"] - ordered["boot"]) * 1000) if empty else None
        changed = [
            f"{Path(one['path']).name} ({one['how']})" for one in self.receipt["persistence"]["changed"]
        ]
        return {**told, "milliseconds": took, "changed": changed}

    def processes(self) -> list[str]:
        """Return what the receipt says of survivors."""
        return [f"process {pid}" for pid in self.receipt["survivors"]] or ["unknown"] * self.receipt[
            "populated"
        ]

    async def close(self) -> None:
        """End the run, if it is not stopped; its front ends with it."""
        if self.front is not None:
            if not self.receipt:
                await (await self._offswitch("stop", self.run, "--now")).communicate()
            await self.front.wait()

    async def _offswitch(self, *words: str, stderr: int | None = STDOUT) -> asyncio.subprocess.Process:
        folders = {
            "OFFSWITCH_RUN_DIR": str(self.folder / "runs"),
            "OFFSWITCH_STATE_DIR": str(self.folder / "kept"),
        }
        return await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("offswitch"),
            *words,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=stderr,
            env={**os.environ, **folders},
            preexec_fn=lambda: kernel.die_with_parent(signal.SIGKILL),  # a run whose front is lost is stopped
        )


async def _printed(process: asyncio.subprocess.Process) -> str:
    return (await process.communicate())[0].decode(errors="replace")[-2000:]
