# SPDX-License-Identifier: MIT
"""What the guard's tests share: a jail that is closed again, and a host that can give one."""

import pytest

from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits
from offswitch.guard.tiers import at_least, survey

SMALL = Limits(memory=128 * MIB, processes=64, disk=32 * MIB)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def jail():
    if not at_least(survey().tier, "rootless"):
        pytest.skip(f"no jail with a control group here: {survey().missing()}")
    made = await Jail.start(SMALL)
    yield made
    await made.close()
