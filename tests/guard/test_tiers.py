# SPDX-License-Identifier: MIT
"""Which tier a host gives: for every tier on folders that look like its control groups, and for real where this host can.

OFFSWITCH_TIER_ROUNDS asks for more than one attack in each tier that is tried for real.
"""

import errno
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from offswitch.guard import tiers
from offswitch.guard.errors import TierError
from offswitch.guard.host import group_parts, hardening, parts
from offswitch.guard.host.container import FIRST, find_container
from offswitch.guard.host.part import Part
from offswitch.guard.tiers import LACKS, NEEDS, TIERS, WANTED, Survey, at_least, look
from offswitch.guard.walls.cgroups import Hierarchy, Homes

SOURCE = Path(__file__).parents[2] / "src"
LINUX = sys.platform == "linux"
JAILS = LINUX and tiers.survey().tier != "none"
ROUNDS = int(os.environ.get("OFFSWITCH_TIER_ROUNDS", "1"))
needs_jails = pytest.mark.skipif(not JAILS, reason="no jail can be made here")
needs_root = pytest.mark.skipif(not LINUX or os.geteuid() != 0, reason="needs root")


# Imitated hosts ------------------------------------------------------------------------------------------------------


def mounts(*rows, options="rw,relatime"):
    return "".join(f"30 1 0:26 / {point} {options} - {kind} {kind} {words}\n" for point, kind, words in rows)


def v2(folder, controllers="", *, kills=True, below="system.slice"):
    for place in (folder, folder / below):
        place.mkdir()
        for file in ("cgroup.controllers", "cgroup.subtree_control"):
            (place / file).write_text(controllers)
        (place / "cgroup.procs").write_text("")
    if kills:  # the top group has no such file
        (folder / below / "cgroup.kill").write_text("")
    return folder


def v1(folder):
    folder.mkdir()
    (folder / "cgroup.procs").write_text("")
    return folder


def host(folder, kind):
    """Return mountinfo of a host with such control groups."""
    if kind in ("v2", "old v2", "v2 without limits"):
        controllers = "" if kind == "v2 without limits" else "memory pids"
        return mounts((v2(folder / "cgroup", controllers, kills=kind != "old v2"), "cgroup2", "rw"))
    told = [(v1(folder / name), "cgroup", f"rw,{name}") for name in ("memory", "pids", "freezer")]
    if kind == "both":
        told.append((v2(folder / "unified"), "cgroup2", "rw"))
    return mounts(*told)


@pytest.fixture
def as_user(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 61234)


@needs_jails
@needs_root
@pytest.mark.parametrize(
    ("kind", "tier", "lacking"),
    [
        ("v2", "full", []),
        ("both", "hybrid", ["limits on v2"]),
        ("v1", "freezer", ["cgroup.kill", "limits on v2"]),
        ("old v2", "freezer", ["cgroup.kill"]),
        ("v2 without limits", "reduced", ["limits", "limits on v2"]),
    ],
)
def test_the_tier_is_the_one_below_the_least_that_lacks_a_part(tmp_path, kind, tier, lacking):
    seen = look(host(tmp_path, kind), "0::/\n")
    assert seen.tier == tier
    assert [part.name for part in seen.lacking()] == lacking
    assert all(part.cure for part in seen.lacking())
    assert list(tmp_path.rglob("offswitch*")) == [], "a look leaves nothing behind"


@needs_jails
def test_a_user_with_a_delegated_group_has_the_rootless_tier(tmp_path, as_user):
    seen = look(host(tmp_path, "v2"), "0::/system.slice\n")
    assert seen.tier == "rootless"
    assert seen.limited
    assert seen.counted
    assert [part.name for part in seen.lacking()] == ["root"]
    assert "sudo offswitch run" in seen.missing()


@needs_jails
def test_no_group_at_all_is_the_reduced_tier():
    seen = look("", "")
    assert seen.tier == "reduced"
    assert not seen.limited
    assert not seen.counted
    assert "no cgroup file system is mounted; as root: `mount -t cgroup2" in seen.missing()


