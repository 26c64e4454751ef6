# SPDX-License-Identifier: MIT
"""The bwrap provider keeps Inspect's sandbox contract, and what this repository asks of it beyond the contract."""

import pytest

pytest.importorskip("inspect_ai")

from inspect_ai.util._sandbox.self_check import *  # noqa: E402,F403  (the contract's own tests)

from offswitch.guard.tiers import survey  # noqa: E402
from offswitch.scenarios.bwrap import BwrapConfig, BwrapSandboxEnvironment  # noqa: E402

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not survey().full, reason=f"no full jail here: {survey().missing()}"),
]

# One user per jail is the point of it; the contract's test makes a second one as root.
ARGUED = {"test_exec_as_user": "a jail has one user; docs/sandbox.md says why"}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def sandbox_env(request):
    if reason := ARGUED.get(request.node.originalname):
        request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    made = await BwrapSandboxEnvironment.sample_init("contract", BwrapConfig(), {})
    yield made["default"]
    await BwrapSandboxEnvironment.sample_cleanup("contract", None, made, False)
