# SPDX-License-Identifier: MIT
"""Faults done to a guarded run at a random moment, and how one sees from outside when its agent died.

Used by test_faults.py with few trials and by bench/guard_faults.py with a thousand. A trial is one run of an agent of four
processes, two of them in sessions of their own and deaf to signals, under a short lease; one fault, drawn from the seed, is done to
it. Two witnesses stand outside the guard: a pipe that every process of the agent holds open and writes the time to, and the user id
that no other process of the host has.

Easy to get wrong: asking the guard when the lease ends. The end is read from the run's own ledger, whose open file outlives its name.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from offswitch.guard import running
from offswitch.guard.errors import GuardError, NotProvedDeadError
from offswitch.guard.kernel import boot_time, start_time
from offswitch.guard.switch import places
from offswitch.guard.walls import cgroups
from offswitch.guard.walls.keeper import FIRST_UID, UIDS

LOOK_SECONDS = 6.0  # how long after its lease an agent is looked for
ANSWER_SECONDS = 3.0  # that `stop` gets
EXITING = 0x4  # of the flags in /proc/PID/stat
FAULTS = {
    "none": 2, "kill": 8, "freeze": 8, "freeze a while": 5, "flap": 4, "starve of processor": 4, "starve of files": 4,
    "starve of memory": 4, "full disk": 4, "folder gone": 3, "freeze by group": 4,
}  # fmt: skip
PHASES = {"start": 3, "life": 5, "deadline": 2, "stop": 3}
VICTIMS = [
    ("supervisor",), ("keeper",), ("warden",), ("front",), ("supervisor", "keeper"), ("keeper", "warden"),
    ("front", "supervisor"), ("front", "supervisor", "keeper"), ("supervisor", "keeper", "warden"),
]  # fmt: skip
WATCHERS = [("supervisor",), ("keeper",), ("supervisor", "keeper")]

ENGINE_SEEDS = (
    1_000_000  # from here on, the plans are about the fleet's engine and the member that renews by it
)
PATIENCE_SECONDS = 1.0  # of the member
ENGINE_VICTIMS = [
    ("engine",),
    ("engine",),
    ("member",),
    ("engine", "member"),
    ("engine", "supervisor"),
    ("engine", "keeper"),
]

AGENT = r"""
use POSIX qw(setsid); use Time::HiRes qw(clock_gettime sleep);
$SIG{$_} = "IGNORE" for qw(TERM HUP INT QUIT PIPE USR1);
sub beat { while (1) { syswrite(STDOUT, sprintf("%d %.6f\n", $$, clock_gettime(7))); sleep 0.005 } }
open(STDOUT, ">&=", 0);
for my $own (0, 1, 1) { unless (fork) { setsid if $own; if ($own) { fork and exit } beat } }
beat;
"""

FRONT = """
import json, os, sys
from offswitch.guard.limits import MIB, Limits
from offswitch.guard.running import Wish, start
beats, said = int(sys.argv[1]), json.loads(sys.argv[2])
nothing = os.open("/dev/null", os.O_RDWR)
limits = Limits(memory=128 * MIB, processes=48, disk=16 * MIB)
run = start(Wish(limits=limits, stdio=(beats, nothing, nothing), **said))
os.close(beats)
print(json.dumps({"uid": run.uid, "folders": list(run.folders)}), flush=True)
if not said["detach"]:
    print(json.dumps({"receipt": run.wait().receipt}), flush=True)
