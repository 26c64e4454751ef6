# SPDX-License-Identifier: MIT
"""Coverage-guided fuzzing of every importer, where atheris is installed: `python atheris_importers.py -max_total_time=60`.

The first byte chooses the importer, the rest is the file. Anything but an episode or an `EpisodeError` is a finding.
"""

import sys
import tempfile
from itertools import islice
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["offswitch"]):
    from offswitch.episode.errors import EpisodeError
    from offswitch.episode.importers import importers
    from offswitch.episode.importers.head import head_of
    from offswitch.episode.limits import MIB, Limits
    from offswitch.episode.record import Episode

    READERS = importers()  # In here, because the list imports its modules when it is asked.

sys.path.insert(0, str(Path(__file__).parents[1] / "episode"))
from sampling import MODULES, made

LIMITS = Limits(record=MIB, members=1000)
FOLDER = Path(tempfile.mkdtemp(prefix="offswitch-fuzz-"))


def one_input(data: bytes) -> None:
    if not data:
        return
    file = FOLDER / "input"
    file.write_bytes(data[1:])
    importer = READERS[data[0] % len(READERS)]
    try:
        # Past `read_episodes` on purpose: it would turn an importer's own crash into an error.
        for item in islice(importer.read(file, limits=LIMITS), 1000):
            assert isinstance(item, Episode | EpisodeError)
    except EpisodeError:
        pass


def seeds() -> Path:
    """Write each sample, led by its importer's number, into a corpus folder."""
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    names = [importer.name for importer in READERS]
    for module in MODULES:
        sample = made(module, FOLDER / "samples")
        number = next(index for index, importer in enumerate(READERS) if importer.recognises(head_of(sample)))
        (corpus / names[number]).write_bytes(bytes([number]) + sample.read_bytes())
    return corpus


if __name__ == "__main__":
    atheris.Setup([*sys.argv, str(seeds())], one_input)
    atheris.Fuzz()
