# SPDX-License-Identifier: MIT
"""The command line of bubblewrap is a pure function, and it shows what it should and no more."""

import pytest

from offswitch.guard.limits import Limits
from offswitch.guard.walls import view

pytestmark = pytest.mark.skipif(not hasattr(view, "command"), reason="Linux only")


def argv(**settings):
    return view.command("/usr/bin/bwrap", view.View(**settings), Limits(disk=4096), {"/etc/passwd": 7}, 9)


def test_every_kind_of_namespace_is_unshared_and_no_more_can_be_made():
    assert {
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--new-session",
        "--die-with-parent",
    } <= set(argv())


def test_nothing_of_the_host_can_be_written():
    words = argv(show=("/opt/tools",))
    assert "--bind" not in words
    assert "--dev-bind" not in words
    assert words[words.index("/opt/tools") - 1] == "--ro-bind"


def test_every_folder_in_memory_has_a_size():
    words = argv()
    places = [i for i, word in enumerate(words) if word == "--tmpfs"]
    assert len(places) == 5
    assert all(words[i - 4] == "--size" and words[i - 2] == "--perms" for i in places)


def test_the_root_folder_and_dev_are_closed_after_the_last_mount():
    words = argv(show=("/opt/tools",))
    assert words[words.index("--chdir") - 2 : words.index("--chdir")] == ["--remount-ro", "/"]
    assert {"/dev", "/proc"} <= {words[i + 1] for i, word in enumerate(words) if word == "--remount-ro"}


@pytest.mark.parametrize(
    "workdir", ["relative", "/", "/usr/x", "/etc", "/tmp", "/a/../b", "/a/", "/a\0b", "/proc/1"]
)
def test_a_work_folder_that_would_hide_the_system_is_refused(workdir):
    with pytest.raises(ValueError, match=r"workdir|absolute"):
        view.View(workdir=workdir)


def test_bubblewrap_is_not_looked_for_on_the_path_of_the_run(monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert view.find_bubblewrap() != str(fake)
    assert view.find_bubblewrap(str(tmp_path)) == str(fake)


@pytest.mark.parametrize(
    "wrong", [{"memory": 0}, {"processes": 1}, {"disk": -1}, {"seconds": float("nan")}, {"cpus": 0}]
)
def test_a_limit_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="Limits"):
        Limits(**wrong)
