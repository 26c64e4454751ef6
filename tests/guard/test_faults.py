# SPDX-License-Identifier: MIT
"""Whoever of the guard is killed, frozen or starved, the agent does not outlive its lease, and no receipt says more than is true."""

import os
import random
import sys
from pathlib import Path

import pytest

from offswitch.guard import running
from offswitch.guard.tiers import at_least, survey

sys.path.insert(0, str(Path(__file__).parent))
import faults

BOUND = 1.5  # seconds after the lease; on a machine that is busy with other tests, too

CASES = [
    ("none", ()),
    ("kill", ("supervisor",)),
    ("kill", ("keeper",)),
    ("kill", ("warden",)),
    ("kill", ("front",)),
    ("kill", ("supervisor", "keeper")),
    ("freeze", ("supervisor",)),
    ("freeze", ("keeper",)),
    ("freeze", ("front",)),
    ("freeze", ("supervisor", "keeper")),
    ("freeze", ("supervisor", "keeper", "warden")),
    ("freeze a while", ("supervisor", "keeper")),
    ("freeze by group", ("keeper",)),
    ("freeze by group", ("supervisor", "keeper")),
    ("flap", ("supervisor", "keeper")),
    ("starve of processor", ("supervisor", "keeper")),
    ("starve of files", ("supervisor",)),
    ("starve of files", ("supervisor", "keeper")),
    ("folder gone", ()),
]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    if os.geteuid() != 0 or not at_least(survey().tier, "freezer") or not os.path.exists("/usr/bin/perl"):
        pytest.skip("an agent is watched by a user id of its own (root), and is written in Perl")
    monkeypatch.setattr(running, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(faults, "ANSWER_SECONDS", 1.0)
    for name in ("OFFSWITCH_RUN_DIR", "OFFSWITCH_STATE_DIR"):
        monkeypatch.setenv(name, "set by the trial")


@pytest.mark.parametrize(
    ("fault", "victims"), CASES, ids=lambda case: case if isinstance(case, str) else "+".join(case)
)
def test_no_fault_keeps_an_agent_alive_beyond_its_lease(tmp_path, fault, victims):
    needed = {"starve of processor": "/sys/fs/cgroup/cpu", "freeze by group": "/sys/fs/cgroup/freezer"}.get(
        fault, "/"
    )
    if not os.path.isdir(needed):
        pytest.skip(f"the guard is done this to by a control group of version 1, {needed}")
    drawn = random.Random(f"{fault} {victims}")
    planned = {
        **faults.plan(drawn.randrange(1000)), "fault": fault, "victims": list(victims), "lease": 0.6, "renewals": 1,
        "phase": drawn.choice(["start", "life", "deadline"]), "delay": drawn.uniform(0.0, 0.15), "pause": 1.0, "grace": 0.0,
    }  # fmt: skip
    seen = faults.Trial(planned, Path(tmp_path, "trial")).result()
    assert not seen["lies"]
    assert not seen["alive"]
    assert not seen["left"]
    assert not seen["populated"]
    if seen["began"]:
        assert seen["last_beat_late"] < BOUND


def test_the_same_seed_draws_the_same_fault():
    assert [faults.plan(seed) for seed in range(50)] == [faults.plan(seed) for seed in range(50)]


def test_every_fault_that_is_drawn_can_be_done():
    drawn = {faults.plan(seed)["fault"] for seed in range(500)} | {
        faults.plan(faults.ENGINE_SEEDS + seed)["fault"] for seed in range(50)
    }
    assert drawn == set(faults.FAULTS)
    assert all(callable(getattr(faults.Trial, fault.replace(" ", "_"))) for fault in drawn)
