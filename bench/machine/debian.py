# SPDX-License-Identifier: MIT
"""A kernel and a busybox out of Debian's packages: downloaded and unpacked, never installed.

    FOLDER/vmlinuz, FOLDER/modules/*.ko, FOLDER/busybox        what a machine is booted with
    FOLDER/unpacked.json                                       which packages that was; written last

Easy to get wrong: the order of modules. Each names what it needs in itself (`depends=`); the package holds no list, as
that is made where it is installed.
"""

from __future__ import annotations

import json
import lzma
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

WANTED = ("virtio_pci", "9pnet_virtio", "9p")
"""Modules without which the machine sees none of its folders."""


class MachineError(Exception):
    """There is no machine to be had; the message says what is missing, and the cure."""


def unpacked(folder: Path, package: str, busybox: str = "busybox-static") -> dict[str, Any]:
    """Return what lies unpacked in `folder`, after fetching it where it is not there; a package may be a .deb file, too."""
    told = folder / "unpacked.json"
    if told.exists():
        known: dict[str, Any] = json.loads(told.read_text())
        if known["asked"] == [package, busybox]:
            return known
    if shutil.which("dpkg-deb") is None:
        raise MachineError(
            "dpkg-deb is missing, which unpacks the kernel: install dpkg, or run this on Debian"
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="unpacking-") as name:
        place = Path(name)
        fetched = fetch((package, busybox), place)
        for deb in fetched:
            subprocess.run(["dpkg-deb", "-x", str(deb), str(place / "root")], check=True)
        kernels = sorted((place / "root/boot").glob("vmlinuz-*"))
        if not kernels:
            raise MachineError(
                f"{package}: holds no boot/vmlinuz-*; name a package with a kernel (linux-image-...)"
            )
        release = kernels[-1].name.removeprefix("vmlinuz-")
        modules = next(path for path in (place / "root").glob("**/lib/modules/*") if path.name == release)
        order = in_order(WANTED, modules)
        shutil.copy(kernels[-1], folder / "vmlinuz")
        (folder / "modules").mkdir()
        for number, module in enumerate(order):
            (folder / "modules" / f"{number:02}-{bare(module)}.ko").write_bytes(text_of(module))
        shutil.copy(next((place / "root").glob("**/bin/busybox")), folder / "busybox")
    found = {
        "asked": [package, busybox],
        "release": release,
        "packages": sorted(deb.stem for deb in fetched),
    }
    told.write_text(json.dumps(found, indent=1) + "\n")
    return found


def fetch(packages: Iterable[str], folder: Path) -> list[Path]:
    """Bring packages into a folder and return them; for one that only names another (linux-image-amd64), the other."""
    files = [Path(package) for package in packages if package.endswith(".deb")]
    for file in files:
        if not file.is_file():
            raise MachineError(f"{file}: is not there")
    names = [package for package in packages if not package.endswith(".deb")]
    if not names:
        return files
    if shutil.which("apt-get") is None:
        raise MachineError(
            f"apt-get is missing, which would fetch {' and '.join(names)}: give .deb files, by --kernel and --busybox"
        )
    named = [real(name) for name in names]
    if download(named, folder) != 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        named = [real(name) for name in names]
        if download(named, folder) != 0:
            raise MachineError(
                f"apt-get cannot fetch {' and '.join(named)}: look at `apt-get update`, name another package by --kernel, "
                "or give .deb files by --kernel and --busybox"
            )
    return files + sorted(folder.glob("*.deb"))


def download(names: list[str], folder: Path) -> int:
    """Download packages into a folder; return what apt-get ended with."""
    # As root apt would fetch as another user, who may not write to our folder.
    argv = ["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", *names]
    return subprocess.run(argv, cwd=folder, check=False, stdin=subprocess.DEVNULL).returncode


def real(package: str) -> str:
    """Return the package with the files: that which one without any (linux-image-amd64) depends on."""
    argv = ["apt-cache", "depends", "--important", package]
    told = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    return next(iter(re.findall(r"^\s*Depends: (linux-image-\S+)$", told, re.MULTILINE)), package)


# Modules ---------------------------------------------------------------------------------------------------------------


def in_order(wanted: Iterable[str], folder: Path) -> list[Path]:
    """Return the files of modules and of all that they need, needs first; what is built into the kernel has no file."""
    files = {bare(file): file for file in folder.glob("kernel/**/*.ko*")}
    builtin = folder / "modules.builtin"
    within = {bare(Path(line)) for line in builtin.read_text().split()} if builtin.exists() else set()
    order: list[Path] = []

    def add(name: str) -> None:
        if name in within:
            return
        if name not in files:
            raise MachineError(
                f"this kernel has no module {name}: name another by --kernel, such as linux-image-amd64"
            )
        if files[name] not in order:
            for need in needs(text_of(files[name])):
                add(need)
            order.append(files[name])

    for name in wanted:
        add(name.replace("-", "_"))
    return order


def bare(file: Path) -> str:
    """Return the name of a module by its file's: the kernel takes `-` for `_`."""
    return file.name.partition(".ko")[0].replace("-", "_")


def text_of(module: Path) -> bytes:
    """Return the bytes of a module; newer packages keep them compressed."""
    return lzma.decompress(module.read_bytes()) if module.suffix == ".xz" else module.read_bytes()


def needs(module: bytes) -> list[str]:
    """Return the names that a module says it depends on."""
    found = re.search(rb"\0depends=([^\0]*)\0", module)
    return [name.replace("-", "_") for name in found[1].decode().split(",") if name] if found else []
