# SPDX-License-Identifier: MIT
"""The member: one process on each host that carries out the fleet's orders there and says who lives and who has died.

Three threads that wait for nobody: the *ears* follow the engine and take in orders, the *hands* look at the runs of this host
several times a second and do what the orders ask, the *mouth* tells the engine. What may hang (a supervisor that is asked
to stop) hangs in a thread of its own.

The engine's silence never stops the hands, and never keeps an agent alive: with `renew`, leases are renewed only while a
question about the orders was answered within `patience` seconds, so after that agents end with their own leases.

Easy to get wrong: time between looking and renewing. If the host was paused in between, the permission is stale when it
is used; the clock is read again afterwards, and what was added is taken back.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial

from offswitch.guard.errors import GuardError, NoSuchRunError

from .engine import Engine, Found, Lost, Told, boot_clock, follow
from .errors import EngineLostError, FleetError, NotBelievedError
from .hosted import Runs
from .memory import Memory
from .order import Act, Living, decide
from .roster import KEPT, Alive, Death, Deaths, Roster, read_roster
from .sealed import plain, seal, unseal

LOOK = 0.25  # seconds between two looks at the runs
RETRY = 1.0  # before an act that failed is tried again
MOURN = (
    90.0  # that a run which is gone may take to leave a receipt; longer than any supervisor waits for a proof
)
RENEW_BELOW = 2 / 3  # of the lease
SHOWN = 20


class Member:
    """Carries out orders on one host until `ended` is set."""

    def __init__(
        self,
        engine: Engine,
        memory: Memory,
        host: str,
        runs: Runs,
        *,
        renew: bool = False,
        patience: float = 15.0,
        beat: float = 2.0,
        clock: Callable[[], float] = boot_clock,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.engine, self.memory, self.host, self.runs = engine, memory, host, runs
        self.renew, self.patience, self.beat, self.clock, self.say = renew, patience, beat, clock, say
        self.ended = threading.Event()
        self.wake, self.news, self.guard = threading.Event(), threading.Event(), threading.RLock()
        self.told_at: float | None = None  # when the question was asked that the engine answered last
        self.instance, self.beats = secrets.token_hex(8), 0
        self.alive: dict[str, Living] = {}
        self.left: dict[str, float | None] = {}
        self.ordered: dict[str, str] = {}
        self.trouble: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.unrenewed: dict[str, str] = {}
        self.busy: set[tuple[str, ...]] = set()
        self.missed: dict[str, tuple[Living, float]] = {}  # gone, and no receipt yet
        self.deaths: dict[str, Death] = {}
        self.told_deaths: tuple[Death, ...] | None = None
        self.others: dict[str, float] = {}  # rosters under our name that we did not write
        self.spoken = False
        self.unkept = False  # orders that the disk has not taken
        self.engine_state = ""

    def serve(self) -> None:
        """Work until `ended` is set; say goodbye if the engine hears it."""
        with contextlib.suppress(OSError, GuardError):
            self.deaths = {death.run: death for death in self.runs.recent()}
        ears = threading.Thread(target=self._in_turn, args=(self.listen,), name="fleet ears", daemon=True)
        mouth = threading.Thread(target=self._in_turn, args=(self.speak,), name="fleet mouth", daemon=True)
        ears.start()
        mouth.start()
        self._in_turn(self.work)
        mouth.join(5.0)

    def _in_turn(self, part: Callable[[], None]) -> None:
        """Keep one part going: what nobody foresaw is said, and the part begins again."""
        while not self.ended.is_set():
            try:
                part()
            except Exception as failure:
                self.say(
                    f"{part.__name__} failed and goes on: {type(failure).__name__}: {plain(str(failure))}"
                )
                self.ended.wait(RETRY)

    # Ears ----------------------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Follow the engine; take in orders."""
        for event in follow(
            self.engine, ("orders/all", f"orders/{self.host}"), bell="orders", beat=self.beat, clock=self.clock, ended=self.ended
        ):  # fmt: skip
            if isinstance(event, Found):
                self.hear(event.key, event.value)
            elif isinstance(event, Told):
                self.keep()
                self.told_at = event.asked
                self.tell_engine("the engine answers")
            elif isinstance(event, Lost):
                self.keep()
                self.tell_engine(f"the engine is lost: {event.why}")

    def hear(self, key: str, value: bytes) -> None:
        """Take in one value; what is not believed is told and changes nothing."""
        try:
            with self.guard:
                heard = self.memory.hear(key, value, self.clock())
        except NotBelievedError as failure:
            with self.guard:
                known, self.refused[key[:200]] = self.refused.get(key[:200]), str(failure)
                while len(self.refused) > SHOWN:
                    self.refused.pop(next(iter(self.refused)))
            if known != str(failure):
                self.say(f"refused: {failure}")
            return
        with self.guard:
            self.refused.pop(key[:200], None)
        if heard is not None:
            order = heard.order
            self.say(
                f"heard: {order.kind}{' now' if order.now else ''} for {heard.scope}, by {plain(order.issuer)}"
            )
            self.unkept = True
            self.wake.set()
            self.news.set()

    def keep(self) -> None:
        """Write the memory where something was heard; a disk that refuses delays no stop."""
        if self.unkept:
            try:
                with self.guard:
                    self.memory.write()
                self.unkept = False
            except OSError as failure:
                self.say(f"{self.memory.file}: orders cannot be kept across a restart: {failure.strerror}")

    def tell_engine(self, state: str) -> None:
        """Say how the engine is, when that changes."""
        if state.split(":")[0] != self.engine_state.split(":")[0]:
            self.say(plain(state, 300))
        self.engine_state = state

    # Hands ---------------------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Look, act, wait a little."""
        asked = -1e9
        while not self.ended.is_set():
            self.look()
            if (now := self.clock()) - asked >= self.beat:
                asked = now
                for run in list(self.alive.values()):
                    self.do(("lease", run.run), partial(self.see_to_lease, run))
            self.wake.wait(LOOK)
            self.wake.clear()

    def look(self) -> None:
        """See who lives, who has gone, and what each is ordered to."""
        living = {run.run: run for run in self.runs.living()}
        with self.guard:
            now, wall = self.clock(), time.time()
            for known in self.alive.values():
                if known.run not in living and known.run not in self.deaths:
                    self.missed[known.run] = (known, now)
            if living.keys() != self.alive.keys():
                self.news.set()
            fresh = living.keys() - self.alive.keys()
            self.alive = living
            self.left = {run: left for run, left in self.left.items() if run in living}
            self.trouble = {run: why for run, why in self.trouble.items() if run in living}
            orders = self.memory.orders()
            acts = {run.run: decide(orders, self.host, run, wall) for run in living.values()}
            self.ordered = {run: act.order.id for run, act in acts.items() if act is not None}
        for one in living.values():
            if one.orphan:
                self.do(("bury", one.run), partial(self.runs.bury, one), one)
            elif (act := acts[one.run]) is not None:
                self.carry_out(act, one)
        for run in fresh:
            self.do(("lease", run), partial(self.see_to_lease, living[run]))
        self.mourn()

    def carry_out(self, act: Act, run: Living) -> None:
        """Begin one act, unless it is under way."""
        if act.kind == "stop":
            why = f"fleet order {act.order.id} by {act.order.issuer}: {act.order.why}"[:300]
            self.do(("stop", run.run, str(act.now)), lambda: self.runs.stop(run, now=act.now, why=why), run)
        else:
            once = ("shorten", run.run, act.order.id)
            self.do(once, lambda: self.runs.shorten(run, act.seconds), run, once=True)

    def do(
        self, what: tuple[str, ...], act: Callable[[], None], run: Living | None = None, *, once: bool = False
    ) -> None:
        """Act in a thread of its own; the same act is not begun twice, and a failed one is tried again."""
        if what in self.busy:
            return
        self.busy.add(what)

        def attempt() -> None:
            done = False
            try:
                act()
                done = True
                if run is not None:
                    with self.guard:
                        self.trouble.pop(run.run, None)
            except Exception as failure:  # whatever it is, it is told, and the act is tried again
                if run is not None:
                    with self.guard:
                        self.trouble[run.run] = plain(f"{what[0]}: {type(failure).__name__}: {failure}", 300)
            if run is not None:
                self.wake.set()
                self.ended.wait(RETRY)  # also where it was done: then there is nobody left to do it to
            if not (once and done):
                self.busy.discard(what)

        threading.Thread(target=attempt, name=f"fleet {what[0]}", daemon=True).start()

    def mourn(self) -> None:
        """Read the receipts of those who have gone; one that leaves none for long is not proved dead."""
        for run, (known, since) in list(self.missed.items()):
            death = self.runs.death(known)
            if death is None and self.clock() - since > MOURN:
                why = "it has gone and left no receipt"
                death = Death(known.name, run, "not proved", "unknown", known.began_wall, None, "", why)
            if death is not None:
                with self.guard:
                    self.deaths[run] = death
                    del self.missed[run]
                    while len(self.deaths) > KEPT:
                        self.deaths.pop(next(iter(self.deaths)))
                for what in [what for what in list(self.busy) if what[:2] == ("shorten", run)]:
                    self.busy.discard(what)
                self.news.set()

    # Leases --------------------------------------------------------------------------------------------------------------

    def may_renew(self, run: Living) -> bool:
        """Tell whether the engine was heard lately, and has nothing against this run."""
        with self.guard:
            told = self.told_at
            return (
                self.renew
                and told is not None
                and self.clock() - told <= self.patience
                and decide(self.memory.orders(), self.host, run, time.time()) is None
            )

    def see_to_lease(self, run: Living) -> None:
        """Read a lease, and renew it where that is ours to do."""
        try:
            asked = self.clock()
            left, length = self.runs.lease(run)
            with self.guard:
                if run.run in self.alive:
                    if run.run not in self.left:
                        self.news.set()
                    self.left[run.run] = left
            if left is None or length is None or left > length * RENEW_BELOW or not self.may_renew(run):
                return
            self.runs.renew(run)
            if not self.may_renew(run):  # we were paused, or an order came: take back what was added
                self.runs.shorten(run, max(0.0, left - (self.clock() - asked)))
            self.unrenewed.pop(run.run, None)
        except NoSuchRunError:
            return  # it has just ended
        except (GuardError, OSError) as failure:
            why = f"{run.name}: its lease: {plain(str(failure))}"
            if run.run in self.alive and self.unrenewed.get(run.run) != why:
                self.unrenewed[run.run] = why
                self.say(why)

    # Mouth ---------------------------------------------------------------------------------------------------------------

    def speak(self) -> None:
        """Tell the engine who lives and who has died, at every beat and when there is news."""
        while not self.ended.is_set():
            with contextlib.suppress(EngineLostError):
                self.tell()
            self.news.wait(self.beat)
            self.ended.wait(0.05)  # one word for what happens together
            self.news.clear()
        with contextlib.suppress(EngineLostError):
            self.tell(serving=False)

    def tell(self, serving: bool = True) -> None:
        """Write roster and deaths, deaths first: who has left the one is then already in the other."""
        self.look_for_rival()
        with self.guard:
            roster = self.roster(
                serving
            )  # made before the deaths, so that it lists at least whoever they leave out
            deaths = tuple(self.deaths.values())
        if deaths != self.told_deaths:
            self.put(
                f"reports/{self.host}", lambda few: Deaths(self.host, deaths[-few:] if few else ()).record()
            )
            self.told_deaths = deaths
        self.put(f"hosts/{self.host}", lambda _: roster.record())
        self.spoken = True

    def put(self, key: str, record: Callable[[int], dict[str, object]]) -> None:
        """Seal and put; where all is too much for one value, as many as fit."""
        for few in (KEPT, KEPT // 4, KEPT // 16):
            try:
                value = seal(self.memory.secret, key, record(few))
            except FleetError:
                continue
            self.engine.put(key, value)
            return
        self.say(f"{key}: too large to be told; whoever orders a stop will count this host as silent")

    def roster(self, serving: bool) -> Roster:
        """Return what is so now. Those who have gone without a receipt so far are listed as alive: not proved is not dead."""
        self.beats += 1
        everybody = [*self.alive.values(), *(known for known, _ in self.missed.values())]
        return Roster(
            host=self.host,
            instance=self.instance,
            beat=self.beats,
            wall=time.time(),
            serving=serving,
            rival=len(self.others) > 1,  # one may be what the last member left, in a store that was set back
            heard=self.memory.sequences(),
            runs=tuple(
                Alive(
                    run.name,
                    run.run,
                    run.began_wall,
                    None if (left := self.left.get(run.run)) is None else max(0.0, left),
                    self.ordered.get(run.run, ""),
                    "" if run.run in self.alive else "it has gone, and its receipt is not there yet",
                )
                if run.run not in self.trouble
                else Alive(
                    run.name,
                    run.run,
                    run.began_wall,
                    None,
                    self.ordered.get(run.run, ""),
                    self.trouble[run.run],
                )
                for run in everybody
            ),
            refused=tuple(self.refused.values()),
        )

    def look_for_rival(self) -> None:
        """Notice another host that answers under our name, as a copied machine would."""
        key, now = f"hosts/{self.host}", self.clock()
        for value in self.engine.list(key).values():
            with contextlib.suppress(NotBelievedError):
                found = read_roster(key, unseal(self.memory.secret, key, value))
                if found.instance != self.instance and self.spoken:
                    self.others[f"{found.instance} {found.beat}"] = now
        self.others = {who: at for who, at in self.others.items() if now - at < 10 * self.beat}
