# SPDX-License-Identifier: MIT
"""SHA-256, and the seal that is made with it (HMAC, RFC 2104), from the interpreter's own code.

Easy to get wrong: `hashlib` and `hmac` do the same, and load OpenSSL: 3.7 MB in every supervisor. Nor may they be loaded when they
are needed: that is at a stop, when the disk may be gone.
"""

from __future__ import annotations

from _operator import _compare_digest as same  # in constant time; what `hmac.compare_digest` is

try:
    from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore]  # Python 3.12 and later
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found, unused-ignore]
    except ImportError:  # an interpreter that was built without its own
        from hashlib import sha256

__all__ = ["digest", "same", "sealed"]
BLOCK = 64


def digest(data: bytes) -> str:
    """Return the SHA-256 of data, in hexadecimal digits."""
    return str(sha256(data).hexdigest())


def sealed(key: bytes, data: bytes) -> str:
    """Return the HMAC-SHA256 of data, in hexadecimal digits."""
    whole = (sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in whole) + data).digest()
    return str(sha256(bytes(byte ^ 0x5C for byte in whole) + inner).hexdigest())
