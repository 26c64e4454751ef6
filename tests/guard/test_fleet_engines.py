# SPDX-License-Identifier: MIT
"""What every engine promises, asked of a real nats-server, a real etcd, and a server that speaks Kubernetes' part."""

import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from offswitch.guard.fleet.engine import Found, Lost, Told, boot_clock, connect, follow, read_address
from offswitch.guard.fleet.errors import EngineLostError, FleetError

sys.path.insert(0, str(Path(__file__).parent))
from fleets import SERVERS, Cluster, certificates, etcd_server, nats_server, program, serving, wait_until


@pytest.fixture(params=SERVERS, scope="module")
def server(request, tmp_path_factory):
    with serving(request.param, tmp_path_factory.mktemp(request.param) / "store") as running:
        yield running


@pytest.fixture
def engine(server):
    with closing(connect(server.url)) as made:
        yield made


def test_what_was_put_is_listed_under_its_prefix_and_no_other(engine):
    engine.put("a/all/stop", b"1")
    engine.put("a/all.b/stop", b"2")
    engine.put("a/allb/stop", b"3")
    engine.put("a/all/x/stop", b"4")
    assert engine.list("a/all") == {"a/all/stop": b"1", "a/all/x/stop": b"4"}
    assert engine.list("a/all/stop") == {"a/all/stop": b"1"}
    assert len(engine.list("a")) == 4
    assert engine.list("b") == {}


def test_a_key_holds_its_last_value_whatever_its_bytes(engine):
    for value in (b"first", b"", bytes(range(256)), b"x" * 500_000):
        engine.put("b/host-1.example.org/stop", value)
        assert engine.list("b") == {"b/host-1.example.org/stop": value}


def test_what_was_deleted_is_gone_and_may_come_again(engine):
    engine.put("c/h", b"1")
    engine.delete("c/h")
    engine.delete("c/never")
    assert engine.list("c") == {}
    engine.put("c/h", b"2")
    assert engine.list("c") == {"c/h": b"2"}


def test_many_keys_come_back_whole(engine):
    expected = {f"d/host-{number}": str(number).encode() for number in range(60)}
    for key, value in expected.items():
        engine.put(key, value)
    assert engine.list("d") == expected


def test_a_change_ends_the_wait(engine, server):
    with closing(connect(server.url)) as other:
        other.put("e/all/stop", b"0")
        end = time.monotonic() + 20
        while True:  # the bell takes a moment to hang
            engine.wait("e", 0.3)
            began = time.monotonic()
            threading.Timer(0.2, other.put, ("e/all/stop", b"1")).start()
            engine.wait("e", 5.0)
            took = time.monotonic() - began
            time.sleep(0.3)
            if 0.15 < took < 2.0:
                break
            assert time.monotonic() < end, took


def test_what_is_there_is_told_first_and_then_what_comes(engine, server):
    engine.put("f/all/stop", b"old")
    ended, told = threading.Event(), []

    def listen():
        for event in follow(engine, ("f/all", "f/me"), bell="f", beat=0.5, clock=boot_clock, ended=ended):
            told.append(event)

    ears = threading.Thread(target=listen, daemon=True)
    ears.start()
    wait_until(lambda: any(isinstance(event, Told) for event in told))
    assert told[0] == Found("f/all/stop", b"old")
    with closing(connect(server.url)) as other:
        other.put("f/me/stop", b"new")
        wait_until(lambda: Found("f/me/stop", b"new") in told, 2.0)
    ended.set()
    ears.join(5.0)
    assert not ears.is_alive()


@pytest.mark.parametrize("name", SERVERS)
def test_a_frozen_engine_is_lost_and_a_thawed_or_restarted_one_is_found_with_all_it_held(name, tmp_path):
    with serving(name, tmp_path / "store") as server, closing(connect(server.url)) as engine:
        engine.put("orders/all/stop", b"kept")
        ended, told = threading.Event(), []

        def listen():
            for event in follow(
                engine, ("orders/all",), bell="orders", beat=0.3, clock=boot_clock, ended=ended
            ):
                told.append((boot_clock(), event))

        def count(kind, since=0):
            return sum(isinstance(event, kind) for _, event in told[since:])

        ears = threading.Thread(target=listen, daemon=True)
        ears.start()
        wait_until(lambda: count(Told))
        frozen_at = boot_clock()
        server.freeze()
        wait_until(lambda: count(Lost))
        answered = [event.asked for _, event in told if isinstance(event, Told)]
        assert max(answered) <= frozen_at, "an answer counts from when it was asked for"
        with pytest.raises(EngineLostError):
            engine.put("orders/all/stop", b"unheard")
        server.thaw()
        seen = len(told)
        wait_until(lambda: count(Told, seen))
        server.kill()
        seen = len(told)
        wait_until(lambda: count(Lost, seen))
        server.start()
        seen = len(told)
        wait_until(lambda: count(Told, seen))
        assert any(isinstance(event, Found) and event.key == "orders/all/stop" for _, event in told[seen:])
        ended.set()
        ears.join(10.0)
        assert not ears.is_alive()


