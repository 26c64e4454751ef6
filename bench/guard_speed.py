# SPDX-License-Identifier: MIT
"""What the off-switch costs: starting, standing by, stopping; each beside the plainest way to do the same, in one run.

Command: python bench/guard_speed.py [--parts start,cold,stop,container,lease,idle,many] [--rounds 60] [--out docs/results/guard_speed.json]

- start: from the supervisor's order to its keeper until the kernel has executed the command, against bare `bwrap` with the same
  mounts and namespaces running `true`, which has to start *and* end; both forked by one process of a supervisor's size;
- cold: wall time of `offswitch run -- true`, of `offswitch --version`, of the import alone, of Python alone;
- stop: from the order to the kernel's word that nobody is left (both on the receipt), against `cgroup.kill` and waiting for
  `populated 0` in the group of an equal run, behind the guard's back; with 1 to 2,000 processes, and with 1 GiB of memory; where
  runc is there (on PATH, or unpacked beside the environment), also against `runc kill NAME KILL` of an equal container, from the
  start of that program until the container's first process has ended, the last of its pid namespace, and its group is empty;
- container: command beside command: `offswitch run -- true` and `runc run` of `true`; `offswitch stop --now` of one process, to its
  end, and `runc kill`, to the container's; `runc --version`, which is what starting that program costs;
- lease: from the end of a lease of a second to empty, for three processes, against a raw kill of an equal run after a second;
- idle: memory of supervisor and keeper, and their processor time over a minute with a lease;
- many: two hundred supervised agents on one machine.

In each round everything is measured once, in an order that changes. A ratio is the median of the rounds' own ratios, with a 95 %
interval from the order statistics. Parts that are not asked for keep what the file says of them.
CAVEAT: a processor that is woken from deep sleep, or given back by a hypervisor, charges that to whoever woke it; so `idle` measures
a process beside that does nothing but sleep. Root and cgroup v2 are needed. Compare ratios, not milliseconds, with another machine's. In `stop` the guard notices the
raw kill and reacts beside it, which costs both sides alike.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from watching import print_table

from offswitch.guard import running
from offswitch.guard.drill import runc
from offswitch.guard.kernel import boot_time
from offswitch.guard.limits import GIB, MIB, Limits
from offswitch.guard.walls import cgroups

SOURCE = str(Path(__file__).parents[1] / "src")
UNPACKED = Path(sys.prefix) / "engines" / "usr" / "sbin"  # beside the environment, not installed
PARTS = ("start", "cold", "stop", "container", "lease", "idle", "many")
LEASE = 1.0  # seconds; a busy machine needs some of them to start
CROWD = 'for (2..$ARGV[0]) { fork or do { sleep 1000; exit } } $| = 1; print "up\\n"; sleep 1000'
HEAVY = '$x = "x" x (1 << 30); $| = 1; print "up\\n"; sleep 1000'

# A process with a supervisor's memory: forks the keeper as a supervisor does, and on each line it reads it starts one thing.
DRIVER = """
import json, os, select, socket, sys, time
sys.path.insert(0, sys.argv[1])
from offswitch.guard import kernel
from offswitch.guard.walls import cgroups, view
from offswitch.guard.walls.bounds import Bounds
from offswitch.guard.walls.keeper import serve
from offswitch.guard.switch.supervisor import harden
from offswitch.guard.walls.warden import MESSAGE
limits, uid = json.loads(sys.argv[2]), 0x7100_0000
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
own, pid = os.getpid(), os.fork()
if pid == 0:
    ours.close()
    harden()
    serve(theirs, own)
    os._exit(0)
theirs.close()
harden()
bare = view.command(view.find_bubblewrap(), view.View(), Bounds(**limits), {})
bare = [*bare[: bare.index("--")], "--", "/usr/bin/true"]
order = json.dumps({"do": "exec", "argv": ["/usr/bin/sleep", "100"], "env": view.environment("/workspace"), "cwd": "/workspace",
                    "terminal": False, "writable": ["/workspace", view.HOME, "/tmp", "/var/tmp", "/dev"]}).encode()
nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)

def hear(*wanted):
    while True:
        data, descriptors, _, _ = socket.recv_fds(ours, MESSAGE, 1, socket.MSG_CMSG_CLOEXEC)
        told = json.loads(data)
        if any(key in told for key in wanted):
            return told, descriptors

