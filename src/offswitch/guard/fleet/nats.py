# SPDX-License-Identifier: MIT
"""NATS: a JetStream key-value bucket with one value a key, kept on disk.

    nats://HOST[:4222][,HOST…][/BUCKET][?creds=FILE&ca=FILE&cert=FILE&key=FILE&replicas=3]      tls:// with TLS

nats-py lives in one thread with its loop; the methods wait for it. Keys' `/` become NATS's `.`, a `.` becomes `=2E`.

Easy to get wrong: reading from a replica. A bucket may allow "direct" reads, which any server answers from what it has;
we always ask the stream's leader. And a client that reconnects by itself keeps old questions and sends them later: on
any failure the connection is thrown away, and the next question makes a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from .engine import FLOOD, MANY, Address, Engine, tls_context
from .errors import EngineLostError, ExtraMissingError, FleetError

if TYPE_CHECKING:
    from nats.aio.client import Client

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 2.0  # for one question
ALL_SECONDS = 15.0  # for one method, however many questions it asks
AT_ONCE = 64
BUCKET = "offswitch"
OPTIONS, PASSWORDS = {"creds", "ca", "cert", "key", "replicas"}, True
DELETED = ("DEL", "PURGE")
T = TypeVar("T")


def open_engine(address: Address) -> Engine:
    """Return the bucket at an address."""
    try:
        import nats  # noqa: F401
    except ImportError:
        raise ExtraMissingError("NATS needs the guard's extra: pip install 'offswitch[guard]'") from None
    return NatsEngine(address)


def subject(key: str) -> str:
    """Return a key as NATS spells it."""
    return key.replace(".", "=2E").replace("/", ".")


def key_of(spelled: str) -> str:
    """Return what NATS spells as we spell it."""
    return spelled.replace(".", "/").replace("=2E", ".")


class NatsEngine:
    """One bucket."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.bucket = address.path or BUCKET
        self.before, self.stream = f"$KV.{self.bucket}.", f"KV_{self.bucket}"
        self.options, self.replicas = self._options(), address.options.get("replicas", "1")
        if not (self.replicas.isdigit() and 1 <= int(self.replicas) <= 5):
            raise FleetError(f"{address}: replicas={self.replicas!r:.20} must be a number from 1 to 5")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="fleet nats", daemon=True)
        self.thread.start()
        self.client: Client | None = None
        self.joining = asyncio.Lock()
        self.bells: dict[str, threading.Event] = {}
        self.closed = False

    def _options(self) -> dict[str, Any]:
        options, found = self.address.options, dict[str, Any]()
        if self.address.user:
            found |= (
                {"user": self.address.user, "password": self.address.password}
                if self.address.password
                else {"token": self.address.user}
            )
        if creds := options.get("creds"):
            found["user_credentials"] = creds
        if self.address.scheme == "tls" or "ca" in options:
            found["tls"] = tls_context(options)
        return found

    # The interface -----------------------------------------------------------------------------------------------------

    def put(self, key: str, value: bytes) -> None:
        """Store a value; the leader has written it when this returns."""

        async def act() -> None:
            client = await self._joined()
            await client.jetstream(timeout=ANSWER_SECONDS).publish(self.before + subject(key), value)

        self._wait_for(act())

    def list(self, prefix: str) -> dict[str, bytes]:
        """Return what lies under and below a prefix, by the leader's word."""

        async def act() -> dict[str, bytes]:
            client = await self._joined()
            manager = client.jsm(timeout=ANSWER_SECONDS)
            seen = await manager.stream_info(self.stream, subjects_filter=f"{self.before}{subject(prefix)}.>")
            names = [self.before + subject(prefix), *(seen.state.subjects or {})]
            if len(names) > MANY:
                raise EngineLostError(
                    f"{self.address}: more than {MANY} keys below {prefix}: somebody fills it"
                )
            turn, found = asyncio.Semaphore(AT_ONCE), dict[str, bytes]()

            async def read(name: str) -> None:
                async with turn:
                    value = await self._last(manager, name)
                if value is not None:
                    found[key_of(name.removeprefix(self.before))] = value
                    if sum(map(len, found.values())) > FLOOD:
                        raise EngineLostError(f"{self.address}: more than {FLOOD} bytes below {prefix}")

            await asyncio.gather(*map(read, names))
            return found

        return self._wait_for(act())

    async def _last(self, manager: Any, name: str) -> bytes | None:
        """Return the last value of a subject, None where there is none or it was deleted."""
        from nats.js.errors import NotFoundError

        try:
            message = await manager.get_msg(self.stream, subject=name, direct=False)
        except NotFoundError:
            return None
        if (message.headers or {}).get("KV-Operation") in DELETED:
            return None
        return bytes(message.data or b"")

    def delete(self, key: str) -> None:
        """Put a mark of deletion."""

        async def act() -> None:
            client = await self._joined()
            stream = client.jetstream(timeout=ANSWER_SECONDS)
            await stream.publish(self.before + subject(key), b"", headers={"KV-Operation": "DEL"})

        self._wait_for(act())

    def wait(self, prefix: str, seconds: float) -> None:
        """Return when something below a prefix was published, or the time is over."""
        if prefix not in self.bells:

            async def act() -> None:
                client = await self._joined()
                self.bells[prefix] = threading.Event()
                await self._hang(client, prefix)

            self._wait_for(act())
            return  # something may have come before the bell hung
        bell = self.bells[prefix]
        bell.wait(seconds)
        bell.clear()

    def close(self) -> None:
        """Leave the server and end the thread."""
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._drop(), self.loop).result(1.0)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(2.0)

    # The loop's side ---------------------------------------------------------------------------------------------------

    def _wait_for(self, act: Coroutine[Any, Any, T]) -> T:
        """Run one method in the loop; whatever goes wrong, the connection is thrown away."""
        if self.closed:
            act.close()
            raise EngineLostError(f"{self.address}: closed by us")
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(act, ALL_SECONDS), self.loop)
        try:
            return future.result(ALL_SECONDS + 2.0)
        except EngineLostError:
            raise
        except Exception as failure:  # nats-py has many; none of them may end a member or a stop
            future.cancel()
            if not self.loop.is_closed():
                asyncio.run_coroutine_threadsafe(self._drop(), self.loop)
            raise EngineLostError(f"{self.address}: {type(failure).__name__}: {failure}"[:300]) from failure

    async def _joined(self) -> Client:
        """Return a connection that is open, with the bucket made and the bells hung."""
        async with self.joining:
            if self.client is not None and self.client.is_connected:
                return self.client
            await self._drop()
            client = await asyncio.wait_for(self._connected(), CONNECT_SECONDS)
            self.client = client
            await self._make_bucket(client)
            for prefix in list(self.bells):
                await self._hang(client, prefix)
            return client

    async def _connected(self) -> Client:
        import nats

        scheme = "tls" if self.address.scheme == "tls" else "nats"
        return await nats.connect(
            [f"{scheme}://{place}" for place in self.address.places or ("127.0.0.1:4222",)],
            allow_reconnect=False,
            connect_timeout=1,
            max_reconnect_attempts=1,
            ping_interval=5,
            error_cb=_say_nothing,
            **self.options,
        )

    async def _make_bucket(self, client: Client) -> None:
        from nats.js.api import StorageType
        from nats.js.errors import NotFoundError

        stream = client.jetstream(timeout=ANSWER_SECONDS)
        try:
            await stream.stream_info(self.stream)
        except NotFoundError:
            await stream.create_key_value(
                bucket=self.bucket,
                history=1,
                storage=StorageType.FILE,
                replicas=int(self.replicas),
            )

    async def _hang(self, client: Client, prefix: str) -> None:
        """Subscribe a bell; the values themselves are read from the bucket."""
        bell = self.bells[prefix]

        async def ring(_: Any) -> None:
            bell.set()

        await client.subscribe(f"{self.before}{subject(prefix)}.>", cb=ring)
        await client.flush(timeout=2)
        bell.set()

    async def _drop(self) -> None:
        client, self.client = self.client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.close(), 1.0)


async def _say_nothing(_: Exception) -> None:
    """Errors reach the one who asked; nats-py would print them too."""
