# SPDX-License-Identifier: MIT
"""What holds for every importer in the list: a new one is picked up here by its line in `BUILT_IN`."""

import importlib
import importlib.util
import itertools
import sys
from pathlib import Path

import msgspec
import pytest

from offswitch.episode.errors import EpisodeError, UnknownFormat
from offswitch.episode.importers import BUILT_IN, importer_named, importers
from offswitch.episode.importers.head import head_of
from offswitch.episode.reading import parts_of, read_episodes, recognise
from offswitch.episode.record import Episode

sys.path.insert(0, str(Path(__file__).parent))
from sampling import CANARY, FOLDER, MODULES, importer_of, made

by_module = pytest.mark.parametrize("module", MODULES)


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("samples")
    return {module: made(module, folder) for module in MODULES if (FOLDER / f"{module}.py").exists()}


@pytest.mark.parametrize("module", BUILT_IN)
def test_every_name_in_the_list_is_a_module_with_an_importer(module):
    assert importlib.util.find_spec(f"offswitch.episode.importers.{module}"), (
        f"{module} is in the list, not in the folder"
    )


@by_module
def test_every_importer_has_a_sample_maker(module):
    assert (FOLDER / f"{module}.py").exists(), (
        f"add tests/episode/samples/{module}.py with make(folder) -> Path"
    )


@by_module
def test_an_importer_says_its_name_and_what_it_reads(module):
    importer = importer_of(module)
    assert importer.name == importer.name.lower().strip()
    assert 5 < len(importer.about) < 100


def test_names_are_given_once():
    names = [importer.name for importer in importers()]
    assert len(names) == len(set(names))


@by_module
def test_an_importer_recognises_its_own_sample_and_is_the_first_to_do_so(module, samples):
    importer = importer_of(module)
    assert importer.recognises(head_of(samples[module]))
    assert recognise(samples[module]).name == importer.name


@by_module
def test_no_other_importer_claims_a_sample(module, samples):
    head = head_of(samples[module])
    claims = [other for other in MODULES if importer_of(other).recognises(head)]
    assert claims == [module]


@by_module
def test_a_sample_is_read_without_errors_and_every_episode_has_its_source(module, samples):
    found = list(read_episodes(samples[module]))
    assert found
    for episode in found:
        assert isinstance(episode, Episode), episode
        assert episode.source.format == importer_of(module).name
        assert episode.source.file == str(samples[module])
        assert episode.events
    ids = [episode.id for episode in found]
    assert len(ids) == len(set(ids))


@by_module
def test_labels_never_become_events(module, samples):
    found = list(read_episodes(samples[module]))
    labels = b"".join(msgspec.json.encode(episode.labels) for episode in found)
    for episode in found:
        told = msgspec.json.encode((episode.events, episode.orders, episode.tools)).decode()
        assert CANARY not in told
    if any(episode.labels for episode in found):
        assert CANARY.encode() in labels, f"put {CANARY} into the label fields of the sample"


@by_module
def test_the_parts_of_a_file_are_together_the_whole(module, samples):
    whole = [episode.id for episode in read_episodes(samples[module])]
    parts = parts_of(samples[module])
    assert [one.id for part in parts for one in read_episodes(samples[module], part=part)] == whole


@by_module
def test_a_truncated_file_gives_errors_never_a_crash(module, samples, tmp_path):
    data = samples[module].read_bytes()
    cut = tmp_path / samples[module].name
    for length in itertools.chain(range(0, len(data), max(1, len(data) // 60)), (len(data) - 1,)):
        cut.write_bytes(data[:length])
        for item in itertools.islice(read_episodes(cut, format=importer_of(module).name), 100):
            assert isinstance(item, Episode | EpisodeError)
            assert not isinstance(item, EpisodeError) or (item.what and item.file)


@by_module
def test_a_file_that_vanishes_is_an_error_with_its_name(module, tmp_path):
    gone = tmp_path / "gone"
    (error,) = read_episodes(gone, format=importer_of(module).name)
    assert isinstance(error, EpisodeError)
    assert "gone" in str(error)


@by_module
def test_the_wrong_format_forced_on_a_file_gives_errors_never_a_crash(module, samples):
    for other in samples.values():
        for item in read_episodes(other, format=importer_of(module).name):
            assert isinstance(item, Episode | EpisodeError)


def test_an_unknown_name_lists_the_nearest_ones():
    with pytest.raises(UnknownFormat, match="inspect-eval"):
        importer_named("inspect-evals")
