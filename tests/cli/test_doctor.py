# SPDX-License-Identifier: MIT
"""`offswitch doctor` as people and scripts meet it: typed, looked at, its exit code read; on this host and on imitated ones."""

import json
import resource
import subprocess
import sys

import pytest
from click.testing import CliRunner

from offswitch.cli import doctor
from offswitch.guard.host.container import Mark
from offswitch.guard.host.part import Part
from offswitch.guard.tiers import LACKS, NO_TIER_HOLDS, TIERS, WANTED, Survey, at_least, survey

COMMAND = doctor.COMMAND
STEPS = {
    "reduced": ("bubblewrap", "/usr/bin/bwrap", "not installed", "apt install bubblewrap"),
    "rootless": ("control group", "/sys/fs/cgroup (v2)", "mounted read-only", "mount it writable"),
    "freezer": ("root", "user 0", "user 1000", "start as root"),
    "hybrid": ("cgroup.kill", "on v2", "cgroup v1 has none", "mount cgroup v2 beside v1"),
    "full": ("limits on v2", "memory, pids", "on v1: memory, pids", "boot with v2 alone"),
}


def host(tier, container=None):
    """Return the survey of a host that gives just this tier, and lacks Landlock."""
    parts = [
        Part(
            name,
            at_least(tier, opens),
            seen if at_least(tier, opens) else lacking,
            "what it is for",
            cure,
            opens,
        )
        for opens, (name, seen, lacking, cure) in STEPS.items()
    ]
    return Survey(
        (*parts, Part("Landlock", False, "not in this kernel", "a second wall", "Linux 6.12")),
        container or Mark(),
    )


@pytest.fixture
def typed(monkeypatch):
    """Return a function that types the command on a host with this survey, 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(seen, *words):
        monkeypatch.setattr(doctor, "survey", lambda: seen)
        return CliRunner().invoke(COMMAND, list(words))

    return run


HYBRID = """\
tier       hybrid
of         full > hybrid > freezer > rootless > reduced > none
that is    root, cgroup v2 with cgroup.kill; memory and pids limited on cgroup
           v1
container  none known

What was looked at, by the least tier that needs it
reduced   bubblewrap     yes  /usr/bin/bwrap
rootless  control group  yes  /sys/fs/cgroup (v2)
freezer   root           yes  user 0
hybrid    cgroup.kill    yes  on v2
full      limits on v2   no   on v1: memory, pids
beside    Landlock       no   not in this kernel

How to raise it
full  limits on v2  boot with v2 alone

What would harden it
beside  Landlock  Linux 6.12

What hybrid cannot hold
"""


def test_a_host_is_told_its_tier_its_parts_and_the_cures(typed):
    told = typed(host("hybrid"))
    assert told.exit_code == 0
    assert told.stdout.startswith(HYBRID)
    assert told.stderr == ""
    assert max(map(len, told.stdout.splitlines())) <= 80
    assert "\x1b" not in told.stdout


@pytest.mark.parametrize("tier", TIERS)
def test_what_a_tier_cannot_hold_is_told_and_what_each_lower_one_cannot_either(typed, tier):
    told = " ".join(typed(host(tier)).stdout.split())
    here, _, below = told.partition("What lower tiers cannot hold")
    for other, lacks in LACKS.items():
        for lack in lacks:
            if tier == "none":
                assert (lack in here) == (other == "none")
            else:
                assert (lack in here) == (other == tier)
                assert (lack in below) == (not at_least(other, tier) and other != "none")
    assert (NO_TIER_HOLDS in here) == (tier != "none")
    assert ("How to raise it" in told) == (tier != "full")


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("tier", TIERS)
def test_less_than_is_required_ends_with_4_and_says_what_is_missing(typed, tier, wanted):
    told = typed(host(tier), "--require", wanted)
    if at_least(tier, wanted):
        assert (told.exit_code, told.stderr) == (0, "")
    else:
        assert told.exit_code == 4
        assert told.stderr.startswith(
            f"offswitch doctor: this host gives {tier}, less than {wanted}; missing: "
        )
        assert STEPS[wanted][0] in told.stderr


def test_no_host_can_be_required_to_give_nothing(typed):
    told = typed(host("full"), "--require", "none")
    assert told.exit_code == 2
    assert "'full', 'hybrid', 'freezer', 'rootless', 'reduced'" in " ".join(told.stderr.split())


def test_json_is_one_object_with_every_part_and_the_one_that_raises_the_tier(typed):
    told = typed(host("freezer"), "--json", "--require", "hybrid")
    seen = json.loads(told.stdout)
    assert told.exit_code == 4
    assert (seen["schema"], seen["tier"], seen["required"], seen["met"]) == (
        "offswitch.doctor/1",
        "freezer",
        "hybrid",
        False,
    )
    assert set(seen["parts"][0]) == {"name", "there", "told", "for", "cure", "opens", "raises"}
    assert [part["name"] for part in seen["parts"] if part["raises"]] == ["cgroup.kill"]
    assert [part["name"] for part in seen["parts"] if not part["there"]] == [
        "cgroup.kill",
        "limits on v2",
        "Landlock",
    ]
    assert set(seen["below"]) == {"rootless", "reduced"}
    assert seen["cannot_hold"] == [*LACKS["freezer"], NO_TIER_HOLDS]


def test_a_container_is_marked_beside_the_tier_with_what_it_changes(typed):
    mark = Mark("docker", "/.dockerenv", ("the host's owner can kill the guard",))
    told = typed(host("reduced", mark)).stdout
    assert "container  docker (/.dockerenv)\n           - the host's owner can kill the guard\n" in told


def test_what_was_read_from_the_host_cannot_repaint_the_terminal(typed):
    told = typed(host("reduced", Mark("\x1b[2Jx", "\x1b[31m"))).stdout
    assert "\x1b" not in told
    assert r"\x1b[2Jx" in told


def test_another_system_is_told_in_words_that_nothing_runs(typed, monkeypatch):
    from offswitch.guard import tiers

    monkeypatch.setattr(sys, "platform", "darwin")
    told = typed(tiers.look())
    monkeypatch.undo()
    text = " ".join(told.stdout.split())
    assert told.exit_code == 0
    assert text.startswith("tier none")
    assert "Linux no this is darwin" in text
    assert "a virtual machine will do" in text


def test_this_host_is_looked_at_in_half_a_second_of_work():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = "from offswitch.cli.doctor import COMMAND; COMMAND()"
    told = subprocess.run(
        [sys.executable, "-c", program, "--json"], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert json.loads(told.stdout)["tier"] == survey().tier
    assert told.stderr == ""
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="parts are Linux's")
def test_every_part_of_this_host_says_what_it_is_for_and_how_to_have_it():
    for part in survey().parts:
        assert part.told
        assert part.use
        assert part.there or part.cure
