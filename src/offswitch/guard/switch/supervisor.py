# SPDX-License-Identifier: MIT
"""The supervisor: one process per run, out of the agent's reach, that makes three sentences true. The agent stops when it is
told to, it stops when nobody can tell it, and there is proof.

    front  ---line---  supervisor  ---line---  keeper  ---  warden  ---  bubblewrap, the agent
    (offswitch run)     lease, orders,          makes and ends the jail; holds a copy of the lease
                        control socket, receipt

Supervisor and keeper watch each other: whichever dies or freezes, the other kills the agent's control group. If both die, the
warden reads the end of its line and dies, and the jail's first process with it. Lost lease, lost front, full disk, a fault of
this program, its own folder taken away: every one of them is an order to stop, and no state refuses that order.

The order of a stop: network and input away, notice, grace (none after defiance), kill, wait for `populated 0`, look, receipt.

Easy to get wrong: `command ended` is not `agent ended`. What it left in the background is killed, and proved dead, all the same.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from offswitch.guard import kernel
from offswitch.guard.errors import GuardError, RefusedError
from offswitch.guard.walls import cgroups
from offswitch.guard.walls.keeper import namespace_lives, serve
from offswitch.guard.walls.messages import MESSAGE, receive

from . import persistence, places, receipts
from .clients import MOST_LINES, Clients, Message, tell
from .harden import harden
from .lease import Lease
from .output import Output

BEAT, PATIENCE = 2.0, 4.0  # seconds between signs of life, and until silence counts as death
PROOF_SECONDS = 20.0  # until a receipt must be written, proved or not
CUT_SECONDS = 1.0  # that the proxy gets to die; whom root keeps frozen does not, nor does it pass anything on
SPARE_PROCESSES = 8  # how many more than at the notice there may be during the grace


class Supervisor:
    """One run. One thread, one loop; `state` only ever moves to the right: starting, running, stopping, dead."""

    def __init__(self, front: socket.socket, wish: Message, descriptors: list[int]) -> None:
        self.front, self.wish = front, wish
        self.order_file, *self.streams = descriptors  # the sealed command; stdin, stdout, stderr
        self.run = os.urandom(16).hex()
        self.place = places.Place(wish["name"])
        self.state = "starting"
        self.poll = select.poll()
        self.attend: dict[int, Callable[[], None]] = {}
        self.jail: Message = {}  # what the keeper said of it
        self.warden: socket.socket | None = None
        self.status_pipe, self.executed = -1, False
        self.egress: tuple[int, int] | None = None
        self.exit: int | None = None
        self.order: Message | None = None
        self.killed: Message | None = None
        self.proof: Message | None = None
        self.defied = ""  # why there is no grace
        self.grace: Message = {"given": 0.0, "used": 0.0, "cut_short_by": None}
        self.grace_ends: float | None = None
        self.noticed = 0  # processes at the notice
        self.beats = self.answered = 0
        self.next_beat = self.answer_due = time.monotonic() + BEAT
        self.wrote_badly = False
        self.first = -1  # the pidfd of the first process inside
        self.receipt_path = ""

    # The beginning ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Take the name, set room aside, fork the keeper, ask for the jail. Whatever fails here has started no agent."""
        self.place.claim()
        self.keeper, self.keeper_pid = self.fork_keeper()  # before there is a key in this memory
        self.groups = cgroups.name_of(self.keeper_pid)
        self.key = receipts.host_key()
        renew_key = os.urandom(32)
        self.receipt_path, self.receipt_file = receipts.reserve(self.place.name, self.run)
        self.ledger = self.create(places.LEDGER)
        listener = self.place.listen(MOST_LINES)
        self.hand_out(renew_key)
        now = kernel.boot_time()
        self.lease = Lease(self.run, self.wish["lease"], renew_key, now)
        self.clients = Clients(listener, self.may, self.answer, self.lease.forget, self.watch, self.unwatch)
        self.about = {
            "name": self.place.name, "run": self.run, "host": socket.gethostname(), "tier": self.wish["tier"],
            "argv_sha256": self.wish["argv_sha256"], "started": {"wall": time.time(), "boot": now},
        }  # fmt: skip
        with open(self.create(places.ABOUT), "w") as file:
            json.dump({"about": self.about, "receipt": self.receipt_path, "groups": self.groups}, file)
        self.record("started", lease=self.wish["lease"], grace=self.wish["grace"])
        testament = self.create(places.LAST)
        self.ask(self.keeper, {"do": "watch", "patience": PATIENCE}, [testament])
        os.close(testament)
        keys = ("limits", "workdir", "show", "workspace", "uid")
        self.ask(
            self.keeper,
            {"do": "start", "jail": 1, "until": self.lease.until, **{key: self.wish[key] for key in keys}},
        )
        self.before = persistence.Before(self.wish["home"], self.wish["workspace"])
        self.watch(self.keeper.fileno(), self.hear_keeper)
        self.watch(self.front.fileno(), self.hear_front)

    def fork_keeper(self) -> tuple[socket.socket, int]:
        """Fork the process that makes and ends the jail; it shares this program's memory as it is now, without keys."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own, pid = os.getpid(), os.fork()
        if pid == 0:
            try:
                for descriptor in (
                    ours.detach(),
                    self.front.detach(),
                    self.place.lock,
                    self.order_file,
                    *self.streams,
                ):
                    os.close(descriptor)
                harden(2 * MOST_LINES)
                kernel.hide_memory(
                    False
                )  # it holds no key, and without root its children could not write to their own /proc
                serve(theirs, own, spares=1, uid=self.wish["uid"])
            finally:
                os._exit(1)
        theirs.close()
        ours.setblocking(False)
        return ours, pid

    def create(self, name: str) -> int:
        """Make one of the run's files, for us alone."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(self.place.file(name), flags, 0o600)

    def hand_out(self, key: bytes) -> None:
        """Lay the key of the lease where only the renewer can read it."""
        file = self.create(places.RENEW_KEY)
        os.write(file, key)
        if self.wish["renewer"] is not None and os.geteuid() == 0:
            os.fchown(file, self.wish["renewer"], -1)
        os.close(file)

    def start_command(self) -> None:
        """The jail stands: open the way out that was allowed, and let the command in."""
        if self.wish["allow"]:
            from offswitch.guard.network import allowlist, egress

            first = os.pidfd_open(self.jail["own"][-1])
            try:
                outside = egress.listen_inside(first, self.jail["uid"])
            finally:
                os.close(first)
            self.egress = egress.start(outside, allowlist.Rules.parse(self.wish["allow"]), self.ledger)
            outside.close()
            self.watch(self.egress[1], lambda: self.stop("fault", "the proxy of its network has died"))
        streams = list(self.streams)
        if self.wish["detach"]:
            output = Output(self.create(places.OUTPUT), int(self.wish["limits"]["output"]))
            streams[1:] = [output.far, output.far]
            self.watch(output.near, lambda: self.take_output(output))
        self.status_pipe, status = os.pipe2(os.O_CLOEXEC)
        assert self.warden is not None
        self.ask(self.warden, {"do": "enter", "id": 2}, [self.order_file, *streams, status])
        for descriptor in {status, self.order_file, *streams, *self.streams}:
            os.close(descriptor)
        self.streams = []
        self.watch(self.status_pipe, self.look_started)

    def look_started(self) -> None:
        """The status pipe has ended: empty means that the kernel has executed the command."""
        told = os.read(self.status_pipe, 4096)
        self.unwatch(self.status_pipe)
        if told:
            refusal = json.loads(told)
            self.exit = 127 if refusal["errno"] == errno.ENOENT else 126
            self.stop("command ended", f"it cannot be executed: {refusal['what']}", now=True)
        self.executed = not told
        self.look_running()

    def look_running(self) -> None:
        """It runs when the jail stands and the command was executed; either may be heard of first."""
        if self.state == "starting" and self.executed and "own" in self.jail:
            self.state = "running"
            where = {key: self.jail[key] for key in ("folders", "uid")}
            tell(self.front, {"running": True, **self.about, **where})

    # What comes in ---------------------------------------------------------------------------------------------------

    def hear_keeper(self) -> None:
        """Read what the keeper says; its death is an order to stop."""
        heard = receive(self.keeper, 1)
        if heard is None:
            return
        data, descriptors = heard
        if not data:
            self.lose_keeper("the keeper has died")
            return
        told = json.loads(data)
        if "beat" in told:
            self.answered = told["beat"]
        elif "error" in told:
            self.fail("fault", f"the jail did not come up: {told['error']}")
        elif "begun" in told or "open" in told:
            self.take_jail(told, descriptors)
        elif "over" in told:
            lease = told["over"] == "its lease is over"
            by = "lease" if lease else "time" if told["over"].endswith("are over") else "fault"
            self.fail(by, told["over"])
        elif "closed" in told and self.proof is None:
            self.proof = {
                **(told["closed"] or {"populated": 0, "how": "never started"}),
                "empty": told.get("empty") or self.instant(),
            }

    def take_jail(self, told: Message, descriptors: list[int]) -> None:
        """Take the jail in hand. Its command may be asked for before it stands, where the kernel's count already holds what will
        be in there, and no way out has to be laid first.
        """
        self.jail.update(told)
        if "begun" in told:
            self.warden = socket.socket(fileno=descriptors[0])
            self.watch(self.warden.fileno(), self.hear_warden)
            self.jail["limiters"] = [
                folder for folder in told["folders"] if os.path.exists(f"{folder}/pids.max")
            ]
        else:
            self.first = os.pidfd_open(told["own"][-1])
        if self.order is not None:
            self.kill()
        elif self.streams and ("open" in told or (told["folders"] and not self.wish["allow"])):
            self.start_command()
        self.look_running()

    def hear_warden(self) -> None:
        """Read how the command ended; a warden that has died is the keeper's to report."""
        assert self.warden is not None
        try:
            data = self.warden.recv(MESSAGE)
        except OSError:
            data = b""
        if not data:
            self.unwatch(self.warden.fileno())
            return
        told = json.loads(data)
        if "full" in told:
            self.stop("fault", f"the command cannot be executed: {told['full']}")
        elif "status" in told:
            code = os.waitstatus_to_exitcode(told["status"])
            self.exit = self.exit if self.exit is not None else 128 - code if code < 0 else code
            if self.grace_ends is not None:
                self.kill()
            self.stop("command ended", f"exit {self.exit}", now=True)

    def hear_front(self) -> None:
        """The front asks to stop (Ctrl-C), or has gone."""
        try:
            data = self.front.recv(MESSAGE)
        except OSError:
            data = b""
        if data:
            self.stop("stop", "by whoever started it", now=json.loads(data).get("now", False))
            return
        self.unwatch(self.front.fileno())
        if not self.wish["detach"]:
            self.stop("front lost", "whoever started it has gone", now=True)

    def may(self, uid: int) -> bool:
        """Tell whether a user may ask: root, whoever runs us, and the renewer; never the agent's own."""
        allowed = {0, os.geteuid(), self.wish["renewer"]}
        return uid in allowed and not (os.geteuid() == 0 and uid == self.jail.get("uid"))

    def answer(self, asked: Message, line: int, uid: int) -> Message | None:
        """Do what was asked; None where the answer comes later."""
        try:
            return self.obey(asked, line, uid)
        except RefusedError as refusal:
            self.defied = self.defied or "a renewal that does not hold"
            self.record("refused", why=str(refusal), uid=uid)
            return {"refused": str(refusal)}

    def obey(self, asked: Message, line: int, uid: int) -> Message | None:
        """Do what was asked. Raises RefusedError. Who names a run means that one, not the next that took its name."""
        do, now = asked["do"], kernel.boot_time()
        if asked.get("run") not in (None, self.run):
            return {"other": self.run}
        if do == "stop":
            self.clients.waiting.add(line)
            self.stop("stop", f"uid {uid}: {str(asked.get('why', ''))[:200]}", now=bool(asked.get("now")))
            return {"ordered": True}
        if do == "status":
            return self.status(now)
        if do == "challenge":
            return {"challenge": self.lease.challenge(line, os.urandom(16).hex(), now), "run": self.run}
        if do == "renew":
            if self.order is not None:
                raise RefusedError("the run is stopping; nothing renews it")
            until = self.lease.renew(line, asked.get("seconds"), asked.get("seal"), now)
            self.record("renewed", until=until, uid=uid)
        elif do == "shorten":
            until = self.lease.shorten(asked["seconds"], now)
            self.record("shortened", until=until, uid=uid)
        else:
            return {"refused": "there are stop, status, challenge, renew and shorten"}
        self.ask(self.keeper, {"do": "lease", "jail": 1, "until": until})
        return {"left": until - now}

    def status(self, now: float) -> Message:
        """Return what is known of the run."""
        pids = self.pids()
        return {
            **self.about, "state": self.state, "left": self.lease.left(now), "lease": self.lease.seconds, "order": self.order,
            "processes": max(0, len(pids) - len(self.jail.get("own", ()))), "age": now - self.about["started"]["boot"],
            "uid": self.jail.get("uid"), "renewals": {"accepted": self.lease.accepted, "refused": self.lease.refused},
        }  # fmt: skip

    def take_output(self, output: Output) -> None:
        """Keep what a detached agent prints; where it cannot be kept, the agent stops."""
        try:
            if not output.take():
                self.unwatch(output.near)
        except OSError as failure:
            self.unwatch(output.near)
            self.stop("disk", f"its output cannot be written: {failure.strerror}", now=True)

    # The stop --------------------------------------------------------------------------------------------------------

    def stop(self, by: str, why: str, now: bool = False) -> None:
        """Take the order: in every state, as often as it comes. The first one counts; a later one can only hasten it."""
        first = self.order is None
        if first:
            self.order = {"by": by, "why": why, **self.instant()}
            if self.state != "dead":
                self.state = "stopping"
            self.revoke()
        at_once = now or by not in ("stop",) or bool(self.defied) or not self.warden or self.exit is not None
        if at_once:
            self.kill()
        elif first:
            self.notify()
        if first:
            self.record("ordered", by=by, why=why)

    def fail(self, by: str, why: str) -> None:
        """Stop for what befell the jail. Where its lease was over, that is why: others saw to it before we could."""
        left = self.lease.left(kernel.boot_time())
        if left is not None and left <= 0:
            by, why = "lease", "its lease is over"
        self.stop(by, why, now=True)

    def revoke(self) -> None:
        """Cut the network: the proxy is killed, and its connections with it."""
        if self.egress is not None:
            pid, pidfd = self.egress
            self.unwatch(pidfd)
            dead = select.poll()
            dead.register(pidfd, select.POLLIN)
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                dead.poll(CUT_SECONDS * 1000)
                os.waitpid(pid, os.WNOHANG)
            os.close(pidfd)
            self.egress = None

    def notify(self) -> None:
        """Give notice, and time to end; no more processes than there are, but for a few."""
        self.noticed = len(self.pids())
        for folder in self.jail["limiters"]:
            with contextlib.suppress(OSError):
                cgroups.tell(Path(folder, "pids.max"), str(self.noticed + 2 * SPARE_PROCESSES))
        assert self.warden is not None
        self.ask(self.warden, {"do": "notify", "id": 2}, [])
        self.grace["given"] = float(self.wish["grace"])
        self.grace_ends = time.monotonic() + self.wish["grace"]

    def kill(self) -> None:
        """Kill, by the kernel's own list of who belongs to the agent. May be called again and again."""
        if self.killed is None:
            self.killed = self.instant()
            if self.grace_ends is not None:
                started = self.grace_ends - self.grace["given"]
                self.grace["used"] = round(min(self.grace["given"], time.monotonic() - started), 3)
            self.grace_ends = None
        for folder in self.jail.get("folders", ())[:1]:
            with contextlib.suppress(OSError):
                cgroups.kill(folder)
        self.ask(self.keeper, {"do": "close", "jail": 1}, [])

    def lose_keeper(self, why: str) -> None:
        """The keeper is dead or frozen: kill it, and do its work. It is not waited for: whom root keeps frozen does not die."""
        self.unwatch(self.keeper.fileno())
        self.keeper.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.keeper_pid, signal.SIGKILL)
        self.keeper_pid = 0
        self.fail("keeper lost", why)
        if self.proof is None:
            self.proof = self.prove()

    def prove(self) -> Message:
        """Kill and look until the kernel counts nobody, or patience is over; used where there is no keeper to do it."""
        houses = [place / cgroups.HOUSE for place, _ in cgroups.find_homes().places()]
        runs = [house / self.groups for house in houses]
        end = time.monotonic() + PROOF_SECONDS
        while self.somebody(runs):
            for _ in kernel.reap():  # the keeper, and what it left, which comes to us
                pass
            for run in runs:
                cgroups.kill(run)
            if time.monotonic() > end:
                return {"populated": 1, "survivors": self.pids(), "how": "supervisor"}
            time.sleep(0.001)
        empty = self.instant()
        for run in runs:
            cgroups.remove_below(run)
        return {"populated": 0, "empty": empty, "how": "supervisor"}

    def somebody(self, runs: list[Path]) -> bool:
        """Tell whether anybody is left: in a group, in the namespace, or, where not both can tell, among what the keeper left us."""
        if any(map(cgroups.populated, runs)) or namespace_lives(self.first):
            return True
        return (not runs or self.first < 0) and kernel.has_children()

    def pids(self) -> list[int]:
        """Return who is in the agent's group."""
        return cgroups.pids_below(Path(self.jail["folders"][0])) if self.jail.get("folders") else []

    def finish(self) -> None:
        """Look, write the receipt, tell everybody who waits."""
        assert self.order is not None
        self.state = "dead"
        receipt = receipts.seal(
            receipts.compose(
                self.about, self.order, self.proof or {"populated": 1, "survivors": self.pids()}, killed=self.killed,
                exit=self.exit, grace=self.grace, defied=self.defied or None, persistence=self.before.compared(),
                renewals={"accepted": self.lease.accepted, "refused": self.lease.refused},
            ),
            self.key,
        )  # fmt: skip
        written = receipts.write(self.receipt_file, receipt)
        self.record("ended", verdict=receipt["verdict"])
        told = {"receipt": receipt, "path": self.receipt_path if written else None}
        with contextlib.suppress(
            OSError
        ):  # first: whoever finds no socket reads the receipt, and none waits for us in vain
            os.unlink(self.place.file(places.CONTROL))
        tell(self.front, told)
        self.clients.take_leave(told)
        if written and not self.wish["keep"]:
            self.place.forget()

    def abandon(self) -> None:
        """The beginning failed: leave no empty receipt and no folder behind."""
        if self.receipt_path:
            with contextlib.suppress(OSError):
                os.unlink(self.receipt_path)
        if self.place.lock >= 0:
            self.place.forget()

    # The loop --------------------------------------------------------------------------------------------------------

    def supervise(self) -> None:
        """Serve until the receipt is written."""
        gc.disable()
        gc.freeze()
        while True:
            pause = self.tick()
            if self.order is not None and (self.proof is not None or self.overdue()):
                self.finish()
                return
            for descriptor, _ in self.poll.poll(pause * 1000):
                if (attend := self.attend.get(descriptor)) is not None:
                    attend()

    def tick(self) -> float:
        """Do what time asks for; return the seconds until it asks again."""
        now, pauses = time.monotonic(), [BEAT]
        left = self.lease.left(kernel.boot_time())
        if left is not None:
            if left <= 0:
                self.stop("lease", "its lease is over", now=True)
            else:
                pauses.append(left)
        if self.grace_ends is not None:
            if now >= self.grace_ends:
                self.kill()
            elif len(self.pids()) > self.noticed + SPARE_PROCESSES:
                self.grace["cut_short_by"] = "it multiplied after the notice"
                self.kill()
            pauses += [0.02, max(0.0, self.grace_ends - now)] if self.grace_ends is not None else []
        if self.killed is not None and self.proof is None:
            pauses.append(0.2)
        if now >= self.next_beat and self.keeper_pid:
            self.sign_of_life(now)
        return max(0.0, min(pauses))

    def sign_of_life(self, now: float) -> None:
        """Beat, and see whether the keeper still answers and our own place is still there."""
        if self.answered == self.beats:
            self.answer_due = now + PATIENCE
        elif now > self.answer_due:
            self.lose_keeper("the keeper does not answer")
            return
        self.beats += 1
        self.ask(self.keeper, {"do": "beat", "number": self.beats}, [])
        self.next_beat = now + BEAT
        if self.order is None and not self.place.whole():
            self.stop("fault", "its folder has been taken away, and nobody could have reached it", now=True)
        self.clients.drop_idle()

    def overdue(self) -> bool:
        """Tell whether a proof has been waited for long enough."""
        return self.killed is not None and kernel.boot_time() - self.killed["boot"] > PROOF_SECONDS

    def watch(self, descriptor: int, attend: Callable[[], None]) -> None:
        """Attend to a descriptor whenever it has something to say."""
        self.attend[descriptor] = attend
        self.poll.register(descriptor, select.POLLIN)

    def unwatch(self, descriptor: int) -> None:
        """Attend to it no more."""
        if self.attend.pop(descriptor, None) is not None:
            self.poll.unregister(descriptor)

    def ask(self, line: socket.socket, message: Message, descriptors: list[int] | None = None) -> None:
        """Send a message; one that does not take it is dead or frozen, and its line or its silence will say so."""
        with contextlib.suppress(OSError):
            socket.send_fds(line, [json.dumps(message).encode()], descriptors or [])

    def instant(self) -> Message:
        """Return the time on both clocks."""
        return {"wall": time.time(), "boot": kernel.boot_time()}

    def record(self, what: str, **more: Any) -> None:
        """Write a line of the ledger; where it cannot be written, the agent stops."""
        data = json.dumps({"what": what, **self.instant(), **more}).encode() + b"\n"
        try:
            os.write(self.ledger, data)
        except OSError as failure:
            if not self.wrote_badly:
                self.wrote_badly = True
                self.stop("disk", f"the ledger cannot be written: {failure.strerror}", now=True)


