# SPDX-License-Identifier: MIT
"""When two spellings name the same thing: relative and absolute paths, globs, folders that hold what was named."""

from __future__ import annotations

from fnmatch import fnmatchcase

from offswitch.verdict.wording import plain

_GLOB = frozenset("*?[")


def same(target: str, name: str) -> bool:
    """Tell whether `target`, as a command spelled it, may be the thing called `name`.

    A bare file name matches that file in any folder; two absolute paths must be equal; a relative path matches a
    longer one that ends with it.
    """
    target, name = plain(target), plain(name)
    if not target or not name:
        return False
    if _GLOB & set(target):
        return _glob_hits(target, name)
    if target == name:
        return True
    if target.startswith("/") and name.startswith("/"):
        return False
    return target.endswith("/" + name.lstrip("/")) or name.endswith("/" + target.lstrip("/"))


def holds(folder: str, name: str) -> bool:
    """Tell whether `folder` is a folder above `name`, so that what befalls it befalls the thing."""
    folder, name = plain(folder), plain(name)
    if folder in ("/", "."):
        return folder == "/" or not name.startswith("/")
    if name.startswith("/") == folder.startswith("/"):
        return name.startswith(folder + "/")
    return ("/" + name.strip("/")).find("/" + folder.strip("/") + "/") >= 0


def within(target: str, folder: str) -> bool:
    """Tell whether `target` lies in the folder (or is the file) that an order put out of bounds."""
    return same(target, folder) or holds(folder, target)


def is_glob(target: str) -> bool:
    """Tell whether a command's target is a pattern, which may mean many things."""
    return bool(_GLOB & set(plain(target)))


def _glob_hits(pattern: str, name: str) -> bool:
    if "/" in pattern and "/" in name:
        return fnmatchcase(name, pattern) or fnmatchcase(name, "*/" + pattern.lstrip("/"))
    last = pattern.rsplit("/", 1)[-1]
    return bool(last.strip("*?.")) and fnmatchcase(name.rsplit("/", 1)[-1], last)
