# SPDX-License-Identifier: MIT
"""Receipts: proved by the kernel's count and by nothing else; sealed; with room on a disk that fills up later."""

import json
import os

import pytest

from offswitch.guard.errors import PlaceError
from offswitch.guard.switch import receipts

ABOUT = {"name": "a", "run": "ab" * 16, "host": "h", "tier": "full"}
ORDER = {"by": "stop", "why": "", "wall": 1.0, "boot": 1.0}
EMPTY = {"wall": 2.0, "boot": 2.0}


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("OFFSWITCH_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.mark.parametrize(
    ("proof", "verdict"),
    [
        ({"populated": 0, "empty": EMPTY}, "proved"),
        ({"populated": 1, "empty": EMPTY, "survivors": [5]}, "not proved"),
        ({"populated": 0, "empty": None}, "not proved"),
        ({"populated": None, "empty": EMPTY}, "not proved"),
        ({}, "not proved"),
    ],
)
def test_only_a_count_of_nobody_is_a_proof(proof, verdict):
    receipt = receipts.compose(ABOUT, ORDER, proof)
    assert receipt["verdict"] == verdict
    assert receipt["last_instruction"] == {"not_after": EMPTY if verdict == "proved" else None}


def test_a_seal_holds_for_exactly_this_receipt_and_this_key():
    sealed = receipts.seal(receipts.compose(ABOUT, ORDER, {"populated": 1}), b"k" * 32)
    assert receipts.holds(sealed, b"k" * 32)
    assert not receipts.holds(sealed, b"x" * 32)
    assert not receipts.holds({**sealed, "verdict": "proved"}, b"k" * 32)
    assert not receipts.holds({key: value for key, value in sealed.items() if key != "seal"}, b"k" * 32)
    assert not receipts.holds({**sealed, "seal": "yes"}, b"k" * 32)


def test_the_key_is_made_once_and_only_we_can_read_it(state):
    key = receipts.host_key()
    assert receipts.host_key() == key
    assert (state / "host.key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(state) == ["host.key"]


def test_a_key_that_others_can_read_is_not_used(state):
    receipts.host_key()
    (state / "host.key").chmod(0o644)
    with pytest.raises(PlaceError, match=r"host\.key"):
        receipts.host_key()


def test_room_is_set_aside_when_the_run_begins():
    path, file = receipts.reserve("a", "ab" * 16)
    assert os.stat(path).st_blocks * 512 >= receipts.ROOM
    assert receipts.write(file, receipts.compose(ABOUT, ORDER, {}))
    assert receipts.read(path)["verdict"] == "not proved"
    os.close(file)


def test_a_receipt_is_never_written_over_another():
    receipts.reserve("a", "ab" * 16)
    with pytest.raises(PlaceError, match="no room"):
        receipts.reserve("a", "ab" * 16)


@pytest.mark.parametrize("text", ["", "null", "{", "[]", json.dumps({"schema": "other"})])
def test_what_is_no_receipt_is_not_read_as_one(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(PlaceError, match="is no receipt"):
        receipts.read(str(tmp_path / "r.json"))
