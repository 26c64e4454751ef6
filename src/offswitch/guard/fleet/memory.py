# SPDX-License-Identifier: MIT
"""What a member remembers of orders across its own restarts, so that none is lifted by forgetting it or obeyed twice.

    STATE/fleet/HOST.json     every order heard, as it was sealed, and when by the boot clock
    STATE/fleet/HOST.lock     held while the member lives: one member a host name

Easy to get wrong: an order goes back when the engine does. One whose number is not above that of the last one heard under
the same key is refused, whoever brings it.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from offswitch.guard.switch.places import own_folder, state_folder

from .errors import FleetError, NotBelievedError
from .order import Heard, read_order
from .sealed import plain, unseal

SCHEMA = "offswitch.fleet-memory/1"
KEPT = 1_000  # orders; those that stand are never dropped


def boot_id() -> str:
    """Return the kernel's name for the time since this host started."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True)
class Kept:
    """One order, and the bytes it came in."""

    heard: Heard
    value: bytes


class Memory:
    """The orders that one host has heard."""

    def __init__(self, host: str, secret: bytes) -> None:
        """Take the host's name and read what was heard before; raise FleetError where either cannot be done."""
        self.secret, self.kept = secret, dict[str, Kept]()
        folder = own_folder(os.path.join(own_folder(state_folder()), "fleet"))
        self.file = os.path.join(folder, f"{host}.json")
        self.lock = os.open(
            os.path.join(folder, f"{host}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            os.close(self.lock)
            raise FleetError(
                f"a member for the host {host!r} runs here already; give another --host"
            ) from failure
        try:
            self._read()
        except BaseException:
            os.close(self.lock)
            raise

    def _read(self) -> None:
        cure = "see who changed it; removing it forgets which orders stand and were obeyed"
        try:
            record = json.loads(Path(self.file).read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError) as failure:
            raise FleetError(f"{self.file}: cannot be read: {failure}; {cure}") from failure
        try:
            assert record["schema"] == SCHEMA
            since = boot_id() == record["boot"]
            for key, (text, boot) in record["orders"].items():
                value = text.encode()
                scope, order = read_order(key, unseal(self.secret, key, value))
                self.kept[key] = Kept(Heard(scope, order, float(boot) if since else -1.0), value)
        except (AssertionError, KeyError, TypeError, ValueError, AttributeError, NotBelievedError) as failure:
            raise FleetError(f"{self.file}: is not what this member wrote, or the fleet's key is another ({failure}); {cure}") from failure  # fmt: skip

    def hear(self, key: str, value: bytes, boot: float) -> Heard | None:
        """Take in what lies under a key: the order if it is a newer one, None if it is known; else NotBelievedError."""
        known = self.kept.get(key)
        if known is not None and known.value == value:
            return None
        scope, order = read_order(key, unseal(self.secret, key, value))
        if known is not None and order.sequence <= known.heard.order.sequence:
            raise NotBelievedError(
                f"{plain(key)}: an older order than the one that was heard; it changes nothing"
            )
        heard = Heard(scope, order, boot)
        self.kept[key] = Kept(heard, value)
        return heard

    def orders(self) -> list[Heard]:
        """Return all orders that were heard."""
        return [kept.heard for kept in self.kept.values()]

    def sequences(self) -> dict[str, int]:
        """Return the number of the last order under each key."""
        return {key: kept.heard.order.sequence for key, kept in self.kept.items()}

    def write(self) -> None:
        """Keep it on disk, whole or not at all. Raises OSError."""
        self._drop_old()
        orders = {key: (kept.value.decode(), kept.heard.boot) for key, kept in self.kept.items()}
        draft = f"{self.file}.draft"
        with open(
            draft, "w", opener=lambda path, flags: os.open(path, flags | os.O_CLOEXEC, 0o600)
        ) as stream:
            json.dump({"schema": SCHEMA, "boot": boot_id(), "orders": orders}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, self.file)

    def _drop_old(self) -> None:
        passing = [
            key
            for key, kept in self.kept.items()
            if kept.heard.scope.name is not None or kept.heard.order.kind == "shorten"
        ]
        passing.sort(key=lambda key: self.kept[key].heard.order.sequence)
        for key in passing[: max(0, len(passing) - KEPT)]:
            del self.kept[key]

    def close(self) -> None:
        """Let go of the host's name."""
        os.close(self.lock)
