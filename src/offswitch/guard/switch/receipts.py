# SPDX-License-Identifier: MIT
"""The receipt of a stop: what was ordered, when nothing was left, and whether that is proved. Sealed, so that it can be checked.

Nothing but the kernel's own count, `populated 0`, makes a receipt say *proved*. The seal is an HMAC with a key of this host that
only whoever runs supervisors can read; `signing.py` adds a signature that everybody can check, where its library is installed.

Easy to get wrong: the disk may be full by the time. Room is set aside when the run starts, and a receipt that cannot be
written is still told to whoever asked.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

from offswitch.guard.errors import PlaceError

from . import digests
from .places import checked_name, own_folder, state_folder

SCHEMA = "offswitch.receipt/1"
ROOM = 256 * 1024
SEAL = "hmac-sha256"
OUTSIDE = ("seal", "signature")  # what is not itself sealed

Receipt = dict[str, Any]


def host_key() -> bytes:
    """Return this host's key, made at the first call. Raises PlaceError where it cannot be read or is not ours alone."""
    path = os.path.join(own_folder(state_folder()), "host.key")
    if not os.path.exists(path):
        draft = f"{path}.{os.urandom(8).hex()}"
        made = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(made, os.urandom(32))
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)  # whole or not at all, and the first one stays
        finally:
            os.close(made)
            os.unlink(draft)
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno())
            key = file.read(64)
    except OSError as failure:
        raise PlaceError(f"{path}: cannot be read: {failure.strerror}") from failure
    if len(key) != 32 or mode.st_uid != os.geteuid() or mode.st_mode & 0o077:
        raise PlaceError(f"{path}: is not 32 bytes that only we can read; remove it, and a new one is made")
    return key


def folder() -> str:
    """Return the folder of receipts, made where it is missing."""
    return own_folder(os.path.join(own_folder(state_folder()), "receipts"))


def reserve(name: str, run: str) -> tuple[str, int]:
    """Set room aside for a run's receipt; return its path and the open file. Raises PlaceError where the disk is full."""
    place = folder()
    path = os.path.join(place, f"{name}-{run[:12]}.json")
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(file, 0, ROOM)
            os.symlink(os.path.basename(path), draft := f"{path}.link")
            os.rename(draft, _last(place, name))
        except OSError:
            os.close(file)
            os.unlink(path)
            raise
    except OSError as failure:
        raise PlaceError(f"{path}: no room for the receipt: {failure.strerror}; free some, or name another folder by OFFSWITCH_STATE_DIR") from failure  # fmt: skip
    return path, file


def of_name(name: str) -> list[str]:
    """Return the files of a name's receipts, the last run's first. A link tells which that is: a clock that was set back does not."""
    place = folder()
    first = ""
    with contextlib.suppress(OSError):
        first = os.readlink(_last(place, name))
    found = [one for one in os.listdir(place) if one.rpartition("-")[0] == name and one.endswith(".json")]
    paths = {one: os.path.join(place, one) for one in found}
    return [
        paths[one] for one in sorted(found, key=lambda one: (one != first, -os.path.getmtime(paths[one])))
    ]


def _last(place: str, name: str) -> str:
    return os.path.join(place, f"{name}.last")


def canonical(receipt: Receipt) -> bytes:
    """Return what is sealed: the receipt without seal and signature, keys in order, no spaces."""
    bare = {key: value for key, value in receipt.items() if key not in OUTSIDE}
    return json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def seal(receipt: Receipt, key: bytes) -> Receipt:
    """Return the receipt with its seal."""
    value = digests.sealed(key, canonical(receipt))
    return {
        **receipt,
        "seal": {"algorithm": SEAL, "key": digests.digest(key)[:16], "value": value},
    }


def holds(receipt: Receipt, key: bytes) -> bool:
    """Tell whether the seal is that of this key over exactly this receipt."""
    told = receipt.get("seal")
    value = told.get("value") if isinstance(told, dict) else None
    right = digests.sealed(key, canonical(receipt))
    return isinstance(value, str) and digests.same(value.encode(), right.encode())


def write(file: int, receipt: Receipt) -> bool:
    """Write a receipt into its room; False where the disk refuses."""
    data = json.dumps(receipt, indent=1, sort_keys=True).encode() + b"\n"
    try:
        os.pwrite(file, data, 0)
        os.ftruncate(file, len(data))
        os.fsync(file)
    except OSError:
        return False
    return True


def replace(path: str, receipt: Receipt) -> None:
    """Put another receipt in place of one in a file: the old one or the new one is there, never half of one."""
    draft = f"{path}.{os.urandom(8).hex()}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(json.dumps(receipt, indent=1, sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, path)


def path_of(receipt: Receipt) -> str:
    """Return where a receipt of this host is kept."""
    return os.path.join(folder(), f"{checked_name(receipt['name'])}-{receipt['run'][:12]}.json")


def read(path: str) -> Receipt:
    """Return a receipt from its file; raise PlaceError where it is none."""
    try:
        with open(path, "rb") as file:
            told = json.loads(file.read(4 * ROOM).rstrip(b"\0") or b"null")
    except (OSError, ValueError) as failure:
        raise PlaceError(f"{path}: is no receipt: {failure}") from failure
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise PlaceError(f"{path}: is no receipt: its schema is not {SCHEMA}")
    return told


def compose(about: dict[str, Any], order: dict[str, Any], proof: dict[str, Any], **more: Any) -> Receipt:
    """Return a receipt: *proved* where the kernel counted nobody, *not proved* in every other case."""
    empty = proof.get("empty") if proof.get("populated") == 0 else None
    return {
        "schema": SCHEMA, **about, "order": order, "empty": empty, "last_instruction": {"not_after": empty},
        "populated": proof.get("populated"), "survivors": list(proof.get("survivors", ())), "seen": proof.get("seen"),
        "how": proof.get("how", "unknown"), "verdict": "proved" if empty is not None else "not proved", **more,
    }  # fmt: skip
