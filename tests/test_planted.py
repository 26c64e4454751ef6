# SPDX-License-Identifier: MIT
"""The planted errors fit the sources as they are now. Whether each is caught is tried by `tests/planted/plant.py`, in minutes."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "planted"))
from plant import CAUGHT, SKIPPED, SURVIVED, UNSOUND, Planted, PlantError, entries, of, read_journal, verdict

ERRORS = entries()
FINE = {"outcome": "passed", "phase": "call", "assertion": False, "why": ""}
NOTICED = {"outcome": "failed", "phase": "call", "assertion": True, "why": "AssertionError"}


@pytest.mark.parametrize("entry", ERRORS, ids=lambda entry: entry.error)
def test_an_error_is_planted_in_one_place_and_leaves_a_program(entry):
    text = entry.source.read_text()
    wrong = entry.in_text(text)
    assert wrong != text
    compile(wrong, entry.file, "exec", dont_inherit=True)


@pytest.mark.parametrize("entry", ERRORS, ids=lambda entry: entry.error)
def test_the_test_that_must_fail_is_there(entry):
    _, *classes, name = entry.test.partition("[")[0].split("::")
    text = entry.test_file.read_text()
    assert re.search(rf"^ *(?:async )?def {name}\(", text, re.MULTILINE)
    assert all(f"class {one}:" in text for one in classes)


def test_every_error_is_another_one():
    assert len({entry.error for entry in ERRORS}) == len(ERRORS)
    assert len({(entry.file, entry.find, entry.replace) for entry in ERRORS}) == len(ERRORS)


@pytest.mark.parametrize(
    ("without", "planted", "told"),
    [
        (FINE, NOTICED, CAUGHT),
        (FINE, FINE, SURVIVED),
        (FINE, {**NOTICED, "assertion": False}, UNSOUND),  # it broke, and noticed nothing
        (FINE, {**NOTICED, "phase": "setup"}, UNSOUND),
        (FINE, {**FINE, "outcome": "skipped"}, UNSOUND),
        (FINE, None, UNSOUND),  # it could not be collected, or hung
        (NOTICED, NOTICED, UNSOUND),  # it fails anyway
        (None, NOTICED, UNSOUND),
        ({**FINE, "outcome": "skipped", "phase": "setup"}, None, SKIPPED),
    ],
)
def test_only_an_assertion_that_holds_without_the_error_and_not_with_it_has_caught_it(without, planted, told):
    assert verdict(ERRORS[0], without, planted)[0] == told


def test_of_many_cases_of_a_test_the_one_that_noticed_counts():
    told = {"t::a[1]": FINE, "t::a[2]": NOTICED, "t::ab": {**NOTICED, "assertion": False}}
    assert of("t::a", told) is NOTICED
    assert of("t::a[1]", told) is FINE
    assert of("t::b", told) is None


def test_an_entry_that_is_none_is_refused_by_number_and_field(tmp_path):
    file = tmp_path / "errors.toml"
    file.write_text('[[planted]]\nerror = "x"\nfile = "a.py"\nfind = "a"\nreplace = 1\ntest = "t"\n')
    with pytest.raises(PlantError, match=r"errors\.toml, entry 1: replace"):
        entries(file)


def test_a_text_that_stands_there_twice_is_refused():
    with pytest.raises(PlantError, match="2 times"):
        Planted("x", "a.py", "a", "b", "t").in_text("a a")


def test_a_torn_line_of_the_journal_is_tried_again(tmp_path):
    journal = tmp_path / "journal.jsonl"
    whole = '{"print": "p", "error": "x", "test": "t", "told": "caught", "why": "", "seconds": 1.0}\n'
    journal.write_text(whole + whole.replace('"p"', '"q"')[:40])
    assert list(read_journal(journal)) == ["p"]
    assert read_journal(tmp_path / "none") == {}
