# SPDX-License-Identifier: MIT
"""The process outside a jail that accepts at its door (egress.py) and connects to what the operator allowed.

One thread for each of at most 64 connections: it reads one head, decides, says so in the log, connects, and carries bytes with
one buffer each way. Waiting for a name server, a slow agent or a full buffer holds up that connection alone.

Easy to get wrong: a name is resolved once, and the very address that was judged is the one connected to. And Python loads some
of itself on first use, which fails after the change of user where the new one may not read it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from offswitch.guard import kernel
from offswitch.guard.walls import calls

from .allowlist import RefusedError, Request, Rule, Rules, permits, understand
from .egress import LISTENER, LOG, READY

CONNECTIONS, HEAD_BYTES, BUFFER, DESCRIPTORS, MEMORY = 64, 16_384, 32_768, 256, 256 * 1024 * 1024
HEAD_SECONDS, CONNECT_SECONDS, IDLE_SECONDS, HALF_SECONDS = 10.0, 10.0, 900.0, 60.0
TRIED = 4  # addresses of one name
LINES, FIELD = 20, 300  # log lines a second for each kind of decision; characters of a field
REFUSED, FAILED = (
    b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % said
    for said in (b"403 Forbidden", b"502 Bad Gateway")
)
OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"
CUT, KEEP = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)  # what happens on close to what is not sent yet


class Log:
    """One JSON line for each decision, before it is acted on; beyond some a second, only their number."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._lock = descriptor, threading.RLock()
        self._second, self._said = 0.0, dict[str, int]()

    def say(self, decision: str, **facts: Any) -> None:
        """Write a line; where that cannot be done there is no network any more."""
        with self._lock:
            self.count_out()
            self._said[decision] = self._said.get(decision, 0) + 1
            if self._said[decision] <= LINES:
                self._write(decision=decision, **facts)

    def count_out(self) -> None:
        """Once a second is over, say how many decisions were not listed in it."""
        with self._lock:
            if time.monotonic() - self._second < 1:
                return
            for decision, number in self._said.items():
                if number > LINES:
                    self._write(decision=decision, reason="more in one second, not listed", count=number - LINES)  # fmt: skip
            self._second, self._said = time.monotonic(), {}

    def _write(self, **facts: Any) -> None:
        short = {
            name: fact if isinstance(fact, int | float) else _plain(fact) for name, fact in facts.items()
        }
        rest = memoryview(json.dumps({"at": round(time.time(), 3), **short}).encode() + b"\n")
        try:
            while rest:
                with contextlib.suppress(BlockingIOError):
                    select.select([], [self._descriptor], [])
                    rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            os._exit(1)


def _plain(fact: str | bytes) -> str:
    text = fact.decode("latin-1") if isinstance(fact, bytes) else fact
    return ascii(text[:FIELD])[1:-1][:FIELD]


class Flow:
    """One direction of a connection; while its buffer is not empty nothing more is read."""

    def __init__(
        self, source: socket.socket, sink: socket.socket, held: bytes = b"", left: int | None = None
    ) -> None:
        self.source, self.sink, self.left = source, sink, left
        self.room, self.held = memoryview(bytearray(BUFFER)), memoryview(held)
        self.moved, self.ended = 0, left == 0 and not held

    def step(self) -> None:
        """Read where nothing is held, and send what can be sent."""
        try:
            if not self.held:
                count = self.source.recv_into(
                    self.room, min(BUFFER, BUFFER if self.left is None else self.left)
                )
                if count == 0:
                    self.ended = True
                    self.sink.shutdown(socket.SHUT_WR)
                    return
                self.held = self.room[:count]
                self.left = None if self.left is None else self.left - count
            sent = self.sink.send(self.held)
        except BlockingIOError:
            return
        self.moved, self.held = self.moved + sent, self.held[sent:]
        self.ended = not self.held and self.left == 0


def carry(out: Flow, back: Flow, whole: bool) -> bool:
    """Carry until both directions have ended (`whole`) or the server's has; return False where time ran out."""
    while not back.ended or (whole and not out.ended):
        flows = [flow for flow in (out, back) if not flow.ended]
        reads = {flow.source: flow for flow in flows if not flow.held}
        writes = {flow.sink: flow for flow in flows if flow.held}
        patience = IDLE_SECONDS if len(flows) == 2 or not whole else HALF_SECONDS
        readable, writable, _ = select.select(reads, writes, [], patience)
        if not readable and not writable:
            return False
        for flow in [reads[known] for known in readable] + [writes[known] for known in writable]:
            flow.step()
    return True


def read_head(agent: socket.socket) -> tuple[bytes, bytes]:
    """Return a head and what came after it; it must be short and come soon, however it is cut into pieces."""
    end, data = time.monotonic() + HEAD_SECONDS, bytearray()
    while (place := data.find(b"\r\n\r\n")) < 0:
        left = end - time.monotonic()
        if left <= 0 or len(data) >= HEAD_BYTES:
            raise RefusedError(f"no end of the head in {HEAD_BYTES} bytes and {HEAD_SECONDS:g} s")
        agent.settimeout(left)
        try:
            piece = agent.recv(HEAD_BYTES - len(data))
        except TimeoutError:
            continue
        if not piece:
            raise RefusedError("it hung up within the head")
        data += piece
    return bytes(data[:place]), bytes(data[place + 4 :])


def _connect(family: int, place: tuple[str, int]) -> socket.socket:
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        server.settimeout(CONNECT_SECONDS)
        server.connect(place)
    except BaseException:
        server.close()
        raise
    return server


