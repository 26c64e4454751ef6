# SPDX-License-Identifier: MIT
"""Persistence points: places from which something may start again after the stop. Looked at before and after, for the receipt.

On the host: timers, login scripts, services, keys that let somebody in, and what an interpreter runs when it starts. In the
workspace, which is all that an agent can write in: executables, hooks, and files that a tool runs by its own rules.

Easy to get wrong: to believe a time of change. The agent can set the time of last writing; it cannot set the inode's own
(`ctime`), nor keep it from moving; so that, the inode, size and mode are what is compared. Links are never followed.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from typing import Any

HOST = (
    "/etc/crontab", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/var/spool/cron",
    "/var/spool/cron/crontabs", "/var/spool/at", "/etc/anacrontab", "/etc/rc.local", "/etc/profile", "/etc/profile.d",
    "/etc/bash.bashrc", "/etc/environment", "/etc/ld.so.preload", "/etc/ld.so.conf.d", "/etc/systemd/system",
    "/etc/systemd/user", "/run/systemd/system", "/var/lib/systemd/linger", "/etc/init.d", "/etc/sudoers.d", "/etc/passwd",
    "/etc/udev/rules.d", "/etc/modprobe.d",
)  # fmt: skip
HOME = (
    ".profile", ".bash_profile", ".bash_login", ".bash_logout", ".bashrc", ".zshrc", ".zshenv", ".config/fish/config.fish",
    ".config/autostart", ".config/systemd/user", ".config/environment.d", ".ssh", ".gitconfig", ".config/git/hooks",
    ".tmux.conf", ".vimrc", ".npmrc", ".pip/pip.conf",
)  # fmt: skip
RUN_BY_NAME = frozenset(
    ".envrc .profile .bashrc .bash_profile .zshrc .gitconfig .gitattributes authorized_keys crontab Makefile makefile "
    "GNUmakefile conftest.py sitecustomize.py usercustomize.py package.json setup.py Dockerfile compose.yaml "
    ".pre-commit-config.yaml .vimrc .exrc .mcp.json CLAUDE.md AGENTS.md".split()
)
RUN_BY_ENDING = (".pth", ".service", ".timer", ".socket", ".path", ".desktop", ".so", ".plist", ".sh", ".pyc")
MOST = 50_000  # files looked at in a workspace; beyond it the receipt says so

TOLD_BYTES = 24 * 1024  # of the list of changed places in a receipt; their number is always told

Seen = dict[str, tuple[int, ...]]


class Before:
    """How things lay before the agent ran."""

    def __init__(self, home: str, workspace: str | None) -> None:
        self.home, self.workspace = home, workspace
        self.host, (self.work, self.whole) = host_points(home), self._work()

    def _work(self) -> tuple[Seen, bool]:
        return workspace_points(self.workspace) if self.workspace else ({}, True)

    def compared(self) -> dict[str, Any]:
        """Look again, and return what a receipt says of it."""
        host, (work, whole) = host_points(self.home), self._work()
        changes = changed(self.host, host) + changed(self.work, work)
        missed = [] if whole and self.whole else [f"{self.workspace}: more than {MOST:,} files"]
        told, room = [], TOLD_BYTES
        for change in changes:
            room -= len(json.dumps(change))
            if room < 0:
                break
            told.append(change)
        counts = {"looked_at": len(host) + len(work), "changes": len(changes)}
        return {**counts, "changed": told, "not_looked_at": missed}


def host_points(home: str | None = None) -> Seen:
    """Return what lies at the places of the host, each with what cannot be forged about it."""
    home = os.path.expanduser("~") if home is None else home
    seen: Seen = {}
    for path in (*HOST, *(os.path.join(home, name) for name in HOME)):
        _look(path, seen)
        with contextlib.suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                _look(entry.path, seen)
    return seen


def workspace_points(folder: str) -> tuple[Seen, bool]:
    """Return what in a workspace may be run later, and whether all of it was looked at."""
    seen: Seen = {}
    for count, (path, found) in enumerate(_files(folder)):
        if count >= MOST:
            return seen, False
        name = os.path.basename(path)
        runs = (
            found.st_mode & 0o111 or name in RUN_BY_NAME or name.endswith(RUN_BY_ENDING) or "/hooks/" in path
        )
        if runs or stat.S_ISLNK(found.st_mode):
            seen[path] = _print_of(found)
    return seen, True


def changed(before: Seen, after: Seen) -> list[dict[str, str]]:
    """Return the places that came, went or changed, in order."""
    found = []
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            how = "new" if path not in before else "gone" if path not in after else "changed"
            found.append(
                {
                    "path": path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
                    "how": how,
                }
            )
    return found


def _files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in (*names, *links):
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):
                yield path, os.lstat(path)


def _look(path: str, seen: Seen) -> None:
    with contextlib.suppress(OSError):
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode):
            seen[path] = _print_of(found)


def _print_of(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_ino, found.st_size, found.st_mode, found.st_uid, found.st_ctime_ns)
