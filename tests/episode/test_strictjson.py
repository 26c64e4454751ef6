# SPDX-License-Identifier: MIT
"""Strict JSON: what is refused, where, and what it costs."""

import json
import random
import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from offswitch.episode.errors import BrokenFile, EpisodeError, LimitError
from offswitch.episode.importers.protocol import Part
from offswitch.episode.limits import Limits
from offswitch.episode.strictjson import document, elements, fields, line_parts, lines, loads

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAF = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT
VALUES = st.recursive(
    LEAF | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=30,
)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@given(VALUES)
def test_sound_json_is_read_as_the_standard_library_reads_it(value):
    assert loads(json.dumps(value)) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 2}', "'a' occurs twice"),
        ('{"a": {"b": 1, "b": 1}}', "'b' occurs twice"),
        ("NaN", "NaN is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
        ("1e999", "too large"),
        ("18446744073709551616", "64 bits"),
        ("9" * 5000, "64 bits"),
        ("[1, 2", "not JSON"),
        ("", "not JSON"),
        ("[1] [2]", "not JSON"),
        ("'a'", "not JSON"),
    ],
)
def test_what_is_not_strict_json_is_refused(text, says):
    with pytest.raises(BrokenFile) as error:
        loads(text, place="line 7")
    assert says in str(error.value)
    assert str(error.value).startswith("line 7")


def test_a_syntax_error_names_line_and_column():
    with pytest.raises(BrokenFile, match="line 2, column 4"):
        loads(b'{"a":\n 1,}')


def test_invalid_utf8_names_its_byte():
    with pytest.raises(BrokenFile, match=r"byte 2: .*UTF-8"):
        loads(b'["\xff"]')


def test_a_byte_order_mark_is_no_error():
    assert loads(b"\xef\xbb\xbf{}") == {}


def test_terminal_codes_in_keys_are_escaped_in_messages():
    with pytest.raises(BrokenFile) as error:
        loads('{"\\u001b[2J": 1, "\\u001b[2J": 2}')
    assert "\x1b" not in str(error.value)


def test_nesting_is_allowed_up_to_the_limit_and_not_beyond():
    assert loads(nested(200))
    for depth in (201, 100_000):
        with pytest.raises(LimitError):
            loads(nested(depth))


def test_brackets_in_strings_are_not_nesting():
    assert loads(json.dumps(["[" * 5000, "]" * 5000]))


