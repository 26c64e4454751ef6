# SPDX-License-Identifier: MIT
"""Control groups: who belongs to a jail, how much they may take, and the one kill that nobody outruns.

Works on a host with cgroup v2, with v1, and with both (limits on v1, kill on v2). A run's groups lie in
`offswitch/PID-START-NAMESPACE/`, where PID and START name its keeper, so that leftovers of a dead run are known from
the groups of a live one even when its pid has been given away again.

Easy to get wrong: a kill that walks a list of pids loses against a process that forks meanwhile. `cgroup.kill` does not;
where it is missing the group is frozen first, killed, and thawed, until it is empty.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from offswitch.guard import kernel
from offswitch.guard.kernel import start_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offswitch.guard.limits import Limits

    from .bounds import Bounds

HOUSE = "offswitch"
NEEDED = ("memory", "pids")
GONE = (
    errno.ENOENT,
    errno.ENODEV,
)  # of a file of the kernel's: missing, or its group was removed after we opened it
# Processes of each jail that are not the agent's: warden, bubblewrap, the first process; without root, one that stands between.
OWN = 3 if os.geteuid() == 0 else 4


class Hierarchy(NamedTuple):
    """One mounted cgroup file system, and the folder in it below which we may make groups."""

    place: Path
    unified: bool  # v2
    controllers: frozenset[str]


class Homes(NamedTuple):
    """Which hierarchy kills and which one limits what."""

    killer: Hierarchy | None = None
    limiters: Mapping[str, Hierarchy] = MappingProxyType({})

    @property
    def limited(self) -> bool:
        """Whether memory and processes can be limited for a jail as a whole."""
        return self.killer is not None and all(name in self.limiters for name in NEEDED)

    def places(self) -> list[tuple[Path, bool]]:
        """Return every folder that groups are made in, the one that kills first, and whether it is v2."""
        found = [self.killer] if self.killer else []
        for hierarchy in self.limiters.values():
            if hierarchy not in found:
                found.append(hierarchy)
        return [(hierarchy.place, hierarchy.unified) for hierarchy in found]


def find_homes(mountinfo: str | None = None, membership: str | None = None, *, every: bool = False) -> Homes:
    """Look at what is mounted and return where groups can be made; empty where nowhere.

    `every`: also where nothing is limited that a run has limits for; container engines use all that there is.
    """
    mountinfo = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    membership = Path("/proc/self/cgroup").read_text() if membership is None else membership
    own = {names: path for _, names, path in (line.split(":", 2) for line in membership.splitlines())}
    killer, limiters = None, {}
    for hierarchy in _hierarchies(mountinfo, own):
        if hierarchy.unified or (killer is None and "freezer" in hierarchy.controllers):
            killer = hierarchy
        for name in hierarchy.controllers if every else (*NEEDED, "cpu"):
            if name in hierarchy.controllers:
                limiters[name] = hierarchy
    return Homes(killer, limiters)


def _hierarchies(mountinfo: str, own: dict[str, str]) -> Iterator[Hierarchy]:
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].encode().decode("unicode_escape"))
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup2":
            if place := _place_in_v2(point, own.get("", "/")):
                yield Hierarchy(
                    place, True, frozenset((place / "cgroup.subtree_control").read_text().split())
                )
        elif kind == "cgroup" and os.access(point, os.W_OK):
            yield Hierarchy(point, False, frozenset(options.split(",")))


def _place_in_v2(point: Path, own: str) -> Path | None:
    """Return the folder to make groups in: the top for root, else the nearest one that was delegated to us."""
    inside = point / own.lstrip("/")
    candidates = [point] if os.geteuid() == 0 else [inside, *inside.parents]
    for place in candidates:
        if not place.is_relative_to(point):
            break
        procs = place / "cgroup.procs"
        if not (os.access(place, os.W_OK) and os.access(procs, os.W_OK)):
            continue
        wanted = set((place / "cgroup.controllers").read_text().split()) & {*NEEDED, "cpu"}
        _pass_down(place, wanted)
        if os.geteuid() == 0 or set((place / "cgroup.subtree_control").read_text().split()) >= set(NEEDED):
            return place
    return None


def _pass_down(place: Path, controllers: set[str]) -> None:
    """Let the folders below limit; the kernel refuses where processes sit in `place` itself."""
    with contextlib.suppress(OSError):
        controllers = controllers - set((place / "cgroup.subtree_control").read_text().split())
    for name in sorted(controllers):
        with contextlib.suppress(OSError):
            (place / "cgroup.subtree_control").write_text(f"+{name}")


def own_name() -> str:
    """Return the name that this process makes groups under."""
    return name_of(os.getpid())


def name_of(pid: int) -> str:
    """Return the name that a living process of our pid namespace makes groups under."""
    namespace = os.stat("/proc/self/ns/pid").st_ino
    return f"{pid}-{start_time(pid)}-{namespace}"


def is_leftover(name: str) -> bool:
    """Tell whether a run's folder belongs to a run that is dead. What we cannot judge is not ours to remove."""
    try:
        pid, start, namespace = (int(part) for part in name.split("-"))
    except ValueError:
        return False
    if namespace != os.stat("/proc/self/ns/pid").st_ino:
        return False
    return start_time(pid) != start


