# SPDX-License-Identifier: MIT
"""Whoever sets the host's clock moves no lease, no order and no proof. Done for real, in a machine that is thrown away:
`python bench/full_tier.py --trials 0 --tests tests/guard/test_clock.py`.
"""

import os
import tempfile
import time

import pytest

from offswitch.guard import kernel
from offswitch.guard.limits import Limits
from offswitch.guard.running import Wish, renew, start, stop, stop_all
from offswitch.guard.switch import receipts

DAY = 86400.0
DEFIANT = "trap '' TERM; (setsid sleep 1000 &) ; echo ready; while :; do sleep 0.05; done"

pytestmark = pytest.mark.skipif(
    os.environ.get("OFFSWITCH_MACHINE") != "thrown away" or os.geteuid() != 0,
    reason="sets the clock of the whole host: only in the machine of bench/full_tier.py",
)


@pytest.fixture(autouse=True)
def folders(monkeypatch):
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o755)
        monkeypatch.setenv("OFFSWITCH_RUN_DIR", f"{made}/run")
        monkeypatch.setenv("OFFSWITCH_STATE_DIR", f"{made}/state")
        yield
        stop_all(now=True)


@pytest.fixture(params=[-DAY, DAY, -20 * 365 * DAY], ids=["back a day", "on a day", "back twenty years"])
def set_clock(request):
    """Return what sets the host's clock; it is set right afterwards."""
    moved = []

    def set_it():
        time.clock_settime(time.CLOCK_REALTIME, time.time() + request.param)
        moved.append(request.param)

    yield set_it
    time.clock_settime(time.CLOCK_REALTIME, time.time() - sum(moved))


def a_run(**settings):
    """Start an agent, and return when it is deaf to notices."""
    read, write = os.pipe()
    run = start(Wish(("bash", "-c", DEFIANT), name="a", stdio=(read, write, write), **settings))
    os.close(write)
    assert os.read(read, 6) == b"ready\n"
    os.close(read)
    return run


def test_a_lease_ends_when_it_ends(set_clock):
    run = a_run(lease=8.0)
    set_clock()
    receipt = run.wait(60.0).receipt
    assert (receipt["order"]["by"], receipt["verdict"]) == ("lease", "proved")
    assert 8.0 <= receipt["order"]["boot"] - receipt["started"]["boot"] < 12.0
    assert receipts.holds(receipt, receipts.host_key())


def test_a_lease_is_renewed_as_before(set_clock):
    run = a_run(lease=8.0)
    set_clock()
    assert 0 < renew("a") <= 8.0
    renewed = kernel.boot_time()
    receipt = run.wait(60.0).receipt
    assert receipt["renewals"] == {"accepted": 1, "refused": 0}
    assert receipt["order"]["boot"] - renewed < 12.0


def test_an_order_is_carried_out_at_once_and_its_grace_is_as_long_as_it_was(set_clock):
    run = a_run(grace=2.0)
    set_clock()
    began = kernel.boot_time()
    receipt = stop("a")
    assert receipt["run"] == run.run_id
    assert receipt["verdict"] == "proved"
    assert 1.9 <= receipt["grace"]["used"] < 6.0
    assert receipt["order"]["boot"] <= receipt["killed"]["boot"] <= receipt["empty"]["boot"] < began + 30.0


def test_the_time_limit_is_as_long_as_it_was(set_clock):
    run = a_run(limits=Limits(seconds=8.0))
    set_clock()
    receipt = run.wait(60.0).receipt
    assert receipt["order"]["by"] == "time"
    assert receipt["order"]["boot"] - receipt["started"]["boot"] < 12.0


def test_the_receipt_of_the_last_run_is_the_last(set_clock):
    first = a_run()
    stop("a", now=True)
    set_clock()
    second = a_run()
    stop("a", now=True)
    assert stop("a")["run"] == second.run_id != first.run_id
