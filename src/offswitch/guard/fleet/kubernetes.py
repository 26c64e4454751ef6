# SPDX-License-Identifier: MIT
"""Kubernetes: one ConfigMap a key, in one namespace, by the API server's REST interface and the standard library alone.

    kubernetes:///NAMESPACE                                        in a pod: address, token and CA of its service account
    kubernetes://HOST[:6443]/NAMESPACE?token=FILE&ca=FILE           elsewhere (`plain=1`: without TLS, for a local proxy)

The service account needs `get`, `list`, `watch`, `create`, `update` and `delete` on `configmaps` in that namespace. A ConfigMap is named
after a digest of its key and found by labels, since names there know neither `/` nor capitals.

CAVEAT: tested against a server of our own that speaks this part of the protocol, not on a real cluster.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .engine import MANY, Address, Engine, tls_context
from .errors import EngineLostError, FleetError
from .http import Asked, Http, read_places

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
PORT = 6443
NAMESPACE = "offswitch"
OPTIONS, PASSWORDS = {"token", "plain", "ca", "cert", "key"}, False
LABEL = "offswitch-below"  # with -1 and -2: the key's first part, and its first two


def open_engine(address: Address) -> Engine:
    """Return the ConfigMaps of a namespace."""
    return KubernetesEngine(address)


def digest(text: str) -> str:
    """Return a name that Kubernetes allows."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def read_config_map(item: Any) -> tuple[str, bytes]:
    """Return key and value of one ConfigMap; one that is not named after its key has neither."""
    try:
        key, value = item["data"]["key"], base64.b64decode(item["binaryData"]["value"])
        if item["metadata"]["name"] == f"offswitch-{digest(key)}":
            return key, value
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    return "", b""  # somebody else's with our label


class KubernetesEngine(Asked):
    """The ConfigMaps of one namespace."""

    def __init__(self, address: Address) -> None:
        options = dict(address.options)
        places = address.places
        if not places:
            host, port = (
                os.environ.get("KUBERNETES_SERVICE_HOST"),
                os.environ.get("KUBERNETES_SERVICE_PORT", "443"),
            )
            if not host:
                raise FleetError(
                    "kubernetes:///NAMESPACE works in a pod; elsewhere name the API server's host"
                )
            places = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}",)
            options = {"token": str(ACCOUNT / "token"), "ca": str(ACCOUNT / "ca.crt"), **options}
        tls = None if options.get("plain") == "1" else tls_context(options)
        super().__init__(str(address), Http(str(address), read_places(places, PORT), tls))
        self.token = options.get("token")
        self.place = f"/api/v1/namespaces/{quote(address.path or NAMESPACE, safe='')}/configmaps"

    def put(self, key: str, value: bytes) -> None:
        """Store a value: replace the ConfigMap, or create it where there is none."""
        record = self._config_map(key, value)
        for _ in range(3):  # it may appear or go away between the two questions
            status, answer = self._ask("PUT", f"{self.place}/{record['metadata']['name']}", record)
            if status == 404:
                status, answer = self._ask("POST", self.place, record)
            if status in (200, 201):
                return
            if status not in (404, 409):
                break
        raise self._refused("put", status, answer)

    def list(self, prefix: str) -> dict[str, bytes]:
        """Return what lies under and below a prefix; without a resourceVersion the API server asks its store."""
        found: dict[str, bytes] = {}
        after = ""
        while True:
            question = {
                "labelSelector": self._selector(prefix),
                "limit": "500",
                **({"continue": after} if after else {}),
            }
            status, answer = self._ask("GET", f"{self.place}?{urlencode(question)}")
            if status != 200:
                raise self._refused("list", status, answer)
            try:
                for item in answer["items"] or []:
                    key, value = read_config_map(item)
                    if key == prefix or key.startswith(f"{prefix}/"):
                        found[key] = value
                after = (answer.get("metadata") or {}).get("continue") or ""
            except (KeyError, TypeError, AttributeError) as failure:
                raise EngineLostError(
                    f"{self.name}: an answer that is not a list of ConfigMaps: {failure}"
                ) from failure
            if len(found) > MANY:
                raise EngineLostError(f"{self.name}: more than {MANY} keys below {prefix}: somebody fills it")
            if not after:
                return found

    def delete(self, key: str) -> None:
        """Take a ConfigMap away."""
        status, answer = self._ask("DELETE", f"{self.place}/offswitch-{digest(key)}")
        if status not in (200, 202, 404):
            raise self._refused("delete", status, answer)

    def changes(self, prefix: str) -> Iterator[bytes]:
        """Open a watch on the ConfigMaps below a prefix."""
        question = urlencode({"labelSelector": self._selector(prefix), "watch": "1", "timeoutSeconds": "50"})
        return self.http.lines("GET", f"{self.place}?{question}", None, self._bearer())

    def _selector(self, prefix: str) -> str:
        parts = prefix.split("/")[:2]
        return f"{LABEL}-{len(parts)}={digest('/'.join(parts))}"

    def _config_map(self, key: str, value: bytes) -> dict[str, Any]:
        parts = key.split("/")
        labels = {f"{LABEL}-{count}": digest("/".join(parts[:count])) for count in (1, 2)}
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"offswitch-{digest(key)}", "labels": labels},
            "data": {"key": key},
            "binaryData": {"value": base64.b64encode(value).decode()},
        }

    def _bearer(self) -> dict[str, str]:
        """Read the token each time: Kubernetes changes it about every hour."""
        if not self.token:
            return {}
        try:
            return {"Authorization": f"Bearer {Path(self.token).read_text().strip()}"}
        except OSError as failure:
            raise EngineLostError(f"{self.token}: the token cannot be read: {failure.strerror}") from failure

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return self.http.ask(method, path, body, self._bearer())

    def _refused(self, what: str, status: int, answer: Any) -> EngineLostError:
        return EngineLostError(f"{self.name}: {what} was refused with {status}: {json.dumps(answer)[:200]}")
