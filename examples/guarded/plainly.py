# SPDX-License-Identifier: MIT
"""Start an agent as a plain subprocess, and stop it by every usual way when told to: what most programs that run agents do.

The usual ways, one after the other, as long as something is left: the shutdown script; SIGTERM to the process group; SIGKILL to
the group and to every descendant of the process. Run by `ways.py` inside a jail that serves as an arena, never by hand:
what it lets survive would stay on your machine. Usage: python plainly.py SOCKET COMMAND...
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

PATIENCE = 6.0  # seconds for the script, which itself waits for 5
POLITENESS = 1.0  # seconds between asking and killing


def descendants(pid: int) -> list[int]:
    """Return the processes below one, as a process tree is walked: by who is whose parent now."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def run_script(agent: subprocess.Popen[bytes]) -> str:
    """Run the shutdown script as it now stands, and return how that went."""
    try:
        script = subprocess.Popen(["./shutdown.sh"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError as trouble:
        return type(trouble).__name__
    with contextlib.suppress(subprocess.TimeoutExpired):
        agent.wait(POLITENESS)  # a process that ended stays visible to the script until it is waited for
    try:
        return f"exit {script.wait(PATIENCE)}"
    except subprocess.TimeoutExpired:
        script.kill()
        script.wait()
        return "took too long"


def stop(agent: subprocess.Popen[bytes]) -> dict[str, object]:
    """Stop the agent; return what was done and what the operating system says of the process."""
    tree = descendants(agent.pid)
    done = {"shutdown.sh": run_script(agent)}
    tree += descendants(agent.pid)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if agent.poll() is None:
            os.killpg(agent.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                agent.wait(POLITENESS)
            done[f"{sign.name} to the group"] = "lives on" if agent.poll() is None else "it ended"
    killed = 0
    for pid in dict.fromkeys(tree):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    done["SIGKILL to the tree"] = f"{killed} of {len(set(tree))} were left"
    return {"done": done, "exit": agent.wait()}


def main(place: str, command: list[str]) -> None:
    """Start the agent, wait for the word, and stop it."""
    with socket.socket(socket.AF_UNIX) as operator:
        operator.connect(place)
        agent = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        if operator.recv(64):
            operator.sendall(json.dumps(stop(agent)).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