@needs_jails
def test_a_group_that_was_not_delegated_is_told_as_no_permission(tmp_path, as_user, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith(str(tmp_path)))
    seen = look(host(tmp_path, "v2"), "0::/system.slice\n")
    assert seen.tier == "reduced"
    assert "no permission: no group below" in seen.missing("rootless")
    assert "systemd-run --user --scope -p Delegate=yes" in seen.missing("rootless")


@needs_jails
def test_a_read_only_group_is_called_so(tmp_path, monkeypatch):
    v2(tmp_path / "cgroup", "memory pids")
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith(str(tmp_path)))
    seen = look(mounts((tmp_path / "cgroup", "cgroup2", "rw"), options="ro,relatime"), "0::/\n")
    assert seen.tier == "reduced"
    assert f"{tmp_path}/cgroup is mounted read-only" in seen.missing()
    assert "--privileged" in seen.missing()


@pytest.mark.skipif(not LINUX, reason="control groups are Linux's")
def test_groups_that_cannot_be_looked_at_are_missing_and_the_reason_is_told(monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(parts, "find_homes", refuse)
    seen = look("", "", path="/nowhere")
    assert seen.tier == "none"
    assert "control group: cannot be looked at" in seen.missing("rootless")


@pytest.mark.skipif(not LINUX, reason="bubblewrap is Linux's")
def test_without_bubblewrap_there_is_no_jail(tmp_path):
    seen = look(path=str(tmp_path))
    assert seen.tier == "none"
    assert seen.missing("reduced") == (
        "bubblewrap: not installed; install it: apt install bubblewrap, dnf install bubblewrap, apk add bubblewrap"
    )


@pytest.mark.skipif(not LINUX, reason="bubblewrap is Linux's")
def test_an_old_bubblewrap_is_to_be_updated(tmp_path):
    old = tmp_path / "bwrap"
    old.write_text("#!/bin/sh\necho usage: bwrap --unshare-all\n")
    old.chmod(0o755)
    assert "is older than 0.8; update it: apt install" in look(path=str(tmp_path)).missing("reduced")


@pytest.mark.skipif(not LINUX, reason="bubblewrap is Linux's")
def test_what_bubblewrap_says_is_passed_on_in_one_line():
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        program = Path(folder, "bwrap")
        program.write_text(
            "#!/bin/sh\n[ $1 = --help ] && { echo --disable-userns --size; exit; }\n"
            "echo bwrap: No permissions >&2; echo here >&2; exit 1\n"
        )
        for path in (Path(folder), program):
            path.chmod(0o755)  # another user starts it
        seen = look(path=folder)
    assert seen.tier == "none"
    assert "user namespaces: bwrap: No permissions here; " in seen.missing("reduced")


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_have_no_tier_and_are_told_so(monkeypatch, system):
    monkeypatch.setattr(sys, "platform", system)
    seen = look()
    assert seen.tier == "none"
    assert f"Linux: this is {system}" in seen.missing()
    assert "virtual machine" in seen.missing()


def test_the_words_load_where_the_rest_of_the_guard_cannot():
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); sys.platform = 'win32'; sys.modules['fcntl'] = None\n"
        "from offswitch.guard import tiers; print(tiers.survey().tier, [m for m in sys.modules if 'cgroups' in m])"
    )
    told = subprocess.run([sys.executable, "-c", program, SOURCE], capture_output=True, text=True, check=True)
    assert told.stdout == "none []\n"


@pytest.mark.parametrize(
    ("release", "there", "cure"),
    [
        ("5.10.0", True, ""), ("6.1.0-13-amd64", True, ""), ("5.9.16", False, "5.10 or newer"), ("4.18.0-553.el8", False, "5.10"),
        ("4.4.0-19041-Microsoft", False, "--set-version"), ("5.15.153.1-microsoft-standard-WSL2", True, ""), ("x", False, "5.10"),
    ],
)  # fmt: skip
def test_the_kernel_must_be_new_enough(release, there, cure):
    part = parts.kernel_version(release)
    assert part.there == there
    assert cure in part.cure


