# SPDX-License-Identifier: MIT
"""What a jail shows to the one inside: the command line of bubblewrap, as a pure function.

Shown, read-only: /usr with its usual links, a made-up /etc, and what the run chose to show. Writable, in memory and
gone with the jail: the work folder (or a folder of the host's that stays), the home, /tmp, /var/tmp, /dev/shm. Not there at all: the host's home folders,
/etc, /var, /run, /opt, /sys, its network, its processes, its users.

Easy to get wrong: bubblewrap leaves /proc writable, and with it the memory of every process of the same user (it makes
/proc/sys read-only only where it could write there itself). Its own root folder and /dev are file systems in memory
*without a size limit*, writable until they are remounted; and the order of the options is the order of the mounts.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from . import calls

if TYPE_CHECKING:
    from offswitch.guard.limits import Limits

    from .bounds import Bounds

UID = GID = 1000  # inside; outside it is another number, which owns nothing on the host
USER, HOME = "agent", "/home/agent"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The first process waits, and echoes the keeper's greeting when the jail stands. It is started with the deaths of children
# ignored, so that the kernel reaps them (a shell would catch them), and it ends when the keeper, the writer of its input, does.
FIRST_PROCESS = ("/bin/cat",)
GREETING = b"ready\n"
FILTER = "calls"  # the name of the memory file with the filter of system calls

MADE_UP_FILES = {
    "/etc/passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\n{USER}:x:{UID}:{GID}::{HOME}:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "/etc/group": f"root:x:0:\n{USER}:x:{GID}:\nnogroup:x:65534:\n",
    "/etc/hosts": "127.0.0.1 localhost jail\n::1 localhost jail\n",
    "/etc/hostname": "jail\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
# Of the host's /etc only what programs need in order to start, and what every installation has alike. Files are copied:
# each mount that bubblewrap makes read-only costs it another reading of the whole mount table.
HOST_FOLDERS = ("/etc/alternatives",)
HOST_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/protocols", "/etc/services")
USR_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class View:
    """What differs between one jail and the next."""

    def __init__(
        self, workdir: str = "/workspace", show: tuple[str, ...] = (), workspace: str | None = None
    ) -> None:
        """`show`: paths of the host, read-only at the same place; `workspace`: a folder of the host to write in, as `workdir`,
        else that is one in memory. Refuse places that would hide the system or are no places.
        """
        self.workdir, self.show, self.workspace = workdir, show, workspace
        for path in (self.workdir, *self.show, *([self.workspace] if self.workspace else [])):
            if not path.startswith("/") or os.path.normpath(path) != path or "\0" in path:
                raise ValueError(f"{path!r} must be an absolute path without '..' or a trailing slash")
        if sum(len(path.encode(errors="replace")) for path in self.show) > 16_384:
            raise ValueError("show names too many paths; show the folder that holds them")
        taken = {"/", "/usr", "/etc", "/proc", "/dev", "/tmp", "/var", "/home", "/var/tmp", HOME}
        if self.workdir in taken or self.workdir.startswith(("/usr/", "/etc/", "/proc/", "/dev/")):
            raise ValueError(
                f"workdir {self.workdir!r} is taken; choose a folder of its own such as /workspace"
            )


def environment(workdir: str) -> dict[str, str]:
    """Return what every process starts with: nothing of the run's environment."""
    return {
        "PATH": PATH, "HOME": HOME, "USER": USER, "LOGNAME": USER, "SHELL": "/bin/bash", "LANG": "C.UTF-8",
        "TERM": "dumb", "PWD": workdir,
    }  # fmt: skip


def command(
    bubblewrap: str,
    view: View,
    limits: Limits | Bounds,
    files: Mapping[str, int],
    info: int | None = None,
    filter: int | None = None,
) -> list[str]:
    """Return bubblewrap's argv. `files`: descriptors of the made-up files; `info`: where it tells its child's pid;
    `filter`: the seccomp filter.
    """
    return [*walls(bubblewrap, info, filter), *sights(view, limits, files), "--", *FIRST_PROCESS]


def walls(bubblewrap: str, info: int | None = None, filter: int | None = None) -> list[str]:
    """Return the part of `command` that every jail has alike: what separates the one inside from the host."""
    argv = [
        bubblewrap,
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
    ]
    argv += ["--as-pid-1", "--uid", str(UID), "--gid", str(GID), "--hostname", "jail"]
    argv += [] if info is None else ["--info-fd", str(info)]
    argv += [] if filter is None else ["--seccomp", str(filter)]
    return argv


def sights(view: View, limits: Limits | Bounds, files: Mapping[str, int]) -> list[str]:
    """Return the part of `command` that differs: what there is to be seen, in the order in which it is mounted."""
    argv = [
        "--ro-bind",
        "/usr",
        "/usr",
        *_links(),
        "--proc",
        "/proc",
        "--remount-ro",
        "/proc",
        "--dev",
        "/dev",
    ]
    argv += ["--size", str(min(64 * 1024**2, limits.disk)), "--perms", "1777", "--tmpfs", "/dev/shm"]
    argv += ["--remount-ro", "/dev", "--dir", "/etc"]
    for path in HOST_FOLDERS:
        argv += ["--ro-bind-try", path, path]
    argv += [
        "--symlink",
        "../usr/lib/os-release",
        "/etc/os-release",
        "--symlink",
        "/proc/mounts",
        "/etc/mtab",
    ]
    for path, descriptor in files.items():
        argv += ["--perms", "0444", "--file", str(descriptor), path]
    for path, mode in (("/tmp", "1777"), ("/var/tmp", "1777"), (HOME, "0755"), (view.workdir, "0755")):
        if path == view.workdir and view.workspace:
            argv += ["--bind", view.workspace, path]
        else:
            argv += ["--size", str(limits.disk), "--perms", mode, "--tmpfs", path]
    for path in view.show:
        argv += ["--ro-bind", path, path]
    return [*argv, "--remount-ro", "/", "--chdir", view.workdir]


@functools.cache
def _links() -> tuple[str, ...]:
    """Return options that show /bin, /lib and their like as the host has them: as links into /usr, or as folders."""
    argv: list[str] = []
    for name in USR_LINKS:
        place = Path("/", name)
        if place.is_symlink():
            argv += ["--symlink", os.readlink(place), str(place)]
        elif place.is_dir():
            argv += ["--ro-bind", str(place), str(place)]
    return tuple(argv)


def find_bubblewrap(path: str | None = None) -> str | None:
    """Return the absolute path of bubblewrap; the run's own PATH may not choose another program of that name."""
    for folder in (path or "/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin").split(":"):
        if os.access(os.path.join(folder, "bwrap"), os.X_OK):
            return os.path.join(folder, "bwrap")
    return None


def etc_files() -> list[tuple[str, int]]:
    """Return memory files: what the jail's /etc says, made up or taken from the host, and the filter of system calls."""
    texts = {FILTER: calls.program()} | {path: text.encode() for path, text in MADE_UP_FILES.items()}
    for path in HOST_FILES:
        with contextlib.suppress(OSError):
            texts[path] = Path(path).read_bytes()
    held = []
    for path, text in texts.items():
        descriptor = os.memfd_create(path, os.MFD_CLOEXEC)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(text)
        held.append((path, descriptor))
    return held
