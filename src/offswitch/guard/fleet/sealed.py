# SPDX-License-Identifier: MIT
"""Values that only a holder of the fleet's key can have written, and only for the key they lie under.

    <64 hex digits: HMAC-SHA256 of KEY NEWLINE BODY> NEWLINE <BODY: one JSON object>

The seal is checked before the body is parsed, so that whoever can write to the engine but lacks the key reaches no
parser. What such a writer *can* do: take values away, put older ones back, fill the store. All three silence the
engine; none prolongs a life, and who is not proved dead is still listed.

Easy to get wrong: a sealed value is genuine, not fresh. Whoever reads one compares its number with the last one seen.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from typing import Any, NoReturn

from .errors import FleetError, NotBelievedError

LARGEST = 512 * 1024  # bytes of one value; NATS refuses more than 1 MiB, etcd more than 1.5 MiB
SHORTEST_KEY = 16
SEAL = 64


def seal(secret: bytes, key: str, record: dict[str, Any]) -> bytes:
    """Return the bytes to put under `key`."""
    body = json.dumps(record, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
    if SEAL + 1 + len(body) > LARGEST:
        raise FleetError(f"{key}: {len(body)} bytes are more than the {LARGEST} that one value may have")
    return _mark(secret, key, body) + b"\n" + body


def unseal(secret: bytes, key: str, value: bytes) -> dict[str, Any]:
    """Return what was sealed for `key`; raise NotBelievedError for everything else."""
    if len(value) > LARGEST:
        raise NotBelievedError(f"{plain(key)}: {len(value)} bytes are more than a value may have")
    if value[SEAL : SEAL + 1] != b"\n" or not hmac.compare_digest(
        value[:SEAL], _mark(secret, key, value[SEAL + 1 :])
    ):
        raise NotBelievedError(f"{plain(key)}: not sealed with this fleet's key for this place")
    try:
        record = json.loads(value[SEAL + 1 :], parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotBelievedError(f"{plain(key)}: sealed, but not JSON") from None
    if not isinstance(record, dict):
        raise NotBelievedError(f"{plain(key)}: sealed, but not a JSON object")
    return record


def _mark(secret: bytes, key: str, body: bytes) -> bytes:
    told = hmac.new(secret, digestmod=hashlib.sha256)
    told.update(b"offswitch.fleet/1\n" + key.encode("utf-8", "surrogatepass") + b"\n")
    told.update(body)
    return told.hexdigest().encode()


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def make_key(file: str) -> None:
    """Write a new key, readable by its owner alone; never over an old one."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise FleetError(
            f"{file}: is there already; a fleet that changes its key obeys no older order"
        ) from None
    except OSError as failure:
        raise FleetError(f"{file}: cannot be written: {failure.strerror}") from failure
    with open(descriptor, "w") as stream:
        stream.write(secrets.token_hex(32) + "\n")


def read_key(file: str) -> bytes:
    """Return the fleet's key; raise FleetError where others may read or change it, or it is too short to be one."""
    try:
        with open(file, "rb") as stream:
            seen, secret = os.fstat(stream.fileno()), stream.read(4096).strip()
    except OSError as failure:
        raise FleetError(f"{file}: cannot be read: {failure.strerror}; make one with `offswitch fleet key {file}`") from failure  # fmt: skip
    if not stat.S_ISREG(seen.st_mode) or seen.st_mode & 0o077 or seen.st_uid not in (0, os.geteuid()):
        raise FleetError(
            f"{file}: others may read or change it; `chmod 600 {file}` and let it belong to you or root"
        )
    if len(secret) < SHORTEST_KEY:
        raise FleetError(
            f"{file}: {len(secret)} bytes are too few for a key; make one with `offswitch fleet key`"
        )
    return secret


def plain(text: str, width: int = 160) -> str:
    r"""Return text of a stranger in one line, whatever does not print as an escape, and not too long."""
    shown = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "replace").decode()
        for sign in text[:width]
    )
    return shown if len(text) <= width else f"{shown}…"
