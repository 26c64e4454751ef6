# SPDX-License-Identifier: MIT
"""The guard's jail as an Inspect sandbox provider: `inspect eval … --sandbox bwrap`.

One jail for each sample, in its own control group: no daemon, no image, up in milliseconds, and proved empty when the
sample ends. Public Inspect API only.

Easy to get wrong: `exec` must not wait behind a semaphore or a thread. A scenario keeps commands open for minutes
(`cat < fifo`), two for each of dozens of samples; here each costs two pipes in the event loop, so `concurrency` is not
needed as a brake and is not used as one.
"""

from __future__ import annotations

import errno
import logging
from typing import Any, Literal, overload

from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxConnection,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from offswitch.guard.errors import GuardError, NotProvedEmptyError, TooLargeError
from offswitch.guard.host.part import Wanted
from offswitch.guard.jail import Emptied, Finished, Jail
from offswitch.guard.limits import GIB, MIB, Limits
from offswitch.guard.walls import view
from offswitch.guard.walls.cgroups import find_homes, sweep

logger = logging.getLogger(__name__)


class BwrapConfig(BaseModel):
    """What one sample's jail may take: `SandboxEnvironmentSpec("bwrap", BwrapConfig(memory=...))`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory: int = Field(default=GIB, gt=0, description="bytes for the whole jail, its files included")
    processes: int = Field(default=256, ge=2, description="processes and threads in the jail")
    disk: int = Field(default=256 * MIB, gt=0, description="bytes for each writable folder")
    seconds: float = Field(default=24 * 3600.0, gt=0, description="life of the jail")
    cpus: float | None = Field(default=None, gt=0, description="cores' worth of processor time")
    workdir: str = Field(default="/workspace", description="the folder in which commands start")
    show: tuple[str, ...] = Field(default=(), description="paths of the host shown inside, read-only")
    accept: Wanted = Field(default="rootless", description="the least tier accepted (docs/doctor.md)")


class BwrapSandboxEnvironment(SandboxEnvironment):
    """A sample's jail, with the words of Inspect's sandbox contract."""

    def __init__(self, jail: Jail) -> None:
        super().__init__()
        self.jail = jail
        self.emptied: Emptied | None = None

    # Life ------------------------------------------------------------------------------------------------------------

    @override
    @classmethod
    async def sample_init(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        wish = _config(config)
        limits = Limits(
            memory=wish.memory, processes=wish.processes, disk=wish.disk, seconds=wish.seconds, cpus=wish.cpus
        )
        try:
            jail = await Jail.start(limits, wish.workdir, show=wish.show, accept=wish.accept)
        except GuardError as failure:
            raise SandboxUnavailableError(str(failure)) from failure
        return {"default": cls(jail)}

    @override
    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        for environment in environments.values():
            sandbox = environment.as_type(BwrapSandboxEnvironment)
            try:
                sandbox.emptied = await sandbox.jail.close()
            except NotProvedEmptyError:
                raise
            except GuardError as failure:  # the keeper died, and the jail with it: nothing is left to end
                logger.warning("bwrap: %s", failure)

    @override
    @classmethod
    async def task_init(cls, task_name: str, config: SandboxEnvironmentConfigType | None) -> None:
        from offswitch.guard.tiers import require

        try:
            require(_config(config).accept)
        except GuardError as failure:
            raise SandboxUnavailableError(str(failure)) from failure

    @override
    @classmethod
    async def cli_cleanup(cls, id: str | None) -> None:
        """Take away what dead runs left; a jail of a live run is ended by that run alone."""
        for name in sweep(find_homes()):
            print(f"removed what run {name} had left")

    @override
    @classmethod
    def default_concurrency(cls) -> int | None:
        return None  # a jail costs two small processes

    @override
    @classmethod
    def config_files(cls) -> list[str]:
        return []

    @override
    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        return BwrapConfig(**config)

    @override
    def default_polling_interval(self) -> float:
        return 0.2

    @override
    async def connection(self, *, user: str | None = None) -> SandboxConnection:
        raise NotImplementedError(
            "a bwrap jail gives no door to people: whoever entered with nsenter would be a process that no limit and "
            "no proof covers; look from outside instead (Jail.processes), or use --sandbox docker"
        )

    # Commands --------------------------------------------------------------------------------------------------------

    @override
    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        _check_user(user)
        limit = SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE
        try:
            done = await self.jail.exec(
                cmd, input=_bytes(input), cwd=cwd, env=env, timeout=timeout, output_limit=limit
            )
        except GuardError as failure:
            raise SandboxUnavailableError(str(failure)) from failure
        return _result(cmd, done)

    @override
    async def write_file(self, file: str, contents: str | bytes) -> None:
        try:
            await self.jail.write(file, _bytes(contents) or b"")
        except GuardError as failure:
            raise SandboxUnavailableError(str(failure)) from failure

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    @override
    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        try:
            data = await self.jail.read(file, SandboxEnvironmentLimits.MAX_READ_FILE_SIZE)
        except TooLargeError:
            raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, None) from None
        except GuardError as failure:
            raise SandboxUnavailableError(str(failure)) from failure
        return data.decode() if text else data


def _config(config: SandboxEnvironmentConfigType | None) -> BwrapConfig:
    if config is None:
        return BwrapConfig()
    if isinstance(config, BwrapConfig):
        return config
    raise SandboxUnavailableError(
        f"the bwrap sandbox takes no configuration file, got {config!r:.200}; give BwrapConfig(...) or nothing"
    )


def _bytes(text: str | bytes | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else text


def _check_user(user: str | None) -> None:
    if user not in (None, view.USER, str(view.UID)):
        raise SandboxUserUnsupportedError(
            f"a bwrap jail has one user, {view.USER!r} ({view.UID}), and cannot run anything as {user!r}"
        )


def _result(cmd: list[str], done: Finished) -> ExecResult[str]:
    """Say in Inspect's words how a command ended."""
    stdout = done.stdout.decode(errors="replace")
    if done.timed_out:
        raise TimeoutError(f"{cmd[0]} was killed: its time was over")
    if done.truncated:
        raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE_STR, stdout)
    if done.refused == errno.EACCES:
        raise PermissionError(errno.EACCES, "Permission denied", cmd[0])
    return ExecResult(done.exit == 0, done.exit, stdout, done.stderr.decode(errors="replace"))
