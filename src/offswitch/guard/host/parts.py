# SPDX-License-Identifier: MIT
"""The things that a jail stands on, or is better with, each looked at on this host: seen, what for, and its cure.

Easy to get wrong: asking files and version numbers. Distributions and containers forbid namespaces in many ways, so what can be
tried is tried: bubblewrap is started once, as a user like the jails' own, and what it shows inside is looked at from there.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import subprocess
from pathlib import Path

from offswitch.guard.kernel import libc
from offswitch.guard.limits import Limits
from offswitch.guard.walls import calls, view
from offswitch.guard.walls.cgroups import Homes, find_homes

from .container import find_container, nested_cure
from .group_parts import group, kill, limits, limits_on_v2, root, swap
from .hardening import FIRST_UID, NOBODY, clock, clone3, folders, landlocked, mapped, users
from .mounts import mounts
from .part import Part

SECONDS = 20.0
OLDEST = (5, 10)
NEVER_WRITABLE = (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/proc/sysrq-trigger",
)  # fmt: skip
_SET_SECCOMP, _SECCOMP_FILTER = 22, 2


def parts(
    mountinfo: str | None = None, membership: str | None = None, path: str | None = None
) -> tuple[Part, ...]:
    """Look at everything; texts stand for /proc/self/mountinfo and /proc/self/cgroup, `path` for where bubblewrap may lie."""
    mountinfo = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    bubblewrap = view.find_bubblewrap(path)
    seen = [kernel_version(os.uname().release), pidfd(), seccomp(), installed(bubblewrap)]
    if all(part.there for part in seen):
        seen += tried(str(bubblewrap), mountinfo)
    homes, why = Homes(), ""
    try:
        homes = find_homes(mountinfo, membership)
    except OSError as failure:
        why = f"cannot be looked at: {failure}"
    return (
        *seen, group(homes, mountinfo, why), limits(homes), root(), kill(homes.killer), limits_on_v2(homes),
        clone3(), landlocked(), swap(homes), users(), *folders(mountinfo), clock(),
    )  # fmt: skip


def kernel_version(release: str) -> Part:
    """Look at the kernel's version: entering a jail by the descriptor of its first process asks for it."""
    found = re.match(r"(\d+)\.(\d+)", release)
    there = found is not None and (int(found[1]), int(found[2])) >= OLDEST
    cure = "Linux 5.10 or newer is needed (6.12 for everything)"
    if "icrosoft" in release and not there:
        release, cure = (
            f"{release}: WSL 1, which has no kernel of Linux",
            "convert it: `wsl --set-version DISTRIBUTION 2`",
        )
    return Part("kernel", there, f"Linux {release}", "namespaces, control groups, filters", cure, "reduced")


def pidfd() -> Part:
    """Try to hold a process by a descriptor."""
    use = "a process held by a descriptor cannot be mistaken for the next one of its number"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError) as failure:
        cure = "Linux 5.3 or newer, a Python built on it, and a container that allows pidfd_open"
        return Part("pidfd", False, f"refused: {failure}", use, cure, "reduced")
    return Part("pidfd", True, "pidfd_open works", use, "", "reduced")


def seccomp() -> Part:
    """Ask for a filter at no address: EFAULT from a kernel that would have read it, EINVAL from one that has none."""
    use = f"{len(calls.FORBIDDEN)} system calls by which jails were broken are refused inside"
    nothing = ctypes.c_ulong(0)
    libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_FILTER), nothing, nothing, nothing)
    if ctypes.get_errno() == errno.EINVAL:
        return Part(
            "seccomp",
            False,
            "this kernel has no filters",
            use,
            "a kernel with CONFIG_SECCOMP_FILTER",
            "reduced",
        )
    machine = os.uname().machine
    if not calls.program(machine):
        return Part("seccomp", False, f"no filter is written for {machine}", use, "use x86_64 or aarch64")
    return Part("seccomp", True, f"filters, and one for {machine}", use, "", "reduced")


