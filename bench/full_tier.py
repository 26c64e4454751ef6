# SPDX-License-Identifier: MIT
"""Drills the off-switch where this host cannot: in a small virtual machine with cgroup v2 alone, as root or as a user.

Command: python bench/full_tier.py [--tier full|rootless] [--trials 200] [--seed 0] [--tests] [--accel kvm|tcg] [--out docs/results]

The machine (qemu) runs a kernel out of Debian's packages, which are downloaded and unpacked, not installed. It sees four folders
of this host: /usr, the virtual environment and its Python, and a copy of the sources that is made first, so that nobody's edit
changes a drill half-way; all read-only. It writes to one folder and has no network, not even a device. In it run

    doctor       the tier must be the one that is asked for
    drill        `offswitch drill --require TIER`
    tests        with --tests: the guard's own tests, or those that are named

It goes on where it was killed, or where its time was up, by the same command; --afresh begins anew. With --out, the page and its
numbers are kept there: fire-drill-TIER.md, fire_drill_TIER.json.

CAVEAT: x86-64 only. Without KVM every instruction is emulated, many times slower, and so are the times that a drill measures;
orders that come after a fixed time mostly find attackers that are still starting, so that usual methods are not compared there.
Easy to get wrong: one folder of this host shown twice under different modes. What is shown here is shown once, read-only.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import json
import os
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from machine.archive import archive
from machine.debian import MachineError, unpacked

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent / "machine"
SOURCE = Path("/srv/offswitch")  # where the machine sees the sources
TESTS = ("tests/guard/test_tiers.py", "tests/guard/test_cgroups.py", "tests/guard/test_clock.py")
TESTS_BY = {
    "full": (*TESTS, "tests/guard/test_supervisor.py", "tests/guard/test_rootless_run.py"),
    "rootless": TESTS,  # the others watch agents by the users that only root can give them
}
COPIED = ("src", "tests", "pyproject.toml")
UP = "the machine is up"
TRY_SECONDS = 20.0
ACCEL = {
    "kvm": ("kvm", "max", ""),
    # What costs most where every instruction is emulated: wide registers, a look at every access, clocks that are devices.
    "tcg": (
        "tcg,thread=multi,tb-size=1024",
        "max,-avx,-avx2,-smap,-smep,-la57,-pku",
        "mitigations=off tsc=reliable clocksource=tsc",
    ),
}
"""For each way to run a machine: qemu's accelerator, its processor, and words for the kernel."""
FOUND, BROKEN, INTERNAL, INTERRUPTED = 4, 3, 1, 130  # as `offswitch drill` ends

INIT = """#!/bin/busybox sh
# Loads what is needed to see the host's folders, puts a new root together, and goes there.
b=/bin/busybox
$b mkdir -p /dev /proc /sys /root
$b mount -t devtmpfs dev /dev
echo "{up}" >/dev/console
if $b [ "$1" = try ]; then $b poweroff -f; fi
for module in /modules/*.ko; do $b insmod $module || echo "$module: not loaded"; done
$b mount -t tmpfs -o mode=755,size=50% root /root
cd /root
$b mkdir -p dev proc sys run tmp var/tmp etc home root
$b chmod 1777 tmp var/tmp; $b chmod 755 root
{mounts}
$b cp -a /links/. /etc /plan.json /inside.py .
$b mount --move /dev dev
$b mount -t proc proc proc
$b mount -t sysfs sys sys
$b mkdir -p dev/pts dev/shm
$b mount -t devpts -o gid=5,mode=620,ptmxmode=666 pts dev/pts
$b mount -t tmpfs -o mode=1777 shm dev/shm
$b mount -t tmpfs -o mode=755 run run
$b mount -t tmpfs -o mode=1777 tmp tmp
$b mount -t cgroup2 none sys/fs/cgroup
exec $b switch_root /root /usr/bin/python3 -I -S /inside.py
"""
ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:12345:12345:user:/home/user:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "group": "root:x:0:\ntty:x:5:\nuser:x:12345:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "hostname": "machine\n",
}


