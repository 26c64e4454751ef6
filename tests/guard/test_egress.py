# SPDX-License-Identifier: MIT
"""Network by allow-list: what no rule allows is not reached, however it is spelled; and one kill ends all of it."""

import asyncio
import contextlib
import fcntl
import functools
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits
from offswitch.guard.network import allowlist, egress, forwarder
from offswitch.guard.network.allowlist import RefusedError, Rule, Rules, permits, understand
from offswitch.guard.network.egress import EgressError
from offswitch.guard.network.forwarder import Forwarder, Log
from offswitch.guard.walls import keeper

SOURCE = Path(__file__).parents[2] / "src"
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
RULES = Rules.parse(
    ["api.example.com", "api.example.com:80", "*.example.org:443", "127.0.0.1:8080", "[2001:db8::1]:443"]
)


# The rules -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("api.example.com", Rule("api.example.com", 443)),
        ("API.Example.com:8443", Rule("api.example.com", 8443)),
        ("*.example.org:443", Rule("example.org", 443, below=True)),
        ("127.0.0.1:8080", Rule("127.0.0.1", 8080, literal=True)),
        ("[2001:DB8:0::1]", Rule("2001:db8::1", 443, literal=True)),
        ("local:db.lan:5432", Rule("db.lan", 5432, local=True)),
        ("local:localhost:80", Rule("localhost", 80, local=True)),
        ("local:*.svc.lan:80", Rule("svc.lan", 80, below=True, local=True)),
        ("xn--bcher-kva.example", Rule("xn--bcher-kva.example", 443)),
        ("local", Rule("local", 443)),
    ],
)
def test_a_rule_is_a_host_and_a_port(entry, rule):
    assert Rules.parse([entry]).rules == (rule,)


@pytest.mark.parametrize(
    ("entry", "cure"),
    [
        ("https://api.example.com", "without scheme"), ("api.example.com/v1", "without scheme"),
        ("user@api.example.com", "without scheme"), ("api.example.com.", "trailing dot"), ("", "write host:port"),
        (" api.example.com", "spaces"), ("a.com,b.com", "write host:port"), ("a.com:0", "1 to 65535"),
        ("a.com:65536", "1 to 65535"), ("a.com:080", "1 to 65535"), ("a.com:*", "1 to 65535"), ("a.com:", "1 to 65535"),
        ("*", "write host:port"), ("*.com", "top-level"), ("*example.com", "write host:port"), ("a.*.com", "write host:port"),
        ("::1", "brackets"), ("2001:db8::1:443", "brackets"), ("[::1", "write host:port"), ("[fe80::1%eth0]:1", "write host:port"),
        ("*.127.0.0.1", "exactly itself"), ("local:10.0.0.1:80", "exactly itself"), ("0.0.0.0:80", "no single host"),
        ("224.0.0.1:80", "no single host"), ("[::]:80", "no single host"), ("255.255.255.255:80", "no single host"),
        ("127.1:80", "write host:port"), ("0x7f000001:80", "write host:port"), ("2130706433", "write host:port"),
        ("010.0.0.1", "write host:port"), ("bücher.example", "xn--"), ("\u212aelvin.example", "xn--"),
        ("localhost:80", "local:localhost:80"), ("-a.com", "write host:port"), ("a..com", "write host:port"),
        ("a" * 64 + ".com", "write host:port"), ("a.com\n", "write host:port"), ("a.com\0", "write host:port"), (b"a.com", "ASCII"),
        (None, "ASCII"),
    ],
)  # fmt: skip
def test_an_odd_rule_is_named_with_its_cure(entry, cure):
    with pytest.raises(ValueError, match="egress rule") as refusal:
        Rules.parse(["fine.example.com", entry])
    assert repr(entry)[:60] in str(refusal.value)
    assert cure in str(refusal.value)


@pytest.mark.parametrize(
    ("host", "port", "found"),
    [
        ("api.example.com", 443, True), ("api.example.com", 444, False), ("x.api.example.com", 443, False),
        ("example.com", 443, False), ("notapi.example.com", 443, False), ("a.example.org", 443, True),
        ("a.b.example.org", 443, True), ("example.org", 443, False), ("badexample.org", 443, False),
        ("example.org.evil.com", 443, False), ("127.0.0.1", 8080, True), ("127.0.0.1", 80, False), ("127.0.0.2", 8080, False),
        ("2001:db8::1", 443, True), ("::ffff:127.0.0.1", 8080, False),
    ],
)  # fmt: skip
def test_what_no_rule_names_is_denied(host, port, found):
    assert (RULES.find(host, port) is not None) == found


def test_nothing_is_allowed_by_no_rule():
    assert Rules.parse([]).find("api.example.com", 443) is None


def test_of_two_rules_for_a_host_the_one_that_means_local_addresses_is_taken():
    rules = Rules.parse(["*.corp.example:443", "local:db.corp.example:443"])
    assert rules.find("db.corp.example", 443).local
    assert not rules.find("www.corp.example", 443).local


