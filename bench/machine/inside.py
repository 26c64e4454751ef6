# SPDX-License-Identifier: MIT
"""The first process of the machine: makes control groups of v2 alone, does what the plan says, turns the machine off.

Runs by the system's Python and the standard library alone. `/plan.json` says the tier, and the steps: what each is called,
its argv, and where its output goes (else to the console). What came of them stands in `/results/done.json`, written last.

    root       /sys/fs/cgroup/session                           who drills, in a leaf, as a service is
    rootless   /sys/fs/cgroup/user.slice                        root's
               /sys/fs/cgroup/user.slice/user@12345.service     given to the user, as systemd gives it
                                        …/app.slice/run.scope   who drills

Easy to get wrong: orphans. The first process inherits them all and must collect them, or the dead seem to live on.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

USER = 12345
GROUPS = Path("/sys/fs/cgroup")
CONTROLLERS = "+memory +pids +cpu"
RESULTS = Path("/results")
GIVEN = ("", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control")  # what a delegation hands over
POWER_OFF = 0x4321FEDC
SET_FLAGS, UP = 0x8914, 0x1 | 0x40  # SIOCSIFFLAGS; IFF_UP, IFF_RUNNING


def main() -> None:
    """Prepare, do the steps in a child, collect orphans meanwhile, and turn the machine off, whatever came of it."""
    try:
        plan = json.loads(Path("/plan.json").read_text())
        loopback_up()
        place = groups(plan["tier"])
        child = os.fork()
        if child == 0:
            status = 1
            try:
                steps(plan, place)
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        while os.wait()[0] != child:
            pass
    except BaseException as failure:
        print(
            f"the machine's first process: {type(failure).__name__}: {failure}", file=sys.stderr, flush=True
        )
    finally:
        os.sync()
        ctypes.CDLL(None).reboot(POWER_OFF)


def loopback_up() -> None:
    """Bring up the one network device that there is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh22x", b"lo", UP))


def groups(tier: str) -> Path:
    """Make the control groups of a host that gives such a tier, and return the one that its commands start in."""
    tell(GROUPS / "cgroup.subtree_control", CONTROLLERS)
    if tier != "rootless":
        (GROUPS / "session").mkdir()
        return GROUPS / "session"
    top = GROUPS / "user.slice"
    given = top / f"user@{USER}.service"
    scope = given / "app.slice" / "run.scope"
    for folder in (top, given, scope.parent):
        folder.mkdir()
        tell(folder / "cgroup.subtree_control", CONTROLLERS)
    scope.mkdir()
    for folder in (given, scope.parent, scope):
        for name in GIVEN:
            os.chown(folder / name, USER, USER)
    return scope


def tell(file: Path, words: str) -> None:
    """Write to a file of the kernel's."""
    file.write_text(words)


def steps(plan: dict[str, Any], place: Path) -> None:
    """Do one step after the other, and keep what each ended with."""
    done: list[dict[str, Any]] = []
    homes(plan["tier"])
    for step in plan["steps"]:
        print(f"== {step['name']}", file=sys.stderr, flush=True)
        began = time.monotonic()
        code = do(step, plan, place)
        done.append({"name": step["name"], "code": code, "seconds": round(time.monotonic() - began, 1)})
    shown = {
        "kernel": os.uname().release,
        "cpus": os.cpu_count(),
        "mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
        "groups": Path("/proc/mounts").read_text().count(" cgroup2 "),
        "of_v1": Path("/proc/mounts").read_text().count(" cgroup "),
        "clock": Path("/sys/devices/system/clocksource/clocksource0/current_clocksource").read_text().strip(),
        "steps": done,
    }
    (RESULTS / "done.json").write_text(json.dumps(shown, indent=1) + "\n")


def homes(tier: str) -> None:
    """Give who drills a home and folders for runs."""
    runtime, home = Path(f"/run/user/{USER}"), Path("/home/user")
    for folder in (runtime, home):
        folder.mkdir(parents=True, mode=0o700)
        os.chown(folder, USER, USER)


def do(step: dict[str, Any], plan: dict[str, Any], place: Path) -> int:
    """Do one step in its group, as its user, and return what it ended with.

    What it says goes through a pipe: it shows progress by lines, as the console is no terminal of anybody's.
    """
    end, said = os.pipe()
    child = os.fork()
    if child:
        os.close(said)
        return shown(end, child)
    try:
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.closerange(3, 64)
        tell(place / "cgroup.procs", str(os.getpid()))
        if step.get("out"):
            out = os.open(RESULTS / step["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(out, 1)
        env = {**plan["env"], "HOME": "/root"}
        if plan["tier"] == "rootless":
            env |= {"HOME": "/home/user", "XDG_RUNTIME_DIR": f"/run/user/{USER}"}
            os.setgroups([])
            os.setresgid(USER, USER, USER)
            os.setresuid(USER, USER, USER)
        os.setsid()
        os.chdir(step.get("folder", str(RESULTS)))
        program = step["argv"][0]
        if not shutil.which(program):
            raise FileNotFoundError(f"{program} cannot be executed in the machine")
        os.execve(program, step["argv"], env)
    except BaseException as failure:
        with contextlib.suppress(OSError):
            os.write(2, f"{step['name']}: {type(failure).__name__}: {failure}\n".encode())
    finally:
        os._exit(127)


def shown(end: int, child: int) -> int:
    """Pass on what a child says until it has ended, whoever else still holds its pipe; return what it ended with."""
    status = None
    while status is None or select.select([end], [], [], 0)[0]:
        if select.select([end], [], [], 0.2)[0]:
            piece = os.read(end, 65536)
            if not piece:
                break
            os.write(2, piece)
        elif status is None:
            pid, told = os.waitpid(child, os.WNOHANG)
            status = told if pid else None
    os.close(end)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1] if status is None else status)


if __name__ == "__main__":
    main()
