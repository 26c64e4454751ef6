# SPDX-License-Identifier: MIT
"""Names and folders of runs: a name is taken while its holder lives, and nothing of somebody else's is trusted."""

import os
import subprocess
import sys

import pytest

from offswitch.guard.errors import NameInUseError, PlaceError
from offswitch.guard.switch.places import Place, own_folder


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("OFFSWITCH_RUN_DIR", str(tmp_path / "run"))
    return tmp_path


@pytest.mark.parametrize("name", ["", "a/b", "..", ".a", "-a", "a" * 65, "a b", "a\n", "é", "a.lock"])
def test_a_name_that_could_be_a_path_or_a_trick_is_refused(name):
    with pytest.raises(PlaceError, match="no name for a run"):
        Place(name)


def test_a_name_is_taken_while_its_holder_lives():
    first = Place("a")
    first.claim()
    with pytest.raises(NameInUseError, match="offswitch stop a"):
        Place("a").claim()
    assert Place("a").held()
    first.forget()
    assert not Place("a").held()
    Place("a").claim()


def test_a_name_is_free_again_when_its_holder_was_killed():
    program = (
        "import time\nfrom offswitch.guard.switch.places import Place\n"
        "Place('a').claim()\nprint(1, flush=True)\ntime.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"1\n"
    assert Place("a").held()
    holder.kill()
    holder.wait()
    again = Place("a")
    again.claim()
    assert again.held()


def test_a_folder_that_others_may_write_in_is_not_used(folders):
    open_to_all = folders / "open"
    open_to_all.mkdir(mode=0o777)
    open_to_all.chmod(0o777)
    with pytest.raises(PlaceError, match="nobody else may write"):
        own_folder(str(open_to_all))


def test_a_link_in_place_of_a_folder_is_not_followed(folders):
    (folders / "real").mkdir(mode=0o700)
    (folders / "link").symlink_to("real")
    with pytest.raises(PlaceError):
        own_folder(str(folders / "link"))


def test_a_path_too_long_for_a_socket_is_reached_all_the_same(folders, monkeypatch):
    monkeypatch.setenv("OFFSWITCH_RUN_DIR", str(folders / ("long" * 40)))
    place = Place("a")
    place.claim()
    with place.listen(1), place.connect(1.0):
        assert place.whole()


def test_a_place_that_was_taken_away_is_not_whole():
    place = Place("a")
    place.claim()
    with place.listen(1):
        assert place.whole()
        os.unlink(f"{place.path}.lock")
        assert not place.whole()


def test_two_claims_at_once_leave_one_holder():
    program = (
        "import sys, time\nfrom offswitch.guard.switch.places import Place\nfrom offswitch.guard.errors import NameInUseError\n"
        "try:\n    Place('a').claim(); print('held', flush=True); time.sleep(3)\n"
        "except NameInUseError:\n    print('taken', flush=True)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    words = sorted(one.stdout.readline().strip() for one in started)
    assert words == ["held"] + ["taken"] * 5
    for one in started:
        one.kill()
        one.wait()