class Group:
    """The control group of one jail: one folder in every hierarchy, and one below it for each command."""

    def __init__(self, homes: Homes, run: str, name: str) -> None:
        self.homes, self.run, self.name = homes, run, name
        self.folders = [place / HOUSE / run / name for place, _ in homes.places()]
        self.killer = self.folders[0] if homes.killer else None

    def create(self) -> None:
        """Make the folders."""
        for (place, unified), folder in zip(self.homes.places(), self.folders, strict=True):
            for _ in range(3):  # a run that ends beside us may take the empty house away
                with contextlib.suppress(FileExistsError, FileNotFoundError):
                    folder.mkdir(parents=True)
                if folder.is_dir():
                    break
            if unified:
                wanted = {name for name, hierarchy in self.homes.limiters.items() if hierarchy.unified}
                _pass_down(place / HOUSE, wanted)
                _pass_down(place / HOUSE / self.run, wanted)

    def limit(self, limits: Limits | Bounds) -> None:
        """Set the limits, before anything of the agent is in the group."""
        for name, hierarchy in self.homes.limiters.items():
            folder = hierarchy.place / HOUSE / self.run / self.name
            for file, value, needed in settings(name, hierarchy.unified, limits):
                if needed or (folder / file).exists():
                    (folder / file).write_text(value)

    def command(self, number: int) -> str | None:
        """Make the folder of one command, so that it can be killed with all that it started."""
        if self.killer is None:
            return None
        folder = f"{self.killer}/x{number}"
        os.mkdir(folder)
        return folder

    def fork(self, place: str | Path | None, *, born_in: bool = False) -> int:
        """Fork a child into `place` below the killing hierarchy; where it is born there, no kill can miss it.

        `born_in`: the caller is in the other folders already, so that the child is in them from birth.
        """
        if place is None:
            return os.fork()
        if self.homes.killer is not None and self.homes.killer.unified:
            folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                pid = kernel.fork_into(folder)
            except OSError as failure:
                if failure.errno not in (errno.ENOSYS, errno.EPERM, errno.EINVAL):
                    raise
                pid = os.fork()  # an old kernel, or a container that forbids the call
                if pid == 0:
                    join(place)
            finally:
                os.close(folder)
        else:
            pid = os.fork()
            if pid == 0:
                join(place)
        if pid == 0 and not born_in:
            for folder_of in self.folders[1:]:
                join(folder_of)
        return pid

    def pids(self) -> list[int]:
        """Return who is in the group, seen from outside."""
        return pids_below(self.killer) if self.killer else []

    def holds(self, pid: int) -> bool:
        """Tell whether a process is in the group itself, not in one below."""
        assert self.killer is not None
        with open(self.killer / "cgroup.procs") as file:
            return f"{pid}\n" in file.readlines()

    def populated(self) -> bool:
        """Tell whether any process is left, as the kernel counts."""
        return self.killer is not None and populated(self.killer)

    def remove(self) -> bool:
        """Take the empty folders away; False where one is still in use."""
        return all(remove_below(folder) for folder in self.folders)


