# SPDX-License-Identifier: MIT
"""Landlock: a second wall behind the mounts. What a program may write, where signals and abstract sockets may go.

The jail's mounts already decide what can be written, and its PID namespace whom a signal reaches; this holds where one of them
should turn out to have a hole. Programs that one call started cannot signal those of another, so it is for jails that run one
command. Kernels without it (before 5.13; signals and sockets from 6.12) go without: `offswitch doctor` says so.

Easy to get wrong: the numbers of rights a kernel knows grow with its version, and one that it does not know is an error.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Sequence

from offswitch.guard.kernel import libc

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_VERSION, _PATH_BENEATH = 1, 1
# linux/landlock.h: execute 0, write_file 1, read_file 2, read_dir 3, remove 4-5, make 6-12, refer 13 (2), truncate 14 (3), ioctl 15 (5)
_FILE_WRITES = 1 << 1 | 1 << 14
_WRITES = {1: 1 << 1 | sum(1 << right for right in range(4, 13)), 2: 1 << 13, 3: 1 << 14}
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2
_SCOPES_SINCE = 6


def version() -> int:
    """Return the version of Landlock that this kernel has; 0 for none."""
    known: int = libc.syscall(ctypes.c_long(_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    return max(0, known)


def confine(writable: Sequence[str]) -> None:
    """Let this process and its descendants write below `writable` only, and signal each other only.

    `no_new_privs` must be set. Raises OSError where the kernel has Landlock and refuses.
    """
    known = version()
    if not known:
        return
    writes = sum(rights for since, rights in _WRITES.items() if since <= known)
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if known >= _SCOPES_SINCE else 0
    words = (ctypes.c_uint64 * 3)(writes, 0, scopes)
    size = 8 if known < 4 else 16 if known < _SCOPES_SINCE else 24
    rules = _call(_CREATE, ctypes.byref(words), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for path in writable:
            with contextlib.suppress(FileNotFoundError):
                _allow(rules, path, writes)
        _call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _allow(rules: int, path: str, writes: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = writes if os.path.isdir(path) else writes & _FILE_WRITES
        rule = ctypes.create_string_buffer(rights.to_bytes(8, "little") + place.to_bytes(4, "little"), 12)
        _call(_ADD, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(place)


def _call(number: int, *words: object) -> int:
    result: int = libc.syscall(ctypes.c_long(number), *words)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result