def _is_own(rule: Rule, family: int, address: str) -> bool:
    """Tell whether a public address is this host's own, where servers listen that outsiders may not reach."""
    if rule.literal or rule.local:
        return False
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asked:
        asked.connect((address, 9))  # sends nothing
        return bool(asked.getsockname()[0] == address)
    return False


def _dismiss(agent: socket.socket, words: bytes) -> None:
    """Say no, and read a little of what still comes: to close on unread bytes would take the words back."""
    with contextlib.suppress(OSError):
        agent.settimeout(0.5)
        agent.sendall(words)
        agent.shutdown(socket.SHUT_WR)
        for _ in range(16):
            if not agent.recv(BUFFER):
                break


Resolve = Callable[..., list[Any]]
Connect = Callable[[int, tuple[str, int]], socket.socket]


class Forwarder:
    """Serves the door of one jail; the ways to names and to servers are handed in."""

    def __init__(self, rules: Rules, log: Log, resolve: Resolve = socket.getaddrinfo, connect: Connect = _connect) -> None:  # fmt: skip
        self.rules, self.log, self.resolve, self.connect = rules, log, resolve, connect
        self.slots = threading.BoundedSemaphore(CONNECTIONS)

    def serve(self, listener: socket.socket) -> None:
        """Accept for ever, but no more connections at once than there are slots."""
        listener.settimeout(1.0)
        while True:
            self.log.count_out()
            if not self.slots.acquire(timeout=1.0):
                continue
            try:
                agent, _ = listener.accept()
            except OSError as failure:
                self.slots.release()
                if not isinstance(failure, TimeoutError):
                    time.sleep(0.05)
                continue
            try:
                threading.Thread(target=self.attend, args=(agent,), daemon=True).start()
            except RuntimeError:
                agent.close()
                self.slots.release()

    def attend(self, agent: socket.socket) -> None:
        """See to one connection, and free its slot, whatever happens."""
        try:
            with agent:
                self.answer(agent)
        except Exception as fault:  # of this code: the connection is closed, and the log tells
            self.log.say("denied", reason=f"{type(fault).__name__}: {fault}")
        finally:
            self.slots.release()

    def answer(self, agent: socket.socket) -> None:
        """Read a request and grant it, or say no more than that it is refused."""
        head, facts = b"", dict[str, Any]()
        try:
            head, rest = read_head(agent)
            facts = {"said": head.split(b"\r\n")[0]}
            request = understand(head)
            facts = {"host": request.host, "port": request.port}
            if request.body is not None and len(rest) > request.body:
                raise RefusedError("more follows than the body")
            server = self.reach(request)
        except RefusedError as refusal:
            self.log.say("denied", reason=str(refusal), **facts)
            _dismiss(agent, REFUSED)
        except OSError as failure:
            self.log.say("failed", reason=str(failure), **facts)
            _dismiss(agent, FAILED)
        else:
            with server:
                self.join(agent, server, request, rest)

    def reach(self, request: Request) -> socket.socket:
        """Connect to an address that may be reached; no name is asked for that no rule allows."""
        rule = self.rules.find(request.host, request.port)
        if rule is None:
            raise RefusedError("no rule allows it")
        found = self.resolve(request.host.encode(), request.port, type=socket.SOCK_STREAM)
        places = [(family, place[0]) for family, _, _, _, place in found]
        good = [known for known in places if permits(rule, known[1]) and not _is_own(rule, *known)]
        if not good:
            raise RefusedError(
                "it leads to no address that may be reached: " + " ".join(place for _, place in places)
            )
        self.log.say("allowed", host=request.host, port=request.port, reason=f"{good[0][1]}")
        failure = OSError("no address")
        for family, place in good[:TRIED]:
            try:
                return self.connect(family, (place, request.port))
            except OSError as refused:
                failure = refused
        raise failure

    def join(self, agent: socket.socket, server: socket.socket, request: Request, rest: bytes) -> None:
        """Carry bytes both ways until the end, and write down how many."""
        began, tunnel = time.monotonic(), not request.head
        left = None if request.body is None else request.body - len(rest)
        out, back = Flow(agent, server, request.head + rest, left), Flow(server, agent)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CUT)  # killed: what is under way is lost, too
        with contextlib.suppress(OSError):
            agent.settimeout(CONNECT_SECONDS)
            agent.sendall(OPENED if tunnel else b"")
            for end in (agent, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                end.setblocking(False)
            if carry(out, back, tunnel):
                server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, KEEP)
        self.log.say(
            "ended", host=request.host, port=request.port, sent=out.moved, received=back.moved,
            seconds=round(time.monotonic() - began, 3),
        )  # fmt: skip


def main() -> None:
    """Serve the door on descriptor 3 for the process and rules on the command line; the log is on 4."""
    parent, user, rules = int(sys.argv[1]), sys.argv[2], Rules.parse(sys.argv[3:])
    try:
        os.closerange(READY + 1, os.sysconf("SC_OPEN_MAX"))
        os.chdir("/")
        kernel.leave_keyring()
        limits = {resource.RLIMIT_NOFILE: DESCRIPTORS, resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CORE: 0}
        if user:  # its own, so that a limit on it counts nobody else's
            limits[resource.RLIMIT_NPROC] = CONNECTIONS + 8
            kernel.become(int(user), int(user))
        for limit, value in limits.items():
            resource.setrlimit(limit, (value, value))
        kernel.give_up_privileges()
        kernel.forbid_calls(calls.program())
        kernel.hide_memory()
        kernel.die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            return
        threading.stack_size(512 * 1024)
        door = Forwarder(rules, Log(LOG))
        os.write(READY, b".")
    except BaseException as failure:
        os.write(READY, str(failure).encode(errors="replace")[:2000])
        raise
    os.close(READY)
    door.serve(socket.socket(fileno=LISTENER))