def main() -> int:
    """Fetch, boot, show what is said, and gather."""
    options = arguments()
    began = time.monotonic()
    try:
        found = prepare(options)
        options.accel = options.accel or accelerator(options, found)
        print(f"full_tier: Linux {found['release']}, {options.accel}, {options.cpus} processors, {options.memory} MiB; the drill's log is in {options.work}", file=sys.stderr)  # fmt: skip
        boot(options, plan(options))
        told = gathered(options, found, time.monotonic() - began)
    except MachineError as failure:
        print(f"full_tier: {failure}", file=sys.stderr)
        return INTERNAL
    except KeyboardInterrupt:
        print("\nfull_tier: interrupted; give the same command again to go on", file=sys.stderr)
        return INTERRUPTED
    print(json.dumps(told, indent=1))
    return max(told["steps"].values())


def arguments() -> argparse.Namespace:
    """Read the command line."""
    near = Path(sys.prefix, "engines", "machine")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tier", choices=("full", "rootless"), default="full")
    parser.add_argument("--trials", type=int, default=200, help="of the off-switch; 0: no drill")
    parser.add_argument(
        "--usual",
        type=int,
        help="of each usual method; default as `offswitch drill`, and none where all is emulated",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--jobs",
        type=int,
        help="trials side by side; default as `offswitch drill`, and one for two processors where all is emulated",
    )
    parser.add_argument(
        "--tests", nargs="*", metavar="PATH", help="run tests, too: these, or some of the guard's"
    )
    parser.add_argument("--source", type=Path, default=ROOT, help="a checkout to test; default this one")
    parser.add_argument("--accel", choices=("kvm", "tcg"), help="default: kvm where it works, which is tried")
    parser.add_argument("--cpus", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--memory", type=int, default=3072, metavar="MIB")
    parser.add_argument("--minutes", type=float, default=60.0, help="the machine is turned off after that")
    parser.add_argument("--kernel", default="linux-image-amd64", help="a Debian package, or a .deb file")
    parser.add_argument("--busybox", default="busybox-static", help="the same")
    parser.add_argument("--cache", type=Path, default=near, help="where the unpacked packages lie")
    parser.add_argument("--work", type=Path, help="where logs lie between runs; default below --cache")
    parser.add_argument("--afresh", action="store_true", help="forget the trials of earlier runs")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="keep page and numbers there")
    options = parser.parse_args()
    options.cache = options.cache.absolute()
    options.work = (options.work or options.cache / f"drill-{options.tier}-{options.seed}").absolute()
    return options


