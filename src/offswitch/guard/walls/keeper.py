# SPDX-License-Identifier: MIT
"""The keeper: one small process per run that begins and ends its jails, and ends them all when the run dies.

It stands outside the run's process group and is single-threaded, small and without the run's memory, environment or
keys; so forking is quick, and what enters a jail carries no secret. For each jail it forks a warden, which starts the
commands; reading and writing files it does by children of its own, outside the jail's limits, so that the truth can be
read from a jail whose processes or memory are used up. However the run dies, the keeper reads the end of the line,
kills the control groups, removes them and ends. If the keeper is killed, the wardens die, and the jails with them.
Under a supervisor (`supervisor.py`) it is the second of two that watch: it holds a copy of the lease, and ends the jail when the
lease does, or when the supervisor has been silent for longer than was agreed, which is how a frozen one shows. If both are frozen or
starved, timers that the kernel holds kill keeper and warden a moment after the lease, and with either of them the jail.

Easy to get wrong: between fork and placement a child is in no group of the jail, so a kill of the group misses it.
Therefore children are killed by their number first (they are ours and not yet reaped, so the number is theirs) and the
group after them.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from offswitch.guard import kernel

from . import cradle, entering, view
from .bounds import Bounds
from .cgroups import HOUSE, Group, find_homes, kill, own_name, remove_run, sweep
from .cradle import START_SECONDS
from .messages import MESSAGE, receive
from .warden import Warden, fork_inside

CLOSE_SECONDS = 15.0  # until the keeper says "not proved" (4 GiB of memory take 1.8 s to die)
FIRST_UID, UIDS = 0x7000_0000, 0x0FFD_0000  # documented by systemd as used by nobody
NOBODY = 65534
QUIET_MS = 10.0  # without a word, before the next warden is made
LOOK_AGAIN_MS = 20.0  # at least, and later more, where the kernel wakes us: many keepers that look often leave the dying no processor
LAST_RESORT_SECONDS = (
    0.1  # after the end of a jail's time, until the kernel kills a keeper and a warden that have not ended it
)


class Held:
    """One jail, as the keeper sees it; before the run has asked for it, a spare."""

    def __init__(
        self,
        group: Group,
        uid: int | None,
        warden: int,
        line: socket.socket,
        commands: socket.socket,
        pipe: int,
    ) -> None:
        """`line`: to the warden; `commands`: the run's, to be handed on; `pipe`: to bubblewrap."""
        self.group, self.uid, self.warden = group, uid, warden
        self.line, self.commands, self.pipe = line, commands, pipe
        self.number = 0
        self.limits = Bounds()
        self.state = "spare"  # then starting, open, closing, closed
        self.inner = 0  # the first process inside
        self.pidfd = self.pids = -1  # the first process, and its namespace
        self.files: dict[int, int] = {}  # children that read or write a file: pid, and the number of the wish
        self.began = kernel.boot_time()
        self.until: float | None = None  # the end of the lease, on that clock
        self.ordered, self.emptied = 0.0, 0.0
        self.why, self.asked, self.seen = "", False, 0
        self.proof: dict[str, Any] = {}
        self.empty: dict[str, float] = {}  # when nobody was left, on both clocks
        self.events = -1  # the kernel's file that tells when nobody is left

    def end(self) -> tuple[float, str]:
        """Return until when the jail may live, on the clock of `kernel.boot_time`, and what to say when that is over."""
        life = self.began + self.limits.seconds, f"its {self.limits.seconds:g} s are over"
        return life if self.until is None else min(life, (self.until, "its lease is over"))

    def cause(self, otherwise: str) -> str:
        """Say why it died: its time was over, and the kernel came before us; or `otherwise`."""
        until, why = self.end()
        return why if until <= kernel.boot_time() else otherwise


