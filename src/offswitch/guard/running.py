# SPDX-License-Identifier: MIT
"""Run an agent under an off-switch, and reach it from anywhere on this host: start, stop, status, renew.

    run = start(Wish(("python3", "agent.py"), name="scout", lease=30.0, workspace="/srv/scout"))
    renew("scout")                   # by whoever holds the key of the lease
    receipt = stop("scout")          # receipt["verdict"] == "proved"

Synchronous, standard library only. `start` returns when the kernel has executed the command in its jail.

Easy to get wrong: `Run` is the front of the run. When its process ends, the run is stopped, unless it was started with
`detach=True`; then nobody needs to stay, and the lease is what ends it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import kernel
from .errors import (
    GuardError,
    JailStartError,
    NameInUseError,
    NoProgramError,
    NoSuchRunError,
    NotProvedDeadError,
    PlaceError,
    RefusedError,
    SilentError,
)
from .limits import Limits
from .switch import places, receipts
from .switch.lease import sealed_renewal
from .switch.places import Place
from .switch.receipts import Receipt
from .walls import cgroups, view
from .walls.messages import MESSAGE

PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from offswitch.guard.switch.supervisor import main; main()"
START_SECONDS = 30.0
STOP_SECONDS = 60.0  # longer than any supervisor waits for a proof; grace is added
ANSWER_SECONDS = 10.0
LAST_BREATH_SECONDS = 0.05  # from the end of a dying supervisor's line until it lets go of its name
KEEPER_SECONDS = 25.0  # until a keeper without a supervisor must have ended the jail
WRITABLE = (view.HOME, "/tmp", "/var/tmp", "/dev")


@dataclass(frozen=True)
class Wish:
    """What to run, and within which bounds."""

    argv: Sequence[str]
    name: str | None = None  # a made-up one where it is None
    lease: float | None = (
        None  # seconds; None: it lives until it ends, is stopped, or `limits.seconds` are over
    )
    grace: float = 5.0  # seconds between notice and kill, where nothing was defied
    limits: Limits = field(default_factory=Limits)
    workspace: str | None = None  # a folder of the host to work in; None: one in memory, gone with the jail
    workdir: str = "/workspace"  # where the workspace is inside
    show: Sequence[str] = ()  # paths of the host, shown read-only
    env: Mapping[str, str] = field(default_factory=dict)
    allow: Sequence[str] = ()  # HOST:PORT that may be reached, through a proxy; none: no network
    renewer: int | None = None  # the user that may renew; None: whoever starts the run
    require: str = "rootless"  # the least tier accepted
    detach: bool = False  # live on without the front; output is kept in a file
    terminal: bool = False  # stdin is a terminal of the agent's own
    stdio: tuple[int, int, int] | None = (
        None  # descriptors for it; None: nothing in, output dropped (or kept if detached)
    )


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    exit: int | None  # of the command; 128 + n where signal n ended it; None where it never began
    receipt: Receipt
    path: str | None  # of the receipt; None where it could not be written


class Run:
    """A run that this process started."""

    def __init__(
        self, line: socket.socket, process: subprocess.Popen[bytes], name: str, grace: float
    ) -> None:
        self._line, self._process, self.name, self._grace = line, process, name, grace
        self.run_id, self.uid, self.folders = "", None, ()  # type: str, int | None, tuple[str, ...]
        self._ended: Ended | None = None

    def _began(self, wished: str) -> Run:
        told = _receive(self._line, START_SECONDS)
        if told is None:
            self._process.wait()
            raise JailStartError(
                f"the supervisor of {self.name!r} died before the command began; nothing runs"
            )
        if "error" in told:
            kinds = {kind.__name__: kind for kind in (NameInUseError, PlaceError)}
            raise kinds.get(told["kind"], JailStartError)(told["error"])
        if "receipt" in told:
            self._take(told)
            order = told["receipt"]["order"]
            if order["why"].startswith("it cannot be executed"):
                raise NoProgramError(f"{wished}: {order['why']}", told["receipt"]["exit"])
            raise JailStartError(
                f"{self.name}: it was ended before its command began ({order['by']}: {order['why']})"
            )
        self.run_id, self.uid, self.folders = told["run"], told["uid"], tuple(told["folders"])
        return self

    def fileno(self) -> int:
        """Return what becomes readable when the run has ended."""
        return self._line.fileno()

    def ask_to_stop(self, now: bool = False) -> None:
        """Order the stop, without waiting."""
        with contextlib.suppress(OSError):
            self._line.send(json.dumps({"now": now}).encode())

    def stop(self, now: bool = False, why: str = "") -> Receipt:
        """Stop, and return the receipt. Raises NotProvedDeadError where death is not proved."""
        return (
            stop(self.name, now=now, why=why, run=self.run_id) if self._ended is None else self._ended.receipt
        )

    def wait(self, timeout: float | None = None) -> Ended:
        """Wait for the end. Raises TimeoutError; the run goes on."""
        if self._ended is None:
            told = _receive(self._line, timeout)
            if (
                told is None or "error" in told
            ):  # the supervisor died: its keeper has ended the jail, and left word
                self._process.wait()
                receipt = posthumous(self.name)
                told = {"receipt": receipt, "path": None}
            self._take(told)
        assert self._ended is not None
        return self._ended

    def _take(self, told: dict[str, Any]) -> None:
        receipt = told["receipt"]
        self._ended = Ended(receipt.get("exit"), receipt, told.get("path"))
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ANSWER_SECONDS)
        self._line.close()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ended is None:
            self.ask_to_stop(now=True)
            self.wait()


def start(wish: Wish) -> Run:
    """Start a run; return when its command has been executed in the jail.

    Raises TierError, NameInUseError, PlaceError, JailStartError, ValueError; whichever it is, nothing runs.
    """
    from .tiers import require

    if not wish.argv or not all(isinstance(word, str) and "\0" not in word for word in wish.argv):
        raise ValueError(f"the command must be one string or more without NUL, got {wish.argv!r:.200}")
    for what, value in (("lease", wish.lease), ("grace", wish.grace)):
        if (value is not None and not 0 <= value < 10**8) or (what == "lease" and value == 0):
            raise ValueError(f"{what} must be a number of seconds from 0 up, got {value!r}")
    name = places.checked_name(wish.name or f"run-{os.urandom(4).hex()}")
    view.View(wish.workdir, tuple(wish.show), wish.workspace)
    if wish.allow:
        from .network.allowlist import Rules

        Rules.parse(wish.allow)
    tier = require(wish.require).tier  # type: ignore[arg-type]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    order = kernel.sealed("order", json.dumps(_command(wish)).encode())
    nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    try:
        with theirs:
            source = str(Path(__file__).parents[2])
            argv = [sys.executable, "-I", "-S", "-c", PROGRAM, source, str(theirs.fileno())]
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
                env={"LANG": "C.UTF-8", **_folders()}, pass_fds=(theirs.fileno(),), start_new_session=True,
            )  # fmt: skip
        told = json.dumps(_said(wish, name, tier)).encode()
        if len(told) > MESSAGE:
            raise ValueError("the paths to show and the hosts to allow are too many for one message")
        socket.send_fds(ours, [told], [order, *(wish.stdio or (nothing, nothing, nothing))])
    finally:
        os.close(order)
        os.close(nothing)
    return Run(ours, process, name, wish.grace)._began(wish.argv[0])


def _command(wish: Wish) -> dict[str, Any]:
    environment = {**view.environment(wish.workdir), **wish.env}
    if wish.allow:
        from .network import egress

        environment |= egress.environment()
    writable = [wish.workdir, *WRITABLE]
    return {
        "do": "exec", "argv": list(wish.argv), "env": environment, "cwd": wish.workdir, "terminal": wish.terminal,
        "writable": writable,
    }  # fmt: skip


def _said(wish: Wish, name: str, tier: str) -> dict[str, Any]:
    return {
        "name": name, "lease": wish.lease, "grace": wish.grace, "limits": asdict(wish.limits), "workdir": wish.workdir,
        "show": list(wish.show), "workspace": wish.workspace, "uid": _owner(wish.workspace), "allow": list(wish.allow),
        "renewer": wish.renewer, "tier": tier, "detach": wish.detach, "keep": wish.detach, "home": os.path.expanduser("~"),
        "argv_sha256": hashlib.sha256(json.dumps(list(wish.argv)).encode()).hexdigest(),
    }  # fmt: skip


def _owner(workspace: str | None) -> int | None:
    """Return whom the jail must run as to work in a folder; None: it does not matter."""
    if workspace is None:
        return None
    try:
        seen = os.stat(workspace)
    except OSError as failure:
        raise PlaceError(f"{workspace}: cannot be the workspace: {failure.strerror}") from failure
    if not os.path.isdir(workspace):
        raise PlaceError(f"{workspace}: is not a folder, and cannot be the workspace")
    if os.geteuid() != 0:
        return None
    if seen.st_uid == 0:
        raise PlaceError(
            f"{workspace}: belongs to root, and an agent never runs as root; give it to a user of its own: "
            f"`chown -R nobody {workspace}`"
        )
    for parent in Path(workspace).parents:
        on_the_way = parent.stat()
        if not on_the_way.st_mode & (0o100 if on_the_way.st_uid == seen.st_uid else 0o011):
            raise PlaceError(
                f"{workspace}: its owner, whom the agent runs as, cannot pass {parent}; `chmod o+x {parent}`"
            )
    return seen.st_uid


def _folders() -> dict[str, str]:
    """Return what the supervisor needs to find the same folders: nothing else of our environment."""
    kept = ("OFFSWITCH_RUN_DIR", "OFFSWITCH_STATE_DIR", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _receive(line: socket.socket, timeout: float | None) -> dict[str, Any] | None:
    """Return the next message; None where the other end is gone."""
    ready = select.poll()
    ready.register(line.fileno(), select.POLLIN)
    if not ready.poll(None if timeout is None else timeout * 1000):
        raise TimeoutError(f"no answer within {timeout:g} s")
    try:
        data = line.recv(4 * MESSAGE)
    except OSError:
        return None
    told: dict[str, Any] | None = json.loads(data) if data else None
    return told


# From anywhere on this host ----------------------------------------------------------------------------------------------


def names() -> list[str]:
    """Return the names of runs on this host, alive or ended."""
    return places.names()


def ask(name: str, *, timeout: float = ANSWER_SECONDS, **message: Any) -> dict[str, Any]:
    """Ask a living run one thing. Raises NoSuchRunError, RefusedError."""
    with _line(name, timeout) as line:
        return _asked_alive(line, name, message, timeout)


def _line(name: str, timeout: float) -> socket.socket:
    """Return a line to a run's supervisor; to one that is starting, as soon as it listens."""
    place, end = Place(name), time.monotonic() + timeout
    while True:
        try:
            return place.connect(timeout)
        except (FileNotFoundError, ConnectionError):
            if not place.held():
                raise NoSuchRunError(
                    f"no run named {name!r} on this host; `offswitch status` lists them"
                ) from None
        except PermissionError:
            raise RefusedError(f"{name}: its folder is not ours to look into") from None
        except BlockingIOError:
            pass  # more ask at once than the kernel lets wait
        if time.monotonic() > end:
            raise SilentError(
                f"{name}: its supervisor holds the name and does not listen: it is frozen or starved"
            )
        time.sleep(0.005)


