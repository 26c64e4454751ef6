# SPDX-License-Identifier: MIT
"""Stopping a container, against an engine that stands in for docker: real pid namespaces, and a stop that can be made to fail."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from offswitch.guard.drill import container
from offswitch.guard.drill.contract import Blow, Trial
from offswitch.guard.drill.looking import carrying, living
from offswitch.guard.drill.outside import Outside

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

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare"
)


def stand_in(folder, monkeypatch, fails=False):
    program = folder / "docker"
    program.write_text(ENGINE.format(python=sys.executable, place=str(folder), fails=fails))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def attempt():
    blow = Blow(3, {"daemons": 1, "stays": True})
    with tempfile.TemporaryDirectory() as folder, Outside(Path(folder)) as outside:
        return container.try_container(Trial(0, 0, (blow,), 0.01, "deed", "now"), outside, "python:3-slim")


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