"""

MEMBER = """
import sys
from offswitch.guard.fleet.engine import connect
from offswitch.guard.fleet.hosted import HostRuns
from offswitch.guard.fleet.member import Member
from offswitch.guard.fleet.memory import Memory
memory = Memory("h", b"0" * 32)
Member(connect(sys.argv[1]), memory, "h", HostRuns(), renew=True, patience=float(sys.argv[2]), beat=0.2).serve()
"""

Plan = dict[str, Any]


def plan(seed: int) -> Plan:
    """Return what is done in the trial of that seed: nothing but the seed decides."""
    if seed >= ENGINE_SEEDS:
        return plan_with_engine(seed)
    rng = random.Random(seed)

    def one(weights: dict[str, int]) -> str:
        return rng.choices(list(weights), list(weights.values()))[0]

    fault, phase, lease = one(FAULTS), one(PHASES), round(rng.uniform(0.3, 1.5), 3)
    victims = rng.choice(VICTIMS if fault in ("kill", "freeze", "freeze a while") else WATCHERS)
    delays = {
        "start": (0.0, 0.15),
        "life": (0.0, lease * 0.95),
        "deadline": (-0.03, 0.01),
        "stop": (0.0, 0.03),
    }
    where = rng.choice(["run", "state"])
    return {
        "seed": seed, "fault": fault, "phase": phase, "lease": lease, "victims": list(victims), "detach": rng.random() < 0.4,
        "delay": round(rng.uniform(*delays[phase]), 4), "renewals": rng.choice([0, 0, 0, 1, 2, 3]), "where": where,
        "stop_after": round(rng.uniform(0.0, lease * 0.8), 3), "grace": rng.choice([0.0, 0.2]), "now": rng.random() < 0.5,
        "pause": round(rng.uniform(0.05, 2.5), 3), "amount": rng.randrange(3),
    }  # fmt: skip


def plan_with_engine(seed: int) -> Plan:
    """Return a trial in which a member renews the lease for as long as the engine answers, and both may suffer."""
    rng = random.Random(seed)
    return {
        "seed": seed, "fault": rng.choice(["kill", "freeze", "freeze a while", "flap"]), "phase": "life",
        "lease": round(rng.uniform(1.5, 2.5), 3), "victims": list(rng.choice(ENGINE_VICTIMS)), "detach": rng.random() < 0.4,
        "delay": round(rng.uniform(0.0, 2.5), 4), "renewals": 0, "where": "run", "stop_after": 0.0, "grace": 0.0, "now": True,
        "pause": round(rng.uniform(0.05, 4.0), 3), "amount": 0,
    }  # fmt: skip


class Witness(threading.Thread):
    """Reads the agent's heartbeats: the last time that any process wrote, and when the last one was gone."""

    def __init__(self, pipe: int) -> None:
        super().__init__(daemon=True)
        self.pipe, self.last, self.beats, self.gone = pipe, 0.0, 0, 0.0
        self.start()

    def run(self) -> None:
        rest = b""
        while piece := os.read(self.pipe, 65536):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self.last, self.beats = max(self.last, float(line.split()[1])), self.beats + 1
        self.gone = boot_time()
        os.close(self.pipe)