def start(number):
    began = time.perf_counter()
    message = {"do": "start", "jail": number, "until": None, "limits": limits, "workdir": "/workspace", "show": [],
               "workspace": None, "uid": None}
    ours.send(json.dumps(message).encode())
    told, descriptors = hear("begun", "error")
    if "error" in told:
        sys.exit(told["error"])
    warden = socket.socket(fileno=descriptors[0])
    sealed = kernel.sealed("order", order)
    status, end = os.pipe2(os.O_CLOEXEC)
    socket.send_fds(warden, [json.dumps({"do": "enter", "id": 2}).encode()], [sealed, nothing, nothing, nothing, end])
    os.close(end)
    told, _ = hear("open", "error")
    opened = time.perf_counter()
    if "error" in told:
        sys.exit(told["error"])
    refused = os.read(status, 4096)
    took = time.perf_counter() - began
    if refused:
        sys.exit(refused.decode())
    os.close(status)
    os.close(sealed)
    ours.send(json.dumps({"do": "close", "jail": number}).encode())
    hear("closed")
    warden.close()
    time.sleep(0.05)  # the next warden is made meanwhile, as a keeper does before its supervisor asks
    return took, opened - began

def plain():
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            for number in range(3):
                os.dup2(nothing, number)
            kernel.become(uid, uid)
            os.execv(bare[0], bare)
        finally:
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        sys.exit("bare bwrap failed")
    return time.perf_counter() - began, 0.0

hear("keeper")
print("ready", flush=True)
for number, line in enumerate(sys.stdin, 1):
    print(*(start(number) if line.strip() == "start" else plain()), flush=True)
"""


def main() -> int:
    """Measure what is asked for, print, write."""
    options = arguments()
    if os.geteuid() != 0:
        sys.exit("root is needed: agents have user ids of their own")
    os.environ["PATH"] += f":/usr/sbin:{UNPACKED}"
    held = json.loads(options.out.read_text()) if options.out and options.out.exists() else {}
    with tempfile.TemporaryDirectory(prefix="guard-speed-") as folder:
        os.environ["OFFSWITCH_RUN_DIR"], os.environ["OFFSWITCH_STATE_DIR"] = (
            f"{folder}/run",
            f"{folder}/state",
        )
        for part in options.parts.split(","):
            before = os.getloadavg()[0]
            told = globals()[f"measure_{part}"](options)
            held[part] = {
                "command": f"python bench/guard_speed.py --parts {part} --rounds {options.rounds}",
                "load": [round(before, 1), round(os.getloadavg()[0], 1)], **told,
            }  # fmt: skip
            for name, rows in told.items():
                print(f"\n{part}: {name}")
                if isinstance(rows, list):
                    print_table(rows)
                else:
                    print(json.dumps(rows))
    held["machine"] = {
        "kernel": os.uname().release,
        "cores": len(os.sched_getaffinity(0)),
        "python": sys.version.split()[0],
    }
    held["beside"] = held.get("stop", {}).get("beside", {"runc": "runc kill is not measured"})
    if options.out:
        options.out.write_text(json.dumps(held, indent=1) + "\n")
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--idle", type=float, default=60.0, help="seconds")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


# The parts -----------------------------------------------------------------------------------------------------------


def measure_start(options: argparse.Namespace) -> dict[str, Any]:
    """Start agents by a running supervisor's keeper, and bare bubblewrap, in turn."""
    limits = {
        "memory": GIB,
        "processes": 256,
        "disk": 256 * MIB,
        "output": MIB,
        "seconds": 1000.0,
        "cpus": None,
    }
    driver = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", DRIVER, SOURCE, json.dumps(limits)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert driver.stdin
    assert driver.stdout
    opened: list[float] = []

    def ask(what: str) -> float:
        driver.stdin.write(what + "\n")
        driver.stdin.flush()
        took, until_open = map(float, driver.stdout.readline().split())
        if what == "start":
            opened.append(until_open * 1000)
        return took * 1000

    driver.stdout.readline()
    times = rounds(options.rounds, {"agent started": lambda: ask("start"), "bare bwrap": lambda: ask("bare")})
    times["of it: until the jail stands"] = opened[1:]
    driver.stdin.close()
    driver.wait()
    return {"milliseconds": rows(times), "ratios": [ratio(times, "agent started", "bare bwrap")]}


