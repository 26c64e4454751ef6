# SPDX-License-Identifier: MIT
"""Persistence points: what came, went and changed is named; the agent's clock and its links change nothing of that."""

import os

import pytest

from offswitch.guard.switch import persistence


def changes(folder, do):
    before, _ = persistence.workspace_points(str(folder))
    do()
    after, _ = persistence.workspace_points(str(folder))
    return {
        (os.path.relpath(change["path"], folder), change["how"])
        for change in persistence.changed(before, after)
    }


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / ".git" / "hooks").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("x")
    script = tmp_path / "stop.sh"
    script.write_text("kill 1")
    script.chmod(0o755)
    return tmp_path


def test_notes_are_no_place_to_start_from(workspace):
    assert changes(workspace, lambda: (workspace / "more.txt").write_text("y")) == set()


@pytest.mark.parametrize(
    "name",
    [
        "run.pth",
        "sitecustomize.py",
        ".bashrc",
        "a.service",
        "a.timer",
        ".git/hooks/post-commit",
        "Makefile",
        "lib.so",
    ],
)
def test_files_that_something_runs_by_itself_are_named(workspace, name):
    assert changes(workspace, lambda: (workspace / name).write_text("x")) == {(name, "new")}


def test_a_file_made_executable_is_named(workspace):
    assert changes(workspace, lambda: (workspace / "notes.txt").chmod(0o755)) == {("notes.txt", "new")}


def test_an_edit_is_seen_although_size_and_time_are_put_back(workspace):
    script = workspace / "stop.sh"

    def edit():
        before = script.stat()
        script.write_text("echo 1")
        os.utime(script, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert changes(workspace, edit) == {("stop.sh", "changed")}


def test_a_script_that_is_gone_is_named(workspace):
    assert changes(workspace, (workspace / "stop.sh").unlink) == {("stop.sh", "gone")}


def test_links_are_named_and_never_followed(workspace, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "tool.sh").write_text("x")
    assert changes(workspace, lambda: (workspace / "out").symlink_to(elsewhere)) == {("out", "new")}


def test_a_workspace_too_large_to_look_at_is_said_to_be(workspace, monkeypatch):
    monkeypatch.setattr(persistence, "MOST", 1)
    assert persistence.workspace_points(str(workspace))[1] is False


def test_keys_and_timers_of_the_host_are_looked_at(tmp_path):
    (tmp_path / ".ssh").mkdir()
    before = persistence.host_points(str(tmp_path))
    (tmp_path / ".ssh" / "authorized_keys").write_text("ssh-ed25519 …")
    (tmp_path / ".config" / "systemd" / "user").mkdir(parents=True)
    (tmp_path / ".config" / "systemd" / "user" / "again.service").write_text("[Service]")
    found = [change["path"] for change in persistence.changed(before, persistence.host_points(str(tmp_path)))]
    assert [os.path.basename(path) for path in found] == ["again.service", "authorized_keys"]


def test_a_name_that_is_no_text_is_told_in_a_form_that_prints(workspace):
    def make():
        with open(os.fsencode(workspace) + b"/\xff\x1b[2J.sh", "w"):
            pass

    assert [how for _, how in changes(workspace, make)] == ["new"]