@pytest.mark.parametrize(
    "url", ["nats://127.0.0.1:1", "etcd://127.0.0.1:1", "kubernetes://127.0.0.1:1/x?plain=1"]
)
def test_an_engine_that_is_not_there_is_lost_soon_and_says_where_it_was_sought(url):
    began = time.monotonic()
    with closing(connect(url)) as engine, pytest.raises(EngineLostError, match=r"127\.0\.0\.1:1"):
        engine.list("orders")
    assert time.monotonic() - began < 5.0


@pytest.mark.parametrize("url", ["redis://here", "nats", "", "file:///etc/passwd"])
def test_an_address_that_no_engine_has_is_refused_and_the_known_ones_named(url):
    with pytest.raises(FleetError, match="nats://"):
        connect(url)


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("nats://h?creeds=x", "there are ca, cert, creds"),
        ("etcd://h?plain=1", "there are ca, cert, key"),
        ("etcd://me:secret@h", "certificate"),
        ("nats://h?replicas=many", "from 1 to 5"),
        ("etcd://h:99999", "no port"),
        ("tls://h?ca=/nowhere", "certificates cannot be used"),
    ],
)
def test_a_setting_that_an_engine_does_not_have_is_refused_and_not_passed_over(url, cure):
    with pytest.raises(FleetError, match=cure) as refusal:
        connect(url)
    assert "secret" not in str(refusal.value)


def test_no_message_tells_the_password_of_an_address():
    address = read_address("nats://operator:secret@h1,h2:4333/fleet?creds=f")
    assert address.places == ("h1", "h2:4333")
    assert (address.user, address.password, address.path) == ("operator", "secret", "fleet")
    assert "secret" not in str(address)


@pytest.mark.parametrize("name", ["nats", "etcd"])
def test_the_second_of_several_servers_is_asked_where_the_first_is_gone(name, tmp_path):
    with (
        serving(name, tmp_path / "store") as server,
        closing(connect(f"{name}://127.0.0.1:1,127.0.0.1:{server.port}")) as engine,
    ):
        engine.put("a", b"1")
        assert engine.list("a") == {"a": b"1"}


def secured(name, folder):
    """Return a server with TLS, and its address without the authority."""
    certs = certificates(folder / "certs")
    cert, key = f"{certs}/cert.pem", f"{certs}/key.pem"
    if name == "nats":
        words = ("--tls", "--tlscert", cert, "--tlskey", key, "--user", "operator", "--pass", "secret")
        server = nats_server(folder / "store", *words)
        return server, f"tls://operator:secret@127.0.0.1:{server.port}/fleet?"
    if name == "etcd":
        server = etcd_server(folder / "store", "--cert-file", cert, "--key-file", key)
        return server, f"etcds://127.0.0.1:{server.port}?"
    server = Cluster(folder / "store", certs).start()
    return server, f"kubernetes://127.0.0.1:{server.port}/guarded?token={folder}/store/token&"


@pytest.mark.parametrize("name", SERVERS)
def test_with_tls_the_right_authority_is_believed_and_no_other(name, tmp_path):
    pytest.importorskip("cryptography")
    if SERVERS[name][1] and program(SERVERS[name][1]) is None:
        pytest.skip("its server is not here")
    server, url = secured(name, tmp_path)
    try:
        with closing(connect(f"{url}ca={tmp_path}/certs/ca.pem")) as engine:
            engine.put("a", b"1")
            assert engine.list("a") == {"a": b"1"}
        other = certificates(tmp_path / "others")
        for stranger in (f"{url}ca={other}/ca.pem", url):
            with closing(connect(stranger)) as engine, pytest.raises(EngineLostError):
                engine.list("a")
    finally:
        server.kill()


def test_kubernetes_without_its_token_is_refused_and_a_stranger_under_our_label_is_not_believed(tmp_path):
    with serving("kubernetes", tmp_path / "store") as cluster:
        with (
            closing(connect(cluster.url.partition("&")[0])) as engine,
            pytest.raises(EngineLostError, match="401"),
        ):
            engine.put("orders/all/stop", b"1")
        with closing(connect(cluster.url)) as engine:
            engine.put("orders/all/stop", b"1")
            (real,) = cluster.maps.values()
            stranger = {**real["map"], "metadata": {**real["map"]["metadata"], "name": "stranger"}}
            cluster.maps["stranger"] = {"map": stranger, "version": 9}
            cluster.maps["a-wreck"] = {
                "map": {"metadata": {"labels": stranger["metadata"]["labels"]}},
                "version": 9,
            }
            assert engine.list("orders/all") == {"orders/all/stop": b"1"}


def test_kubernetes_names_no_address_where_there_is_none(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(FleetError, match="in a pod"):
        connect("kubernetes:///guarded")
    assert Cluster.TOKEN