class Trial:
    """One run and its fault. `result` tells what was seen; a trial cleans up after itself."""

    def __init__(self, planned: Plan, folder: Path) -> None:
        self.plan, self.folder, self.name = planned, folder, f"trial-{planned['seed']}"
        self.run_folder, self.state_folder = folder / "run", folder / "state"
        self.pids: dict[str, tuple[int, int]] = {}  # with the time it began: together they name a process
        self.undo: list[Callable[[], object]] = []
        self.mounted: list[Path] = []
        self.told: list[dict[str, Any]] = []  # by the front
        self.ledger = -1
        self.renewals: list[str] = []
        self.faulted = 0.0
        self.keepers_pid = 0
        self.asked: threading.Thread | None = None
        self.engine: Any = None
        self.member: subprocess.Popen[bytes] | None = None

    # The course of a trial -------------------------------------------------------------------------------------------

    def result(self) -> dict[str, Any]:
        """Do it, and return what was seen."""
        self.prepare()
        try:
            self.start()
            self.do_the_fault()
            return {**self.plan, **self.watch_it_die(), **self.ask(), "renewed": self.renewals}
        finally:
            self.clean()

    def prepare(self) -> None:
        for path in (self.run_folder, self.state_folder):
            path.mkdir(parents=True, mode=0o700)
            if self.plan["fault"] == "full disk" and self.plan["where"] == path.name:
                subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "none", path], check=True)
                self.mounted.append(path)
        os.environ["OFFSWITCH_RUN_DIR"], os.environ["OFFSWITCH_STATE_DIR"] = map(
            str, (self.run_folder, self.state_folder)
        )

    def start(self) -> None:
        if self.plan["seed"] >= ENGINE_SEEDS:
            self.start_fleet()
        reading, writing = os.pipe()
        said = {key: self.plan[key] for key in ("lease", "grace", "detach")}
        said |= {"argv": ["/usr/bin/perl", "-e", AGENT], "name": self.name}
        self.front = subprocess.Popen(
            [sys.executable, "-c", FRONT, str(writing), json.dumps(said)],
            pass_fds=(writing,), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        os.close(writing)
        self.witness = Witness(reading)
        self.know("front", self.front.pid)
        threading.Thread(target=self.hear_front, daemon=True).start()
        self.find_people("start")

    def start_fleet(self) -> None:
        """Start an engine, and the member that renews leases for as long as it answers."""
        from fleets import nats_server

        self.engine = nats_server(self.folder / "engine")
        self.member = subprocess.Popen(
            [sys.executable, "-c", MEMBER, self.engine.url, str(PATIENCE_SECONDS)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.know("engine", self.engine.process.pid)
        self.know("member", self.member.pid)
        time.sleep(0.8)  # it imports, connects and asks what orders there are

    def hear_front(self) -> None:
        assert self.front.stdout
        for line in self.front.stdout:
            self.told.append(json.loads(line))

    def know(self, who: str, pid: int) -> None:
        if (began := start_time(pid)) is not None:
            self.pids[who] = pid, began
            if who == "keeper":
                self.keepers_pid = pid
                with contextlib.suppress(OSError):
                    self.groups = cgroups.name_of(pid)

    groups = ""

    def find_people(self, until: str) -> None:
        """Learn who is who from the kernel: each is a child of the one before, and runs the supervisor's program."""
        wanted = {"start": "supervisor", "keeper": "keeper", "all": "warden"}[until]
        end = time.monotonic() + 5
        while wanted not in self.pids and time.monotonic() < end and self.front.poll() is None:
            self.look_for_people()
            self.open_ledger()
            time.sleep(0.002)

    def look_for_people(self) -> None:
        for parent, child in itertools.pairwise(("front", "supervisor", "keeper", "warden")):
            if parent in self.pids and child not in self.pids:
                for pid in children(self.pids[parent][0]):
                    self.know(child, pid)

    def open_ledger(self) -> None:
        if self.ledger < 0:
            with contextlib.suppress(OSError):
                self.ledger = os.open(self.run_folder / self.name / places.LEDGER, os.O_RDONLY | os.O_CLOEXEC)

    def lines(self) -> list[dict[str, Any]]:
        """Return the ledger; its last line may be cut where the disk was full."""
        self.open_ledger()
        if self.ledger < 0:
            return []
        found = []
        for line in os.pread(self.ledger, 1 << 20, 0).splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return found

    def until(self) -> float | None:
        """Return the end of the lease, as far as it was ever granted."""
        ends = [line["boot"] + self.plan["lease"] for line in self.lines() if line["what"] == "started"]
        ends += [line["until"] for line in self.lines() if line["what"] == "renewed"]
        return max(ends, default=None)

    # The fault -------------------------------------------------------------------------------------------------------

    def do_the_fault(self) -> None:
        """Wait for its moment, and do it."""
        phase, delay = self.plan["phase"], self.plan["delay"]
        if phase == "start":
            time.sleep(delay)
            self.find_people("keeper" if "keeper" in self.plan["victims"] else "start")
        else:
            end = time.monotonic() + 20
            while not self.told and self.front.poll() is None and time.monotonic() < end:
                self.find_people("all")
                time.sleep(0.002)
            self.find_people("all")
            if phase == "stop":
                time.sleep(self.plan["stop_after"])
                self.asked = threading.Thread(target=self.order_stop, daemon=True)
                self.asked.start()
                time.sleep(delay)
            elif phase == "life":
                renewing = threading.Thread(target=self.renew, daemon=True)
                renewing.start()
                time.sleep(delay)
            elif (until := self.until()) is not None:
                time.sleep(max(0.0, until + delay - boot_time()))
        self.faulted = boot_time()
        getattr(self, self.plan["fault"].replace(" ", "_"))()

    def renew(self) -> None:
        for _ in range(self.plan["renewals"]):
            time.sleep(self.plan["lease"] * 0.4)
            try:
                running.renew(self.name)
                self.renewals.append("yes")
            except (GuardError, OSError, ValueError) as failure:
                self.renewals.append(type(failure).__name__)

    def order_stop(self) -> None:
        with contextlib.suppress(GuardError, OSError, ValueError):
            running.stop(self.name, now=self.plan["now"], timeout=ANSWER_SECONDS)

    def victims(self) -> Iterator[int]:
        """Yield the pids of those who are to suffer and still are who they were."""
        for who in self.plan["victims"]:
            if who in self.pids and self.alive(who):
                yield self.pids[who][0]

    def alive(self, who: str) -> bool:
        pid, began = self.pids[who]
        return start_time(pid) == began and state(pid) not in "ZX"

    def send(self, number: int) -> None:
        for pid in self.victims():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def none(self) -> None:
        pass

    def kill(self) -> None:
        self.send(signal.SIGKILL)

    def freeze(self) -> None:
        self.send(signal.SIGSTOP)
        self.undo.append(lambda: self.send(signal.SIGCONT))

    def freeze_a_while(self) -> None:
        self.freeze()
        threading.Timer(self.plan["pause"], self.undo[-1]).start()

    def freeze_by_group(self) -> None:
        """Freeze so that not even SIGKILL ends it: by the freezer of cgroup v1."""
        folder = Path(f"/sys/fs/cgroup/freezer/offswitch-trial-{os.getpid()}-{self.plan['seed']}")
        folder.mkdir()
        self.undo.append(lambda: leave(folder))
        for pid in self.victims():
            with contextlib.suppress(OSError):
                into(folder, pid)
        (folder / "freezer.state").write_text("FROZEN")

    def flap(self) -> None:
        def turn() -> None:
            end = time.monotonic() + self.plan["pause"]
            while time.monotonic() < end:
                self.send(signal.SIGSTOP)
                time.sleep(0.03)
                self.send(signal.SIGCONT)
                time.sleep(0.003)

        threading.Thread(target=turn, daemon=True).start()
        self.undo.append(lambda: self.send(signal.SIGCONT))

    def starve_of_processor(self) -> None:
        """A hundredth of one core, shared with two that never rest, and no precedence over anybody."""
        folder = Path(f"/sys/fs/cgroup/cpu/offswitch-trial-{os.getpid()}-{self.plan['seed']}")
        folder.mkdir()
        self.undo.append(lambda: leave(folder))
        (folder / "cpu.cfs_quota_us").write_text("1000")
        hogs = [
            subprocess.Popen(["/usr/bin/perl", "-e", "1 while 1"], preexec_fn=lambda: into(folder))
            for _ in "12"
        ]
        self.undo.append(lambda: [(hog.kill(), hog.wait()) for hog in hogs])
        for pid in self.victims():
            with contextlib.suppress(OSError):
                os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
                into(folder, pid)

    def starve_of_files(self) -> None:
        """No further descriptor; at the worst, none at all may be opened."""
        for pid in self.victims():
            with contextlib.suppress(OSError):
                resource.prlimit(pid, resource.RLIMIT_NOFILE, ((0, 0), (3, 3), (12, 12))[self.plan["amount"]])

    def starve_of_memory(self) -> None:
        """No further memory: refused, or with death, or (a kernel that is told not to kill) with endless waiting."""
        if self.plan["amount"] == 0:
            for pid in self.victims():
                with contextlib.suppress(OSError):
                    resource.prlimit(pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
            return
        folder = Path(f"/sys/fs/cgroup/memory/offswitch-trial-{os.getpid()}-{self.plan['seed']}")
        folder.mkdir()
        self.undo.append(lambda: leave(folder))
        (folder / "memory.limit_in_bytes").write_text("4096")
        if self.plan["amount"] == 2:
            (folder / "memory.oom_control").write_text("1")
        for pid in self.victims():
            with contextlib.suppress(OSError):
                into(folder, pid)

    def full_disk(self) -> None:
        folder = self.folder / self.plan["where"]
        with contextlib.suppress(OSError), open(folder / "filler", "wb", buffering=0) as file:
            self.undo.append(lambda: (folder / "filler").unlink(missing_ok=True))
            while True:
                file.write(b"x" * 4096)

    def folder_gone(self) -> None:
        gone = [self.run_folder / self.name, self.run_folder, self.state_folder][self.plan["amount"]]
        shutil.rmtree(gone, ignore_errors=True)

    # What is seen ----------------------------------------------------------------------------------------------------

    def watch_it_die(self) -> dict[str, Any]:
        """Wait until nobody holds the pipe; look for whoever has the user id."""
        ended = not self.engine
        while not self.witness.gone:
            self.look_for_people()
            until, uid = self.until(), self.uid()
            if not ended and boot_time() > self.faulted + self.plan["pause"] + PATIENCE_SECONDS + 2:
                ended = True  # the fault is over, and it lives by right: the engine answers, and the member renews
                self.order_stop()
            if self.witness.beats and uid is not None and not living(uid):
                break  # a frozen one of the guard, or the front, may hold the pipe for longer
            if boot_time() > (until or self.faulted) + LOOK_SECONDS:
                break
            time.sleep(0.01)
        until, gone = self.until(), self.witness.gone
        beats, last = self.witness.beats, self.witness.last
        uid = self.uid()
        still, end = living(uid), time.monotonic() + 2
        if beats and not still:
            gone = gone or boot_time()
        while gone and still and time.monotonic() < end:
            time.sleep(0.002)
            still = living(uid)
        self.died = boot_time()
        return {
            "until": until, "granted_after": round(until - self.plan["lease"] - self.faulted, 4) if until else None, "began": beats > 0, "gone": gone or None, "last_beat": last or None, "faulted": self.faulted,
            "late": round(gone - until, 4) if gone and until and beats else None,
            "last_beat_late": round(last - until, 4) if until and beats else None,
            "fault_to_death": round(gone - self.faulted, 4) if gone and beats else None,
            "alive": still,
        }  # fmt: skip

    def uid(self) -> int | None:
        for told in self.told:
            if "uid" in told:
                return int(told["uid"])
        return FIRST_UID + (self.keepers_pid * 64) % UIDS if self.keepers_pid else None

    def ask(self) -> dict[str, Any]:
        """Ask what became of it, before and after the fault is taken back; note whatever claims more than is true."""
        answers = [self.answer()]
        self.take_back()
        if self.asked is not None:
            self.asked.join(ANSWER_SECONDS + 1)
        answers.append(self.answer())
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.front.wait(3)
        receipts = [told["receipt"] for told in self.told if "receipt" in told]
        receipts += [answer["receipt"] for answer in answers if "receipt" in answer]
        lies = [lie for receipt in receipts if (lie := self.lie(receipt))]
        end = time.monotonic() + 5
        while left := [
            who for who in ("supervisor", "keeper", "warden") if who in self.pids and self.alive(who)
        ]:
            if time.monotonic() > end:
                break
            time.sleep(0.01)
        for answer in answers:
            answer.pop("receipt", None)
        kept = [receipt["verdict"] for receipt in receipts]
        return {
            "answers": answers, "verdicts": kept, "by": sorted({receipt["order"]["by"] for receipt in receipts}), "lies": lies,
            "left": left, "populated": self.populated(), "said": self.last_words(),
        }  # fmt: skip

    def answer(self) -> dict[str, Any]:
        began = time.monotonic()
        try:
            receipt = running.stop(self.name, now=True, timeout=ANSWER_SECONDS)
            told = {"told": receipt["verdict"], "receipt": receipt}
        except NotProvedDeadError as failure:
            told = {"told": "not proved", "why": str(failure)}
            if failure.receipt is not None:
                told["receipt"] = failure.receipt
        except (GuardError, OSError, ValueError, KeyError) as failure:
            told = {"told": type(failure).__name__, "why": str(failure)}
        return {**told, "seconds": round(time.monotonic() - began, 3)}

    def lie(self, receipt: dict[str, Any]) -> str:
        """Return in which way a receipt says more than is true; nothing where it does not."""
        if receipt["verdict"] != "proved":
            return ""
        if self.witness.last > receipt["empty"]["boot"]:
            return f"proved empty at {receipt['empty']['boot']}, and the agent wrote at {self.witness.last}"
        return f"proved, and {alive} live" if (alive := living(self.uid())) else ""

    def populated(self) -> bool:
        """Tell whether any process is left in the run's groups."""
        folders = [place / cgroups.HOUSE / self.groups for place, _ in cgroups.find_homes().places()]
        return bool(self.groups) and any(cgroups.pids_below(folder) for folder in folders if folder.exists())

    def last_words(self) -> str:
        if self.front.poll() is None or not self.front.stderr:
            return ""
        words: str = self.front.stderr.read().decode(errors="replace").strip().rpartition("\n")[2]
        return words[:200]

    def take_back(self) -> None:
        while self.undo:
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                self.undo.pop()()

    def clean(self) -> None:
        """Leave nothing: end by number whom we started, and take what they held."""
        self.take_back()
        for path in self.mounted:
            subprocess.run(["umount", "-l", path], check=False)
        for who in ("front", "supervisor", "keeper", "warden"):
            if who in self.pids and self.alive(who):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pids[who][0], signal.SIGKILL)
        self.front.wait()
        if self.engine is not None:
            self.engine.kill()
        if self.member is not None:
            os.kill(self.member.pid, signal.SIGCONT)
            self.member.kill()
            self.member.wait()
        cgroups.sweep(cgroups.find_homes())
        if self.ledger >= 0:
            os.close(self.ledger)
        shutil.rmtree(self.folder, ignore_errors=True)


def children(pid: int) -> list[int]:
    """Return the children of a process that are of the guard: `offswitch.guard.switch.supervisor` is in their command line."""
    try:
        found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [
            child
            for child in found
            if b"offswitch.guard.switch.supervisor" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []


def state(pid: int) -> str:
    """Return the letter of a process's state; X where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def living(uid: int | None) -> list[int]:
    """Return who runs as a user. Who is past the kernel's `exit` runs no more: dead, or waiting for a frozen one to collect others."""
    found = []
    for place in Path("/proc").iterdir() if uid is not None else ():
        with contextlib.suppress(OSError):
            if place.name.isdigit() and place.stat().st_uid == uid:
                fields = (place / "stat").read_text().rpartition(") ")[2].split()
                if fields[0] not in "ZX" and not int(fields[6]) & EXITING:
                    found.append(int(place.name))
    return found


def into(folder: Path, pid: int = 0) -> None:
    """Put a process, or ourselves, into a v1 control group."""
    cgroups.tell(folder / "cgroup.procs", str(pid))


def leave(folder: Path) -> None:
    """Move whoever is in a v1 control group to the top, and remove it."""
    lifted = {
        "memory.oom_control": "0",
        "memory.limit_in_bytes": "-1",
        "cpu.cfs_quota_us": "-1",
        "freezer.state": "THAWED",
    }
    for name, word in lifted.items():
        with contextlib.suppress(OSError):
            cgroups.tell(folder / name, word)
    for _ in range(100):
        for pid in cgroups.pids_below(folder):
            with contextlib.suppress(OSError):
                into(folder.parent, pid)
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.01)
