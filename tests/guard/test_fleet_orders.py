# SPDX-License-Identifier: MIT
"""To whom an order applies, what it asks for, and what cannot be said at all."""

import json
import os
import random

import pytest

from offswitch.guard.fleet.errors import FleetError, NotBelievedError
from offswitch.guard.fleet.order import (
    SKEW,
    Heard,
    Living,
    Order,
    Scope,
    applies,
    decide,
    read_key,
    read_order,
)
from offswitch.guard.fleet.roster import read_deaths, read_roster
from offswitch.guard.fleet.sealed import LARGEST, make_key, plain, seal, unseal
from offswitch.guard.fleet.sealed import read_key as read_key_file

SECRET = b"s" * 32


def order(kind="stop", wall=1000.0, **more):
    return Order(**{"id": "1", "kind": kind, "sequence": 1, "wall": wall, "issuer": "me", **more})


def run(name="scout", wall=900.0, boot=50.0):
    return Living(name, "r1", wall, boot)


@pytest.mark.parametrize(
    ("scope", "kind", "began_wall", "began_boot", "meant", "rule"),
    [
        (Scope(), "stop", 900, 50, True, "a stop of all is for everybody"),
        (Scope(), "stop", 9000, 500, True, "and stands: later runs too"),
        (Scope("h"), "stop", 9000, 500, True, "so does a stop of a host"),
        (Scope("other"), "stop", 900, 50, False, "another host's is not ours"),
        (Scope("h", "scout"), "stop", 900, 50, True, "a stop by name is for the run that lives"),
        (Scope("h", "other"), "stop", 900, 50, False, "and for no other name"),
        (Scope("h", "scout"), "stop", 1001, 101, False, "nor for the next run of that name"),
        (
            Scope("h", "scout"),
            "stop",
            1000 + SKEW - 1,
            99,
            True,
            "clocks differ: near the order it counts as before it",
        ),
        (
            Scope("h", "scout"),
            "stop",
            1000 + SKEW + 1,
            99,
            False,
            "a run that began long after an order heard late is spared",
        ),
        (Scope(), "shorten", 900, 50, True, "a shorten is for who lives"),
        (Scope(), "shorten", 1001, 101, False, "and not for who comes later"),
        (Scope(), "lift", 900, 50, False, "a lift does nothing to anybody"),
    ],
)
def test_whom_an_order_is_for(scope, kind, began_wall, began_boot, meant, rule):
    heard = Heard(scope, order(kind, seconds=5.0 if kind == "shorten" else None), boot=100.0)
    assert applies(heard, "h", run(wall=began_wall, boot=began_boot)) is meant, rule


def test_after_a_restart_of_the_host_old_orders_by_name_are_for_nobody():
    assert not applies(Heard(Scope("h", "scout"), order(), boot=-1.0), "h", run(wall=1001.0, boot=3.0))


def test_the_gravest_order_wins():
    slow, now = Heard(Scope(), order(), 100.0), Heard(Scope("h"), order(now=True), 100.0)
    short = Heard(Scope(), order("shorten", seconds=1.0), 100.0)
    assert decide([short], "h", run(), 1000.0).kind == "shorten"
    assert decide([short, slow], "h", run(), 1000.0).now is False
    assert decide([slow, now, short], "h", run(), 1000.0).now is True
    assert decide([], "h", run(), 1000.0) is None


@pytest.mark.parametrize(
    ("wall", "left"),
    [(1000.0, 30.0), (1010.0, 20.0), (5000.0, 0.0), (400.0, 30.0)],
    ids=["at once", "late", "far too late", "clock behind"],
)
def test_a_shorten_counts_from_when_it_was_given_and_never_leaves_more_than_it_says(wall, left):
    assert decide([Heard(Scope(), order("shorten", seconds=30.0), 100.0)], "h", run(), wall).seconds == left


def test_no_order_makes_a_life_longer():
    rng = random.Random(1)
    for _ in range(2000):
        orders = [
            Heard(
                Scope(),
                order(
                    rng.choice(["stop", "shorten", "lift"]),
                    wall=rng.uniform(0, 2000),
                    seconds=rng.choice([0.0, 1e9]),
                ),
                rng.uniform(-1, 200),
            )
            for _ in range(rng.randrange(4))
        ]
        act = decide(orders, "h", run(), rng.uniform(0, 3000))
        assert act is None or act.kind in ("stop", "shorten")


def test_an_order_comes_back_from_its_seal_as_it_was_given():
    for scope, given in (
        (Scope(), order()),
        (Scope("h"), order("lift")),
        (Scope("h", "a.b"), order("shorten", seconds=3.5)),
    ):
        key = scope.key(given.kind)
        assert read_order(key, unseal(SECRET, key, seal(SECRET, key, given.record()))) == (scope, given)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "extend"},
        {"kind": "shorten"},
        {"kind": None},
        {"seconds": 99.0},
        {"sequence": 1.5},
        {"sequence": -1},
        {"sequence": True},
        {"sequence": 2**70},
        {"wall": "now"},
        {"wall": -1},
        {"now": 1},
        {"now": None},
        {"id": 7},
        {"issuer": "x" * 500},
        {"why": ["x"]},
        {"schema": "offswitch.order/2"},
        {"more": 1},
    ],
)
def test_a_sealed_record_that_is_no_order_is_refused(change):
    with pytest.raises(NotBelievedError):
        read_order("orders/all/stop", {**order().record(), **change})


@pytest.mark.parametrize("seconds", [None, -1, "3", True, 1e300, [], {}])
def test_a_shorten_without_a_number_of_seconds_is_refused(seconds):
    with pytest.raises(NotBelievedError):
        read_order("orders/all/shorten", order("shorten", seconds=seconds).record())