@pytest.mark.parametrize(
    ("told", "there", "word"),
    [
        ("", True, "hidden"),
        ("seen /proc/sys/kernel/core_pattern\n", True, "readable, not writable"),
        (
            "seen /proc/sysrq-trigger\nwritable /proc/sysrq-trigger\n",
            False,
            "writable inside: /proc/sysrq-trigger",
        ),
    ],
)
def test_settings_of_the_kernel_that_can_be_written_inside_forbid_every_jail(told, there, word):
    part = parts.settings(told)
    assert (part.there, part.opens) == (there, "reduced")
    assert word in part.told


# Parts that harden ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not LINUX, reason="these are Linux's")
class TestHardening:
    """What raises no tier is looked at all the same."""

    @pytest.mark.parametrize(("version", "there"), [(0, False), (1, False), (5, False), (6, True), (7, True)])
    def test_landlock_holds_signals_from_version_6(self, monkeypatch, version, there):
        monkeypatch.setattr(hardening.landlock, "version", lambda: version)
        part = hardening.landlocked()
        assert part.there == there
        assert part.opens is None

    @pytest.mark.parametrize(
        ("number", "there"), [(errno.EBADF, True), (errno.ENOSYS, False), (errno.EPERM, False)]
    )
    def test_a_kernel_or_container_without_clone3_is_told_from_one_with_it(self, monkeypatch, number, there):
        monkeypatch.setattr(hardening.ctypes, "get_errno", lambda: number)
        assert hardening.clone3().there == there

    def test_a_kernel_without_filters_gives_no_jail(self, monkeypatch):
        monkeypatch.setattr(parts.ctypes, "get_errno", lambda: errno.EINVAL)
        assert (parts.seccomp().there, parts.seccomp().opens) == (False, "reduced")

    def test_a_machine_for_which_no_filter_is_written_gives_a_jail_without_one(self, monkeypatch):
        monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="riscv64"))
        assert (parts.seccomp().there, parts.seccomp().opens) == (False, None)

    @pytest.mark.parametrize("file", ["memory.swap.max", "memory.memsw.limit_in_bytes"])
    def test_swap_is_limited_where_there_is_a_file_for_it(self, tmp_path, file):
        (tmp_path / "below").mkdir()
        (tmp_path / "below" / file).write_text("")
        place = Hierarchy(tmp_path, file == "memory.swap.max", frozenset({"memory"}))
        assert group_parts.swap(Homes(place, {"memory": place})).told == file

    @pytest.mark.parametrize(
        ("kind", "run", "state"),
        [("tmpfs", "tmpfs)", "lost at the next boot"), ("ext4", "not in memory", "ext4)")],
    )
    def test_runs_belong_in_memory_and_receipts_on_disk(self, tmp_path, monkeypatch, kind, run, state):
        for variable in ("OFFSWITCH_RUN_DIR", "OFFSWITCH_STATE_DIR"):
            monkeypatch.setenv(variable, str(tmp_path / "not" / "yet"))
        told = mounts(("/", "btrfs", "rw"), (tmp_path, "overlay", "rw"), (tmp_path, kind, "rw"))
        seen = hardening.folders(told)
        assert run in seen[0].told
        assert state in seen[1].told
        assert [part.opens for part in seen] == [None, None]

    def test_a_folder_that_cannot_be_written_to_is_told_with_the_variable_that_names_another(
        self, tmp_path, monkeypatch
    ):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("OFFSWITCH_RUN_DIR", str(tmp_path / "file"))
        part = hardening.folders(mounts(("/", "tmpfs", "rw")))[0]
        assert "cannot be written to" in part.told
        assert "OFFSWITCH_RUN_DIR" in part.cure


# The order of the tiers ----------------------------------------------------------------------------------------------


def test_every_tier_says_what_it_needs_and_what_it_cannot_hold():
    assert set(NEEDS) == set(LACKS) == set(TIERS) == {*WANTED, "none"}
    assert all(NEEDS.values())
    assert [tier for tier in TIERS if not LACKS[tier]] == ["full"]


