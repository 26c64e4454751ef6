# SPDX-License-Identifier: MIT
"""The machine that gives the tiers which a host does not: what it is booted from, and what is asked for where something is missing.

Nothing is booted here.
"""

import argparse
import gzip
import json
import lzma
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
pytestmark = pytest.mark.skipif(not BENCH.is_dir(), reason="bench/ is not here: this is the machine itself")


@pytest.fixture
def bench(monkeypatch):
    """Return the bench program, imported from where it lies."""
    monkeypatch.syspath_prepend(str(BENCH))
    import full_tier

    return full_tier


@pytest.fixture
def debian(bench):
    from machine import debian

    return debian


@pytest.fixture
def asked(tmp_path):
    return argparse.Namespace(
        tier="full", trials=5, usual=None, accel="tcg", seed=3, jobs=None, tests=None, source=BENCH.parent, cpus=2, memory=512,
        cache=tmp_path / "cache", work=tmp_path / "work", kernel="linux-image-amd64", busybox="busybox-static",
    )  # fmt: skip


def test_the_archive_is_one_that_others_read(bench, tmp_path):
    made = bench.archive({"init": b"#!/bin/sh\n", "a/b/c": b"12345", "bin": "usr/bin"})
    raw = gzip.decompress(made)
    assert len(raw) % 4 == 0
    names, place = [], 0
    while place < len(raw):
        head = raw[place : place + 110]
        assert head[:6] == b"070701"
        size, length = int(head[54:62], 16), int(head[94:102], 16)
        names.append(raw[place + 110 : place + 110 + length - 1].decode())
        content = place + (110 + length + 3) // 4 * 4
        if names[-1] == "a/b/c":
            assert raw[content : content + size] == b"12345"
        place = content + (size + 3) // 4 * 4
    assert names == ["a", "a/b", "init", "a/b/c", "bin", "TRAILER!!!"], (
        "folders come before what lies in them"
    )
    if shutil.which("cpio"):
        subprocess.run(["cpio", "-i", "--quiet"], input=raw, cwd=tmp_path, check=True)
        assert (tmp_path / "a/b/c").read_bytes() == b"12345"
        assert (tmp_path / "bin").readlink() == Path("usr/bin")


def a_module(needs=""):
    return b"\x7fELF\0license=GPL\0depends=" + needs.encode() + b"\0name=x\0"


def modules(folder, **files):
    for name, content in files.items():
        (folder / "kernel").mkdir(parents=True, exist_ok=True)
        (folder / "kernel" / f"{name}.ko").write_bytes(content)
    return folder


def test_a_module_comes_after_all_that_it_needs_and_once(debian, tmp_path):
    place = modules(tmp_path, top=a_module("left,right"), left=a_module("base"), right=a_module("base"), base=a_module())  # fmt: skip
    assert [debian.bare(file) for file in debian.in_order(["top", "left"], place)] == ["base", "left", "right", "top"]  # fmt: skip


def test_modules_may_be_compressed_or_built_in_and_dashes_are_underscores(debian, tmp_path):
    (tmp_path / "modules.builtin").write_text("kernel/lib/built-in.ko\n")
    place = modules(tmp_path)
    (place / "kernel").mkdir()
    (place / "kernel/of-two.ko.xz").write_bytes(lzma.compress(a_module("built_in")))
    order = debian.in_order(["of_two"], place)
    assert [debian.bare(file) for file in order] == ["of_two"]
    assert debian.text_of(order[0]) == a_module("built_in")


def test_a_kernel_without_a_needed_module_is_refused_with_another_name(debian, tmp_path):
    with pytest.raises(debian.MachineError, match=r"no module 9p: name another by --kernel"):
        debian.in_order(["9p"], modules(tmp_path, x=a_module()))


def test_a_file_that_is_not_there_and_a_host_without_apt_are_told_so(debian, tmp_path, monkeypatch):
    with pytest.raises(debian.MachineError, match=r"gone.deb: is not there"):
        debian.fetch((str(tmp_path / "gone.deb"),), tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(debian.MachineError, match=r"apt-get is missing, .* give .deb files"):
        debian.fetch(("linux-image-amd64",), tmp_path)


def test_what_was_unpacked_before_is_not_fetched_again(debian, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    told = {"asked": ["a", "b"], "release": "6.1", "packages": []}
    (tmp_path / "unpacked.json").write_text(json.dumps(told))
    assert debian.unpacked(tmp_path, "a", "b") == told
    with pytest.raises(debian.MachineError, match="dpkg-deb is missing"):
        debian.unpacked(tmp_path, "another", "b")


def test_without_qemu_the_package_is_named(bench, asked, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    assert any(
        "apt-get install --no-install-recommends qemu-system-x86" in line for line in bench.absent(asked)
    )
    asked.source = BENCH
    assert sum("--source names a checkout" in line for line in bench.absent(asked)) == len(bench.COPIED)


def test_the_machine_has_no_network_and_writes_to_one_folder(bench, asked):
    argv = bench.command(asked, "tcg", Path("start"))
    assert argv[argv.index("-nic") + 1] == "none"
    folders = [argv[place + 1] for place, word in enumerate(argv) if word == "-fsdev"]
    assert [one for one in folders if not one.endswith("readonly=on")] == [folders[-1]]
    assert f"path={asked.work}/results," in folders[-1]


def test_no_folder_is_shown_twice(bench, tmp_path):
    shown = list(bench.shares(tmp_path))
    assert not [one for one in shown for other in shown if one != other and one.is_relative_to(other)]
    assert any(Path(sys.prefix).is_relative_to(one) for one in shown)


def test_the_drill_is_asked_for_the_tier_that_the_machine_gives(bench, asked):
    steps = {step["name"]: step for step in bench.plan(asked)["steps"]}
    words = steps["drill"]["argv"]
    assert words[words.index("--require") + 1] == "full"
    assert words[words.index("--usual") + 1] == "0", "emulated, what is usual cannot be compared"
    assert words[words.index("--jobs") + 1] == "1", "emulated, a trial must not starve the next"
    assert "tests" not in steps
    asked.trials, asked.tests = 0, ["tests/x.py"]
    steps = {step["name"]: step for step in bench.plan(asked)["steps"]}
    assert "drill" not in steps
    assert steps["tests"]["argv"][-1] == "tests/x.py"


def test_where_this_host_keeps_things_is_no_part_of_the_command_that_is_told(bench):
    given = ["--tier", "full", "--cache", "/x", "--work=/y", "--afresh", "--trials", "7"]
    assert bench.repeatable(given) == ["--tier", "full", "--trials", "7"]


def test_a_page_says_that_it_is_from_a_machine(bench):
    machine = {"command": "python bench/full_tier.py", "accel": "tcg", "cpus": 2, "mib": 2905}
    page = bench.placed("# Fire drill\n\nrest\n", machine)
    assert page.startswith(
        "# Fire drill\n\nIn a virtual machine with cgroup v2 alone: `python bench/full_tier.py`"
    )
    assert page.endswith("\n\nrest\n")
