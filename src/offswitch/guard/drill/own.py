# SPDX-License-Identifier: MIT
"""One trial under our own off-switch, through its public door: start, order, receipt; then everything is doubted.

The order comes in one of these ways:

    now      stop at once              twice    stop, and stop again
    notice   stop with grace           crowd    fifty stops at once
    lease    nobody says anything      early    stop while the run is still starting
    killed   the supervisor is killed  frozen   the supervisor is frozen

Easy to get wrong: believing the receipt. It is read last, and what it says is held against who is alive by the host's
own list: by user, by control group, and by who still holds the pipe that all attackers inherited.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from offswitch.guard import running
from offswitch.guard.errors import (
    GuardError,
    NameInUseError,
    NoSuchRunError,
    NotProvedDeadError,
    RefusedError,
)
from offswitch.guard.limits import Limits
from offswitch.guard.switch import places
from offswitch.guard.switch.lease import sealed_renewal
from offswitch.guard.walls.keeper import NOBODY

from .arena import PYTHON, RUN, own_user, text_of
from .container import IMAGE
from .contract import Outcome, Trial
from .heartbeat import Heartbeat
from .looking import carrying, in_groups, living, of_user
from .methods import OURS
from .outside import Outside
from .trying import DEED_SECONDS, begun, blows, gains, named, world

GRACE = 0.15
LEASE = 60.0  # of runs that are not to end by it
LATE = 10.0  # seconds after which a stop that nobody gave by hand counts as one that did not come
CROWD = 50
PIPE_SECONDS = 2.0  # for the supervisor, which hands the pipe on, to have ended
PLANTED = b"planted by a drill"
STARTS_BY_NAME = ("Makefile", "conftest.py", "sitecustomize.py", ".envrc")


@dataclass(frozen=True)
class Setting:
    """The user's own configuration, as far as a drill can have it."""

    limits: Limits = field(default_factory=Limits)
    show: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    require: str = "rootless"
    image: str = IMAGE  # for the containers beside it