def test_tiers_are_ordered_from_best_to_least():
    for better, worse in itertools.combinations(TIERS, 2):
        assert at_least(better, worse)
        assert not at_least(worse, better)
    assert all(at_least(tier, tier) for tier in TIERS)


@pytest.mark.parametrize("words", [("full", "fulll"), ("", "full"), ("Full", "none")])
def test_a_word_that_names_no_tier_is_refused(words):
    with pytest.raises(ValueError, match=r"there is no tier .*; from best to least: full, hybrid"):
        at_least(*words)


def imitated(tier):
    """Return the survey of a host that lacks what every better tier needs, and has the rest."""
    return Survey(
        tuple(
            Part(f"{opens} part", at_least(tier, opens), "seen", "use", f"cure {opens}", opens)
            for opens in WANTED
        )
    )


@pytest.mark.parametrize(("has", "wanted"), list(itertools.product(TIERS, WANTED)))
def test_less_than_was_asked_for_is_refused_naming_what_is_missing_and_each_cure(monkeypatch, has, wanted):
    monkeypatch.setattr(tiers, "survey", lambda: imitated(has))
    assert tiers.survey().tier == has
    if at_least(has, wanted):
        assert tiers.require(wanted).tier == has
        return
    with pytest.raises(TierError) as refusal:
        tiers.require(wanted)
    told = str(refusal.value)
    between = [tier for tier in WANTED if at_least(wanted, tier) and not at_least(has, tier)]
    if has == "none":
        assert "no jail can be made" in told
        assert "cure reduced" in told
    else:
        assert all(f"{tier} part (seen): cure {tier}" in told for tier in between)
        assert "\n" not in told
        assert f"accept='{has}'" in told
    beyond = [tier for tier in WANTED if not at_least(wanted, tier)]
    assert not any(f"cure {tier}" in told for tier in beyond), "cures for more than was asked for"


@pytest.mark.parametrize("wanted", TIERS)
def test_no_word_accepts_a_host_without_jails(monkeypatch, wanted):
    monkeypatch.setattr(tiers, "survey", lambda: imitated("none"))
    with pytest.raises(TierError, match="no jail can be made"):
        tiers.require(wanted)


def test_what_hardens_only_changes_no_tier():
    part = Part("Landlock", False, "not in this kernel", "a second wall", "Linux 6.12")
    assert Survey((*imitated("full").parts, part)).tier == "full"
    assert Survey((part,)).missing() == ""


# Containers ----------------------------------------------------------------------------------------------------------

OWN = frozenset({"pid", "uts", "ipc"})


def root_folder(folder, *files, environ=b""):
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("")
    (folder / "proc/1").mkdir(parents=True)
    (folder / "proc/1/environ").write_bytes(environ)
    return folder


@pytest.mark.parametrize(
    ("files", "environ", "init", "membership", "name"),
    [
        ((".dockerenv",), {}, b"", "0::/\n", "docker"),
        (("run/.containerenv",), {}, b"", "0::/\n", "podman"),
        ((), {}, b"PATH=/bin\0container=podman\0", "0::/\n", "podman"),
        ((), {}, b"container=lxc\0", "0::/\n", "lxc"),
        ((), {}, b"container=systemd-nspawn\0", "0::/\n", "systemd-nspawn"),
        ((), {}, b"", "4:memory:/docker/0123abcd\n", "docker"),
        ((), {}, b"", "0::/system.slice/docker-0123.scope\n", "docker"),
        ((), {}, b"", "0::/machine.slice/libpod-0123.scope\n", "podman"),
        ((), {}, b"", "0::/lxc.payload.box\n", "lxc"),
        ((), {}, b"", "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-1.scope\n", "kubernetes"),
        ((".dockerenv",), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, b"", "0::/\n", "kubernetes"),
        ((), {}, b"", "0::/\n", "unnamed"),
    ],
)
def test_a_container_is_known_by_its_signs(tmp_path, files, environ, init, membership, name):
    mark = find_container(root_folder(tmp_path, *files, environ=init), environ, membership, OWN)
    assert mark.name == name
    assert mark.told
    assert "the host's owner can kill" in mark.changes[0]
    assert any("bubblewrap inside needs options" in change for change in mark.changes)


