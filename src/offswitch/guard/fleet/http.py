# SPDX-License-Identifier: MIT
"""Questions in JSON over HTTP, and what the engines that are asked that way have in common: one connection a thread, every wait bounded.

Easy to get wrong: a connection that the server closed while it was idle looks like a lost engine. The question is asked
once more on a new connection; so questions must be such that asking twice does no harm.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from .engine import FLOOD
from .errors import EngineLostError, FleetError

SECONDS = 3.0  # for one answer
QUIET = 60.0  # a stream that says nothing for so long is opened anew
LINE = 4 * 1024 * 1024


class Http:
    """The way to one server, or to the first of several that answers."""

    def __init__(self, name: str, places: list[tuple[str, int]], tls: ssl.SSLContext | None) -> None:
        self.name, self.places, self.tls = name, places, tls
        self.own = threading.local()
        self.first = 0  # the place that answered last
        self.open: set[http.client.HTTPConnection] = set()

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return the status and the JSON of one answer; raise EngineLostError where none comes."""
        line, failure = getattr(self.own, "line", None), "no server is named"
        tries = ([line] if line is not None else []) + [None] * len(self.places)
        for number, line in enumerate(tries):
            try:
                if line is None:
                    line = self.own.line = self._connection(number > 0)
                self._send(line, method, path, body, headers)
                answer = line.getresponse()
                text = answer.read(FLOOD + 1)
                if len(text) <= FLOOD:
                    return answer.status, json.loads(text or b"null")
                failure = f"an answer of more than {FLOOD} bytes"
            except (OSError, http.client.HTTPException, ValueError, RecursionError) as broken:
                failure = f"{type(broken).__name__}: {broken}"
                if isinstance(broken, TimeoutError) and len(self.places) == 1:
                    self._let_go(line)
                    break  # it is not the connection that is old
            self._let_go(line)
        raise EngineLostError(f"{self.name}: {failure}"[:300])

    def lines(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Iterator[bytes]:
        """Yield the lines of a stream that the server holds open, until it ends."""
        line = self._connection(False, QUIET)
        try:
            self._send(line, method, path, body, headers)
            answer = line.getresponse()
            while answer.status == 200 and (text := answer.readline(LINE)):
                yield text
        finally:
            self.open.discard(line)
            line.close()

    def close(self) -> None:
        """Close what is open, streams included."""
        for line in list(self.open):
            with contextlib.suppress(OSError):
                if line.sock is not None:
                    line.sock.shutdown(socket.SHUT_RDWR)
            line.close()
        self.open.clear()

    def _connection(self, other: bool, seconds: float = SECONDS) -> http.client.HTTPConnection:
        self.first = (self.first + other) % len(self.places)
        host, port = self.places[self.first]
        line = (
            http.client.HTTPConnection(host, port, timeout=seconds)
            if self.tls is None
            else http.client.HTTPSConnection(host, port, timeout=seconds, context=self.tls)
        )
        self.open.add(line)
        return line

    def _send(
        self,
        line: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Any,
        headers: dict[str, str] | None,
    ) -> None:
        data = None if body is None else json.dumps(body)
        line.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})

    def _let_go(self, line: http.client.HTTPConnection | None) -> None:
        if line is not None:
            self.open.discard(line)
            line.close()
        self.own.line = None


class Bell:
    """A thread that holds a stream open and remembers that something came.

    It is only ever a way to ask sooner, so it may break, hang or ring for nothing.
    """

    def __init__(self, stream: Callable[[], Iterator[bytes]]) -> None:
        self.stream, self.rung, self.ended = stream, threading.Event(), threading.Event()
        threading.Thread(target=self._listen, name="fleet bell", daemon=True).start()

    def _listen(self) -> None:
        while not self.ended.is_set():
            try:
                for _ in self.stream():
                    self.rung.set()
                    if self.ended.is_set():
                        return
            except Exception:  # whatever it was, the next question to the engine tells
                pass
            self.ended.wait(1.0)

    def wait(self, seconds: float) -> None:
        """Return when it has rung since the last time, or when the time is over."""
        self.rung.wait(seconds)
        self.rung.clear()


class Asked(ABC):
    """An engine that is asked, and that tells what changes, over HTTP: one way to its server, and a bell for each prefix."""

    def __init__(self, name: str, http: Http) -> None:
        self.name, self.http = name, http
        self.bells: dict[str, Bell] = {}

    @abstractmethod
    def changes(self, prefix: str) -> Iterator[bytes]:
        """Open the stream that says something whenever a key below the prefix changes."""

    def wait(self, prefix: str, seconds: float) -> None:
        """Return when something below a prefix changed, or the time is over."""
        if prefix not in self.bells:
            self.bells[prefix] = Bell(lambda: self.changes(prefix))
        self.bells[prefix].wait(seconds)

    def close(self) -> None:
        """Close all connections."""
        for bell in self.bells.values():
            bell.ended.set()
        self.http.close()


def read_places(places: tuple[str, ...], port: int) -> list[tuple[str, int]]:
    """Return host and port of each place of an address."""
    found = []
    for place in places:
        host, mark, number = place.rpartition(":")
        if mark and number.isdigit() and "]" not in number:
            if not 0 < int(number) < 65536:
                raise FleetError(f"{place!r:.80}: {number} is no port")
            found.append((host.strip("[]"), int(number)))
        else:
            found.append((place.strip("[]"), port))
    return found
