# SPDX-License-Identifier: MIT
"""Which hierarchies are used, whose groups are leftovers, and what is written where; on folders that look like cgroups."""

import contextlib
import os
import time
from pathlib import Path

import pytest

from offswitch.guard.kernel import start_time
from offswitch.guard.limits import Limits
from offswitch.guard.walls import cgroups
from offswitch.guard.walls.cgroups import Group, Hierarchy, Homes


def mounts(*rows):
    return "".join(
        f"30 1 0:26 / {point} rw,relatime - {kind} {kind} {options}\n" for point, kind, options in rows
    )


def v2(folder, controllers="", passed_down=""):
    folder.mkdir()
    for file, text in (
        ("cgroup.controllers", controllers),
        ("cgroup.subtree_control", passed_down),
        ("cgroup.procs", ""),
    ):
        (folder / file).write_text(text)
    return folder


def v1(folder):
    folder.mkdir()
    (folder / "cgroup.procs").write_text("")
    return folder


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root kills by v2 only where v2 limits, too")
def test_on_a_hybrid_host_v2_kills_and_v1_limits(tmp_path):
    unified = v2(tmp_path / "unified")
    memory, pids, freezer = (v1(tmp_path / name) for name in ("memory", "pids", "freezer"))
    told = mounts(
        (memory, "cgroup", "rw,memory"), (pids, "cgroup", "rw,pids"), (freezer, "cgroup", "rw,freezer"),
        (unified, "cgroup2", "rw"),
    )  # fmt: skip
    homes = cgroups.find_homes(told, "0::/\n1:memory:/\n")
    assert homes.killer == Hierarchy(unified, True, frozenset())
    assert homes.limiters["memory"].place == memory
    assert homes.limiters["pids"].place == pids
    assert homes.limited


def test_on_a_v1_host_the_freezer_kills(tmp_path):
    told = mounts(
        (v1(tmp_path / "freezer"), "cgroup", "rw,freezer"), (v1(tmp_path / "memory"), "cgroup", "rw,memory")
    )
    homes = cgroups.find_homes(told, "1:freezer:/\n")
    assert homes.killer.place == tmp_path / "freezer"
    assert not homes.limited, "pids is missing"


def test_on_a_v2_host_one_hierarchy_does_all(tmp_path):
    top = v2(tmp_path / "cgroup", "cpu memory pids", "cpu memory pids")
    homes = cgroups.find_homes(mounts((top, "cgroup2", "rw")), "0::/\n")
    assert homes.places() == [(top, True)]


def test_a_user_gets_the_nearest_group_that_was_delegated(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    top = v2(tmp_path / "cgroup", "memory pids", "memory pids")
    v2(top / "user", "memory pids", "memory pids")
    v2(top / "user" / "scope", "memory pids")
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("scope"))
    homes = cgroups.find_homes(mounts((top, "cgroup2", "rw")), "0::/user/scope\n")
    assert homes.killer.place == top / "user"


def test_without_cgroups_there_is_no_home():
    homes = cgroups.find_homes("", "")
    assert homes.killer is None
    assert not homes.limited
    assert homes.places() == []


@pytest.mark.parametrize(
    ("unified", "files"),
    [
        (True, {"memory.max": "1000", "pids.max": "13", "cpu.max": "50000 100000"}),
        (False, {"memory.limit_in_bytes": "1000", "pids.max": "13", "cpu.cfs_quota_us": "50000"}),
    ],
)
def test_limits_are_written_in_the_words_of_the_hierarchy(tmp_path, unified, files):
    place = Hierarchy(tmp_path, unified, frozenset({"memory", "pids", "cpu"}))
    group = Group(Homes(place, dict.fromkeys(("memory", "pids", "cpu"), place)), "run", "1")
    group.create()
    group.limit(Limits(memory=1000, processes=10, cpus=0.5))
    assert {file: (group.folders[0] / file).read_text() for file in files} == files


def name(pid, start, namespace=None):
    return f"{pid}-{start}-{os.stat('/proc/self/ns/pid').st_ino if namespace is None else namespace}"


def test_whose_number_was_given_away_again_is_dead():
    own = os.getpid()
    assert not cgroups.is_leftover(name(own, start_time(own)))
    assert cgroups.is_leftover(name(own, start_time(own) - 1)), "the same pid, begun at another time"
    assert cgroups.is_leftover(name(2**22 + 1, 5)), "no such process"


@pytest.mark.parametrize("theirs", ["system.slice", "1-2", "", "a-b-c", name(2**22 + 1, 5, namespace=1)])
def test_what_cannot_be_judged_is_not_a_leftover(theirs):
    assert not cgroups.is_leftover(theirs)


FREEZER = Hierarchy(Path("/sys/fs/cgroup/freezer"), False, frozenset({"freezer"}))


@pytest.mark.skipif(not os.access(FREEZER.place, os.W_OK), reason="no writable v1 freezer here")
def test_without_cgroup_kill_a_fork_bomb_is_frozen_and_killed():
    group = Group(Homes(FREEZER), cgroups.own_name(), "1")
    group.create()
    command = group.command(1)
    pid = group.fork(command)
    if pid == 0:  # a storm of at most 64 processes, each of which ends within 20 s
        script = "n=0; while [ $n -lt 500 ]; do (sleep 0.02; sleep 0.02) & n=$((n+1)); [ $((n%60)) = 0 ] && sleep 0.05; done; sleep 20"
        os.execv("/bin/sh", ["sh", "-c", script])
    while len(group.pids()) < 20:
        time.sleep(0.001)
    end = time.monotonic() + 5
    while group.populated() and time.monotonic() < end:
        cgroups.kill(command)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    assert group.pids() == []
    cgroups.remove_run(Homes(FREEZER), cgroups.own_name())
    assert not group.folders[0].exists()


@pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists("/proc/self/ns/cgroup"), reason="no group of ours to remove"
)
def test_a_group_that_is_removed_under_our_hands_is_dead(monkeypatch):
    homes = cgroups.find_homes()
    if homes.killer is None or not homes.killer.unified:
        pytest.skip("no cgroup v2 here")
    folder = homes.killer.place / cgroups.HOUSE / cgroups.own_name() / "removed"
    folder.mkdir(parents=True)
    opened = os.open

    def open_and_lose(path, *more):
        descriptor = opened(path, *more)
        os.rmdir(folder)  # as the sweep of another run does that starts at this moment
        return descriptor

    monkeypatch.setattr(os, "open", open_and_lose)
    cgroups.kill(folder)
    monkeypatch.undo()
    cgroups.kill(folder)
    assert not cgroups.populated(folder)
    cgroups.remove_run(homes, cgroups.own_name())