@pytest.mark.parametrize("own", [frozenset(), frozenset({"cgroup"})])
def test_a_host_without_signs_is_in_no_container_that_is_known(tmp_path, own):
    assert (
        find_container(root_folder(tmp_path), {}, "0::/user.slice/user-0.slice/session-1.scope\n", own).name
        == "none known"
    )


def test_what_an_image_carries_does_not_make_a_machine_a_container(tmp_path):
    mark = find_container(root_folder(tmp_path, ".dockerenv"), {}, "0::/\n", frozenset())
    assert mark.name == "none known"
    assert "/.dockerenv; but all namespaces are the machine's first" in mark.told
    assert mark.changes == ()


def test_namespaces_of_its_own_are_named_for_what_they_take(tmp_path):
    changes = find_container(
        root_folder(tmp_path, ".dockerenv"), {}, "0::/\n", OWN | {"cgroup", "user"}
    ).changes
    assert any("not the machine's root" in change for change in changes)
    assert any("top control group seen here is not the machine's" in change for change in changes)


def test_an_unreadable_environment_of_process_1_is_no_sign(tmp_path):
    assert find_container(tmp_path, {}, "0::/\n", frozenset()).name == "none known"


# For real ------------------------------------------------------------------------------------------------------------

ATTACK = """
import asyncio, json, os, sys
sys.path.insert(0, sys.argv[1])
from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits
from offswitch.guard.tiers import require, survey

SAW = "test -e /sys/fs/cgroup && echo groups; test -w /proc/sys/kernel/core_pattern && echo helper; cat /proc/self/cgroup"
HIDE = "setsid sh -c 'trap \\"\\" TERM HUP INT; sleep 1000 & exec sleep 1000' >/dev/null 2>&1 &"
STORM = "f() { f | f & }; f; sleep 1000"
EATER = "import time; held = b'x' * (64 << 20); time.sleep(3); print('done')"
STARVE = f'for one in 1 2 3 4; do /usr/bin/python3 -c "{EATER}" & done; wait'

async def main():
    seen = survey()
    told = {"tier": seen.tier, "limited": seen.limited, "counted": seen.counted, "missing": seen.missing()}
    jail = await Jail.start(Limits(memory=128 * MIB, processes=50, disk=16 * MIB), accept=seen.tier)
    told["saw"] = (await jail.exec(["sh", "-c", SAW])).stdout.decode()
    told["ate"] = (await jail.exec(["sh", "-c", STARVE], timeout=20)).stdout.decode().count("done")
    await jail.exec(["sh", "-c", HIDE])
    for _ in range(100):
        told["hidden"] = len(jail.processes())
        if told["hidden"] >= 2:
            break
        await asyncio.sleep(0.05)
    bomb = asyncio.create_task(jail.exec(["bash", "-c", STORM]))
    await asyncio.sleep(0.5)
    pids = [one.pid for one in jail.processes()]
    end = await jail.close()
    left = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    told["end"] = {"populated": end.populated, "how": end.how, "stormed": len(pids), "left": left, "ms": end.milliseconds}
    await asyncio.wait([bomb])
    bomb.exception()
    print(json.dumps(told))

asyncio.run(main())
"""
TIER = "import sys; sys.path.insert(0, sys.argv[1]); from offswitch.guard.tiers import survey; s = survey(); print(s.tier); print(s.missing())"


def inside(prepare, program=ATTACK):
    """Run a program here, or where `prepare` has changed the mounts, which nobody else sees."""
    argv = [sys.executable, "-B", "-c", program, str(SOURCE)]
    if prepare:
        argv = ["unshare", "--mount", "sh", "-c", f'set -e; {prepare}; exec "$@"', "sh", *argv]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def unified():
    with open("/proc/self/mountinfo") as file:
        return [line.split()[4] for line in file if " - cgroup2 " in line]


