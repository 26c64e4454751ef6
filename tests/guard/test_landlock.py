# SPDX-License-Identifier: MIT
"""Landlock: who is confined writes where it may and nowhere else, and reaches nobody outside by signal or abstract socket."""

import json
import socket
import subprocess
import sys

import pytest

from offswitch.guard.walls import landlock

KNOWN = landlock.version()
pytestmark = pytest.mark.skipif(not KNOWN, reason="this kernel has no Landlock")

# What the confined one tries, each by a word; it tells the error's name, or an empty text where it was let.
PROGRAM = """
import errno, json, os, signal, socket, subprocess, sys, time
from offswitch.guard import kernel
from offswitch.guard.walls import landlock
inside, outside, known, stranger, name = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
landlock.version = lambda: known
kernel.no_new_privileges()
landlock.confine([inside, inside + "/not there"])

def signal_a_child():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    child.send_signal(signal.SIGKILL)
    child.wait()

def reach():
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\\0" + name)

tries = {
    "write inside": lambda: open(inside + "/new", "w").close(),
    "write outside": lambda: open(outside + "/new", "w").close(),
    "change outside": lambda: open(outside + "/there", "a").close(),
    "truncate outside": lambda: os.truncate(outside + "/there", 0),
    "remove outside": lambda: os.unlink(outside + "/there"),
    "read outside": lambda: open(outside + "/there").read(),
    "signal a child": signal_a_child,
    "signal a stranger": lambda: os.kill(stranger, 0),
    "abstract socket": reach,
}
told = {}
for word, act in tries.items():
    try:
        act()
        told[word] = ""
    except OSError as failure:
        told[word] = errno.errorcode[failure.errno]
print(json.dumps(told))
"""


def confined(folder, version):
    """Confine a process to a folder, as a kernel of this version of Landlock would; return what it was let do."""
    inside, outside = folder / "inside", folder / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "there").write_text("kept")
    name = f"offswitch-test-{folder.name}"
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("\0" + name)
            listener.listen()
            words = [str(inside), str(outside), str(version), str(stranger.pid), name]
            told = subprocess.run(
                [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True
            )
    finally:
        stranger.kill()
        stranger.wait()
    assert (outside / "there").exists()
    return json.loads(told.stdout), (outside / "there").read_text()


@pytest.mark.parametrize("version", range(1, KNOWN + 1))
def test_who_is_confined_writes_where_it_may_and_nowhere_else(tmp_path, version):
    told, left = confined(tmp_path, version)
    assert told["write inside"] == told["read outside"] == told["signal a child"] == ""
    assert told["write outside"] == told["change outside"] == told["remove outside"] == "EACCES"
    if version >= 3:  # before, Landlock knows no truncation; the mounts forbid it
        assert (told["truncate outside"], left) == ("EACCES", "kept")


@pytest.mark.skipif(KNOWN < 6, reason="this kernel's Landlock holds no signals")
def test_who_is_confined_reaches_nobody_outside(tmp_path):
    told, _ = confined(tmp_path, KNOWN)
    assert told["signal a stranger"] == told["abstract socket"] == "EPERM"