def measure_cold(options: argparse.Namespace) -> dict[str, Any]:
    """Start everything from nothing."""
    program = str(Path(sys.executable).with_name("offswitch"))
    acts = {
        "offswitch run -- true": [program, "run", "--", "true"],
        "offswitch --version": [program, "--version"],
        "import what run imports": [sys.executable, "-c", "import offswitch.cli.run, offswitch.guard.running, offswitch.guard.tiers, offswitch.guard.switch.relay, offswitch.report.visible"],
        "import the supervisor (-I -S)": [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {SOURCE!r}); import offswitch.guard.switch.supervisor"],
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -I -S -c pass": [sys.executable, "-I", "-S", "-c", "pass"],
    }  # fmt: skip
    times = rounds(options.rounds, {name: lambda argv=argv: wall(argv) for name, argv in acts.items()})
    return {"milliseconds": rows(times), "ratios": [ratio(times, "offswitch run -- true", "python -c pass")]}


def measure_stop(options: argparse.Namespace) -> dict[str, Any]:
    """Stop crowds by order, and kill equal crowds by hand."""
    crowds: list[tuple[str, int, list[str], Limits]] = [
        (f"{count:,} processes", count, ["/usr/bin/perl", "-e", CROWD, str(count)], Limits(processes=count + 64, memory=8 * GIB))
        for count in (1, 50, 500, 2000)
    ]  # fmt: skip
    crowds.append(("1 GiB of memory", 1, ["/usr/bin/perl", "-e", HEAVY], Limits(memory=3 * GIB)))
    times: dict[str, list[float]] = {}
    pairs = []
    why = runc.missing()
    for name, count, argv, limits in crowds:
        ours, raw, theirs = f"stop, {name}", f"raw kill, {name}", f"runc kill, {name}"
        few = max(5, options.rounds // (1 if count <= 50 else 3 if count <= 500 else 6))
        acts = {ours: stopped, raw: killed, **({} if why else {theirs: killed_by_runc})}
        times |= rounds(
            few, {what: lambda act=act, a=argv, b=limits, c=count: act(a, b, c) for what, act in acts.items()}
        )
        pairs += [ratio(times, ours, other) for other in list(acts)[1:]]
    beside = {"runc": f"runc kill is not measured: {why}" if why else version()}
    return {"milliseconds": rows(times), "ratios": pairs, "beside": beside}


def measure_container(options: argparse.Namespace) -> dict[str, Any]:
    """Start and stop by command, ours and runc's."""
    if why := runc.missing():
        return {"not measured": why}
    program, argv = str(Path(sys.executable).with_name("offswitch")), ["/usr/bin/perl", "-e", CROWD, "1"]

    def stop_by_command() -> float:
        run = crowd(argv, Limits(), 1, name="by-command")
        took = wall([program, "stop", "--now", "by-command"])
        run.wait(20)
        return took

    with tempfile.TemporaryDirectory() as folder:
        box = runc.Runc("offswitch-bench-true", Path(folder))
        box.lay(["/usr/bin/true"])
        ran = box.words("run", "--bundle", str(box.bundle), box.name)
        acts = {
            "offswitch run -- true": lambda: wall([program, "run", "--", "true"]),
            "runc run true": lambda: wall(ran),
            "offswitch stop --now": stop_by_command,
            "runc kill": lambda: killed_by_runc(argv, Limits(), 1),
            "runc --version": lambda: wall(box.words("--version")),
        }
        times = rounds(options.rounds, acts)
        box.remove()
    pairs = [("offswitch run -- true", "runc run true"), ("offswitch stop --now", "runc kill")]
    return {"milliseconds": rows(times), "ratios": [ratio(times, *pair) for pair in pairs]}


def measure_lease(options: argparse.Namespace) -> dict[str, Any]:
    """Let leases run out."""

    def one() -> float:
        run = crowd(["/usr/bin/perl", "-e", CROWD, "3"], Limits(), 3, lease=LEASE)
        receipt = run.wait(20).receipt
        assert receipt["order"]["by"] == "lease", receipt["order"]
        late: float = receipt["empty"]["boot"] - receipt["started"]["boot"] - LEASE
        return late * 1000

    def by_hand() -> float:
        return killed(["/usr/bin/perl", "-e", CROWD, "3"], Limits(), 3, after=LEASE - 0.1)

    times = rounds(
        options.rounds, {"end of the lease to empty": one, "raw kill after the same time": by_hand}
    )
    return {
        "milliseconds": rows(times),
        "ratios": [ratio(times, "end of the lease to empty", "raw kill after the same time")],
    }


def measure_idle(options: argparse.Namespace) -> dict[str, Any]:
    """Look at one supervisor and its keeper that have nothing to do but to hold a lease, and at a process that only sleeps."""
    run = running.start(running.Wish(["/usr/bin/sleep", "1000"], name="idle", lease=900.0))
    sleeper = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time\nwhile True: time.sleep(0.5)"])
    supervisor = run._process.pid
    keeper = int(Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[0])
    named = {"supervisor": supervisor, "keeper": keeper, "a loop that sleeps half a second": sleeper.pid}
    time.sleep(2)
    began, before = time.monotonic(), {pid: (busy(pid), woken(pid)) for pid in named.values()}
    time.sleep(options.idle)
    seconds = time.monotonic() - began
    found = [
        {
            "process": name, **memory(pid), "cpu_percent": round((busy(pid) - before[pid][0]) / seconds / 1e7, 4),
            "woken_a_second": round((woken(pid) - before[pid][1]) / seconds, 2), "over_s": round(seconds, 1),
        }
        for name, pid in named.items()
    ]  # fmt: skip
    sleeper.kill()
    sleeper.wait()
    run.ask_to_stop(now=True)
    run.wait(20)
    return {"processes": found}


def measure_many(options: argparse.Namespace) -> dict[str, Any]:
    """Start and stop many agents on one machine."""
    names = [f"many-{number}" for number in range(options.agents)]
    with ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        runs = list(
            pool.map(
                lambda name: running.start(running.Wish(["/usr/bin/sleep", "1000"], name=name, lease=900.0)),
                names,
            )
        )
        started = time.monotonic() - began
    time.sleep(3)
    supervisors = [run._process.pid for run in runs]
    keepers = [int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]) for pid in supervisors]
    began, before = time.monotonic(), {pid: busy(pid) for pid in (*supervisors, *keepers)}
    time.sleep(10)
    seconds = time.monotonic() - began
    found = []
    for who, pids in (("supervisor", supervisors), ("keeper", keepers)):
        sizes = [memory(pid) for pid in pids]
        found.append({
            "process": who, "n": len(pids), **{key: round(statistics.mean(size[key] for size in sizes), 2) for key in sizes[0]},
            "cpu_percent": round(statistics.mean((busy(pid) - before[pid]) / seconds / 1e7 for pid in pids), 4),
        })  # fmt: skip
    began = time.monotonic()
    receipts = running.stop_all(now=True)
    ended = time.monotonic() - began
    proved = sum(
        isinstance(receipt, dict) and receipt["verdict"] == "proved" for receipt in receipts.values()
    )
    slow = sorted(
        (r["empty"]["boot"] - r["order"]["boot"]) * 1000 for r in receipts.values() if isinstance(r, dict)
    )
    for run in runs:
        run.wait(20)
    return {
        "processes": found,
        "all": {"agents": len(runs), "start_s": round(started, 2), "stop_all_s": round(ended, 2), "proved": proved,
                "order_to_empty_ms_median": round(statistics.median(slow), 1), "order_to_empty_ms_max": round(slow[-1], 1)},
    }  # fmt: skip


