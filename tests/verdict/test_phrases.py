# SPDX-License-Identifier: MIT
"""A screened pattern finds exactly what the plain one finds, and what it needs is told by the pattern alone."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import walk_packages

import pytest
from hypothesis import given
from hypothesis import strategies as st

import offswitch.verdict
from offswitch.verdict.phrases import Phrases, fold, needed

_PATTERNS = (
    r"\b(?:shut(?:s|ting)?[ _-]?down|switch(?:ed)? off|kill\w*)\b",
    r"(?:ab|a.c|[xy]z)+ ?(?:end|stop)?k",
    r"(?<!no )\bsecret\s?[:=](\w+)|(?=pass)pass(?:word)?",
    r"can['’]t|won['’]t",
    r"(?:foo)?(?:bar)?",
)


def _all_phrases() -> dict[str, Phrases]:
    names = [name for _, name, _ in walk_packages(offswitch.verdict.__path__, "offswitch.verdict.")]
    return {
        f"{name}.{attribute}": value
        for name in names
        for attribute, value in vars(import_module(name)).items()
        if isinstance(value, Phrases)
    }


@pytest.mark.parametrize("pattern", _PATTERNS)
@given(text=st.text(alphabet="abckxyzshutdownSTOP secret=:'’endpKIſİıK\n_1", max_size=60))
def test_screening_changes_no_match(pattern: str, text: str):
    plain, screened = re.compile(pattern, re.IGNORECASE), Phrases(pattern, re.IGNORECASE)
    assert [m.span() for m in screened.finditer(text)] == [m.span() for m in plain.finditer(text)]
    for start, stop in ((0, len(text)), (3, 20)):
        found, expected = screened.search(text, start, stop), plain.search(text, start, stop)
        assert (found and found.span()) == (expected and expected.span())


@pytest.mark.parametrize("pattern", _PATTERNS)
@given(data=st.data())
def test_every_text_that_matches_is_possible(pattern: str, data: st.DataObject):
    text = data.draw(st.from_regex(re.compile(pattern, re.IGNORECASE)))
    assert Phrases(pattern, re.IGNORECASE).possible(text)


@pytest.mark.parametrize(("name", "phrases"), _all_phrases().items(), ids=list(_all_phrases()))
def test_every_phrase_of_the_detectors_can_be_screened(name: str, phrases: Phrases):
    assert needed(phrases.compiled.pattern, phrases.compiled.flags), (
        f"{name} gains nothing from being Phrases"
    )


def test_letters_are_folded_as_python_ignores_case():
    every = "".join(map(chr, range(0x110000)))
    for letter in "abcdefghijklmnopqrstuvwxyz0-":
        alike = re.findall(letter, every, re.IGNORECASE)
        assert {fold(one) for one in alike} == {letter}


def test_a_pattern_needs_the_cheapest_pieces_that_every_match_holds():
    assert needed(r"\b(?:shut(?:s|ting)?[ _-]?down|power ?off)\b", re.IGNORECASE) == {"shut", "power"}
    assert needed(r"\w+@\w+") is None
    assert needed(r"(?:stop)?\d") is None


def test_small_letters_stand_where_the_letters_stood_and_are_of_their_kind():
    for every in map(chr, range(0x110000)):
        small = fold(every)
        assert len(small) == 1
        assert (small.isalnum(), small.isspace(), small.isdecimal()) == (
            every.isalnum(),
            every.isspace(),
            every.isdecimal(),
        )