def _asked(line: socket.socket, name: str, message: dict[str, Any], timeout: float | None) -> dict[str, Any]:
    with contextlib.suppress(BrokenPipeError):  # it has just ended, and its last word waits for us
        line.send(json.dumps(message).encode())
    try:
        told = _receive(line, timeout)
    except TimeoutError:
        raise SilentError(f"{name}: its supervisor does not answer: it is frozen or starved; `offswitch stop {name}` kills past it") from None  # fmt: skip
    if told is None:
        time.sleep(LAST_BREATH_SECONDS)
        if not Place(name).held():
            raise NoSuchRunError(f"the run {name!r} has just ended")
        raise RefusedError(f"{name}: the line was closed; may user {os.geteuid()} ask?")
    if "refused" in told:
        raise RefusedError(f"{name}: {told['refused']}")
    if "other" in told:
        raise NoSuchRunError(f"the run that was meant has ended; {name!r} is another, {told['other']}")
    return told


def _asked_alive(line: socket.socket, name: str, message: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Return the answer of a living run; one that ends meanwhile answers everybody with its receipt."""
    told = _asked(line, name, message, timeout)
    if "receipt" in told:
        raise NoSuchRunError(f"the run {name!r} has just ended")
    return told


def status(name: str) -> dict[str, Any]:
    """Return what is known of a run: of a living one from its supervisor, of an ended one from its receipt."""
    try:
        return ask(name, do="status")
    except NoSuchRunError:
        receipt = last_receipt(name)
        return {
            **{key: receipt[key] for key in ("name", "run", "host", "tier", "order", "verdict")},
            "state": "dead",
        }


def stop(
    name: str, *, now: bool = False, why: str = "", timeout: float | None = None, run: str | None = None
) -> Receipt:
    """Stop a run, in whatever state it is, and return its receipt; of one that has ended, the receipt it left.

    `run`: the id of the run that is meant; a later one of that name is let alone. Raises NotProvedDeadError (with the receipt,
    where there is one) and NoSuchRunError.
    """
    try:
        receipt = _stopped(name, now, why, timeout, run)
    except NoSuchRunError:
        receipt = last_receipt(name)
        if run not in (None, receipt["run"]):
            raise
    if receipt["verdict"] != "proved":
        raise NotProvedDeadError(
            f"{name}: not proved dead: {receipt['survivors'] or 'nobody could look'}", receipt
        )
    return receipt


def _stopped(name: str, now: bool, why: str, timeout: float | None, run: str | None) -> Receipt:
    try:
        with _line(name, ANSWER_SECONDS) as line:
            told = _asked(line, name, {"do": "stop", "now": now, "why": why, "run": run}, ANSWER_SECONDS)
            while "receipt" not in told:
                next_told = _receive(line, STOP_SECONDS if timeout is None else timeout)
                if next_told is None:
                    return posthumous(name)
                told = next_told
            receipt: Receipt = told["receipt"]
            return receipt
    except TimeoutError:
        _kill_past(name, run)
        raise NotProvedDeadError(f"{name}: its supervisor has not answered; is it frozen? Its agent was killed from here, and that nobody is left is not proved; see `offswitch status`", None) from None  # fmt: skip


def _kill_past(name: str, run: str | None) -> None:
    """Kill a run's groups without its supervisor, which does not answer: an order to stop is never in vain."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        told = json.loads(Path(Place(name).file(places.ABOUT)).read_text())
        if run not in (None, told["about"]["run"]):
            return
        groups = told["groups"]
        for place, _ in cgroups.find_homes().places():
            cgroups.kill(place / cgroups.HOUSE / groups)


def stop_all(*, now: bool = False, why: str = "") -> dict[str, Receipt | GuardError]:
    """Stop every run on this host, side by side: every order is given before any proof is waited for."""
    from concurrent.futures import ThreadPoolExecutor

    def one(name: str) -> Receipt | GuardError:
        try:
            return stop(name, now=now, why=why)
        except GuardError as failure:
            return failure

    living = [name for name in names() if Place(name).held()]
    if not living:
        return {}
    with ThreadPoolExecutor(min(256, len(living))) as pool:
        return dict(zip(living, pool.map(one, living), strict=True))


def renew(name: str, seconds: float | None = None, key: bytes | None = None) -> float:
    """Renew a run's lease; return the seconds it now has. Raises RefusedError, NoSuchRunError, PlaceError."""
    place = Place(name)
    with _line(name, ANSWER_SECONDS) as line:
        if key is None:
            try:
                key = Path(place.file(places.RENEW_KEY)).read_bytes()
            except OSError as failure:
                raise PlaceError(f"{place.file(places.RENEW_KEY)}: cannot be read: {failure.strerror}; only the renewer of this run can") from failure  # fmt: skip
        told = _asked_alive(line, name, {"do": "challenge"}, ANSWER_SECONDS)
        if seconds is None:
            seconds = _asked_alive(line, name, {"do": "status"}, ANSWER_SECONDS)["lease"]
            if seconds is None:
                raise RefusedError(f"{name}: this run has no lease; there is nothing to renew")
        seal = sealed_renewal(key, told["run"], told["challenge"], seconds)
        wish = {"do": "renew", "seconds": seconds, "seal": seal}
        left: float = _asked_alive(line, name, wish, ANSWER_SECONDS)["left"]
        return left


def shorten(name: str, seconds: float, run: str | None = None) -> float:
    """Let a run's lease end in so many seconds or sooner; return the seconds it now has. No renewal takes this back.

    `run`: the id of the run that is meant.
    """
    left: float = ask(name, do="shorten", seconds=seconds, run=run)["left"]
    return left


# What a dead supervisor leaves -------------------------------------------------------------------------------------------


def last_receipt(name: str) -> Receipt:
    """Return the receipt of the last run of that name. Raises NoSuchRunError where there never was one."""
    place = Place(name)
    if os.path.exists(place.file(places.ABOUT)) and not place.held():
        return posthumous(name)
    return _kept(name)


def _kept(name: str) -> Receipt:
    """Return the last receipt of that name that says anything."""
    found = receipts.of_name(name)
    if not found:
        raise NoSuchRunError(f"no run named {name!r} on this host, and no receipt of one")
    for path in found:
        with contextlib.suppress(
            PlaceError
        ):  # room set aside by a run that has not ended, or was not able to write
            return receipts.read(path)
    raise NoSuchRunError(f"{name}: no receipt of an ended run of that name holds anything yet")


def posthumous(name: str) -> Receipt:
    """Return the receipt of a run whose supervisor is gone, written now if need be: kill what is left, look, and say so.

    The keeper has done the same already, unless it was killed too; its word is kept where there is one.
    """
    place = Place(name)
    try:
        about = json.loads(Path(place.file(places.ABOUT)).read_text())
    except (OSError, ValueError):
        return _kept(name)  # it ended in order while we looked, and took its folder along
    with contextlib.suppress(GuardError):
        return receipts.read(about["receipt"])  # it had been written
    proof, path = _proof_of_the_dead(place, about["groups"]), about["receipt"]
    wall, boot = time.time(), kernel.boot_time()
    order = {"by": "supervisor lost", "why": "the supervisor died", "wall": wall, "boot": boot}
    receipt = receipts.seal(
        receipts.compose(about["about"], order, proof, exit=None, killed=None), receipts.host_key()
    )
    with contextlib.suppress(GuardError):
        receipts.folder()  # anew, where it was taken away
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return receipt  # told, and not kept; the run's folder stays, so that it can be told again
    try:
        written = receipts.write(file, receipt)
    finally:
        os.close(file)
    if written:
        place.forget()
    return receipt


def _proof_of_the_dead(place: Place, groups: str) -> dict[str, Any]:
    """Return what the keeper wrote when it ended the jail; where the keeper is dead too, kill and look ourselves."""
    end = time.monotonic() + KEEPER_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError, IndexError):
            last = json.loads(Path(place.file(places.LAST)).read_text().splitlines()[-1])
            return {**last, "empty": {"wall": last["wall"], "boot": last["boot"]}}
        if cgroups.is_leftover(groups):
            break
        time.sleep(0.005)
    empty = cgroups.empty_run(cgroups.find_homes(), groups)
    now = {"wall": time.time(), "boot": kernel.boot_time()}
    return {"populated": int(not empty), "empty": now if empty else None, "how": "whoever came after"}