# What they are made of -----------------------------------------------------------------------------------------------


def crowd(argv: Sequence[str], limits: Limits, count: int, **more: Any) -> running.Run:
    """Return a run whose processes are all there."""
    reading, writing = os.pipe()
    nothing = os.open("/dev/null", os.O_RDWR)
    try:
        run = running.start(running.Wish(argv, limits=limits, stdio=(nothing, writing, nothing), **more))
    finally:
        os.close(writing)
        os.close(nothing)
    os.read(reading, 3)
    os.close(reading)
    while len(cgroups.pids_below(Path(run.folders[0]))) < count:
        time.sleep(0.001)
    return run


def stopped(argv: Sequence[str], limits: Limits, count: int) -> float:
    """Return the milliseconds from order to empty, as the receipt tells them."""
    run = crowd(argv, limits, count)
    receipt = run.stop(now=True)
    run.wait(20)
    milliseconds: float = (receipt["empty"]["boot"] - receipt["order"]["boot"]) * 1000
    return milliseconds


def killed(argv: Sequence[str], limits: Limits, count: int, after: float = 0.0) -> float:
    """Return the milliseconds from `cgroup.kill` to `populated 0`."""
    run = crowd(argv, limits, count)
    time.sleep(after)
    folder = Path(run.folders[0])
    events = os.open(folder / "cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
    began = boot_time()
    cgroups.tell(folder / "cgroup.kill", "1")
    wait_until_empty(events)
    took = (boot_time() - began) * 1000
    os.close(events)
    run.wait(30)
    return took


def killed_by_runc(argv: Sequence[str], limits: Limits, count: int) -> float:
    """Return the milliseconds from the start of `runc kill` until an equal container's processes are gone."""
    with tempfile.TemporaryDirectory() as folder:
        memory, processes = int(limits.memory), int(limits.processes)
        box = runc.Runc("offswitch-bench", Path(folder), memory=memory, processes=processes)
        try:
            box.start([*argv])
            assert select.select([box.heartbeat.near], [], [], 60.0)[0]
            assert os.read(box.heartbeat.near, 3) == b"up\n"
            while len(box.group.pids()) < count:
                time.sleep(0.001)
            assert box.group.killer is not None
            events = os.open(box.group.killer / "cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
            words = box.words("kill", box.name, "KILL")
            began = boot_time()
            order = subprocess.Popen(words, stdin=subprocess.DEVNULL)
            assert box.ended(60.0)
            wait_until_empty(events)
            took = (boot_time() - began) * 1000
            order.wait()
            os.close(events)
        finally:
            box.remove()
    return took


def wait_until_empty(events: int) -> None:
    """Wait until the kernel counts nobody in a group, given its `cgroup.events`."""
    watch = select.poll()
    watch.register(events, select.POLLPRI)
    while True:
        try:
            if b"populated 1" not in os.pread(events, 200, 0):
                return
        except OSError:  # the guard, too, has seen that nobody is left, and removed the group
            return
        watch.poll(1)  # what the kernel puts off for 10 ms is never told of a group that is removed meanwhile


def version() -> str:
    """Return what runc calls itself."""
    told = subprocess.run(["runc", "--version"], capture_output=True, text=True, check=True)
    return told.stdout.splitlines()[0]


def wall(argv: Sequence[str]) -> float:
    """Return the milliseconds that a program takes."""
    began = time.perf_counter()
    subprocess.run(
        argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return (time.perf_counter() - began) * 1000


def memory(pid: int) -> dict[str, float]:
    """Return resident, proportional and own memory in MB."""
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    found = {words[0]: int(words[1]) * 1024 / 1e6 for words in lines}
    own = found["Private_Clean:"] + found["Private_Dirty:"]
    return {"rss_mb": round(found["Rss:"], 2), "pss_mb": round(found["Pss:"], 2), "own_mb": round(own, 2)}


def busy(pid: int) -> int:
    """Return the nanoseconds that a process has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def woken(pid: int) -> int:
    """Return how often a process has gone to sleep by itself."""
    return int(Path(f"/proc/{pid}/status").read_text().split("\nvoluntary_ctxt_switches:")[1].split()[0])


def rounds(count: int, acts: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Do everything once, unmeasured; then `count` times, in an order that changes."""
    for act in acts.values():
        act()
    times: dict[str, list[float]] = {name: [] for name in acts}
    for number in range(count):
        for name in random.sample(list(acts), len(acts)):
            time.sleep(0.02)
            times[name].append(acts[name]())
        print(f"\r{', '.join(acts)[:60]}: {number + 1}/{count} ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return times


def rows(times: dict[str, list[float]]) -> list[dict[str, object]]:
    """Return the table."""
    found = []
    for name, values in times.items():
        ordered = sorted(values)
        low, high = interval(len(ordered))
        found.append({
            "what": name, "n": len(ordered), "min": round(ordered[0], 2), "median": round(statistics.median(ordered), 2),
            "median_95": f"{ordered[low]:.2f}..{ordered[high]:.2f}", "p90": round(ordered[int(0.9 * len(ordered))], 2), "max": round(ordered[-1], 2),
        })  # fmt: skip
    return found


def ratio(times: dict[str, list[float]], ours: str, theirs: str) -> dict[str, object]:
    """Return how many times as long ours takes, round by round."""
    values = sorted(a / b for a, b in zip(times[ours], times[theirs], strict=True))
    low, high = interval(len(values))
    return {
        "ratio": f"{ours} / {theirs}", "n": len(values), "median": round(statistics.median(values), 2),
        "median_95": f"{values[low]:.2f}..{values[high]:.2f}", "of_minima": round(min(times[ours]) / min(times[theirs]), 2),
    }  # fmt: skip


def interval(n: int) -> tuple[int, int]:
    """Return the places of the order statistics that enclose the median with 95 % (normal approximation)."""
    half = 0.98 * n**0.5
    return max(0, int(n / 2 - half)), min(n - 1, int(n / 2 + half))


if __name__ == "__main__":
    sys.exit(main())