def join(folder: str | Path) -> None:
    """Put the calling process into a group. It has just been forked, and has one thread.

    On v1 the thread is moved: for a whole process the kernel waits until nobody forks anywhere, 8 ms instead of 0.6.
    """
    try:
        tell(Path(folder, "tasks"), "0")
    except FileNotFoundError:
        tell(Path(folder, "cgroup.procs"), "0")


def settings(name: str, unified: bool, limits: Limits | Bounds) -> Iterator[tuple[str, str, bool]]:
    """Yield file, value and whether the limit is void without it."""
    memory, processes = str(int(limits.memory)), str(int(limits.processes) + OWN)
    if name == "memory" and unified:
        yield "memory.max", memory, True
        yield "memory.swap.max", "0", False
    elif name == "memory":
        yield "memory.limit_in_bytes", memory, True
        yield "memory.memsw.limit_in_bytes", memory, False
    elif name == "pids":
        yield "pids.max", processes, True
    elif name == "cpu" and limits.cpus is not None:
        quota = str(max(1000, int(limits.cpus * 100_000)))
        if unified:
            yield "cpu.max", f"{quota} 100000", True
        else:
            yield "cpu.cfs_quota_us", quota, True


def pids_below(folder: Path) -> list[int]:
    """Return the processes of a group and of all groups below it."""
    found: list[int] = []
    for place, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):  # the group has just been removed
            found += [int(line) for line in Path(place, "cgroup.procs").read_text().split()]
    return found


def populated(folder: Path) -> bool:
    """Tell whether a group holds any process, in the kernel's own count where it keeps one (v2)."""
    try:
        return "populated 1" in (folder / "cgroup.events").read_text()
    except OSError as failure:
        if failure.errno not in GONE:
            raise
        return bool(pids_below(folder))


def kill(group: str | Path) -> None:
    """Kill every process of a group and of those below, forks under way included (call again until it is empty)."""
    folder = Path(group)
    try:
        tell(folder / "cgroup.kill", "1")
        return
    except OSError as failure:
        if failure.errno not in GONE:
            raise
        if not folder.exists():
            return
    freezer, cold, warm = folder / "freezer.state", "FROZEN", "THAWED"
    if not freezer.exists():
        freezer, cold, warm = folder / "cgroup.freeze", "1", "0"
    with contextlib.suppress(OSError):
        tell(freezer, cold)
    for pid in pids_below(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        tell(freezer, warm)


def tell(file: Path, word: str) -> None:
    """Write to a file of the kernel's, which must be there: asking to create one is forbidden, not "not found"."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, word.encode())
    finally:
        os.close(descriptor)


def remove_below(folder: Path) -> bool:
    """Remove an empty group with the groups below it; False where a process still holds one."""
    for place, _, _ in os.walk(folder, topdown=False):
        try:
            os.rmdir(place)
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True


def remove_run(homes: Homes, run: str) -> None:
    """Remove a run's folders, and the house where it was the last."""
    for place, _ in homes.places():
        remove_below(place / HOUSE / run)
        with contextlib.suppress(OSError):
            (place / HOUSE).rmdir()


def leftovers(homes: Homes) -> set[str]:
    """Return the names of dead runs that left groups behind."""
    names: set[str] = set()
    for place, _ in homes.places():
        with contextlib.suppress(OSError):
            names |= {name for name in os.listdir(place / HOUSE) if is_leftover(name)}
    return names


def sweep(homes: Homes) -> list[str]:
    """Kill and remove what dead runs left behind; return their names. Live runs are not touched."""
    dead = leftovers(homes)
    for run in dead:
        empty_run(homes, run)
    return sorted(dead)


def empty_run(homes: Homes, run: str, seconds: float = 5.0) -> bool:
    """Kill what is left in a run's groups and remove them; return whether the kernel counts nobody there."""
    folders = [place / HOUSE / run for place, _ in homes.places()]
    end = time.monotonic() + seconds
    while full := any(populated(folder) for folder in folders if folder.exists()):
        if time.monotonic() > end:
            break
        for folder in folders:
            kill(folder)
        time.sleep(0.002)
    remove_run(homes, run)
    return not full