class Keeper:
    """Holds the jails of one run; one thread, one loop."""

    def __init__(
        self, line: socket.socket, run: int, *, spares: float = math.inf, uid: int | None = None
    ) -> None:
        self.line, self.run, self.spares = line, run, spares
        self.uid = uid  # of the jails to come, where it is known
        self.patience: float | None = None  # how long the run may be silent
        self.heard = time.monotonic()
        self.last_resort: kernel.LastResort | None = None
        self.testament: int | None = None  # where to write what became of the jails when the run is gone
        self.homes, self.name = find_homes(), own_name()
        self.root = os.geteuid() == 0
        self.own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self.files = view.etc_files()
        self.bubblewrap = view.find_bubblewrap()
        self.jails: list[Held] = []
        self.spare: Held | None = None
        self.made = 0
        self.wake, self.alarm = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.poll = select.poll()
        self.ending = False
        self.unsaid: list[tuple[bytes, socket.socket | None]] = []

    def find(self, number: int) -> Held | None:
        """Return the jail of that number."""
        return next((held for held in self.jails if held.number == number), None)

    # What the run asks for -------------------------------------------------------------------------------------------

    def hear(self) -> None:
        """Read one message and do what it says; the end of the line means that the run is gone."""
        heard = receive(self.line, 8)
        if heard is None:
            return
        data, descriptors = heard
        try:
            if not data:
                self.end()
                return
            self.heard = time.monotonic()
            message = json.loads(data)
            known = {"start": self.start, "enter": self.enter, "kill": self.kill, "close": self.close}
            known |= {"lease": self.lease, "watch": self.watch, "beat": self.beat}
            known[message["do"]](message, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def say(self, line: socket.socket | None = None, **message: Any) -> None:
        """Tell the run, and hand it `line` with the message; a run that is gone needs no answer."""
        self.unsaid.append((json.dumps(message).encode(), line))
        self.speak()

    def speak(self) -> None:
        """Send what is unsaid; never wait for a run that does not listen, for its jails' time goes on."""
        try:
            while self.unsaid:
                data, line = self.unsaid[0]
                socket.send_fds(self.line, [data], [line.fileno()] if line else [])
                self.unsaid.pop(0)
                if line:
                    line.close()
        except BlockingIOError:
            return
        except OSError:
            self.unsaid.clear()

    def make_spare(self, uid: int | None) -> Held:
        """Fork the warden of a jail to come, with its bubblewrap, so that a start need wait for neither."""
        self.made += 1
        uid = (
            (uid or self.free_uid()) if self.root else None
        )  # never root; who was named, or one that owns nothing
        group = Group(self.homes, self.name, str(self.made))
        group.create()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        commands, served = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        args, pipe = os.pipe2(os.O_CLOEXEC)
        warden = group.fork(group.killer)
        if warden == 0:
            self.become_warden(group, uid, theirs.detach(), served.detach(), args)
        theirs.close()
        served.close()
        os.close(args)
        held = Held(group, uid, warden, ours, commands, pipe)
        self.jails.append(held)
        return held

    def become_warden(self, group: Group, uid: int | None, line: int, served: int, args: int) -> None:
        """In the child: forget everything of the keeper's but the jail's own."""
        try:
            kernel.die_with_parent(signal.SIGKILL)
            kept = {0, 1, 2, line, served, args, self.own_pids, *(descriptor for _, descriptor in self.files)}
            for known in (
                self.line,
                *(line for held in self.jails for line in (held.line, held.commands)),
            ):
                known.detach()
            for name in os.listdir("/proc/self/fd"):
                if int(name) not in kept:
                    with contextlib.suppress(OSError):
                        os.close(int(name))
            born = cradle.Cradle(self.bubblewrap, uid, self.files, args)
            Warden(line, served, group, self.own_pids, uid, born).serve()
        finally:
            os._exit(1)

    def start(self, message: dict[str, Any], _: list[int]) -> None:
        """Begin a jail; the line of its commands follows at once, and that it stands, or an error, when that is known."""
        held = None
        try:
            held = self.take_spare(message.get("uid"))
            held.number, held.state, held.began = message["jail"], "starting", kernel.boot_time()
            held.limits = Bounds(**message["limits"])
            held.until = message.get("until")
            shown = view.View(message["workdir"], tuple(message["show"]), message.get("workspace"))
            pipe, held.pipe = held.pipe, -1
            cradle.give(pipe, cradle.order(shown, held.limits, self.files))
            self.arm(held, limits=message["limits"])
            self.poll.register(held.line.fileno(), select.POLLIN)
            held.group.limit(held.limits)  # before the run can ask for anything that has to keep within them
            folders = [str(folder) for folder in held.group.folders]
            self.say(held.commands, jail=held.number, begun=True, folders=folders, uid=held.uid)
        except (OSError, ValueError) as failure:
            why = f"it could not be prepared: {failure}"
            if held is None:
                self.say(jail=message["jail"], error=why)
            else:
                self.give_up(held, why)

    def take_spare(self, uid: int | None) -> Held:
        """Return the spare, or a new one where there is none, or where it is another user's than `uid`."""
        spare, self.spare = self.spare, None
        if spare is not None and self.root and uid not in (None, spare.uid):
            spare.asked = True
            self.begin_close(spare, "it is another user's")
            spare = None
        return spare or self.make_spare(uid)

    def lease(self, message: dict[str, Any], _: list[int]) -> None:
        """Take note until when a jail may live."""
        if (held := self.find(message["jail"])) is not None:
            held.until = message["until"]
            if held.state in ("starting", "open"):
                with contextlib.suppress(OSError):  # frozen or dead: it never hears of a longer life
                    self.arm(held)

    def arm(self, held: Held, **more: Any) -> None:
        """Have the kernel kill the warden and us, and with either the jail, should we still have done nothing a moment after its time."""
        until = held.end()[0] + LAST_RESORT_SECONDS
        if self.last_resort is not None:
            self.last_resort.set(until)
        held.line.send(json.dumps({"until": until, **more}).encode(), socket.MSG_DONTWAIT)

    def watch(self, message: dict[str, Any], descriptors: list[int]) -> None:
        """From here on end every jail when the run is silent for `patience` seconds; what became of them goes to a file."""
        self.patience, self.testament = message["patience"], os.dup(descriptors[0])
        self.last_resort = kernel.LastResort()

    def beat(self, message: dict[str, Any], _: list[int]) -> None:
        """Answer: we are not frozen either."""
        self.say(beat=message["number"])

    def free_uid(self) -> int:
        """Return a user that no jail of this run has, and none of another run: two jails cannot touch each other."""
        with open("/proc/self/uid_map") as file:
            last = max(int(start) + int(count) for start, _, count in (line.split() for line in file))
        if last < FIRST_UID + UIDS:
            return NOBODY  # in a container that maps few users
        taken = {held.uid for held in self.jails}
        base = FIRST_UID + (os.getpid() * 64) % UIDS
        return next((base + slot for slot in range(64) if base + slot not in taken), base)

    def look_started(self, held: Held) -> None:
        """Read what the warden says of the start, and take hold of the first process."""
        self.poll.unregister(held.line.fileno())
        try:
            answer = json.loads(held.line.recv(MESSAGE) or b"{}")
            if not answer:
                self.give_up(held, held.cause("the warden died"))
                return
            if "error" in answer:
                self.give_up(held, answer["error"])
                return
            held.inner = answer["inner"]
            held.pidfd = os.pidfd_open(held.inner)
            held.pids = os.open(f"/proc/{held.inner}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as failure:
            self.give_up(held, f"it began and cannot be entered: {failure}")
            return
        held.state = "open"
        between = [answer["hand"]] if held.uid is None else []  # without root it stays; see `entering`
        own = [held.warden, answer["outer"], *between, held.inner]
        self.say(jail=held.number, open=True, own=own, hand=answer["hand"])

    def enter(self, message: dict[str, Any], descriptors: list[int]) -> None:
        """Fork a child that reads or writes one file in the jail: our code, as the jail's user; it starts no program."""
        number, held = message["id"], self.find(message["jail"])
        if held is None or held.state != "open":
            self.say(id=number, ended=held.why if held else "it is closed")
            return
        try:
            pid = fork_inside(held.pids, self.own_pids, held.uid, os.fork)
        except OSError as failure:
            self.say(id=number, full=str(failure))
            return
        if pid == 0:
            stay = entering.Stay(held.pidfd, held.uid)
            entering.prepare(stay)
            entering.act(stay, descriptors)
        held.files[pid] = number

    def kill(self, message: dict[str, Any], _: list[int]) -> None:
        """Kill one child that reads or writes."""
        held = self.find(message["jail"])
        for pid, number in held.files.items() if held else ():
            if number == message["id"]:
                os.kill(pid, signal.SIGKILL if held and held.uid is not None else signal.SIGTERM)

    # How jails end ---------------------------------------------------------------------------------------------------

    def close(self, message: dict[str, Any], _: list[int]) -> None:
        """End a jail; the proof follows."""
        held = self.find(message["jail"])
        if held is None:
            self.say(jail=message["jail"], closed=None)
            return
        held.asked = True
        if held.state == "closed":
            self.bury(held)
        else:
            self.begin_close(held, "it is closed")

    def begin_close(self, held: Held, why: str) -> None:
        """Give the order; `step` sees to it."""
        if held.state in ("closing", "closed"):
            return
        for descriptor in (held.line.fileno(), held.pidfd):
            with contextlib.suppress(KeyError, ValueError):
                self.poll.unregister(descriptor)
        held.state, held.why, held.ordered = "closing", why, time.monotonic()
        held.seen = len(held.group.pids())
        self.watch_end(held)
        if not held.asked:
            self.say(jail=held.number, over=why)  # before the kill, so that who asks can be told why
        self.step(held)
        if self.last_resort is not None:
            self.last_resort.set(math.inf)  # the order is given; the proof may take longer

    def watch_end(self, held: Held) -> None:
        """Be woken by what has to happen: the group's end, and the first process's; the warden's is told by a signal."""
        if held.pidfd >= 0:
            self.poll.register(held.pidfd, select.POLLIN)
        with contextlib.suppress(OSError):  # the v1 freezer has no such file: there we look every millisecond
            held.events = os.open(f"{held.group.killer}/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
            self.poll.register(held.events, select.POLLPRI)

    def give_up(self, held: Held, why: str) -> None:
        """Take down a jail that did not come up."""
        self.say(jail=held.number, error=why)
        held.asked = True
        self.begin_close(held, why)

    def step(self, held: Held) -> None:
        """Kill what is left; where nothing is, remove the groups and tell the proof."""
        for pid in (held.warden, *held.files, *self.orphans(held)):
            if pid > 0:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if held.group.killer is not None:
            kill(held.group.killer)
        self.reap()
        left = held.warden > 0 or bool(held.files) or bool(self.orphans(held))
        full = left or held.group.populated() or namespace_lives(held.pidfd)
        late = time.monotonic() - held.ordered > CLOSE_SECONDS
        if full and not late:
            return
        if not held.emptied:
            held.emptied = time.monotonic()
            held.empty = {} if full else {"wall": time.time(), "boot": kernel.boot_time()}
            for descriptor in (held.pidfd, held.events):  # they are closed soon
                with contextlib.suppress(KeyError, ValueError):
                    self.poll.unregister(descriptor)
        if not full and not held.group.remove() and not late:
            return
        for descriptor in (held.pidfd, held.pids, held.events):
            if descriptor >= 0:
                os.close(descriptor)
        held.line.close()
        held.commands.close()
        if held.pipe >= 0:
            os.close(held.pipe)
        held.proof = {
            "populated": int(full), "survivors": held.group.pids(), "seen": held.seen, "how": self.way(),
            "milliseconds": round((held.emptied - held.ordered) * 1000, 3),
        }  # fmt: skip
        held.state = "closed"
        if held.asked:
            self.bury(held)

    def orphans(self, held: Held) -> list[int]:
        """Return what a start of bubblewrap that was cut short left to us; looked for where no group holds it, and where its first
        process is not in our hands, whose end would tell.

        Its child waits for a word from its parent before it asks to die with it: killed at that moment, the parent leaves it behind.
        And a first process leaves its group before it has ended: it waits for the others of its namespace, which we have to collect.
        """
        if self.homes.killer is not None and held.pidfd >= 0:
            return []
        known = {pid for held in self.jails for pid in (held.warden, *held.files)}
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                return [pid for pid in map(int, file.read().split()) if pid not in known]
        except OSError:  # a kernel without that list
            return []

    def way(self) -> str:
        """Name the primitive that kills here."""
        if self.homes.killer is None:
            return "pid namespace"
        return (
            "cgroup.kill"
            if os.path.exists(f"{self.homes.killer.place}/{HOUSE}/cgroup.kill")
            else "freeze and kill"
        )

    def bury(self, held: Held) -> None:
        """Tell the proof and forget the jail; of one that nobody had asked for, nobody wants to hear."""
        if held.number:
            self.say(jail=held.number, closed=held.proof, empty=held.empty)
            self.bequeath({"jail": held.number, "why": held.why, **held.proof})
        self.jails.remove(held)

    def bequeath(self, told: dict[str, Any]) -> None:
        """Write for whoever comes after the run: it may be dead, or frozen, and not read what we say."""
        if self.testament is not None:
            at = {"wall": time.time(), "boot": kernel.boot_time()}
            with contextlib.suppress(OSError):  # a full disk must not keep us from the jails that are left
                os.write(self.testament, json.dumps({**told, **at}).encode() + b"\n")

    def end(self) -> None:
        """The run is gone: end every jail."""
        self.ending, self.spare = True, None
        with contextlib.suppress(KeyError):
            self.poll.unregister(self.line.fileno())
        for held in list(self.jails):
            held.asked = True
            if held.state == "closed":
                self.bury(held)  # it had ended by itself, and nobody will ask for the proof
            else:
                self.begin_close(held, "its run has ended")

    def end_all(self) -> None:
        """Whatever happened, a fault of the keeper included: leave nothing behind."""
        self.end()
        while self.jails:
            for held in list(self.jails):
                self.step(held)
            time.sleep(0.001)
        remove_run(self.homes, self.name)

    # The loop --------------------------------------------------------------------------------------------------------

    def reap(self) -> None:
        """Collect children that have ended."""
        for pid, status in kernel.reap():
            for held in list(self.jails):
                if pid in held.files:
                    self.say(id=held.files.pop(pid), status=status)
                elif held.warden == pid:
                    held.warden = 0
                    if held is self.spare:
                        self.spare, held.asked = None, True
                    if held.state != "starting":  # there its line tells why
                        self.begin_close(held, held.cause("its warden or its first process has died"))

    def tick(self) -> float | None:
        """Move what is closing, starting or over; return milliseconds until the next look."""
        self.speak()
        now, pauses = time.monotonic(), [5.0] if self.unsaid else []
        for held in list(self.jails):
            if held.state == "starting":
                if kernel.boot_time() - held.began > START_SECONDS + 1:
                    self.give_up(held, f"it did not come up within {START_SECONDS:g} s")
                pauses.append(1000.0)
            elif held.state == "open":
                until, why = held.end()
                left = until - kernel.boot_time()
                if left <= 0:
                    self.begin_close(held, why)
                pauses.append(max(1.0, min(60_000.0, left * 1000)))
            if held.state == "closing":
                self.step(held)
                waited = (now - held.ordered) * 1000
                woken = held.events >= 0 and not held.emptied
                pauses.append(max(LOOK_AGAIN_MS, waited) if woken else max(1.0, waited / 10))
        if self.patience is not None and not self.ending:
            silent = now - self.heard
            if silent > self.patience:
                self.end()
                pauses.append(0.0)
            pauses.append(max(1.0, (self.patience - silent) * 1000))
        return min(pauses, default=None)

    def keep(self) -> None:
        """Serve until the run is gone and every jail has ended."""
        signal.set_wakeup_fd(self.alarm, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        run = os.pidfd_open(self.run)
        if os.getppid() != self.run:
            return  # the run died before we looked, and its number may be another's
        for descriptor in (self.line.fileno(), self.wake, run):
            self.poll.register(descriptor, select.POLLIN)
        self.line.setblocking(False)
        self.say(keeper=os.getpid(), name=self.name, swept=sweep(self.homes), limited=self.homes.limited)
        gc.disable()
        gc.freeze()
        while True:
            pause = self.tick()
            if self.ending and not self.jails:
                return
            wanted = self.spares > 0 and self.spare is None and not self.ending
            if wanted:
                pause = min(QUIET_MS if pause is None else pause, QUIET_MS) if self.made else 0.0
            heard = self.poll.poll(pause)
            if wanted and (
                not heard or not self.made
            ):  # else in a quiet moment: a fork beside a start slows it down
                self.spares -= 1
                with contextlib.suppress(OSError):
                    self.spare = self.make_spare(self.uid)
            for descriptor, _ in heard:
                self.attend(descriptor, run)

    def attend(self, descriptor: int, run: int) -> None:
        """See to one descriptor that has something to say."""
        if descriptor == self.wake:
            with contextlib.suppress(BlockingIOError):
                os.read(self.wake, 4096)
            self.reap()
        elif descriptor == run:
            self.poll.unregister(run)
            self.end()
        elif descriptor == self.line.fileno():
            self.hear()
        else:
            for held in list(self.jails):
                if held.state == "starting" and held.line.fileno() == descriptor:
                    self.look_started(held)
                elif held.events == descriptor:
                    os.pread(descriptor, 4096, 0)  # what is unread wakes us again
                elif held.pidfd == descriptor:
                    self.poll.unregister(descriptor)


def namespace_lives(pidfd: int) -> bool:
    """Tell whether the first process is still there; when it has gone, so has all of its namespace."""
    if pidfd < 0:
        return False
    watch = select.poll()
    watch.register(pidfd, select.POLLIN)
    return not watch.poll(0)


def main() -> None:
    """Serve the run whose pid and socket are given on the command line."""
    run, descriptor = int(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(descriptor, False)
    serve(socket.socket(fileno=descriptor), run)


def serve(line: socket.socket, run: int, *, spares: float = math.inf, uid: int | None = None) -> None:
    """Keep the jails of the process `run`, our parent, until it is gone; make so many wardens, of user `uid`, before they are
    asked for.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # the end of the run is what ends the keeper
    kernel.adopt_orphans()  # a warden's children, when it is killed; the host's own init may be slow to reap, or missing
    keeper = Keeper(line, run, spares=spares, uid=uid)
    try:
        keeper.keep()
    finally:
        keeper.end_all()
