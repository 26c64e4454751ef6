# SPDX-License-Identifier: MIT
"""Whether this is inside a container, whose, and what that changes for the guard: a mark beside the tier.

A container is a way in for whoever owns the host: they can kill, freeze and read the guard, whatever tier it has.

Easy to get wrong: a machine that was made from a container's image carries the image's signs (`/.dockerenv`). Signs that an
image can carry count only where some namespace is not the machine's first one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

NONE_KNOWN, UNNAMED = "none known", "unnamed"
FIRST = {  # linux/proc_ns.h: the numbers of the namespaces that a machine starts with
    "ipc": 0xEFFFFFFF, "uts": 0xEFFFFFFE, "user": 0xEFFFFFFD, "pid": 0xEFFFFFFC, "cgroup": 0xEFFFFFFB,
}  # fmt: skip
_PATHS = (
    ("kubernetes", re.compile(r"/kubepods")),
    ("podman", re.compile(r"/libpod[-_/]")),
    ("docker", re.compile(r"/docker[-/]")),
    ("lxc", re.compile(r"/lxc[./]|/lxc\.payload")),
)
_NESTED = {
    "docker": "docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined (with AppArmor also "
    "--security-opt apparmor=unconfined)",
    "podman": "podman run --security-opt seccomp=unconfined --security-opt unmask=ALL",
    "kubernetes": "in the pod hostUsers: false, in the container's securityContext procMount: Unmasked and "
    "seccompProfile.type: Unconfined",
    "lxc": "security.nesting=true",
}
_ANY_NESTED = "user namespaces and a new /proc must be allowed; " + "; ".join(
    _NESTED[name] for name in ("docker", "podman")
)


@dataclass(frozen=True)
class Mark:
    """Which container this is in, and how that was seen."""

    name: str = NONE_KNOWN
    told: str = ""
    changes: tuple[str, ...] = ()


NO_MARK = Mark()


def find_container(
    root: str | Path = "/",
    environ: Mapping[str, str] = os.environ,
    membership: str | None = None,
    own: frozenset[str] | None = None,
) -> Mark:
    """Look for signs. `own`: the kinds of namespaces that are not the machine's first; given for a host that is imitated."""
    own = _own_namespaces() if own is None else own
    signs = [*_sure(Path(root), membership), *_carried(Path(root), environ)]
    if not signs:
        return Mark(UNNAMED, "a PID namespace that is not the machine's first", _changes(UNNAMED, own)) if "pid" in own else Mark()  # fmt: skip
    told = ", ".join(dict.fromkeys(sign for _, sign, _ in signs))
    if not own and not any(sure for _, _, sure in signs):
        return Mark(NONE_KNOWN, f"{told}; but all namespaces are the machine's first: made from an image")
    name = min((name for name, _, _ in signs), key=_order)
    return Mark(name, told, _changes(name, own))


def nested_cure(name: str = UNNAMED) -> str:
    """Say which options let bubblewrap start inside a container."""
    return _NESTED.get(name, _ANY_NESTED)


def _own_namespaces() -> frozenset[str]:
    found = set()
    for name, first in FIRST.items():
        try:
            if os.stat(f"/proc/self/ns/{name}").st_ino != first:
                found.add(name)
        except OSError:
            continue
    return frozenset(found)


def _sure(root: Path, membership: str | None) -> Iterator[tuple[str, str, bool]]:
    """Yield signs of the running system: no image carries them."""
    environ = _read(root / "proc/1/environ")
    for word in environ.split("\0"):
        if word.startswith("container=") and (name := word.removeprefix("container=")):
            yield (
                ("lxc" if name.startswith("lxc") else name),
                f"container={name} in the environment of process 1",
                True,
            )
    groups = _read(root / "proc/self/cgroup") if membership is None else membership
    for name, pattern in _PATHS:
        if pattern.search(groups):
            yield name, f"a control group of {name}", True


def _carried(root: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Yield signs that an image or a login may carry along."""
    if "KUBERNETES_SERVICE_HOST" in environ:
        yield "kubernetes", "KUBERNETES_SERVICE_HOST", False
    for name, file in (("podman", "run/.containerenv"), ("docker", ".dockerenv")):
        if (root / file).exists():
            yield name, f"/{file}", False


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _order(name: str) -> int:
    """Who is outermost knows most: a pod's container is kubernetes', whatever made it."""
    known = ("kubernetes", "podman", "docker", "lxc")
    return known.index(name) if name in known else len(known)


def _changes(name: str, own: frozenset[str]) -> tuple[str, ...]:
    told = [
        "the host's owner can kill, freeze and read the guard: it holds against the agent, not against the host"
    ]
    if "user" in own:
        told.append("root here is not the machine's root: what it may do ends at this user namespace")
    if "cgroup" in own:
        told.append(
            "the top control group seen here is not the machine's: limits above it hold too, and a kill there takes the guard along"
        )
    told.append(f"bubblewrap inside needs options: {nested_cure(name)}")
    told.append(
        "control groups are read-only in most containers: `--privileged`, or the runtime's option for writable ones"
    )
    return tuple(told)
