# SPDX-License-Identifier: MIT
"""What this host's control groups can do for a jail: hold it, limit it, kill it, count who is left.

Easy to get wrong: the top group lacks files that every other group has (`cgroup.kill`, limits), so what groups can do is looked for in one
below it; where there is none, one is made for the look and taken away.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from offswitch.guard.walls.cgroups import HOUSE, NEEDED, Hierarchy, Homes, own_name

from .mounts import mounts
from .part import Part


def group(homes: Homes, mountinfo: str, why: str = "") -> Part:
    """Tell where groups can be made, or why nowhere."""
    use = "holds every process of the jail: limits, one kill, and the proof that nobody is left"
    if homes.killer is not None:
        kind = "v2" if homes.killer.unified else "v1 freezer"
        return Part("control group", True, f"{homes.killer.place} ({kind})", use, "", "rootless")
    told, cure = _no_group(mountinfo)
    return Part("control group", False, why or told, use, cure, "rootless")


def _no_group(mountinfo: str) -> tuple[str, str]:
    mounted = [mount for mount in mounts(mountinfo) if mount.kind in ("cgroup", "cgroup2")]
    mounted.sort(key=lambda mount: mount.kind, reverse=True)  # v2 first
    delegate = "start in a delegated group (`systemd-run --user --scope -p Delegate=yes …`), or as root"
    if not mounted:
        return "no cgroup file system is mounted", "as root: `mount -t cgroup2 none /sys/fs/cgroup`"
    if all(mount.read_only for mount in mounted):
        cure = "as root `mount -o remount,rw`; in a container `--privileged`, or the runtime's option for writable control groups"
        return f"{mounted[0].point} is mounted read-only", cure
    if os.geteuid() != 0:
        return (
            f"no permission: no group below {mounted[0].point} was delegated to user {os.geteuid()}",
            delegate,
        )
    cure = "mount a writable one, v2 or the v1 freezer: `mount -t cgroup2 none /sys/fs/cgroup`"
    return "no group that we may make groups in", cure


def limits(homes: Homes) -> Part:
    """Tell what can be limited for a jail as a whole."""
    use = "the jail cannot starve the host, by memory or by processes"
    lacking = [name for name in NEEDED if homes.killer is None or name not in homes.limiters]
    if not lacking:
        extra = ", cpu" if "cpu" in homes.limiters else ""
        return Part("limits", True, f"{', '.join(NEEDED)}{extra}", use, "", "rootless")
    if homes.killer is None:
        cure = "a control group first"
    elif os.geteuid() == 0:
        cure = (
            "write +memory +pids to cgroup.subtree_control of the group above; where processes sit in it (a container), move them "
            "into a group below first; a kernel that boots with cgroup_disable=memory must not"
        )
    else:
        cure = "have them delegated: `systemd-run --user --scope -p Delegate='memory pids cpu' …`"
    return Part("limits", False, f"not for {', '.join(lacking)}", use, cure, "rootless")


def root() -> Part:
    """Tell whether jails can have users of their own."""
    use = "each jail has a user that owns nothing; whatever runs as you cannot touch the guard"
    if os.geteuid() == 0:
        return Part("root", True, "user 0", use, "", "freezer")
    return Part(
        "root", False, f"user {os.geteuid()}", use, "start as root: `sudo offswitch run …`", "freezer"
    )


def kill(killer: Hierarchy | None) -> Part:
    """Look for the file that kills a whole group."""
    use = "one word ends all processes of a group, forks under way included"
    if killer is None:
        return Part("cgroup.kill", False, "no control group", use, "a control group first", "hybrid")
    if not killer.unified:
        cure = "have cgroup v2 beside v1: `mkdir -p /sys/fs/cgroup/unified; mount -t cgroup2 none /sys/fs/cgroup/unified`; or v2 alone"
        return Part("cgroup.kill", False, "cgroup v1 has none: freeze, kill, thaw", use, cure, "hybrid")
    if _below(killer.place, "cgroup.kill") or _made_below(killer.place, "cgroup.kill"):
        return Part("cgroup.kill", True, "on v2", use, "", "hybrid")
    return Part(
        "cgroup.kill", False, "this kernel has none: freeze, kill, thaw", use, "Linux 5.14 or newer", "hybrid"
    )


def limits_on_v2(homes: Homes) -> Part:
    """Tell whether one hierarchy does all."""
    use = "one hierarchy kills, limits and counts; no process is ever moved"
    on_v1 = [name for name in NEEDED if name in homes.limiters and not homes.limiters[name].unified]
    if homes.limited and not on_v1:
        return Part("limits on v2", True, ", ".join(NEEDED), use, "", "full")
    told = f"on v1: {', '.join(on_v1)}" if on_v1 else "no limits"
    cure = "boot with v2 alone: kernel options systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=all"
    return Part("limits on v2", False, told, use, cure, "full")


def swap(homes: Homes) -> Part:
    """Tell whether what is pushed out of memory counts, too."""
    use = "a jail cannot go round its memory limit through swap"
    limiter = homes.limiters.get("memory")
    if limiter is not None:
        file = "memory.swap.max" if limiter.unified else "memory.memsw.limit_in_bytes"
        if _below(limiter.place, file) or _made_below(limiter.place, file):
            return Part("swap limit", True, file, use)
    with contextlib.suppress(OSError):
        if len(Path("/proc/swaps").read_text().splitlines()) <= 1:
            return Part("swap limit", True, "no swap is in use", use)
    cure = "`swapoff -a`, or boot with swapaccount=1" if limiter else "a memory limit first"
    return Part("swap limit", False, "swap is in use and cannot be limited", use, cure)


def _below(place: Path, name: str) -> Path | None:
    """Return such a file of a group or of one directly below: the top group lacks some that every other has."""
    with contextlib.suppress(OSError):
        with os.scandir(place) as entries:
            folders = [place, *(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))]
        return next((folder / name for folder in folders if (folder / name).exists()), None)
    return None


def _made_below(place: Path, name: str) -> bool:
    """Make a group, look, and take it away. Its name is one that is swept, should we be killed here."""
    run = place / HOUSE / own_name()
    folders, found = (run / "survey", run, run.parent), False
    with contextlib.suppress(OSError):
        folders[0].mkdir(parents=True)
        found = any((folder / name).exists() for folder in folders)
    for folder in folders:
        with contextlib.suppress(OSError):  # a run has groups there
            folder.rmdir()
    return found