# Before it starts ------------------------------------------------------------------------------------------------------


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """See that everything is there, and return what kernel it is."""
    if missing := absent(options):
        raise MachineError("; ".join(missing))
    found = unpacked(options.cache / "packages", options.kernel, options.busybox)
    if options.afresh:
        shutil.rmtree(options.work, ignore_errors=True)
    for name in ("source", "results"):
        (options.work / name).mkdir(parents=True, exist_ok=True)
    (options.work / "results").chmod(0o777)  # a user of the machine writes there
    options.work.chmod(0o700)
    for name in COPIED:
        copy = options.work / "source" / name
        shutil.rmtree(copy, ignore_errors=True)
        if (options.source / name).is_dir():
            shutil.copytree(options.source / name, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(options.source / name, copy)
    return found


def absent(options: argparse.Namespace) -> list[str]:
    """Return what is missing on this host, each with its cure; empty where nothing is."""
    missing = []
    if os.uname().machine != "x86_64":
        missing.append(f"this host is {os.uname().machine}: only x86_64 is written for")
    if shutil.which("qemu-system-x86_64") is None:
        missing.append(
            "qemu-system-x86_64 is missing: `apt-get install --no-install-recommends qemu-system-x86`"
        )
    for program, package in (("/usr/bin/python3", "python3"), ("/usr/bin/bwrap", "bubblewrap")):
        if not os.path.exists(program):
            missing.append(f"{program} is missing, which the machine shares: `apt-get install {package}`")
    missing += [
        f"{options.source / name} is missing: --source names a checkout"
        for name in COPIED
        if not (options.source / name).exists()
    ]
    return missing


def shares(work: Path) -> dict[Path, Path]:
    """Return which folders of this host the machine sees, and where; none that lies within another."""
    wanted = [Path("/usr"), Path(sys.base_prefix).resolve(), Path(sys.prefix)]
    kept = [one for one in dict.fromkeys(wanted) if not any(one != other and one.is_relative_to(other) for other in wanted)]  # fmt: skip
    return {**{one: one for one in kept}, SOURCE: work / "source", Path("/results"): work / "results"}


def plan(options: argparse.Namespace) -> dict[str, Any]:
    """Return what is to be done in the machine."""
    offswitch = [sys.executable, "-m", "offswitch.cli.main"]
    name = f"fire-drill-{options.tier}.md"
    steps: list[dict[str, Any]] = [
        {"name": "doctor", "argv": [*offswitch, "doctor", "--require", options.tier]},
        {"name": "survey", "argv": [*offswitch, "doctor", "--json"], "out": f"doctor-{options.tier}.json"},
    ]
    if options.trials:
        argv = [*offswitch, "drill", "--require", options.tier, "--trials", str(options.trials), "--seed", str(options.seed)]  # fmt: skip
        usual, jobs = options.usual, options.jobs
        if (
            options.accel == "tcg"
        ):  # a busy emulated processor holds up the others' starts beyond a drill's patience
            usual, jobs = usual or 0, jobs or max(1, options.cpus // 2)
        for word, value in (("--usual", usual), ("--jobs", jobs)):
            argv += [word, str(value)] if value is not None else []
        steps.append(
            {"name": "drill", "argv": [*argv, "--out", name, "--json"], "out": f"drill-{options.tier}.json"}
        )
    if options.tests is not None:
        pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-ra"]
        named = options.tests or TESTS_BY[options.tier]
        steps.append({"name": "tests", "argv": [*pytest, *named], "folder": str(SOURCE)})
    env = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONPATH": str(SOURCE / "src"),
        "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", "COLUMNS": "140", "NO_COLOR": "1",
        "OFFSWITCH_MACHINE": "thrown away",  # tests may set its clock
    }  # fmt: skip
    return {"tier": options.tier, "steps": steps, "env": env}


def first_files(folder: Path, work: Path, planned: dict[str, Any]) -> bytes:
    """Return the archive that the kernel starts from."""
    mounts = "\n".join(
        f"$b mkdir -p .{there}; $b mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,"
        f"{'rw' if there == Path('/results') else 'ro,cache=loose'} share{number} .{there} || echo '{there}: not mounted'"
        for number, there in enumerate(shares(work))
    )
    entries: dict[str, bytes | str] = {
        "init": INIT.format(up=UP, mounts=mounts).encode(),
        "plan.json": json.dumps(planned).encode(),
        "inside.py": (HERE / "inside.py").read_bytes(),
        "bin/busybox": (folder / "busybox").read_bytes(),
    }
    for name, text in ETC.items():
        entries[f"etc/{name}"] = text.encode()
    for name in ("ld.so.cache", "ld.so.conf"):
        with contextlib.suppress(OSError):
            entries[f"etc/{name}"] = Path("/etc", name).read_bytes()
    with contextlib.suppress(OSError):
        for link in sorted(Path("/etc/alternatives").iterdir()):
            if link.is_symlink() and "/bin/" in os.readlink(link):
                entries[f"etc/alternatives/{link.name}"] = os.readlink(link)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if Path("/", name).is_symlink():
            entries[f"links/{name}"] = os.readlink(Path("/", name))
    for module in sorted((folder / "modules").iterdir()):
        entries[f"modules/{module.name}"] = module.read_bytes()
    return archive(entries)


# The machine -----------------------------------------------------------------------------------------------------------


def command(options: argparse.Namespace, accel: str, start: Path, words: str = "") -> list[str]:
    """Return qemu's argv: no device but a serial line and the folders, and an end where the kernel's is."""
    packages = options.cache / "packages"
    backend, processor, settings = ACCEL[accel]
    argv = f"qemu-system-x86_64 -no-user-config -nodefaults -machine q35 -accel {backend} -cpu {processor} -no-reboot".split()
    argv += f"-nic none -display none -monitor none -serial stdio -device virtio-rng-pci -smp {options.cpus} -m {options.memory}".split()
    argv += "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny".split()
    argv += ["-kernel", str(packages / "vmlinuz"), "-initrd", str(start)]
    argv += [
        "-append",
        f"console=ttyS0 quiet panic=-1 cgroup_no_v1=all {settings} {'-- ' + words if words else ''}",
    ]
    for number, (there, here) in enumerate(shares(options.work).items()):
        only = "" if there == Path("/results") else ",readonly=on"
        argv += ["-fsdev", f"local,id=f{number},path={here},security_model=none,multidevs=remap{only}"]
        argv += ["-device", f"virtio-9p-pci,fsdev=f{number},mount_tag=share{number}"]
    return argv


def accelerator(options: argparse.Namespace, found: dict[str, Any]) -> str:
    """Return kvm where a machine with it comes up, tried for some seconds; else tcg."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    start = options.work / "try.cpio.gz"
    start.write_bytes(first_files(options.cache / "packages", options.work, {}))
    argv = command(options, "kvm", start, "try")
    try:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=TRY_SECONDS, stdin=subprocess.DEVNULL, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        print(f"full_tier: with kvm the machine did not come up in {TRY_SECONDS:g} s", file=sys.stderr)
        return "tcg"
    if UP not in done.stdout:
        print(
            f"full_tier: not with kvm: {' '.join((done.stderr or done.stdout)[-300:].split())}",
            file=sys.stderr,
        )
        return "tcg"
    return "kvm"


def boot(options: argparse.Namespace, planned: dict[str, Any]) -> None:
    """Run the machine to its end, or to the end of its time, and show what it says."""
    start, results = options.work / "start.cpio.gz", options.work / "results"
    start.write_bytes(first_files(options.cache / "packages", options.work, planned))
    (results / "done.json").unlink(missing_ok=True)
    argv = command(options, options.accel, start)
    end = time.monotonic() + 60 * options.minutes
    letters = codecs.getincrementaldecoder("utf-8")("replace")
    with open(options.work / "console.txt", "wb") as kept:
        machine = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
        assert machine.stdout is not None
        try:
            while (left := end - time.monotonic()) > 0:
                if not select.select([machine.stdout], [], [], min(left, 5.0))[0]:
                    continue
                piece = os.read(machine.stdout.fileno(), 65536)
                if not piece:
                    break
                kept.write(piece)
                sys.stderr.write(letters.decode(piece).replace("\r", ""))
                sys.stderr.flush()
            else:
                raise MachineError(
                    f"{options.minutes:g} minutes are up; give the same command again to go on"
                )
        finally:
            machine.kill()
            machine.wait()
    if not (results / "done.json").exists():
        raise MachineError(f"the machine ended before its work did; what it said last is in {options.work / 'console.txt'}")  # fmt: skip


# Afterwards ------------------------------------------------------------------------------------------------------------


def gathered(options: argparse.Namespace, found: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return what came of it, and keep page and numbers where that is asked for."""
    results = options.work / "results"
    done = json.loads((results / "done.json").read_text())
    codes = {step["name"]: step["code"] for step in done["steps"]}
    seen = json.loads((results / f"doctor-{options.tier}.json").read_text() or "{}")
    machine = {
        "command": shlex.join(["python", "bench/full_tier.py", *repeatable(sys.argv[1:])]), "accel": options.accel,
        "packages": found["packages"], **{key: value for key, value in done.items() if key != "steps"},
    }  # fmt: skip
    told = {"tier": seen.get("tier"), "machine": machine, "minutes": round(seconds / 60, 1), "steps": codes}
    text = results / f"drill-{options.tier}.json"
    if codes.get("drill") in (0, FOUND, BROKEN):
        drilled = json.loads(text.read_text())
        told["drill"] = [{key: row[key] for key in ("method", "trials", "escapes", "interval", "faults", "latency_ms")} for row in drilled["methods"]]  # fmt: skip
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / f"fire_drill_{options.tier}.json").write_text(json.dumps({**drilled, "machine": machine}, indent=1) + "\n")  # fmt: skip
            page = (results / f"fire-drill-{options.tier}.md").read_text()
            (options.out / f"fire-drill-{options.tier}.md").write_text(placed(page, machine))
    return told


def repeatable(words: Iterable[str]) -> list[str]:
    """Return the arguments without those that say where this host keeps things."""
    kept, skip = [], False
    for word in words:
        if not skip and word.split("=")[0] not in ("--source", "--cache", "--work", "--afresh"):
            kept.append(word)
        skip = not skip and word in ("--source", "--cache", "--work")
    return kept


def placed(page: str, machine: dict[str, Any]) -> str:
    """Return a page that says where the drill was, below its head line."""
    head, rest = page.split("\n\n", 1)
    how = "hardware help (KVM)" if machine["accel"] == "kvm" else "every instruction emulated (TCG)"
    where = (
        f"In a virtual machine with cgroup v2 alone: `{machine['command']}`; {how}, {machine['cpus']} processors, "
        f"{machine['mib']:,} MiB. What is special about it: [other tiers](../full-tier.md)."
    )
    return f"{head}\n\n{where}\n\n{rest}"


if __name__ == "__main__":
    sys.exit(main())
