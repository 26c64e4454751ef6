# SPDX-License-Identifier: MIT
"""No bytes make a reader crash, hang or swell: every importer's small sample, mutated, gives episodes and errors only."""

import random
import sys
import time
import tracemalloc
import zipfile
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "episode"))
from sampling import FOLDER, MODULES, importer_of, made

from offswitch.episode.errors import EpisodeError
from offswitch.episode.importers.head import head_of, survey
from offswitch.episode.limits import MIB, Limits
from offswitch.episode.reading import parts_of, read_episodes, recognise
from offswitch.episode.record import Episode
from offswitch.episode.writing import line_of

LIMITS = Limits(record=MIB, members=1000)
SECONDS, MEMORY = 5.0, 96 * MIB
JUNK = [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\0", b"\xff", b"\n", b"null", b"NaN", b"1e999", b"9" * 400,
        b"[" * 300, b'{"a":' * 300, b"\\ud800", b"\x1b[2J", b"-", b"true", b'"role"', b"PK\x05\x06", b"PK\x01\x02"]  # fmt: skip

with_sample = [name for name in MODULES if (FOLDER / f"{name}.py").exists()]


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("fuzz")
    return {name: made(name, folder).read_bytes() for name in with_sample}


def mutated(data: bytes, seed: int) -> bytes:
    """Return `data` with one to six random cuts, copies, swaps and insertions."""
    dice = random.Random(seed)
    raw = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(raw) + 1)
        end = min(len(raw), at + dice.choice([1, 1, 2, 8, 64, 512]))
        kind = dice.randrange(5)
        if kind == 0:
            del raw[at:end]
        elif kind == 1:
            raw[at:at] = raw[at:end] * dice.choice([1, 2, 30])
        elif kind == 2:
            raw[at:at] = dice.choice(JUNK)
        elif kind == 3:
            raw[at:end] = dice.randbytes(end - at)
        else:
            raw[at:end] = dice.choice(JUNK)
    return bytes(raw)


def check(file: Path, format: str | None) -> None:
    """Read `file` and see that only episodes and errors come out, in time, in memory, and writable."""
    refused = ""
    began = time.perf_counter()
    tracemalloc.start()
    try:
        recognise(file, format)
        for item in islice(read_episodes(file, format, limits=LIMITS), 2000):
            assert isinstance(item, Episode | EpisodeError)
            if isinstance(item, Episode):
                line_of(item)
            else:
                assert str(item).isprintable()
        parts_of(file, format, LIMITS)
    except EpisodeError as error:
        refused = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert refused.isprintable()
    assert peak < MEMORY
    assert time.perf_counter() - began < SECONDS


@pytest.mark.parametrize("module", with_sample)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_mutated_files_give_episodes_and_errors_only(module, samples, tmp_path, seed):
    file = tmp_path / "mutated"
    file.write_bytes(mutated(samples[module], seed))
    check(file, importer_of(module).name)
    check(file, None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_mutated_samples_inside_a_sound_archive_give_episodes_and_errors_only(samples, tmp_path, seed):
    dice = random.Random(seed)
    whole, file = tmp_path / "whole.eval", tmp_path / "log.eval"
    whole.write_bytes(samples["inspect_eval"])
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, mutated(data, seed) if dice.random() < 0.6 else data)
    check(file, None)


@settings(max_examples=100, deadline=None)
@given(st.text() | st.binary(max_size=400).map(lambda data: data.decode("latin-1")))
@example('{"a":' * 5000)
@example('"' + "\\" * 5001)
def test_the_survey_of_a_head_never_raises(text):
    shape, keys, inner = survey(text)
    assert shape in ("object", "array", "lines", "text")
    assert not keys & inner


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=600) | st.sampled_from([b"PK\x03\x04", b"\x28\xb5\x2f\xfd"]).flatmap(
    lambda magic: st.binary(max_size=300).map(lambda rest: magic + rest)))  # fmt: skip
def test_any_bytes_are_refused_or_read_by_every_importer(tmp_path, data):
    file = tmp_path / "bytes"
    file.write_bytes(data)
    head_of(file)
    check(file, None)
    for name in with_sample:
        check(file, importer_of(name).name)


def test_a_head_of_brackets_is_surveyed_in_time():
    began = time.perf_counter()
    for text in ("[" * 262_144, '{"a":' * 52_000, '"' * 262_144, "[" + "1," * 131_000, "\\" * 262_144):
        survey(text)
    assert time.perf_counter() - began < SECONDS