def installed(path: str | None) -> Part:
    """Look for bubblewrap, new enough."""
    use, cure = (
        "makes the jail",
        "install it: apt install bubblewrap, dnf install bubblewrap, apk add bubblewrap",
    )
    if path is None:
        return Part("bubblewrap", False, "not installed", use, cure, "reduced")
    try:
        told = subprocess.run(
            [path, "--help"], capture_output=True, text=True, check=False, timeout=SECONDS
        ).stdout
    except (OSError, subprocess.SubprocessError) as failure:
        return Part("bubblewrap", False, f"{path} does not start: {failure}", use, cure, "reduced")
    if "--disable-userns" not in told or "--size" not in told:
        return Part(
            "bubblewrap",
            False,
            f"{path} is older than 0.8",
            use,
            cure.replace("install it", "update it"),
            "reduced",
        )
    return Part("bubblewrap", True, path, use, "", "reduced")


def tried(bubblewrap: str, mountinfo: str) -> list[Part]:
    """Make a jail for real: who is refused learns bubblewrap's own reason, and what is shown inside is looked at there."""
    use = "the jail is made without being root"
    look = "; ".join(
        f'[ -e {file} ] && echo "seen {file}"; [ -w {file} ] && echo "writable {file}"'
        for file in NEVER_WRITABLE
    )
    argv = view.command(bubblewrap, view.View(), Limits(), {})[: -len(view.FIRST_PROCESS)]
    as_user = {}
    if os.geteuid() == 0:
        uid = FIRST_UID if mapped(FIRST_UID) else NOBODY
        as_user = {"user": uid, "group": uid, "extra_groups": []}
    try:
        done = subprocess.run(
            [*argv, "/bin/sh", "-c", f"{look}; exit 0"], stdin=subprocess.DEVNULL, capture_output=True, cwd="/", env={},
            timeout=SECONDS, check=False, **as_user,
        )  # type: ignore[call-overload]  # fmt: skip
    except subprocess.TimeoutExpired:
        return [Part("user namespaces", False, f"bubblewrap did not start in {SECONDS:g} s", use, "look at the load of this machine", "reduced")]  # fmt: skip
    except (OSError, subprocess.SubprocessError) as failure:
        cure = "give the right to change user (CAP_SETUID, CAP_SETGID), or do not start as root"
        return [
            Part(
                "user namespaces",
                False,
                f"no other user can be had: {getattr(failure, 'strerror', failure)}",
                use,
                cure,
                "reduced",
            )
        ]
    if done.returncode != 0:
        said = (
            " ".join(done.stderr.decode(errors="replace").split())
            or f"bubblewrap ended with {done.returncode}"
        )
        return [Part("user namespaces", False, said, use, _namespace_cure(mountinfo), "reduced")]
    return [
        Part("user namespaces", True, "bubblewrap starts without being root", use, "", "reduced"),
        settings(done.stdout.decode(errors="replace")),
    ]


def settings(told: str) -> Part:
    """Read what the trial jail saw of the kernel's settings."""
    use = "the kernel's helpers (core_pattern, modprobe) run outside of every jail"
    writable = [line.split()[1] for line in told.splitlines() if line.startswith("writable ")]
    if writable:
        cure = "do not run here: report the bubblewrap version and kernel"
        return Part("kernel settings", False, f"writable inside: {', '.join(writable)}", use, cure, "reduced")
    seen = "readable, not writable" if "seen " in told else "hidden"
    return Part("kernel settings", True, f"/proc/sys is {seen} inside", use, "", "reduced")


def _namespace_cure(mountinfo: str) -> str:
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
        with contextlib.suppress(OSError):
            if Path(path).read_text().strip() == closed:
                return cure
    masks = sum(mount.point.startswith("/proc/") for mount in mounts(mountinfo))
    hidden = f"{masks} mounts hide parts of /proc, so that no new one may be mounted; " if masks else ""
    return f"{hidden}in a container: {nested_cure(find_container().name)}"