def test_nobody_can_lift_the_stop_of_one_agent():
    with pytest.raises(NotBelievedError):
        read_order("orders/h/scout/stop", order("lift").record())


@pytest.mark.parametrize(
    "key",
    ["orders", "orders/all", "orders/all/extend", "orders//stop", "orders/../stop", "orders/a/b/c/stop", "orders/\x1b[2J/stop", "hosts/h", "orders/all/x/stop", "orders/h/a b/stop", "orders/" + "x" * 70 + "/stop"],
)  # fmt: skip
def test_no_order_lies_under_another_key(key):
    with pytest.raises(NotBelievedError) as refusal:
        read_key(key)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("name", ["", "all", "a/b", "../x", "a b", "ü", "x" * 65, "-x", "a\n", "a\x1b[31m"])
def test_a_host_has_a_name_that_can_stand_anywhere(name):
    with pytest.raises(FleetError) as refusal:
        Scope(name)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{}",
        b"null",
        b"\xff" * 100,
        b"0" * 64,
        b"0" * 64 + b"\n{}",
        b"0" * 64 + b"\n" + b"[" * 100_000,
        b"x" * (LARGEST + 1),
        json.dumps(order().record()).encode(),
        seal(b"t" * 32, "orders/all/stop", order().record()),
        seal(SECRET, "orders/h/stop", order().record()),
        seal(SECRET, "orders/all/stop", order().record())[:-1],
        seal(SECRET, "orders/all/stop", order().record()).replace(b'"now":false', b'"now":true '),
    ],
)
def test_what_is_not_sealed_for_its_place_is_not_believed(value):
    with pytest.raises(NotBelievedError):
        unseal(SECRET, "orders/all/stop", value)


@pytest.mark.parametrize("body", [b"[]", b"NaN", b'{"a":NaN}', b"[" * 100_000, b"1" * 10_000, b"\xff", b"{"])
def test_what_is_sealed_and_no_record_is_not_believed_either(body):
    from offswitch.guard.fleet.sealed import _mark

    with pytest.raises(NotBelievedError):
        unseal(SECRET, "k", _mark(SECRET, "k", body) + b"\n" + body)


def test_no_change_to_a_sealed_value_is_believed():
    rng, key = random.Random(2), "orders/all/stop"
    whole = seal(SECRET, key, order().record())
    for _ in range(3000):
        broken = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(broken) + 1)
            broken[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        if bytes(broken) != whole:
            with pytest.raises(NotBelievedError):
                unseal(SECRET, key, bytes(broken))


ALIVE = {"name": "a", "run": "r", "began": 1.0, "left": None, "ordered": "", "trouble": ""}
ROSTER = {"schema": "offswitch.roster/1", "host": "h", "instance": "i", "beat": 1, "wall": 1.0, "serving": True, "rival": False, "heard": {}, "runs": [ALIVE], "refused": []}  # fmt: skip
DEATH = {
    "name": "a",
    "run": "r",
    "verdict": "proved",
    "by": "stop",
    "began": 1.0,
    "ended": 2.0,
    "receipt": "",
    "why": "",
}
DEATHS = {"schema": "offswitch.deaths/1", "host": "h", "deaths": [DEATH]}


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 1},
        {"host": "other"},
        {"beat": "x"},
        {"beat": -1},
        {"wall": None},
        {"serving": 1},
        {"heard": []},
        {"heard": {"k": 1.5}},
        {"heard": {"k": None}},
        {"runs": {}},
        {"runs": [1]},
        {"runs": [{}]},
        {"runs": [{**ALIVE, "name": "a/b"}]},
        {"runs": [{**ALIVE, "name": "\x1b[2J"}]},
        {"runs": [{**ALIVE, "left": "long"}]},
        {"runs": [{**ALIVE, "left": True}]},
        {"runs": [ALIVE] * 6000},
        {"refused": [1]},
        {"refused": "x"},
        {"instance": None},
        {"runs": [{**ALIVE, "trouble": "x" * 2000}]},
    ],
)
def test_a_faulty_hosts_roster_is_refused(change):
    assert read_roster("hosts/h", ROSTER).runs[0].name == "a"
    with pytest.raises(NotBelievedError):
        read_roster("hosts/h", {**ROSTER, **change})


@pytest.mark.parametrize(
    "change", [{"verdict": 1}, {"name": "a b"}, {"ended": "x"}, {"began": -1}, {"receipt": None}, {"run": 3}]
)
def test_a_faulty_hosts_report_is_refused(change):
    assert read_deaths("reports/h", DEATHS).deaths[0].verdict == "proved"
    with pytest.raises(NotBelievedError):
        read_deaths("reports/h", {**DEATHS, "deaths": [{**DEATH, **change}]})


def test_a_key_is_made_once_for_its_owner_alone(tmp_path):
    file = str(tmp_path / "fleet.key")
    make_key(file)
    assert len(read_key_file(file)) == 64
    assert os.stat(file).st_mode & 0o777 == 0o600
    with pytest.raises(FleetError, match="already"):
        make_key(file)
    os.chmod(file, 0o640)
    with pytest.raises(FleetError, match="chmod 600"):
        read_key_file(file)


@pytest.mark.parametrize(("text", "cure"), [(b"short\n", "too few"), (None, "fleet key")])
def test_what_is_no_key_is_refused_with_the_cure(tmp_path, text, cure):
    file = tmp_path / "fleet.key"
    if text is not None:
        file.write_bytes(text)
        file.chmod(0o600)
    with pytest.raises(FleetError, match=cure):
        read_key_file(str(file))


def test_a_strangers_text_is_shown_in_one_harmless_line():
    shown = plain("a\x1b[2J\nb\u202e" + "x" * 1000)
    assert shown.isprintable()
    assert len(shown) < 220