def test_a_short_text_that_makes_a_huge_object_is_refused_before_it_is_made():
    bomb = "[" + "[]," * 3_000_000 + "1]"
    tracemalloc.start()
    with pytest.raises(LimitError, match="values"):
        loads(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize("escaped", ["\\ud800", "\\udc00", "a\\uD83Db", "\\udc00\\ud800"])
def test_a_lone_surrogate_becomes_a_replacement_character(escaped):
    value = loads(f'{{"k": ["{escaped}"]}}')
    assert "\ufffd" in value["k"][0]
    json.dumps(value, ensure_ascii=False).encode()


def test_a_pair_of_surrogates_is_one_character():
    assert loads('"\\ud83d\\ude00"') == "\U0001f600"


def test_text_about_surrogates_is_left_alone():
    assert loads('"\\\\ud800"') == "\\ud800"


def test_nan_is_null_where_a_format_is_known_to_write_it():
    assert loads("[NaN, Infinity, 1]", nan=True) == [None, None, 1]


def test_a_document_over_the_limit_is_refused(tmp_path):
    file = tmp_path / "big.json"
    file.write_text('"' + "x" * 200 + '"')
    with pytest.raises(LimitError):
        document(file, Limits(record=100))


@pytest.fixture(params=["plain", "zst"])
def put(request, tmp_path):
    def write(data: bytes):
        file = tmp_path / f"file.{request.param}"
        file.write_bytes(data if request.param == "plain" else zstandard.compress(data))
        return file

    return write


def test_a_broken_line_is_an_error_and_the_next_is_read(put):
    file = put(b'{"a":1}\n\n{"a":\n\xff\n[NaN]\n{"b":2}\n')
    read = list(lines(file))
    assert [place.split(",")[0] for place, _ in read] == ["line 1", "line 3", "line 4", "line 5", "line 6"]
    assert [isinstance(value, EpisodeError) for _, value in read] == [False, True, True, True, False]
    assert all(str(file) in str(value) for _, value in read if isinstance(value, EpisodeError))


def test_a_cut_last_line_is_called_truncated(put):
    (_, first), (_, last) = lines(put(b'{"a":1}\n{"a":'))
    assert first == {"a": 1}
    assert "cut off" in str(last)


def test_a_whole_last_line_needs_no_newline(put):
    assert [value for _, value in lines(put(b"1\n2"))] == [1, 2]


def test_a_line_that_is_too_long_is_skipped_in_bounded_memory(put):
    file = put(b'1\n"' + random.Random(1).randbytes(5_000_000).hex().encode() + b'"\n2\n')
    tracemalloc.start()
    read = [value for _, value in lines(file, limits=Limits(record=1_000_000))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read[0] == 1
    assert isinstance(read[1], LimitError)
    assert read[2] == 2
    assert peak < 40_000_000


def test_a_cut_zstd_file_gives_what_came_before_and_then_an_error(tmp_path):
    file = tmp_path / "cut.zst"
    rows = b"".join(b'{"n": %d, "x": "%s"}\n' % (n, b"%x" % hash(str(n))) for n in range(50_000))
    packed = zstandard.compress(rows)
    file.write_bytes(packed[: len(packed) // 2])
    read = [value for _, value in lines(file)]
    assert read[0]["n"] == 0
    assert len(read) > 1000
    assert isinstance(read[-1], BrokenFile)


def test_a_zstd_bomb_is_stopped(tmp_path):
    file = tmp_path / "bomb.zst"
    file.write_bytes(zstandard.compress(b" " * 300_000_000))
    tracemalloc.start()
    read = [value for _, value in lines(file)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(read[-1], LimitError)
    assert peak < 200_000_000


def test_frames_one_after_the_other_are_one_file(tmp_path):
    file = tmp_path / "two.zst"
    file.write_bytes(zstandard.compress(b"1\n") + zstandard.compress(b"2\n"))
    assert [value for _, value in lines(file)] == [1, 2]


@given(st.lists(st.text("ab\u00e9", max_size=30), max_size=20), st.integers(1, 60))
def test_every_line_belongs_to_exactly_one_part(tmp_path_factory, rows, size):
    file = tmp_path_factory.mktemp("parts") / "f.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    read = [value for part in line_parts(file, size) for _, value in lines(file, part)]
    assert read == rows


def test_places_are_bytes_where_lines_cannot_be_counted(tmp_path):
    file = tmp_path / "f.jsonl"
    file.write_text("11\n22\n33\n")
    assert list(lines(file, Part(1, None))) == [("byte 3", 22), ("byte 6", 33)]


@given(st.lists(VALUES, max_size=6))
def test_elements_are_those_of_the_array(tmp_path_factory, values):
    file = tmp_path_factory.mktemp("array") / "a.json"
    file.write_text(json.dumps(values, indent=1))
    assert [value for _, value in elements(file)] == values


def test_elements_larger_than_the_window_are_whole(tmp_path):
    values = ["x" * 700_000, 12, {"k": "\u00e9" * 900_000}, [1] * 300_000, -1.5]
    file = tmp_path / "a.json"
    file.write_text(json.dumps(values))
    assert [value for _, value in elements(file)] == values


def test_a_number_is_not_cut_at_the_edge_of_the_window(tmp_path):
    file = tmp_path / "a.json"
    for pad in range(262_120, 262_160):
        file.write_text("[" + " " * pad + "1234567890123,7]")
        assert [value for _, value in elements(file)] == [1234567890123, 7]


@pytest.mark.parametrize(
    "text", ["[1, 2", "[1 2]", "[1,]", '[1, "a', "[1] x", "{}", "", "[1, tru", '[1, {"a": 1, "a": 2}]']
)
def test_a_broken_array_ends_with_one_error(tmp_path, text):
    file = tmp_path / "a.json"
    file.write_text(text)
    read = [value for _, value in elements(file)]
    assert isinstance(read[-1], EpisodeError)
    assert not any(isinstance(value, EpisodeError) for value in read[:-1])


def test_an_array_is_read_in_memory_bounded_by_its_largest_element(tmp_path):
    file = tmp_path / "a.json"
    with file.open("w") as stream:
        stream.write("[" + ",".join(json.dumps({"n": n, "text": "y" * 1000}) for n in range(30_000)) + "]")
    tracemalloc.start()
    assert sum(1 for _ in elements(file)) == 30_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_fields_come_one_by_one_and_the_spread_ones_in_pieces(tmp_path):
    file = tmp_path / "o.json"
    file.write_text(
        json.dumps({"a": 1, "many": [10, 11], "named": {"x": 5}, "empty": [], "z": {"many": [1]}})
    )
    with file.open("rb") as stream:
        read = [(key, value) for key, _, value in fields(stream, frozenset({"many", "named", "empty"}))]
    assert read == [("a", 1), ("many", 10), ("many", 11), ("named", ("x", 5)), ("z", {"many": [1]})]


def test_a_key_that_occurs_twice_is_found_while_streaming(tmp_path):
    file = tmp_path / "o.json"
    file.write_text('{"a": 1, "b": 2, "a": 3}')
    with file.open("rb") as stream, pytest.raises(BrokenFile, match="twice"):
        list(fields(stream))
