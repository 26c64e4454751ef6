# SPDX-License-Identifier: MIT
"""What an OCI runtime is told of a container: the same bounds as `docker run` gives with the options in container.py.

Its root is a folder of links into the host's /usr, read-only; writable are file systems in memory. The user is not
mapped: inside it has the number that it has outside, as under docker.

Easy to get wrong: what a runtime leaves out unless told. Without `maskedPaths` and `readonlyPaths` a container sees the
host's /proc/sys; without `capabilities` there are none, which is what is wanted here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from offswitch.guard.limits import MIB
from offswitch.guard.walls import view

MEMORY, PROCESSES = 512 * MIB, 512
MASKED = (
    "acpi",
    "asound",
    "kcore",
    "keys",
    "latency_stats",
    "timer_list",
    "timer_stats",
    "sched_debug",
    "scsi",
)
READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
WRITABLE = ("/workspace", view.HOME, "/tmp", "/var/tmp")
SAFE = ["nosuid", "noexec", "nodev"]


def make_root(folder: Path) -> None:
    """Make a container's root: where things will be mounted, the usual links, and a made-up /etc."""
    for path in (
        "usr",
        "proc",
        "sys",
        "dev",
        "etc",
        "root",
        "run",
        *(place.lstrip("/") for place in WRITABLE),
    ):
        (folder / path).mkdir(parents=True)
    for name in view.USR_LINKS:
        if Path("/", name).is_symlink():
            (folder / name).symlink_to(os.readlink(Path("/", name)))
    for path, text in view.MADE_UP_FILES.items():
        (folder / path.lstrip("/")).write_text(text)


def config(
    argv: list[str], user: int, groups: str, memory: int = MEMORY, processes: int = PROCESSES
) -> dict[str, Any]:
    """Return config.json; `groups` is the folder below each cgroup hierarchy, and `rootfs` lies beside the file. Pure but for
    what links /usr has.
    """
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False, "user": {"uid": user, "gid": user}, "args": argv, "cwd": "/workspace", "capabilities": {},
            "env": [f"{name}={value}" for name, value in view.environment("/workspace").items()],
            "noNewPrivileges": True, "rlimits": [{"type": "RLIMIT_CORE", "hard": 0, "soft": 0}],
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "container",
        "mounts": [*system(), *(in_memory(path) for path in WRITABLE)],
        "linux": {
            "cgroupsPath": groups,
            "resources": {
                "devices": [{"allow": False, "access": "rwm"}], "memory": {"limit": memory}, "pids": {"limit": processes},
            },
            "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")],
            "maskedPaths": [*(f"/proc/{name}" for name in MASKED), "/sys/firmware"],
            "readonlyPaths": [f"/proc/{name}" for name in READ_ONLY],
        },
    }  # fmt: skip


def system() -> list[dict[str, Any]]:
    """Return the mounts that every container has, and the host's programs."""
    mounts = [
        ("/proc", "proc", "proc", []),
        ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        ("/dev/shm", "tmpfs", "shm", [*SAFE, "mode=1777", "size=65536k"]),
        ("/dev/mqueue", "mqueue", "mqueue", SAFE),
        ("/sys", "sysfs", "sysfs", [*SAFE, "ro"]),
        ("/sys/fs/cgroup", "cgroup", "cgroup", [*SAFE, "relatime", "ro"]),
        ("/usr", "bind", "/usr", ["rbind", "ro", "nosuid", "nodev"]),
    ]  # fmt: skip
    for name in view.USR_LINKS:
        if Path("/", name).is_dir() and not Path("/", name).is_symlink():
            mounts.append((f"/{name}", "bind", f"/{name}", ["rbind", "ro", "nosuid", "nodev"]))
    if Path("/etc/alternatives").is_dir():
        mounts.append(("/etc/alternatives", "bind", "/etc/alternatives", ["rbind", "ro", *SAFE]))
    return [
        {"destination": place, "type": kind, "source": source, "options": options}
        for place, kind, source, options in mounts
    ]


def in_memory(path: str) -> dict[str, Any]:
    """Return the mount of a folder that everybody may write to."""
    options = ["nosuid", "nodev", "mode=1777", "size=65536k"]
    return {"destination": path, "type": "tmpfs", "source": "tmpfs", "options": options}
