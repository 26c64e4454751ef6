# SPDX-License-Identifier: MIT
"""etcd: its HTTP/JSON gateway, version 3 (etcd 3.4 and later), with the standard library alone.

    etcd://HOST[:2379][,HOST…][/PREFIX][?ca=FILE&cert=FILE&key=FILE]         etcds:// or https:// with TLS

Keys lie below `PREFIX/` (`offswitch/`). Reads are linearizable, which is etcd's default: a member that was cut off from
its cluster does not answer from memory.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from .engine import MANY, Address, Engine, tls_context
from .errors import EngineLostError
from .http import Asked, Http, read_places

PORT = 2379
PREFIX = "offswitch"
OPTIONS, PASSWORDS = {"ca", "cert", "key"}, False


def open_engine(address: Address) -> Engine:
    """Return the keys below a prefix at an address."""
    return EtcdEngine(address)


def spelled(text: str) -> str:
    """Return text as etcd's gateway spells bytes."""
    return base64.b64encode(text.encode()).decode()


class EtcdEngine(Asked):
    """The keys below one prefix."""

    def __init__(self, address: Address) -> None:
        secure = address.scheme in ("etcds", "https")
        places = read_places(address.places or ("127.0.0.1",), PORT)
        tls = tls_context(address.options) if secure else None
        super().__init__(str(address), Http(str(address), places, tls))
        self.root = (address.path or PREFIX) + "/"

    def put(self, key: str, value: bytes) -> None:
        """Store a value; a majority has it when this returns."""
        self._ask("kv/put", {"key": spelled(self.root + key), "value": base64.b64encode(value).decode()})

    def list(self, prefix: str) -> dict[str, bytes]:
        """Return what lies under and below a prefix."""
        below = {**self._below(prefix), "limit": str(MANY + 1)}
        found = [
            *self._pairs("kv/range", {"key": spelled(self.root + prefix)}),
            *self._pairs("kv/range", below),
        ]
        if len(found) > MANY:
            raise EngineLostError(f"{self.name}: more than {MANY} keys below {prefix}: somebody fills it")
        return dict(found)

    def delete(self, key: str) -> None:
        """Take a key away."""
        self._ask("kv/deleterange", {"key": spelled(self.root + key)})

    def _below(self, prefix: str) -> dict[str, str]:
        # "0" follows "/" in ASCII, so this is all that begins with "prefix/".
        return {"key": spelled(f"{self.root}{prefix}/"), "range_end": spelled(f"{self.root}{prefix}0")}

    def changes(self, prefix: str) -> Iterator[bytes]:
        """Open a watch on the keys below a prefix."""
        return self.http.lines("POST", "/v3/watch", {"create_request": self._below(prefix)})

    def _pairs(self, what: str, question: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
        answer = self._ask(what, question)
        try:
            for pair in answer.get("kvs", []):
                key = base64.b64decode(pair["key"]).decode("utf-8", "replace")
                yield key.removeprefix(self.root), base64.b64decode(pair.get("value", ""))
        except (KeyError, TypeError, ValueError, AttributeError) as failure:
            raise EngineLostError(f"{self.name}: an answer that is not etcd's: {failure}") from failure

    def _ask(self, what: str, question: dict[str, Any]) -> dict[str, Any]:
        status, answer = self.http.ask("POST", f"/v3/{what}", question)
        if status != 200 or not isinstance(answer, dict):
            raise EngineLostError(
                f"{self.name}: {what} was refused with {status}: {json.dumps(answer)[:200]}"
            )
        return answer
