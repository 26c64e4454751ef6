# SPDX-License-Identifier: MIT
"""The system calls that no program in a jail may make: a seccomp filter, written out in the kernel's own words.

Namespaces, users and capabilities already forbid what these calls could do to the host. The filter takes away the
doors through which jails were broken before: io_uring, bpf, keyrings, performance events, userfaultfd, mounts; the
32-bit entrance to the kernel, where numbers mean other calls; and ptrace, by which the agent could lead a program that
the run starts. Everything else is allowed: a list of allowed calls would break a program with every new kernel.

Easy to get wrong: the architecture must be looked at before the number, for the same number is another call elsewhere.
"""

from __future__ import annotations

import errno
import os
import struct

# The first number is that of x86_64, the second that of aarch64.
FORBIDDEN = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "fanotify_init": (300, 262),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265), "quotactl": (179, 60), "swapon": (167, 224), "swapoff": (168, 225),
    "reboot": (169, 142), "acct": (163, 89), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "syslog": (103, 116), "vhangup": (153, 58),
}  # fmt: skip
MACHINES = {
    "x86_64": (0, 0xC000003E),
    "aarch64": (1, 0xC00000B7),
}  # which number, and the kernel's name for it
_X32 = 0x40000000  # on x86_64, numbers from here on are calls of another kind of program

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # where they are in what the filter is shown
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


def program(machine: str | None = None) -> bytes:
    """Return the filter for this machine; empty where its numbers are not known here."""
    known = MACHINES.get(machine or os.uname().machine)
    if known is None:
        return b""
    which, architecture = known
    numbers = [pair[which] for pair in FORBIDDEN.values()]
    refuse = len(numbers) + 1  # steps from the first test of a number to the last line
    lines = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 0, refuse + 2, architecture), (_LOAD, 0, 0, _NUMBER)]
    lines.append((_AT_LEAST, refuse, 0, _X32))
    for place, number in enumerate(numbers):
        lines.append((_EQUAL, refuse - 1 - place, 0, number))
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)