def main() -> None:
    """Serve the front whose socket is given on the command line."""
    front = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(front.fileno(), False)
    harden(2 * MOST_LINES)
    kernel.adopt_orphans()  # what a killed keeper leaves
    data, descriptors, _, _ = socket.recv_fds(front, MESSAGE, 4, socket.MSG_CMSG_CLOEXEC)
    if not data:
        return
    front.setblocking(False)  # a front that is frozen must not freeze us
    supervisor = None
    try:
        supervisor = Supervisor(front, json.loads(data), descriptors)
        supervisor.begin()
        supervisor.supervise()
    except Exception as failure:
        if supervisor is not None and not supervisor.jail:
            supervisor.abandon()
        why = str(failure)
        if not isinstance(failure, GuardError | OSError):
            place = failure.__traceback__
            while place and place.tb_next:
                place = place.tb_next
            why = f"a fault of the supervisor: {type(failure).__name__}: {why} (line {place.tb_lineno if place else 0})"
        with contextlib.suppress(OSError):
            front.send(json.dumps({"error": why, "kind": type(failure).__name__}).encode())
    finally:  # whatever happened, a fault of this program included: nothing is left behind
        if supervisor is not None and supervisor.state != "dead" and supervisor.jail.get("folders"):
            with contextlib.suppress(OSError):
                cgroups.kill(supervisor.jail["folders"][0])
