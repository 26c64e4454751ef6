# SPDX-License-Identifier: MIT
"""Engines: a store that all hosts can reach, behind one small interface; an adapter is one file and one line in `ENGINES`.

An engine holds values under keys such as `orders/all/stop`. It is asked for the *state* of keys; what it tells by itself
(`wait`) only makes the next question come sooner. So an order that was given while a host was cut off is read when the
host is back, and a lost event loses nothing.

Easy to get wrong: what counts as having heard from the engine. Not a packet, not an open connection: a question about
the orders that was answered in full, and it counts from the moment when it was *asked*. A frozen engine, or one that
sends old answers late, is then as silent as a dead one.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from .errors import EngineLostError, FleetError

ENGINES = {
    "nats": "nats",
    "tls": "nats",
    "etcd": "etcd",
    "etcds": "etcd",
    "http": "etcd",
    "https": "etcd",
    "kubernetes": "kubernetes",
}
"""Scheme of the address -> module here that has `open_engine(address) -> Engine`."""

MANY = 20_000  # keys that one question may return
PAUSE = 0.02  # seconds between two rounds of questions, however often the bell rings
FLOOD = 256 * 1024 * 1024  # bytes that one answer may have


class Engine(Protocol):
    """A store that all hosts can reach. Every method raises EngineLostError where it does not answer in time."""

    def put(self, key: str, value: bytes) -> None:
        """Store a value; on return the engine has it."""

    def list(self, prefix: str) -> dict[str, bytes]:
        """Return what lies under `prefix` itself and below `prefix/`, as it is now, not as a replica remembers it."""

    def delete(self, key: str) -> None:
        """Take a key away; it need not be there."""

    def wait(self, prefix: str, seconds: float) -> None:
        """Return when something below `prefix` may have changed, or when the time is over. May return for nothing."""

    def close(self) -> None:
        """Let go of the connection; may be called twice."""


@dataclass(frozen=True)
class Address:
    """Where an engine is, taken apart."""

    scheme: str
    places: tuple[str, ...]  # host:port
    path: str
    options: dict[str, str]
    user: str = ""
    password: str = ""

    def __str__(self) -> str:
        """Name it without its secrets."""
        return f"{self.scheme}://{','.join(self.places)}" + (f"/{self.path}" if self.path else "")


def read_address(url: str) -> Address:
    """Take an address apart; raise FleetError where no engine has that scheme."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in ENGINES:
        known = ", ".join(f"{name}://" for name in ENGINES)
        raise FleetError(f"no engine for this address ({scheme[:20]!r}); there are {known}")
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError as failure:
        raise FleetError(f"the address of the engine cannot be read: {failure}") from None
    login, _, places = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    found = tuple(place for place in places.split(",") if place)
    return Address(scheme, found, parts.path.strip("/"), dict(parse_qsl(parts.query)), user, password)


def connect(url: str) -> Engine:
    """Return the engine at an address. It need not be reachable yet: each question connects anew where it must."""
    address = read_address(url)
    module = import_module(f"{__package__}.{ENGINES[address.scheme]}")
    if unknown := sorted(address.options.keys() - module.OPTIONS):
        raise FleetError(
            f"{address}: unknown setting {unknown[0]!r:.40}; there are {', '.join(sorted(module.OPTIONS))}"
        )
    if address.user and not module.PASSWORDS:
        raise FleetError(f"{address}: no user and password here; give a certificate (cert=, key=) or a token")
    engine: Engine = module.open_engine(address)
    return engine


def tls_context(options: dict[str, str]) -> ssl.SSLContext:
    """Return how to speak TLS, from the address' `ca`, `cert` and `key`; the server's name is always checked."""
    try:
        context = ssl.create_default_context(cafile=options.get("ca"))
        if "cert" in options:
            context.load_cert_chain(options["cert"], options.get("key"))
    except (OSError, ssl.SSLError) as failure:
        raise FleetError(
            f"the engine's certificates cannot be used: {failure}; see ca=, cert= and key="
        ) from failure
    return context


@dataclass(frozen=True)
class Found:
    """A value that lies under a key now."""

    key: str
    value: bytes


@dataclass(frozen=True)
class Told:
    """All prefixes were read in full, by questions asked at `asked`."""

    asked: float


@dataclass(frozen=True)
class Lost:
    """The engine did not answer; it is asked again."""

    why: str


def follow(
    engine: Engine,
    prefixes: Sequence[str],
    *,
    bell: str,
    beat: float,
    clock: Callable[[], float],
    ended: threading.Event,
) -> Iterator[Found | Told | Lost]:
    """Yield what lies below the prefixes, again at every beat and whenever the bell rings. A lost engine is an event."""
    while not ended.is_set():
        asked = clock()
        try:
            for prefix in prefixes:
                for key, value in engine.list(prefix).items():
                    yield Found(key, value)
            yield Told(asked)
            engine.wait(bell, beat)
            ended.wait(PAUSE)
        except EngineLostError as lost:
            yield Lost(str(lost))
            ended.wait(min(beat, 1.0))


def boot_clock() -> float:
    """Return seconds since the host started, sleep included: no one can set it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