class OwnTrial:
    """One trial; `escapes` grows as things are seen."""

    def __init__(self, trial: Trial, outside: Outside, setting: Setting) -> None:
        self.trial, self.outside, self.setting = trial, outside, setting
        self.name = f"drill-{os.getpid()}-{trial.number}"
        self.workspace = outside.folder / f"workspace-{trial.number}"
        self.uid = own_user(RUN)
        self.heartbeat = Heartbeat()
        self.escapes: list[str] = []
        self.notes: list[str] = []
        self.before: tuple[int, ...] = ()
        self.renewed = 0
        self.run: running.Run | None = None
        self.given_early: threading.Thread | None = None

    def wish(self) -> running.Wish:
        """Return what is asked of the off-switch."""
        steering = os.path.dirname(places.Place(self.name).path)
        crew = blows(self.trial, world(self.outside, self.name, steering))
        nothing = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        self.stdin = nothing
        return running.Wish(
            (PYTHON, "-I", "-S", "-c", text_of("crew"), crew), name=self.name, grace=GRACE, workspace=str(self.workspace),
            lease=max(0.05, self.trial.delay) if self.trial.order == "lease" else LEASE, limits=self.setting.limits,
            show=self.setting.show, allow=self.setting.allow, require=self.setting.require,
            stdio=(nothing, self.heartbeat.far, self.heartbeat.far),
        )  # fmt: skip

    def go(self) -> Outcome:
        """Attack, stop, look."""
        self.workspace.mkdir(mode=0o700)
        if self.uid is not None:
            os.chown(self.workspace, self.uid, self.uid)
        receipt: dict[str, Any] | None = None
        try:
            self.begin()
            receipt = self.order()
            self.look(receipt)
        finally:
            if self.given_early is not None:
                self.given_early.join(30.0)
            if self.run is not None:
                self.run.__exit__()
            self.heartbeat.close()
            shutil.rmtree(self.workspace, ignore_errors=True)
        return Outcome(
            self.trial.number, OURS, self.trial.attacks, tuple(self.escapes), self.before, self.latency(receipt),
            self.trial.order, notes=tuple(self.notes),
        )  # fmt: skip

    def begin(self) -> None:
        """Start the run; one that is stopped before it stands is a stop that held."""
        wish = self.wish()
        if self.trial.order == "early":
            self.given_early = threading.Thread(target=self.order_early, daemon=True)
            self.given_early.start()
        try:
            self.run = running.start(wish)
        except GuardError as refusal:
            if self.trial.order != "early" and not (self.trial.order == "lease" and "lease" in str(refusal)):
                raise
            self.notes.append(f"it never stood: {refusal}"[:200])
        finally:
            os.close(self.stdin)
            self.heartbeat.close_far()
        if 24 in self.trial.attacks and self.trial.order not in ("early", "lease"):
            self.replay()
            self.reuse_the_name()

    def order_early(self) -> None:
        """Stop the run while it is starting; until its name is taken there is nobody to tell."""
        time.sleep(self.trial.delay / 2)
        end = time.monotonic() + 20.0
        while time.monotonic() < end:
            try:
                self.early = running.stop(self.name, now=True)
                return
            except NoSuchRunError:
                time.sleep(0.002)
            except (GuardError, OSError) as refusal:
                self.escapes.append(f"an early stop was refused: {type(refusal).__name__}: {refusal}"[:300])
                return
        self.escapes.append("an early stop found nobody for 20 s")

    def order(self) -> dict[str, Any] | None:
        """Let the order come in the trial's own way; return the receipt."""
        if self.run is None:
            assert self.given_early is not None or self.trial.order == "lease"
            if self.given_early is not None:
                self.given_early.join(30.0)
            return getattr(self, "early", None)
        if self.trial.order not in ("early", "lease"):
            if self.trial.since == "deed":
                self.heartbeat.hear(DEED_SECONDS, lambda: any("did" in line for line in self.heartbeat.told))
            self.heartbeat.hear(self.trial.delay)
            self.heartbeat.take()
            self.before = begun(self.heartbeat.told)
        ways: dict[str, Callable[[], Any]] = {
            "now": lambda: running.stop(self.name, now=True, why="drill"), "notice": lambda: running.stop(self.name),
            "twice": self.twice, "crowd": self.crowd, "lease": self.wait, "early": self.wait, "killed": self.kill,
            "frozen": self.freeze,
        }  # fmt: skip
        ended = self.run._ended
        try:
            receipt: dict[str, Any] | None = ended.receipt if ended else ways[self.trial.order]()
            return receipt
        except NotProvedDeadError as failure:
            self.escapes.append(f"not proved: {failure}"[:300])
            return failure.receipt
        except (GuardError, OSError) as failure:
            self.escapes.append(f"the stop was refused: {type(failure).__name__}: {failure}"[:300])
            return None

    # The ways of the order -------------------------------------------------------------------------------------------

    def wait(self) -> dict[str, Any]:
        """Say nothing; the end must come by itself."""
        assert self.run is not None
        end = time.monotonic() + self.trial.delay + LATE
        while time.monotonic() < end:
            if self.heartbeat.hear(0.02) or self.heartbeat.ended:
                break
        self.before = begun(self.heartbeat.told)
        with contextlib.suppress(TimeoutError):
            return self.run.wait(LATE).receipt
        self.escapes.append(f"nothing ended it within {LATE:g} s")
        return running.stop(self.name, now=True)

    def twice(self) -> dict[str, Any]:
        """Stop, and stop again: the second order gets the same answer."""
        first = running.stop(self.name, now=True)
        if running.stop(self.name, now=True)["run"] != first["run"]:
            self.escapes.append("the second order got another run's receipt")
        return first

    def crowd(self) -> dict[str, Any]:
        """Stop fifty times at once: every one of them gets the receipt."""
        answers: list[Any] = []

        def one() -> None:
            try:
                answers.append(running.stop(self.name, now=True))
            except Exception as failure:
                answers.append(failure)

        threads = [threading.Thread(target=one, daemon=True) for _ in range(CROWD)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60.0)
        refused = [answer for answer in answers if not isinstance(answer, dict)]
        if refused or len(answers) < CROWD:
            first = f"{type(refused[0]).__name__}: {refused[0]}" if refused else "no answer"
            self.escapes.append(
                f"{CROWD - len(answers) + len(refused)} of {CROWD} orders were refused: {first}"[:300]
            )
        return next((answer for answer in answers if isinstance(answer, dict)), None) or running.stop(
            self.name, now=True
        )

    def kill(self) -> dict[str, Any]:
        """Kill the supervisor, as if an agent had managed it: the agent must die, too."""
        assert self.run is not None
        self.run._process.kill()
        return self.run.wait(LATE).receipt

    def freeze(self) -> dict[str, Any]:
        """Freeze the supervisor: its keeper must notice, and end the agent without it."""
        assert self.run is not None
        self.run._process.send_signal(signal.SIGSTOP)
        try:
            if not self.heartbeat.hear(LATE):
                self.escapes.append(f"the supervisor was frozen, and the agent lived for {LATE:g} s more")
        finally:
            self.run._process.kill()
        return self.run.wait(LATE).receipt

    # Names and renewals ----------------------------------------------------------------------------------------------

    def reuse_the_name(self) -> None:
        """Ask for a second run of that name, which must be refused."""
        assert self.run is not None
        try:
            second = running.start(running.Wish(("true",), name=self.name, require=self.setting.require))
        except NameInUseError:
            return
        except GuardError as failure:
            self.escapes.append(f"a second run of its name was not refused but failed: {failure}"[:300])
            return
        if not select.select([self.run], [], [], 0)[0]:
            self.escapes.append("two runs share a name")
            second.__exit__()
            return
        second.wait(LATE)
        self.run.wait(LATE)  # it had just ended by itself, and its name was free

    def replay(self) -> None:
        """Renew once, truly; then send the very same words again, on that line's successor."""
        try:
            with open(places.Place(self.name).file(places.RENEW_KEY), "rb") as file:
                key = file.read()
            with running._line(self.name, 5.0) as line:
                told = running._asked_alive(line, self.name, {"do": "challenge"}, 5.0)
                seal = sealed_renewal(key, told["run"], told["challenge"], LEASE)
                words: dict[str, Any] = {"do": "renew", "seconds": LEASE, "seal": seal}
                running._asked_alive(line, self.name, words, 5.0)
                self.renewed = 1
            running.ask(self.name, **words)
            self.escapes.append("an old renewal was accepted a second time")
        except (RefusedError, NoSuchRunError, OSError):
            return  # refused, or the run has just ended

    # What is seen afterwards -----------------------------------------------------------------------------------------

    def look(self, receipt: dict[str, Any] | None) -> None:
        """Look everywhere, and hold the receipt against it."""
        mark = f'"run": "{self.name}"'
        alive = living(carrying(mark) if self.uid in (None, NOBODY) else of_user(self.uid))
        if self.run is not None:
            known = {look.pid for look in alive}
            alive += [look for look in living(in_groups(self.run.folders)) if look.pid not in known]
        if alive:
            self.escapes.append(named(alive))
        if not self.heartbeat.hear(PIPE_SECONDS):
            self.escapes.append("somebody still holds the pipe that the attackers inherited")
        self.escapes += gains(self.heartbeat.told) + self.outside.harm()
        if receipt is None:
            return
        proved = receipt.get("verdict") == "proved" and receipt.get("populated") == 0
        if self.escapes and proved and alive:
            self.escapes.append("the receipt says proved while somebody lives")
        if not proved and not any("not proved" in line for line in self.escapes):
            self.escapes.append(f"not proved: {receipt.get('survivors')}")
        accepted = (receipt.get("renewals") or {}).get("accepted", 0)
        if accepted > self.renewed:
            self.escapes.append(f"{accepted - self.renewed} renewals were accepted that nobody entitled made")
        self.look_at_plants(receipt)
        self.look_at_lock()

    def look_at_plants(self, receipt: dict[str, Any]) -> None:
        """Find what was planted and would start again; the receipt must name each."""
        told = receipt.get("persistence")
        if told is None:
            self.notes.append("the receipt was written by who came after, and looked at no persistence")
            return
        known = {Path(change["path"]) for change in told.get("changed", ())}
        for path in self.workspace.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_symlink() or not path.is_file() or PLANTED not in path.read_bytes()[:4096]:
                    continue
                starts = path.stat().st_mode & 0o111 or path.name in STARTS_BY_NAME or "hooks" in path.parts
                if starts and path not in known:
                    place = path.relative_to(self.workspace)
                    self.escapes.append(f"{place} was planted, and the receipt does not name it")

    def look_at_lock(self) -> None:
        """Take the lock that was held as a hostage."""
        with contextlib.suppress(FileNotFoundError), open(self.workspace / "ledger.lock", "rb+") as file:
            for take in (fcntl.flock, fcntl.lockf):
                try:
                    take(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self.escapes.append("a lock is still held")

    def latency(self, receipt: dict[str, Any] | None) -> float | None:
        """Return the milliseconds from order to empty, by the receipt's own clock that nobody can set."""
        order, empty = (receipt or {}).get("order"), (receipt or {}).get("empty")
        return (empty["boot"] - order["boot"]) * 1000 if order and empty else None


def try_own(trial: Trial, outside: Outside, setting: Setting) -> Outcome:
    """Stop a trial's attackers by our own off-switch, and look everywhere."""
    return OwnTrial(trial, outside, setting).go()
