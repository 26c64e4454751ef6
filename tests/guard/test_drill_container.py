# SPDX-License-Identifier: MIT
"""Stopping a container, against an engine that stands in for docker (real pid namespaces, and a stop that can be made to
fail), and by runc itself where it is there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from offswitch.guard.drill import container, drilling, runc
from offswitch.guard.drill.contained import CONTAINERS, try_contained
from offswitch.guard.drill.contract import Blow, Trial
from offswitch.guard.drill.looking import carrying, in_groups, living
from offswitch.guard.drill.outside import Outside
from offswitch.guard.walls import cgroups

ENGINE = """#!{python}
import json, os, signal, subprocess, sys, time
from pathlib import Path
place, words = Path({place!r}), sys.argv[1:]
with open(place / "asked", "a") as file:
    file.write(json.dumps(words[:2]) + chr(10))
def first(name):
    return int((place / (name + ".pid")).read_text())
if words[0] == "run":
    name = words[words.index("--name") + 1]
    command = words[words.index("python:3-slim") + 1:]
    run = subprocess.Popen(["unshare", "--pid", "--fork", *command], stdout=open(place / (name + ".log"), "w"),
                           stderr=subprocess.DEVNULL, start_new_session=True)
    children = Path(f"/proc/{{run.pid}}/task/{{run.pid}}/children")
    while not (pids := children.read_text().split()):
        time.sleep(0.005)
    (place / (name + ".pid")).write_text(pids[0])
elif words[0] == "inspect":
    print(first(words[-1]))
elif words[0] == "logs":
    print((place / (words[-1] + ".log")).read_text(), end="")
elif words[0] in ("stop", "rm") and not (words[0] == "stop" and {fails}):
    try:
        os.kill(first(words[-1]), signal.SIGKILL)
    except ProcessLookupError:
        pass
elif words[0] == "image":
    sys.exit(words[-1] != "python:3-slim")
"""

UNPACKED = Path(sys.prefix) / "engines" / "usr" / "sbin"  # beside the environment, not installed

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare"
)


def stand_in(folder, monkeypatch, fails=False):
    program = folder / "docker"
    program.write_text(ENGINE.format(python=sys.executable, place=str(folder), fails=fails))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


DAEMON = Blow(3, {"daemons": 1, "stays": True})


def attempt(method="container", blow=DAEMON):
    with tempfile.TemporaryDirectory() as folder, Outside(Path(folder)) as outside:
        return try_contained(Trial(0, 0, (blow,), 0.01, "deed", "now"), method, outside, "python:3-slim")


@needs_root
def test_a_container_that_is_stopped_holds_a_daemon(tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch)
    outcome = attempt()
    assert (outcome.escapes, outcome.begun, outcome.notes) == ((), (3,), ())


@needs_root
def test_a_container_that_goes_on_is_found_and_removed(tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, fails=True)
    outcome = attempt()
    assert "alive" in " ".join(outcome.escapes), outcome
    assert living(carrying(f"offswitch-drill-{os.getpid()}-0")) == []
    assert '["rm", "--force"]' in (tmp_path / "asked").read_text()


def test_an_engine_that_is_not_there_or_has_no_image_is_told_and_nothing_is_pulled(tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch)
    assert container.missing("python:3-slim") == ""
    assert "no image other" in container.missing("other")
    assert "pull" not in (tmp_path / "asked").read_text()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert "is installed" in container.missing("python:3-slim")


# runc, itself ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def real(monkeypatch):
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:{UNPACKED}")
    if why := runc.missing():
        pytest.skip(why)
    yield
    homes = cgroups.find_homes(every=True)
    left = [place / cgroups.HOUSE / cgroups.own_name() for place, _ in homes.places()]
    assert not [folder for folder in left if folder.exists()]


def test_runc_stops_a_container_with_the_daemon_in_it(real):
    outcome = attempt("runc")
    assert (outcome.escapes, outcome.begun, outcome.notes) == ((), (3,), ())
    assert outcome.latency >= 1000 * runc.GRACE, "python as the first process does not end at TERM"


def test_a_command_that_ends_ends_its_container_and_is_not_waited_for(real):
    outcome = attempt("runc", Blow(29, {"way": "leader ends"}))
    assert (outcome.escapes, outcome.begun) == ((), (29,))
    assert outcome.latency < 1000 * runc.GRACE


def test_a_container_that_runc_does_not_stop_is_found_and_removed_all_the_same(real, monkeypatch):
    monkeypatch.setattr(runc, "ANSWER", 0.1)
    monkeypatch.setattr(runc.Runc, "say", lambda *_: None)
    outcome = attempt("runc")
    assert "alive" in " ".join(outcome.escapes), outcome
    assert living(carrying(f"offswitch-drill-{os.getpid()}-0")) == []


def test_whoever_looks_dead_to_runc_is_found_alive_and_removed_all_the_same(real, monkeypatch):
    monkeypatch.setattr(runc, "ANSWER", 0.1)
    box, seen = runc.Runc.left, []
    monkeypatch.setattr(runc.Runc, "left", lambda self: seen.append(self) or box(self))
    outcome = attempt("runc", Blow(29, {"way": "zombie leader"}))
    assert not outcome.escapes or "1 alive" in outcome.escapes[0], outcome  # as its version has it
    assert living(in_groups(seen[0].group.folders)) == []


def test_a_container_dies_with_whoever_holds_it(real, tmp_path):
    """Its watchman sees the end of the line, whatever became of the drill."""
    box = runc.Runc("offswitch-drill-held", tmp_path)
    try:
        assert box.start(["/usr/bin/sleep", "1000"])
        assert len(box.left()) == 1
        box.watchman.stdin.close()
        assert box.ended(10.0)
        box.watchman.wait(10.0)
        assert not any(folder.exists() for folder in box.group.folders)
    finally:
        box.remove()


def test_what_a_killed_drill_and_its_watchman_left_is_swept_from_every_hierarchy(real, tmp_path):
    program = (
        "import os, signal, sys; from pathlib import Path; from offswitch.guard.drill import runc; "
        "box = runc.Runc('offswitch-drill-left', Path(sys.argv[1])); box.start(['/usr/bin/sleep', '1000']); "
        "print(*box.group.folders, flush=True); box.watchman.kill(); box.watchman.wait(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    folders = [Path(word) for word in told.stdout.split()]
    assert living(in_groups(folders)), told
    drilling.sweep()
    assert folders
    assert not [folder for folder in folders if folder.exists()]


def test_where_runc_is_missing_or_refuses_the_drill_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in CONTAINERS["runc"].missing("")
    (tmp_path / "runc").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "runc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "`runc` is installed, and" in CONTAINERS["runc"].missing("")