HERE = tiers.survey().tier if LINUX else "none"
CAN_BE = {
    "full": ("full", "read-only", "no groups"),
    "hybrid": ("hybrid", "freezer", "read-only", "no groups"),
    "rootless": ("rootless",),
}.get(HERE, ())
"""What this host is, and what it can be brought to by hiding parts of it."""
READ_ONLY = "for point in $(awk '$0 ~ / - cgroup2? / {print $5}' /proc/self/mountinfo); do mount -o remount,bind,ro \"$point\"; done"
GONE = "umount -a -t cgroup,cgroup2"


@pytest.fixture(scope="module", params=["full", "hybrid", "freezer", "rootless", "read-only", "no groups"])
def attacked(request):
    """Attack jails in each tier that this host can be brought to, and return what came of each."""
    if request.param not in CAN_BE or not shutil.which("unshare"):
        pytest.skip(f"a host of the {HERE} tier cannot be brought to this: {request.param}")
    hide_v2 = "; ".join(f"umount {point}" for point in unified())
    prepare = {"freezer": hide_v2, "read-only": READ_ONLY, "no groups": GONE}.get(request.param)
    return request.param, [json.loads(inside(prepare)) for _ in range(ROUNDS)]


def test_each_real_tier_is_named_as_it_is(attacked):
    kind, rounds = attacked
    for told in rounds:
        assert told["tier"] == (kind if kind in tiers.TIERS else "reduced")
        assert told["limited"] == told["counted"] == (told["tier"] != "reduced")
        if kind == "read-only":
            assert "is mounted read-only" in told["missing"]
        if kind == "no groups":
            assert "no cgroup file system is mounted" in told["missing"]


def test_in_each_real_tier_a_storm_and_a_hidden_session_are_killed_and_nobody_is_left(attacked):
    kind, rounds = attacked
    how = {
        "full": "cgroup.kill",
        "hybrid": "cgroup.kill",
        "rootless": "cgroup.kill",
        "freezer": "freeze and kill",
    }.get(kind, "pid namespace")
    for told in rounds:
        assert told["hidden"] >= 2
        assert told["end"]["stormed"] > 2
        assert (told["end"]["populated"], told["end"]["left"], told["end"]["how"]) == (0, [], how)


def test_in_each_real_tier_neither_groups_nor_the_kernels_helpers_are_in_reach(attacked):
    for told in attacked[1]:
        assert "groups" not in told["saw"]
        assert "helper" not in told["saw"]


def test_four_processes_that_are_too_many_together_live_only_where_no_group_limits_the_jail(attacked):
    kind, rounds = attacked
    for told in rounds:
        if kind in tiers.TIERS:
            assert told["ate"] <= 1, "each takes more than half of the jail's memory"
        else:
            assert told["ate"] == 4, "a limit for each process holds none of them"


@needs_jails
@pytest.mark.skipif(not LINUX, reason="bubblewrap is Linux's")
@pytest.mark.parametrize(
    ("uid", "said"), [(1000, "bwrap: "), (0, "no other user can be had: Operation not permitted")]
)
def test_where_user_namespaces_are_forbidden_there_is_no_jail_and_the_reason_is_told(uid, said):
    words = (
        f"/usr/bin/bwrap --unshare-user --disable-userns --uid {uid} --ro-bind / / --dev /dev --proc /proc"
    )
    argv = [*words.split(), sys.executable, "-B", "-c", TIER, str(SOURCE)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    tier, missing = done.stdout.split("\n", 1)
    assert tier == "none"
    assert f"user namespaces: {said}" in missing


@needs_root
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_pid_namespace_of_its_own_is_a_container_without_a_name():
    program = "import sys; sys.path.insert(0, sys.argv[1]); from offswitch.guard.host.container import find_container; print(find_container('/nowhere', {}, '').name)"
    argv = ["unshare", "--pid", "--fork", sys.executable, "-B", "-c", program, str(SOURCE)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "unnamed\n"


@pytest.mark.skipif(not LINUX, reason="namespaces are Linux's")
def test_the_numbers_of_first_namespaces_are_those_of_the_kernel():
    assert max(FIRST.values()) == 2**32 - 1 - 0x10000000
    assert len(set(FIRST.values())) == len(FIRST)
