# SPDX-License-Identifier: MIT
"""A receipt's signature: Ed25519 (RFC 8032), which everybody can check who has this host's public key. Needs the extra `guard`.

The seal that a supervisor makes can be checked on its own host alone, for it needs nothing but the standard library. Whoever orders a
stop adds this to it afterwards, and only to a receipt whose seal holds.

Easy to get wrong: to trust the public key that a receipt carries. It says who claims to have signed; who checks names the key.
"""

from __future__ import annotations

import base64
import contextlib
import os
from typing import Any

from offswitch.guard.errors import PlaceError

from .places import own_folder, state_folder
from .receipts import Receipt, canonical, holds, host_key

ALGORITHM = "ed25519"


def public_key_path() -> str:
    """Return where this host's public key lies, to be handed to others."""
    return os.path.join(state_folder(), "signing.pub")


def signed(receipt: Receipt) -> Receipt:
    """Return a receipt with this host's signature. Raises PlaceError where its seal does not hold, ImportError without the extra."""
    if not holds(receipt, host_key()):
        raise PlaceError(
            "the receipt's seal is not this host's, or the receipt was changed; it is not signed"
        )
    key = _signing_key()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    value = base64.b64encode(key.sign(canonical(receipt))).decode()
    return {**receipt, "signature": {"algorithm": ALGORITHM, "public_key": public, "value": value}}


def signature_holds(receipt: Receipt, public_key: bytes) -> bool:
    """Tell whether the signature over exactly this receipt is by the holder of this public key (PEM, or 32 raw bytes)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    told = receipt.get("signature")
    if (
        not isinstance(told, dict)
        or told.get("algorithm") != ALGORITHM
        or not isinstance(told.get("value"), str)
    ):
        return False
    try:
        raw = len(public_key) == 32
        key = Ed25519PublicKey.from_public_bytes(public_key) if raw else load_pem_public_key(public_key)
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("not a key for Ed25519")
    except ValueError as failure:
        raise PlaceError(f"this is no public key for Ed25519 (PEM): {failure}") from failure
    try:
        key.verify(base64.b64decode(told["value"], validate=True), canonical(receipt))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signing_key() -> Any:
    """Return this host's private key, made at the first call; its public half lies beside it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_pem_private_key,
    )

    path = os.path.join(own_folder(state_folder()), "signing.key")
    if not os.path.exists(path):
        made = Ed25519PrivateKey.generate()
        _lay(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise PlaceError(f"{path}: others can read it; remove it, and a new one is made")
        key = load_pem_private_key(file.read(), None)
    _lay(
        public_key_path(),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        0o644,
    )
    return key


def _lay(path: str, data: bytes, mode: int) -> None:
    """Write a file that is not there yet: whole or not at all, and the first one stays."""
    if os.path.exists(path):
        return
    draft = f"{path}.{os.urandom(8).hex()}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
        file.write(data)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    os.unlink(draft)


def add_signature(path: str) -> bool:
    """Sign the receipt in a file, if the extra is installed; the file is replaced whole. Returns whether it is signed."""
    from .receipts import read, replace

    try:
        import cryptography  # noqa: F401
    except ImportError:
        return False
    replace(path, signed(read(path)))
    return True
