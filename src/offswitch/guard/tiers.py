# SPDX-License-Identifier: MIT
"""How much protection this host can give, what is missing, and how to cure it.

- `full`: bubblewrap in namespaces of its own, as a user that is not root, in a control group that limits memory and
  processes and proves itself empty.
- `reduced`: the same without control groups that we may use. Limits hold for each process instead of the jail; that
  nobody is left is known from the end of the pid namespace, not from the kernel's count.
- `none`: no jail can be made, and none is.

Nothing runs below `full` unless the caller accepts `reduced` in so many words; nothing ever runs at `none`.

Easy to get wrong: asking files whether user namespaces are allowed. Distributions forbid them in four different ways,
so the survey tries: it runs bubblewrap once, as the user that the jails will have.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

from . import view
from .cgroups import Homes, find_homes
from .errors import TierError
from .limits import Limits

TRIED_UID = 0x7000_0000
SECONDS = 20.0


@dataclass(frozen=True)
class Part:
    """One thing that a jail stands on."""

    name: str
    there: bool
    told: str  # what was seen
    cure: str = ""
    vital: bool = True  # without it there is no jail at all


@dataclass(frozen=True)
class Survey:
    """What this host has."""

    parts: tuple[Part, ...]

    @property
    def tier(self) -> Literal["full", "reduced", "none"]:
        """Name the best tier that can be had."""
        if all(part.there for part in self.parts):
            return "full"
        return "reduced" if all(part.there for part in self.parts if part.vital) else "none"

    @property
    def full(self) -> bool:
        """Whether everything is there."""
        return self.tier == "full"

    def missing(self) -> str:
        """Say what is missing, and its cure, in one line a part; empty where nothing is."""
        return "\n".join(f"{part.name}: {part.told}; {part.cure}" for part in self.parts if not part.there)


@functools.cache
def survey() -> Survey:
    """Look at this host once; it takes as long as one start of bubblewrap."""
    bubblewrap = view.find_bubblewrap()
    parts = [_linux(), _bubblewrap(bubblewrap)]
    if all(part.there for part in parts):
        parts.append(_namespaces(str(bubblewrap)))
    homes = find_homes() if sys.platform == "linux" else Homes()
    return Survey((*parts, *_groups(homes)))


def require(accept: Literal["full", "reduced"] = "full") -> Survey:
    """Return the survey, or raise TierError where the host gives less than `accept`."""
    seen = survey()
    if seen.tier == "none":
        raise TierError(f"no jail can be made on this host:\n{seen.missing()}")
    if seen.tier == "reduced" and accept != "reduced":
        raise TierError(
            f"this host gives only the reduced tier:\n{seen.missing()}\n"
            "accept it with accept='reduced' (docs/sandbox.md says what is then not protected)"
        )
    return seen


def _linux() -> Part:
    there = sys.platform == "linux" and hasattr(os, "pidfd_open")
    return Part("kernel", there, f"{sys.platform} {os.uname().release}", "Linux 5.10 or newer is needed")


def _bubblewrap(path: str | None) -> Part:
    cure = "install it: apt install bubblewrap, dnf install bubblewrap, apk add bubblewrap"
    if path is None:
        return Part("bubblewrap", False, "not installed", cure)
    told = subprocess.run([path, "--help"], capture_output=True, text=True, check=False).stdout
    if "--disable-userns" not in told or "--size" not in told:
        return Part("bubblewrap", False, f"{path} is older than 0.8", cure.replace("install it", "update it"))
    return Part("bubblewrap", True, path)


def _namespaces(bubblewrap: str) -> Part:
    """Try for real: who is refused learns bubblewrap's own reason."""
    limits = Limits()
    argv = view.command(bubblewrap, view.View(), limits, {})
    as_user = {"user": TRIED_UID, "group": TRIED_UID, "extra_groups": []} if os.geteuid() == 0 else {}
    if as_user and not _mapped(TRIED_UID):
        as_user = {"user": 65534, "group": 65534, "extra_groups": []}
    tried = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", env={},
        timeout=SECONDS, check=False, **as_user,
    )  # type: ignore[call-overload]  # fmt: skip
    if tried.returncode == 0:
        return Part("user namespaces", True, "bubblewrap starts without being root")
    said = tried.stderr.decode(errors="replace").strip() or f"bubblewrap ended with {tried.returncode}"
    return Part("user namespaces", False, said, _namespace_cure())


def _mapped(uid: int) -> bool:
    with open("/proc/self/uid_map") as file:
        return any(
            int(start) <= uid < int(start) + int(count)
            for start, _, count in (map(int, line.split()) for line in file)
        )


def _namespace_cure() -> str:
    """Name the switch that this host has turned off."""
    switches = {
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
            "1", "Ubuntu forbids them: install an AppArmor profile for bwrap (package apparmor-profiles, "
            "bwrap-userns-restrict) or `sysctl kernel.apparmor_restrict_unprivileged_userns=0`",
        ),
        "/proc/sys/kernel/unprivileged_userns_clone": ("0", "`sysctl kernel.unprivileged_userns_clone=1`"),
        "/proc/sys/user/max_user_namespaces": ("0", "`sysctl user.max_user_namespaces=15000`"),
    }  # fmt: skip
    for path, (closed, cure) in switches.items():
        if os.path.exists(path):
            with open(path) as file:
                if file.read().strip() == closed:
                    return cure
    return "in a container, allow user namespaces and a new /proc (docker: --security-opt seccomp=unconfined --security-opt systempaths=unconfined)"


def _groups(homes: Homes) -> list[Part]:
    if os.geteuid() == 0:
        cure = "mount a writable cgroup file system; in a container on cgroup v2, first move its processes into a group below the top one"
    else:
        cure = (
            "start the run in a delegated group: `systemd-run --user --scope -p Delegate=yes …`, or as root"
        )
    killer = homes.killer
    told = "no control group that we may make groups in" if killer is None else str(killer.place)
    limits = ", ".join(sorted(homes.limiters)) or "none"
    return [
        Part("control groups", killer is not None, told, cure, vital=False),
        Part(
            "limits",
            homes.limited,
            f"controllers we may use: {limits}; needed: memory, pids",
            cure,
            vital=False,
        ),
    ]
