# SPDX-License-Identifier: MIT
"""The few system calls that Python 3.11 lacks: entering a namespace, giving up every privilege.

Easy to get wrong: entering a user namespace hands the caller *all* capabilities inside it, so `give_up_privileges` has
to come after the last `enter`, and before the program starts.
"""

from __future__ import annotations

import ctypes
import fcntl
import math
import os
import signal
import time
from collections.abc import Iterator

NEW_MOUNTS, NEW_CGROUPS, NEW_HOSTNAME, NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USERS, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000

_SET_PDEATHSIG, _SET_DUMPABLE, _CAPBSET_DROP, _SET_SUBREAPER, _SET_NO_NEW_PRIVS, _CAP_AMBIENT = (
    1,
    4,
    24,
    36,
    38,
    47,
)
_CAP_AMBIENT_CLEAR_ALL = 4
_SET_SECCOMP, _SECCOMP_FILTER = 22, 2
_CAPABILITY_VERSION_3 = 0x20080522
_JOIN_SESSION_KEYRING = 1
_CLONE3, _INTO_CGROUP = 435, 0x2_0000_0000  # the number is the same on every architecture
_KEYCTL = {"x86_64": 250, "aarch64": 219}

libc = ctypes.CDLL(None, use_errno=True)
_holding = ctypes.PyDLL(None, use_errno=True)  # keeps Python's lock, as a fork must
_NOTHING = ctypes.c_ulong(0)
_timers = (
    libc if hasattr(libc, "timer_create") else ctypes.CDLL("librt.so.1", use_errno=True)
)  # glibc before 2.34
_ABSOLUTE, _NEVER = 1, 1e9  # seconds: thirty years after boot


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(option: int, value: int, what: str) -> None:
    _checked(libc.prctl(option, ctypes.c_ulong(value), _NOTHING, _NOTHING, _NOTHING), what)


def enter(descriptor: int, kinds: int) -> None:
    """Enter the namespaces `kinds` of a process (its pidfd) or of an open /proc/PID/ns file."""
    _checked(libc.setns(descriptor, kinds), "setns")


def fork_into(folder: int) -> int:
    """Fork a child that is born in the control group (v2) whose folder is open as `folder`.

    A process that is moved after its birth costs the kernel a grace period, 5 to 35 ms; and it has a moment outside.
    """
    words = (ctypes.c_uint64 * 11)(_INTO_CGROUP, 0, 0, 0, int(signal.SIGCHLD), 0, 0, 0, 0, 0, folder)
    ctypes.pythonapi.PyOS_BeforeFork()
    pid: int = _holding.syscall(
        ctypes.c_long(_CLONE3), ctypes.byref(words), ctypes.c_size_t(ctypes.sizeof(words))
    )
    number = ctypes.get_errno()
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    else:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(number, f"clone3: {os.strerror(number)}")
    return pid


def hide_memory(hidden: bool = True) -> None:
    """Let no other process of the same user trace this one or look into its descriptors, until it executes."""
    _prctl(_SET_DUMPABLE, int(not hidden), "PR_SET_DUMPABLE")


def die_with_parent(signal_number: int) -> None:
    """Ask for a signal when the parent dies. A change of user forgets this: call it after."""
    _prctl(_SET_PDEATHSIG, signal_number, "PR_SET_PDEATHSIG")


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent dies: what nobody reaps keeps its pid namespace from ending."""
    _prctl(_SET_SUBREAPER, 1, "PR_SET_CHILD_SUBREAPER")


def no_new_privileges() -> None:
    """From here on no program, setuid or not, adds a privilege to this process and its descendants."""
    _prctl(_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS")


def leave_keyring() -> None:
    """Take an empty session keyring: the run's own keys must not be within reach of the jail."""
    number = _KEYCTL.get(os.uname().machine)
    if number is not None:
        libc.syscall(ctypes.c_long(number), ctypes.c_long(_JOIN_SESSION_KEYRING), None)


def give_up_privileges() -> None:
    """Drop every capability from every set, for good."""
    libc.prctl(_CAP_AMBIENT, ctypes.c_ulong(_CAP_AMBIENT_CLEAR_ALL), _NOTHING, _NOTHING, _NOTHING)
    capability = 0
    while libc.prctl(_CAPBSET_DROP, ctypes.c_ulong(capability), _NOTHING, _NOTHING, _NOTHING) == 0:
        capability += 1  # ends at the first number that this kernel does not know
    no_new_privileges()
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _checked(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def forbid_calls(program: bytes) -> None:
    """Install a seccomp filter (see calls.py) for this process and its descendants."""
    if not program:
        return
    lines = ctypes.create_string_buffer(program, len(program))
    head = _FilterHead(len(program) // 8, ctypes.addressof(lines))
    result = libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_FILTER), ctypes.byref(head), _NOTHING, _NOTHING)
    _checked(result, "PR_SET_SECCOMP")


class _FilterHead(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("lines", ctypes.c_void_p)]


def become(uid: int, gid: int) -> None:
    """Change user and group for good, and leave all others."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def sealed(name: str, data: bytes) -> int:
    """Return a memory file that nobody can change any more, not even who opens it again by /proc."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


def reap() -> Iterator[tuple[int, int]]:
    """Collect the children that have ended: the pid and the status of each."""
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended
    except ChildProcessError:
        return


def has_children() -> bool:
    """Tell whether there is a child, alive or not collected yet."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


class LastResort:
    """A timer that the kernel holds and that kills this process: also one that is frozen, starved or stuck in a wait."""

    def __init__(self) -> None:
        self._timer = ctypes.c_void_p()
        event = (ctypes.c_int * 16)(
            0, 0, int(signal.SIGKILL)
        )  # struct sigevent: value, signal, notify (0: by signal)
        made = _timers.timer_create(time.CLOCK_BOOTTIME, ctypes.byref(event), ctypes.byref(self._timer))
        _checked(made, "timer_create")

    def set(self, until: float) -> None:
        """Set the instant, on the clock of `boot_time`; infinity: never. A child does not inherit it."""
        rest, whole = math.modf(until if until < _NEVER else 0.0)
        when = (ctypes.c_long * 4)(0, 0, int(whole), int(rest * 1e9))
        _checked(_timers.timer_settime(self._timer, _ABSOLUTE, ctypes.byref(when), None), "timer_settime")


def boot_time() -> float:
    """Return seconds since boot, sleep included; nobody in a jail can set this clock, nor anybody set it back."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def start_time(pid: int) -> int | None:
    """Return when a process began, in ticks since boot; None where there is none. With the pid it names a process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return None
