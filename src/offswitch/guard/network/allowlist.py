# SPDX-License-Identifier: MIT
"""What a jailed agent may reach on the network, and what it asks for: the rules and the reading of requests, both pure.

    [local:][*.]host[:port]     api.example.com   *.example.org:443   127.0.0.1:8080   [2001:db8::1]:443   local:db.lan:5432

Default deny. A name leads to public addresses only, whatever the name server says; an address is reached when a rule *is* that
address; `local:` lets a name lead to loopback and private addresses, too. `*.` means subdomains and not the domain itself.

Easy to get wrong: the agent writes every byte of a request. What is not exactly right is refused and never mended, hosts are
compared in one spelling, and the server is sent a head that was written anew from what was understood, so that
the two cannot read it differently.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?=[a-z]){_LABEL}")  # 0x7f.1 and 2130706433 are addresses to a resolver
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([1-9][0-9]{0,4}))?")

_FIRST = re.compile(rb"([A-Z]{1,20}) ([!-~]+) (HTTP/1\.[01])")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
_TARGET = re.compile(r"http://([^/?#\\@]+)((?:/[^#]*)?|\?[^#]*)")
_OF_THIS_HOP = frozenset(
    b"connection proxy-connection keep-alive proxy-authorization te trailer upgrade http2-settings expect host content-length".split()
)


def _networks(words: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(word) for word in words.split())


# Python's own `is_global` has changed from one version to the next. What IANA has set aside is not public:
_PUBLIC = _networks("0.0.0.0/0 2000::/3")
_SET_ASIDE = _networks(
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 "
    "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3 2001::/23 2001:db8::/32 2002::/16 3fff::/20"
)
_LOCAL = _networks("127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7")
_CREDENTIALS = _networks("fd00:ec2::/32")  # where a cloud hands out its keys; so does 169.254.0.0/16
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address in its last 32 bits


class Rule(NamedTuple):
    """One host and port that the agent may reach."""

    host: str
    port: int
    below: bool = False  # its subdomains, and not itself
    local: bool = False  # may lead to loopback and private addresses
    literal: bool = False  # it is an address, and exactly that one


class Rules(NamedTuple):
    """What the operator allowed."""

    entries: tuple[str, ...]
    rules: tuple[Rule, ...]

    @classmethod
    def parse(cls, entries: Sequence[str]) -> Rules:
        """Read entries `[local:][*.]host[:port]`, port 443 where none is said; raise ValueError naming the odd one."""
        rules = sorted((_rule(entry) for entry in entries), key=lambda rule: (not rule.local, rule.below))
        return cls(tuple(entries), tuple(rules))

    def find(self, host: str, port: int) -> Rule | None:
        """Return the rule for a host in its one spelling; None where nothing allows it."""
        for rule in self.rules:
            if port == rule.port and (host.endswith("." + rule.host) if rule.below else host == rule.host):
                return rule
        return None


def _rule(entry: str) -> Rule:
    def odd(cure: str) -> ValueError:
        return ValueError(f"egress rule {entry!r:.200}: {cure}")

    if not isinstance(entry, str) or not entry.isascii():
        raise odd("write host:port in ASCII; a name in another script has an xn-- form")
    local, rest = entry.startswith("local:"), entry.removeprefix("local:")
    below, rest = rest.startswith("*."), rest.removeprefix("*.")
    if "/" in rest or "@" in rest:
        raise odd("write host:port alone, without scheme, user or path")
    if rest.count(":") > 1 and not rest.startswith("["):
        raise odd("put an IPv6 address in brackets, as in [2001:db8::1]:443")
    place = authority(rest, 443)
    if place is None:
        raise odd(
            "write host:port with a host as in api.example.com, *.example.org or 192.0.2.1 and a port of 1 to 65535, "
            "without a trailing dot or spaces"
        )
    host, port = place
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        literal = False
    else:
        literal = True
        if local or below:
            raise odd("an address needs no mark: it allows exactly itself")
        if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
            raise odd("no single host has this address; write the address of one")
    if below and "." not in host:
        raise odd("this would allow a whole top-level domain; name the domain, as in *.example.org")
    if not local and (host == "localhost" or host.endswith(".localhost")):
        raise odd(f"write local:{rest} where a server on this host is meant")
    return Rule(host, port, below, local, literal)


def authority(text: str, port: int | None) -> tuple[str, int] | None:
    """Read `host[:port]` into the one spelling in which hosts are compared; None where it is odd in any way."""
    found = _AUTHORITY.fullmatch(text) if text.isascii() else None
    if found is None or not (found[2] or port):
        return None
    host, number = _spelling(found[1]), int(found[2] or port or 0)
    return (host, number) if host is not None and number < 65536 else None


def _spelling(host: str) -> str | None:
    with contextlib.suppress(ValueError):
        return str(ipaddress.IPv6Address(host[1:-1]) if host[0] == "[" else ipaddress.IPv4Address(host))
    return host.lower() if len(host) < 254 and _NAME.fullmatch(host.lower()) else None


def permits(rule: Rule, address: str) -> bool:
    """Tell whether a host that `rule` allows may be reached at this address, which a name server gave."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if rule.literal:
        return str(ip) == rule.host
    if rule.local and any(ip in network for network in _LOCAL):
        return not any(ip in network for network in _CREDENTIALS)
    if ip in _TRANSLATED:
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return any(ip in network for network in _PUBLIC) and not any(ip in network for network in _SET_ASIDE)


