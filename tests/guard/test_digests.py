# SPDX-License-Identifier: MIT
"""Our seal is HMAC-SHA256 to the byte, and what guards an agent loads none of the heavy modules."""

import hashlib
import hmac
import subprocess
import sys
from pathlib import Path

import pytest

from offswitch.guard.switch import digests

SOURCE = Path(__file__).parents[2] / "src"
HEAVY = {
    "dataclasses",
    "inspect",
    "hashlib",
    "hmac",
    "ssl",
    "asyncio",
    "subprocess",
    "threading",
    "logging",
    "tempfile",
}


@pytest.mark.parametrize("length", [0, 1, 31, 32, 63, 64, 65, 131, 1000])
def test_the_seal_is_that_of_the_standard_library(length):
    key, data = bytes(range(256))[:length] * (1 + length // 256), b"what is sealed" * length
    assert digests.sealed(key, data) == hmac.new(key, data, hashlib.sha256).hexdigest()
    assert digests.digest(data) == hashlib.sha256(data).hexdigest()


def test_the_seal_is_that_of_the_standard():
    key, data = b"Jefe", b"what do ya want for nothing?"  # RFC 4231, test case 2
    assert digests.sealed(key, data).startswith(
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_a_supervisor_loads_no_heavy_module():
    program = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); import offswitch.guard.switch.supervisor; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(told.stdout.split()) == set()