PUBLIC = ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "64:ff9b::1.1.1.1"]
LOCAL = ["127.0.0.1", "127.8.8.8", "10.1.2.3", "172.31.0.1", "192.168.1.1", "::1", "fd12::1"]
NEVER = [
    "0.0.0.0", "0.1.2.3", "100.64.0.1", "169.254.169.254", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.9",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:1.1.1.1", "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::", "3fff::1", "5f00::1", "100::1", "fd00:ec2::254",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_name_may_lead_to_a_public_address(address):
    assert permits(Rule("a.com", 443), address)
    assert permits(Rule("a.com", 443, local=True), address)


@pytest.mark.parametrize("address", LOCAL)
def test_a_name_may_lead_to_a_local_address_only_where_that_is_meant(address):
    assert not permits(Rule("a.com", 443), address)
    assert permits(Rule("a.com", 443, local=True), address)


@pytest.mark.parametrize("address", NEVER)
def test_no_name_may_lead_to_an_address_that_is_neither(address):
    assert not permits(Rule("a.com", 443), address)
    assert not permits(Rule("a.com", 443, local=True), address)


def test_an_address_is_reached_where_a_rule_is_that_address():
    for address in ("169.254.169.254", "127.0.0.1", "fe80::1"):
        assert permits(Rule(address, 80, literal=True), address)
        assert not permits(Rule(address, 80, literal=True), "127.0.0.2")


# Requests --------------------------------------------------------------------------------------------------------------


def test_a_tunnel_is_a_host_and_a_port():
    asked = understand(b"CONNECT API.example.com:443 HTTP/1.1\r\nHost: elsewhere\r\nX: y")
    assert asked == ("api.example.com", 443, b"", None)


def test_a_plain_request_is_written_anew():
    head = (
        b"POST http://API.example.com/a?b=c@d HTTP/1.1\r\nHost: evil.example\r\nhost: evil.example\r\nContent-Length: 3\r\n"
        b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nProxy-Authorization: secret\r\nUpgrade: h2c\r\nTE: trailers\r\nAccept:*/*"
    )
    assert understand(head) == (
        "api.example.com", 80,
        b"POST /a?b=c@d HTTP/1.1\r\nHost: api.example.com\r\nAccept: */*\r\nContent-Length: 3\r\nConnection: close\r\n\r\n", 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("target", "first", "host"),
    [
        ("http://a.com", b"GET / HTTP/1.1", b"a.com"), ("http://a.com:81/", b"GET / HTTP/1.1", b"a.com:81"),
        ("http://a.com?q", b"GET /?q HTTP/1.1", b"a.com"), ("http://[::1]:80/x", b"GET /x HTTP/1.1", b"[::1]"),
        ("http://a.com//evil.com/", b"GET //evil.com/ HTTP/1.1", b"a.com"),
    ],
)  # fmt: skip
def test_an_absolute_address_becomes_a_path(target, first, host):
    assert understand(f"GET {target} HTTP/1.1".encode()).head.split(b"\r\n")[:2] == [first, b"Host: " + host]


GET = b"GET http://api.example.com/ HTTP/1.1"
HOSTILE = {
    "empty": b"", "binary": bytes(range(256)), "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01", "socks": b"\x05\x01\x00",
    "http 0.9": b"GET http://api.example.com/", "http 2": b"PRI * HTTP/2.0", "origin form": b"GET / HTTP/1.1\r\nHost: api.example.com",
    "asterisk": b"OPTIONS * HTTP/1.1", "lower method": b"get http://api.example.com/ HTTP/1.1",
    "two spaces": b"GET  http://api.example.com/ HTTP/1.1", "tab": b"GET\thttp://api.example.com/ HTTP/1.1",
    "leading space": b" " + GET, "trailing": GET + b" ", "bare lf": GET + b"\nX: y", "bare cr": GET + b"\rX: y",
    "lf in field": GET + b"\r\nA: b\nTransfer-Encoding: chunked", "cr in field": GET + b"\r\nA: b\rHost: evil",
    "nul": GET + b"\r\nA: b\0", "folded": GET + b"\r\nA: b\r\n c: d", "no colon": GET + b"\r\nA", "no name": GET + b"\r\n: a",
    "space before colon": GET + b"\r\nContent-Length : 3", "nul in target": b"GET http://api.example.com/\0 HTTP/1.1",
    "crlf in target": b"GET http://api.example.com/\r\nHost: evil HTTP/1.1", "user": b"GET http://api.example.com@evil/ HTTP/1.1",
    "user and port": b"GET http://api.example.com:80@evil/ HTTP/1.1", "backslash": b"GET http://evil\\@api.example.com/ HTTP/1.1",
    "backslash 2": b"GET http://api.example.com\\.evil/ HTTP/1.1", "percent": b"GET http://api.example.com%2eevil/ HTTP/1.1",
    "percent 2": b"GET http://%61pi.example.com/ HTTP/1.1", "fragment": b"GET http://api.example.com#@evil/ HTTP/1.1",
    "fragment 2": b"GET http://api.example.com/#x HTTP/1.1", "https": b"GET https://api.example.com/ HTTP/1.1",
    "ftp": b"GET ftp://api.example.com/ HTTP/1.1", "file": b"GET file:///etc/shadow HTTP/1.1", "no host": b"GET http:///x HTTP/1.1",
    "scheme only": b"GET http:api.example.com/ HTTP/1.1", "three slashes": b"GET http:///api.example.com/ HTTP/1.1",
    "utf-8": "GET http://api.еxample.com/ HTTP/1.1".encode(), "kelvin": "CONNECT \u212a.example.com:443 HTTP/1.1".encode(),
    "fullwidth dot": "CONNECT api\uff0eexample.com:443 HTTP/1.1".encode(), "trailing dot": b"CONNECT api.example.com.:443 HTTP/1.1",
    "chunked": GET + b"\r\nTransfer-Encoding: chunked", "chunked twice": GET + b"\r\nTransfer-Encoding: x\r\ntransfer-encoding: chunked",
    "both": GET + b"\r\nContent-Length: 3\r\nTransfer-Encoding: chunked", "identity": GET + b"\r\nTransfer-Encoding: identity",
    "chunked named as hop": GET + b"\r\nConnection: transfer-encoding\r\nTransfer-Encoding: chunked",
    "two lengths": GET + b"\r\nContent-Length: 3\r\nContent-Length: 4", "same length": GET + b"\r\nContent-Length: 3\r\nContent-Length: 3",
    "list": GET + b"\r\nContent-Length: 3, 3", "signed": GET + b"\r\nContent-Length: +3", "negative": GET + b"\r\nContent-Length: -1",
    "hex": GET + b"\r\nContent-Length: 0x3", "underscore": GET + b"\r\nContent-Length: 1_0", "huge": GET + b"\r\nContent-Length: " + b"9" * 16,
    "no length": GET + b"\r\nContent-Length: ", "arabic": GET + "\r\nContent-Length: ٣".encode(),
    "tunnel without port": b"CONNECT api.example.com HTTP/1.1", "tunnel with address": b"CONNECT http://api.example.com:443 HTTP/1.1",
    "tunnel with path": b"CONNECT api.example.com:443/ HTTP/1.1", "tunnel with user": b"CONNECT api.example.com:443@evil:443 HTTP/1.1",
    "port 0": b"CONNECT api.example.com:0 HTTP/1.1", "port 65536": b"CONNECT api.example.com:65536 HTTP/1.1",
    "port 65979": b"CONNECT api.example.com:65979 HTTP/1.1", "octal port": b"CONNECT api.example.com:0443 HTTP/1.1",
    "signed port": b"CONNECT api.example.com:+443 HTTP/1.1", "two ports": b"CONNECT api.example.com:443:22 HTTP/1.1",
    "decimal": b"CONNECT 2130706433:8080 HTTP/1.1", "octal": b"CONNECT 0177.0.0.1:8080 HTTP/1.1", "hex address": b"CONNECT 0x7f.0.0.1:8080 HTTP/1.1",
    "short": b"CONNECT 127.1:8080 HTTP/1.1", "zeros": b"CONNECT 127.0.0.01:8080 HTTP/1.1", "five": b"CONNECT 127.0.0.1.1:8080 HTTP/1.1",
    "address with dot": b"CONNECT 127.0.0.1.:8080 HTTP/1.1", "scope": b"CONNECT [::1%25lo]:8080 HTTP/1.1", "scope 2": b"CONNECT [::1%lo]:8080 HTTP/1.1",
    "bare v6": b"CONNECT ::1:8080 HTTP/1.1", "open bracket": b"CONNECT [::1:8080 HTTP/1.1", "bracketed name": b"CONNECT [api.example.com]:443 HTTP/1.1",
    "bracketed v4": b"CONNECT [127.0.0.1]:8080 HTTP/1.1", "future": b"CONNECT [v1.x]:443 HTTP/1.1", "star": b"CONNECT *.example.org:443 HTTP/1.1",
    "empty label": b"CONNECT a..example.org:443 HTTP/1.1", "dot first": b"CONNECT .example.org:443 HTTP/1.1",
    "long label": b"CONNECT " + b"a" * 64 + b".example.org:443 HTTP/1.1", "long name": b"CONNECT " + b"a." * 130 + b"example.org:443 HTTP/1.1",
}  # fmt: skip


@pytest.mark.parametrize("head", HOSTILE.values(), ids=HOSTILE)
def test_what_is_odd_is_refused_and_not_mended(head):
    with pytest.raises(RefusedError):
        understand(head)


# What it connects to ---------------------------------------------------------------------------------------------------


class World:
    """Name servers and hosts that note who is asked for, behind the real code."""

    def __init__(self, rules=RULES, addresses=("93.184.215.14",)):
        self.asked, self.connected = [], []
        self.addresses = addresses
        self.read, write = os.pipe()
        self.write = write
        self.forwarder = Forwarder(rules, Log(write), self.resolve, self.connect)

    def resolve(self, host, port, type):
        self.asked.append((host.decode(), port))
        literal = [host.decode()] if host[-1:].isdigit() or b":" in host else self.addresses
        return [
            (socket.AF_INET6 if ":" in place else socket.AF_INET, type, 6, "", (place, port))
            for place in literal
        ]

    def connect(self, family, place):
        self.connected.append(place)
        raise ConnectionRefusedError(111, "refused")

    def send(self, data):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                ours.send(data)
            ours.shutdown(socket.SHUT_WR)
            self.forwarder.answer(theirs)
            return ours.recv(1000)

    def log(self):
        os.close(self.write)
        with open(self.read, "rb") as file:
            return [json.loads(line) for line in file.read().splitlines()]


@pytest.mark.parametrize("head", HOSTILE.values(), ids=HOSTILE)
def test_a_refusal_does_not_say_why_and_the_log_does(head):
    world = World()
    assert world.send(head + b"\r\n\r\n") == REFUSED
    assert (world.asked, world.connected) == ([], [])
    (line,) = world.log()
    assert (line["decision"], bool(line["reason"])) == ("denied", True)


def test_a_name_that_no_rule_allows_is_not_even_asked_for():
    world = World()
    assert world.send(b"CONNECT secret.evil.example:443 HTTP/1.1\r\n\r\n") == REFUSED
    assert world.asked == []


def test_the_address_that_was_judged_is_the_one_connected_to():
    world = World(addresses=("127.0.0.1", "93.184.215.14", "10.0.0.1", "fe80::1"))
    assert b"502" in world.send(b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n")
    assert world.connected == [("93.184.215.14", 443)]
    assert world.asked == [("api.example.com", 443)], "once"
    assert [line["decision"] for line in world.log()] == ["allowed", "failed"]


def test_a_name_rebound_to_a_local_address_is_refused():
    world = World(addresses=("127.0.0.1", "169.254.169.254", "::1"))
    assert world.send(b"GET http://api.example.com/ HTTP/1.1\r\n\r\n") == REFUSED
    assert world.connected == []
    assert "169.254.169.254" in world.log()[0]["reason"]


def test_a_name_that_leads_to_an_address_of_this_host_is_refused(monkeypatch):
    monkeypatch.setattr(allowlist, "_SET_ASIDE", ())  # as if the loopback were this host's public address
    world = World(addresses=("127.0.0.1",))
    assert world.send(b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n") == REFUSED
    assert world.connected == []


def test_a_name_server_that_fails_is_no_refusal():
    world = World()
    world.forwarder.resolve = lambda *_, **__: (_ for _ in ()).throw(socket.gaierror(-3, "try again"))
    assert b"502" in world.send(b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n")


def test_more_than_the_body_is_refused():
    world = World()
    smuggled = GET + b"\r\nContent-Length: 2\r\n\r\nhiGET /admin HTTP/1.1\r\nHost: inside\r\n\r\n"
    assert world.send(smuggled) == REFUSED
    assert world.connected == []


def test_a_head_without_end_is_refused():
    world = World()
    assert world.send(b"GET http://api.example.com/" + b"a" * 100_000) == REFUSED
    assert world.connected == []


PIECES = [
    b"GET ", b"CONNECT ", b"http://", b"https://", b"api.example.com", b"evil.example", b"a.example.org", b"127.0.0.1", b"[::1]",
    b"[2001:db8::1]", b"0x7f.1", b"@", b":", b"443", b"80", b"8080", b"/", b"\\", b"#", b"?", b"%", b".", b" HTTP/1.1", b"\r\n",
    b"\r\n\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"Host: ", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"\xc3\xa9", b"*", b"-",
]  # fmt: skip
HOSTS = st.sampled_from(
    ["api.example.com", "API.example.com", "x.example.org", "example.org", "evil.example", "127.0.0.1", "127.1", "0x7f.0.0.1", "[::1]",
     "2130706433", "[2001:db8::1]", "api.example.com.", "api.example.com@evil.example", "evil.example@api.example.com", "localhost"]
).map(str.encode)  # fmt: skip
PORTS = st.sampled_from([b"", b":80", b":443", b":8080", b":0", b":65979", b":443:80", b":22"])
FIELDS = st.lists(st.sampled_from([b"Host: evil.example", b"Content-Length: 3", b"Connection: host", b"A: b", b"Transfer-Encoding: chunked"]), max_size=2)  # fmt: skip


@st.composite
def nearly_right(draw):
    """Draw a request as a program would write it, or with one thing put into it."""
    host, port = draw(HOSTS), draw(PORTS)
    first = draw(st.sampled_from([b"CONNECT %b%b", b"GET http://%b%b/", b"POST http://%b%b?q"])) % (
        host,
        port,
    )
    text = b"\r\n".join([first + b" HTTP/1.1", *draw(FIELDS)])
    place = draw(st.integers(0, len(text)))
    return (
        text[:place]
        + draw(st.one_of(st.just(b""), st.sampled_from(PIECES), st.binary(max_size=3)))
        + text[place:]
    )


ANY = st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join), nearly_right(), nearly_right())  # fmt: skip
REACHABLE = {("93.184.215.14", 443), ("93.184.215.14", 80), ("127.0.0.1", 8080), ("2001:db8::1", 443)}


@settings(max_examples=int(os.environ.get("OFFSWITCH_FUZZ_EXAMPLES", "400")), deadline=None)
@given(data=ANY, addresses=st.lists(st.sampled_from([*PUBLIC[:1], *LOCAL, *NEVER]), max_size=3))
def test_whatever_is_sent_no_host_outside_the_rules_is_reached(data, addresses):
    world = World(addresses=addresses)
    world.send(data + b"\r\n\r\n")
    assert set(world.connected) <= REACHABLE
    assert all(RULES.find(*asked) for asked in world.asked)
    lines = world.log()
    assert lines
    assert bool(world.connected) <= any(line["decision"] == "allowed" for line in lines), (
        "said before it is done"
    )


# The log ---------------------------------------------------------------------------------------------------------------


def test_a_log_line_is_one_line_and_short_whatever_the_agent_writes():
    world = World()
    world.send(b'\x1b[2J\xff"\x00\xe2\x80\xa8' * 900 + b"\r\n\r\n")
    raw = os.read(world.read, 65536)
    assert raw.count(b"\n") == 1
    assert set(raw) <= set(range(0x20, 0x7F)) | {10}
    assert len(json.loads(raw)["said"]) == 300


def test_a_flood_of_decisions_is_counted_and_not_listed():
    world = World()
    for _ in range(100):
        world.send(b"x\r\n\r\n")
    world.forwarder.log._second -= 1
    world.forwarder.log.count_out()
    lines = world.log()
    assert len(lines) <= 3 * forwarder.LINES
    assert sum(line.get("count", 1) for line in lines) == 100


# Bytes both ways -------------------------------------------------------------------------------------------------------


class Host:
    """A server that does with each connection what it was told to."""

    def __init__(self, act):
        self.act, self.socket = act, socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                one, _ = self.socket.accept()
                threading.Thread(target=self.attend, args=(one,), daemon=True).start()

    def attend(self, one):
        with one, contextlib.suppress(OSError):
            self.act(one)


def echo(one):
    while piece := one.recv(65536):
        one.sendall(piece)


def all_of(one):
    return b"".join(iter(functools.partial(one.recv, 65536), b""))


class Door:
    """A door without a jail, and its process."""

    def __init__(self, *entries):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.read, write = os.pipe()
        self.pid, self.pidfd = egress.start(self.listener, Rules.parse(entries), write)
        os.close(write)
        self.place = self.listener.getsockname()

    def ask(self, text):
        one = socket.create_connection(self.place, timeout=10)
        one.sendall(text)
        return one

    def tunnel(self, port):
        one = self.ask(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port)
        assert one.recv(len(forwarder.OPENED)) == forwarder.OPENED
        return one

    def status(self):
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return dict(line.split(":\t", 1) for line in lines)

    def kill(self):
        if self.pid:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


@pytest.fixture
def door():
    made = []

    def make(*entries):
        made.append(Door(*entries))
        return made[-1]

    yield make
    for one in made:
        one.kill()
        one.listener.close()
        os.close(one.pidfd)
        os.close(one.read)


def test_a_half_closed_tunnel_still_carries_the_answer(door):
    host = Host(lambda one: one.sendall(all_of(one)[::-1]))
    one = door(f"127.0.0.1:{host.port}").tunnel(host.port)
    one.sendall(b"olleh" * 100_000)
    one.shutdown(socket.SHUT_WR)
    assert all_of(one) == b"hello" * 100_000


def test_bytes_sent_along_with_the_request_arrive(door):
    host = Host(echo)
    one = door(f"127.0.0.1:{host.port}").ask(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\nearly" % host.port)
    one.shutdown(socket.SHUT_WR)
    assert all_of(one) == forwarder.OPENED + b"early"


def test_a_plain_request_arrives_with_its_body_and_nothing_after_it(door):
    heard = []

    def act(one):
        one.settimeout(1)
        with contextlib.suppress(TimeoutError):
            while piece := one.recv(65536):
                heard.append(piece)
        one.sendall(b"HTTP/1.1 200 OK\r\n\r\ndone")

    host = Host(act)
    one = door(f"127.0.0.1:{host.port}").ask(
        b"POST http://127.0.0.1:%d/x HTTP/1.1\r\nHost: evil\r\nContent-Length: 200000\r\n\r\n" % host.port
    )
    one.sendall(b"b" * 200_000)
    time.sleep(0.3)
    with contextlib.suppress(OSError):
        one.sendall(b"GET /admin HTTP/1.1\r\n\r\n")
    with contextlib.suppress(ConnectionResetError):
        assert all_of(one).endswith(b"done")
    head, body = b"".join(heard).split(b"\r\n\r\n")
    assert (
        head
        == b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 200000\r\nConnection: close"
        % host.port
    )
    assert body == b"b" * 200_000


def test_who_does_not_read_holds_up_the_sender(door):
    sent = []

    def act(one):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        while True:
            sent.append(one.send(bytes(65536)))

    host = Host(act)
    made = door(f"127.0.0.1:{host.port}")
    one = made.tunnel(host.port)
    time.sleep(1)
    before = sum(sent)
    time.sleep(0.5)
    assert sum(sent) == before < 16 * MIB
    assert int(made.status()["VmRSS"].split()[0]) < 25 * 1024
    one.close()


def test_no_more_than_64_connections_at_once_and_those_that_end_make_room(door):
    host = Host(echo)
    made = door(f"127.0.0.1:{host.port}")
    held = [made.tunnel(host.port) for _ in range(64)]
    late = made.ask(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % host.port)
    late.settimeout(0.5)
    with pytest.raises(TimeoutError):
        late.recv(1)
    assert int(made.status()["Threads"]) == 65
    for one in held:
        one.close()
    late.settimeout(10)
    assert late.recv(100) == forwarder.OPENED


def test_64_connections_full_both_ways_take_less_than_25_mb(door):
    def act(one):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32768)
        while True:
            one.send(bytes(65536))

    host = Host(act)
    made = door(f"127.0.0.1:{host.port}")
    held = [made.tunnel(host.port) for _ in range(64)]
    for one in held:
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            one.setsockopt(socket.SOL_SOCKET, option, 32768)
        one.setblocking(False)
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                one.send(bytes(65536))
    time.sleep(2)
    assert int(made.status()["VmHWM"].split()[0]) < 25 * 1024


def test_thousands_of_connections_leave_the_door_open(door):
    host = Host(echo)
    made = door(f"127.0.0.1:{host.port}")
    for number in range(1000):
        with contextlib.suppress(OSError), socket.socket() as one:
            one.settimeout(1)
            one.connect(made.place)
            one.send(b"x\r\n\r\n" if number % 2 else b"CON")
    one = made.tunnel(host.port)
    one.sendall(b"alive")
    assert one.recv(5) == b"alive"


def test_a_head_that_comes_too_slowly_is_refused(monkeypatch):
    monkeypatch.setattr(forwarder, "HEAD_SECONDS", 0.5)
    ours, theirs = socket.socketpair()
    world = World()
    waiting = threading.Thread(target=world.forwarder.answer, args=(theirs,))
    waiting.start()
    with ours:
        for byte in b"CONNECT api.example.com:443 HTTP/1.1":
            ours.send(bytes([byte]))
            time.sleep(0.03)
            if not waiting.is_alive():
                break
        assert ours.recv(1000) == REFUSED
    waiting.join()


def test_a_slow_name_server_holds_up_nobody_else(monkeypatch):
    gate = threading.Event()
    world = World()
    quick = world.resolve
    world.forwarder.resolve = lambda host, *rest, **more: (
        (host[:1] == b"a" or gate.wait(10)) and quick(host, *rest, **more)
    )
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=world.forwarder.serve, args=(listener,), daemon=True).start()
    slow, fast = (socket.create_connection(listener.getsockname(), timeout=5) for _ in range(2))
    slow.sendall(b"CONNECT slow.example.org:443 HTTP/1.1\r\n\r\n")
    fast.sendall(b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n")
    assert b"502" in fast.recv(100)
    gate.set()
    assert b"502" in slow.recv(100)


# The process -----------------------------------------------------------------------------------------------------------


def test_the_process_outside_can_do_little(door):
    status = door("api.example.com").status()
    assert (status["NoNewPrivs"], status["Seccomp"], int(status["CapEff"], 16)) == ("1", "2", 0)
    assert int(status["VmRSS"].split()[0]) < 25 * 1024
    if os.geteuid() == 0:
        users = {int(word) for word in f"{status['Uid']} {status['Gid']}".split()}
        assert len(users) == 1
        assert users == {egress.NOBODY_ELSE} or users.pop() >= keeper.FIRST_UID + keeper.UIDS, "no jail's"
        assert status["Groups"].strip() == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into it")
def test_the_process_outside_holds_its_two_descriptors_and_no_secret(door, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "sk-very-secret")
    made = door("api.example.com")
    made.ask(b"x\r\n\r\n").recv(100)
    assert {"0", "1", "2", "3", "4"} <= set(os.listdir(f"/proc/{made.pid}/fd")) <= {*"012345"}, (
        "5 is the connection"
    )
    assert os.readlink(f"/proc/{made.pid}/fd/0") == "/dev/null"
    assert b"very-secret" not in Path(f"/proc/{made.pid}/environ").read_bytes()


def test_killing_it_cuts_every_connection(door):
    host = Host(echo)
    made = door(f"127.0.0.1:{host.port}")
    held = [made.tunnel(host.port) for _ in range(8)]
    began = time.monotonic()
    made.kill()
    for one in held:
        with contextlib.suppress(ConnectionResetError):
            assert one.recv(1) == b""
    assert time.monotonic() - began < 1


def test_what_was_under_way_when_it_was_killed_does_not_arrive(door):
    got, held, go = [], [], threading.Event()

    def act(one):
        held.append(one)
        go.wait(10)
        while piece := one.recv(65536):
            got.append(len(piece))

    host = Host(act)
    made = door(f"127.0.0.1:{host.port}")
    one = made.tunnel(host.port)
    one.setblocking(False)
    sent = 0
    end = time.monotonic() + 1
    while time.monotonic() < end:
        with contextlib.suppress(BlockingIOError):
            sent += one.send(bytes(65536))
    arrived = struct.unpack("i", fcntl.ioctl(held[0], termios.FIONREAD, bytes(4)))[0]
    made.kill()
    go.set()
    time.sleep(0.5)
    assert sum(got) <= arrived < sent


def test_it_dies_with_the_one_that_started_it():
    program = (
        "import os, socket, sys, time; sys.path.insert(0, sys.argv[1]); from offswitch.guard.network import egress\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "print(egress.start(listener, egress.Rules.parse([]), os.open('/dev/null', os.O_WRONLY))[0], flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(SOURCE)], stdout=subprocess.PIPE) as starter:
        pid = int(starter.stdout.readline())
        watch = os.pidfd_open(pid)
        starter.kill()
        assert ended(watch)


def test_without_a_log_there_is_no_network(door):
    made = door("api.example.com")
    os.close(made.read)
    with contextlib.suppress(ConnectionResetError):
        assert made.ask(b"x\r\n\r\n").recv(100) == b""
    assert ended(made.pidfd)
    made.read = os.open("/dev/null", os.O_RDONLY)


def test_a_door_that_does_not_open_says_why(monkeypatch):
    monkeypatch.setattr(egress, "SERVE", "import sys; sys.exit(1)")
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(EgressError, match="did not open: its process ended"),
    ):
        egress.start(listener, RULES, 2)


def ended(pidfd, seconds=5):
    watch = select.poll()
    watch.register(pidfd, select.POLLIN)
    return bool(watch.poll(seconds * 1000))


# In a jail -------------------------------------------------------------------------------------------------------------

FETCH = """
import sys, urllib.request
for address in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(address, timeout=10).read().decode())
    except Exception as failure:
        print(failure)
"""
LOOK_AROUND = """
import os, socket, sys
port, name = int(sys.argv[1]), sys.argv[2]
def attempt(what, act):
    try:
        act()
        print(what, "WORKED")
    except OSError as failure:
        print(what, "no")
attempt("direct", lambda: socket.create_connection(("127.0.0.1", port), 2))
attempt("address", lambda: socket.create_connection((sys.argv[3], port), 2))
attempt("public", lambda: socket.create_connection(("1.1.1.1", 53), 2))
attempt("name", lambda: socket.getaddrinfo("example.com", 443))
attempt("datagram", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("1.1.1.1", 53)))
attempt("datagram6", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("2606:4700::1111", 53)))
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0" + name))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
attempt("take the door", lambda: socket.create_server(("127.0.0.1", 3128)))
attempt("share the door", lambda: socket.create_server(("127.0.0.1", 3128), reuse_port=True))
attempt("take its wildcard", lambda: socket.create_server(("0.0.0.0", 3128), reuse_port=True))
"""
STAY = """
import socket, sys
one = socket.create_connection(("127.0.0.1", 3128))
one.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\\r\\n\\r\\n" % int(sys.argv[1]))
one.recv(1000); one.sendall(b"x"); one.recv(1)
open("up", "w").close()
try:
    print("cut", one.recv(1))
except ConnectionResetError:
    print("cut")
try:
    one = socket.create_connection(("127.0.0.1", 3128)); one.sendall(b"x"); print("again", one.recv(1))
except OSError:
    print("shut")
"""


def page(one):
    one.recv(65536)
    one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


def user_of(jail):
    return os.stat(f"/proc/{jail._first}").st_uid if os.geteuid() == 0 else None


@pytest.fixture
async def way_out(jail):
    """A jail with a door to one local server, and the means to shut it."""
    if (await jail.exec(["python3", "-c", ""])).exit:
        pytest.skip("no python3 in /usr/bin")
    host, other = Host(page), Host(page)
    first = os.pidfd_open(jail._first)
    listener = egress.listen_inside(first, user_of(jail))
    read, write = os.pipe()
    pid, pidfd = egress.start(
        listener, Rules.parse([f"127.0.0.1:{host.port}", f"local:localhost:{host.port}"]), write
    )
    os.close(write)
    yield host, other, listener, pidfd, read
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.waitpid(pid, 0)
    for descriptor in (first, read, pidfd):
        os.close(descriptor)
    listener.close()


@pytest.mark.anyio
async def test_the_agent_reaches_what_is_allowed_and_nothing_else(jail, way_out):
    host, other, _, pidfd, read = way_out
    told = await jail.exec(
        ["python3", "-c", FETCH, f"http://127.0.0.1:{host.port}/", f"http://localhost:{host.port}/a?b",
         f"http://127.0.0.1:{other.port}/", f"http://localhost:{other.port}/", "https://example.com/", "http://169.254.169.254/"],
        env=egress.environment(), timeout=60,
    )  # fmt: skip
    lines = told.stdout.decode().splitlines()
    assert lines[:2] == ["hello", "hello"], told
    assert len(lines) == 6
    assert all("403" in line for line in lines[2:])
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    with open(os.dup(read), "rb") as file:
        said = [json.loads(line) for line in file]
    assert [line["decision"] for line in said if line["decision"] != "ended"] == ["allowed"] * 2 + [
        "denied"
    ] * 4


@pytest.mark.anyio
async def test_there_is_no_other_way_out(jail, way_out):
    host, *_ = way_out
    name = f"offswitch-test-{os.getpid()}"
    own = socket.gethostbyname(socket.gethostname())
    with socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0" + name)
        abstract.listen()
        told = await jail.exec(["python3", "-c", LOOK_AROUND, str(host.port), name, own], timeout=60)
    assert told.exit == 0, told
    assert "WORKED" not in told.stdout.decode()
    assert told.stdout.count(b" no\n") == 12
    devices = (await jail.exec(["cat", "/proc/net/dev"])).stdout.decode().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


@pytest.mark.anyio
async def test_shutting_the_door_cuts_what_is_open_in_the_jail(jail, way_out):
    _, _, listener, pidfd, _ = way_out
    host = Host(echo)
    rules = Rules.parse([f"127.0.0.1:{host.port}"])
    signal.pidfd_send_signal(
        pidfd, signal.SIGKILL
    )  # another door, to a server that keeps its connections open
    with open("/dev/null", "wb") as log:
        pid, own = egress.start(listener, rules, log.fileno())
    listener.close()
    staying = asyncio.create_task(jail.exec(["python3", "-c", STAY, str(host.port)], timeout=30))
    while (await jail.exec(["test", "-e", "up"])).exit and not staying.done():
        await asyncio.sleep(0.02)
    signal.pidfd_send_signal(own, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(own)
    told = await staying
    assert told.stdout.startswith(b"cut"), told
    assert b"shut" in told.stdout


@pytest.mark.anyio
async def test_no_code_of_ours_is_in_the_jail(jail, way_out):
    assert jail.processes() == []


@pytest.mark.anyio
async def test_a_door_where_the_port_is_taken_or_the_jail_has_gone_is_refused(jail, way_out):
    uid = user_of(jail)
    first = os.pidfd_open(jail._first)
    with pytest.raises(EgressError, match="Address already in use"):
        egress.listen_inside(first, uid)
    await jail.close()
    with pytest.raises(EgressError, match="is the jail still there"):
        egress.listen_inside(first, uid)
    os.close(first)


def test_the_network_of_the_host_is_never_taken_for_a_jails():
    own = os.pidfd_open(os.getpid())
    with pytest.raises(EgressError, match=r"network of the host|not permitted|Invalid"):
        egress.listen_inside(own, 0 if os.geteuid() == 0 else None)
    os.close(own)


def test_programs_find_the_door_by_their_environment():
    told = egress.environment(3128)
    assert {told[name] for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")} == {
        "http://127.0.0.1:3128"
    }
    assert told["NO_PROXY"] == told["no_proxy"] == ""


WITHOUT_ROOT = """
import asyncio, os, socket, sys, threading
sys.path.insert(0, sys.argv[1])
from offswitch.guard.network import egress
from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits

async def main():
    host = socket.create_server(("127.0.0.1", 0))
    def serve():
        one, _ = host.accept()
        one.recv(1000); one.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\nhello"); one.close()
    threading.Thread(target=serve, daemon=True).start()
    port = host.getsockname()[1]
    async with await Jail.start(Limits(memory=512 * MIB, processes=50), accept="reduced") as jail:
        listener = egress.listen_inside(os.pidfd_open(jail._first), None)
        pid, _ = egress.start(listener, egress.Rules.parse([f"127.0.0.1:{port}"]), os.open("/dev/null", os.O_WRONLY))
        done = await jail.exec(["python3", "-c", sys.argv[2], f"http://127.0.0.1:{port}/", "http://127.0.0.1:9/"], env=egress.environment())
        print(done.stdout.decode())
        os.kill(pid, 9)

asyncio.run(main())
"""


def test_without_root_the_door_opens_too():
    if os.geteuid():
        pytest.skip("needs root to become another user")
    python = next((path for path in (sys.executable, "/usr/bin/python3") if usable(path)), None)
    if python is None:
        pytest.skip("no Python 3.11 that another user may start")
    told = as_user([python, "-B", "-c", WITHOUT_ROOT, str(SOURCE), FETCH])
    assert told.stdout.splitlines()[:2] == ["hello", "HTTP Error 403: Forbidden"], told


def as_user(argv):
    return subprocess.run(
        argv, user=61235, group=61235, extra_groups=[], cwd="/", env={"PATH": "/usr/bin"}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def usable(python):
    check = (
        f"import sys; sys.exit(sys.version_info < (3, 11)); open({str(SOURCE / 'offswitch/guard/jail.py')!r})"
    )
    try:
        return shutil.which(python) and as_user([python, "-c", check]).returncode == 0
    except OSError:
        return False


@pytest.mark.anyio
async def test_a_jail_without_a_door_has_no_network():
    async with await Jail.start(Limits(memory=128 * MIB, processes=32)) as jail:
        told = await jail.exec(["bash", "-c", "echo > /dev/tcp/127.0.0.1/3128"])
        assert told.exit != 0