class RefusedError(Exception):
    """What the agent asked for is not allowed; the reason is for the log alone."""


class Request(NamedTuple):
    """What an agent asked for, understood in full."""

    host: str
    port: int
    head: bytes = b""  # for the server; empty for a tunnel
    body: int | None = None  # bytes that may follow; None: as many as come


def understand(head: bytes) -> Request:
    """Read a head without its empty line; raise RefusedError at the first thing that is odd."""
    lines = head.split(b"\r\n")
    first = _FIRST.fullmatch(lines[0])
    fields = [_FIELD.fullmatch(line) for line in lines[1:]]
    if first is None or None in fields:
        raise RefusedError("not a request of HTTP/1.1")
    method, target, version = first[1], first[2].decode("ascii"), first[3]
    if method == b"CONNECT":
        place = authority(target, None)
        if place is None:
            raise RefusedError("not a host and port")
        return Request(*place)
    parts = _TARGET.fullmatch(target)
    place = authority(parts[1], 80) if parts else None
    if parts is None or place is None:
        raise RefusedError("not an http:// address of a host")
    known = [(field[1].lower(), field[1], field[2]) for field in fields if field]
    lengths = [value.strip() for name, _, value in known if name == b"content-length"]
    coded = any(name == b"transfer-encoding" for name, _, _ in known)
    if coded or len(lengths) > 1 or not re.fullmatch(rb"[0-9]{1,15}", lengths[0] if lengths else b"0"):
        raise RefusedError("the length of the body must be said once, in digits")
    named = b",".join(value for name, _, value in known if name == b"connection").lower().split(b",")
    dropped = _OF_THIS_HOP.union(name.strip() for name in named)
    host, port = place
    site = (f"[{host}]" if ":" in host else host) + ("" if port == 80 else f":{port}")
    path = parts[2] if parts[2].startswith("/") else "/" + parts[2]
    written = [b"%b %b %b" % (method, path.encode(), version), b"Host: " + site.encode()]
    written += [b"%b: %b" % (spelled, value) for name, spelled, value in known if name not in dropped]
    written += [b"Content-Length: " + length for length in lengths]
    text = b"\r\n".join([*written, b"Connection: close", b"", b""])
    return Request(host, port, text, int(lengths[0]) if lengths else 0)
