# SPDX-License-Identifier: MIT
"""Finds each importer's small sample file: `tests/episode/samples/MODULE.py` with `make(folder) -> Path`.

A sample is written by code, never copied from a real transcript. It holds at least one episode, and where the format
has labels (scores, tags, verdicts) they contain the word LABEL-CANARY, which must not turn up in any event.
"""

import importlib.util
from pathlib import Path
from types import ModuleType

from offswitch.episode.importers import BUILT_IN

CANARY = "LABEL-CANARY"
FOLDER = Path(__file__).parent / "samples"
MODULES = [name for name in BUILT_IN if importlib.util.find_spec(f"offswitch.episode.importers.{name}")]


def importer_of(module: str):
    return importlib.import_module(f"offswitch.episode.importers.{module}").IMPORTER


def sample_maker(module: str) -> ModuleType:
    """Return the sample maker of one importer module."""
    path = FOLDER / f"{module}.py"
    spec = importlib.util.spec_from_file_location(f"sample_{module}", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def made(module: str, folder: Path) -> Path:
    """Write the sample of one importer into a folder of its own and return the file."""
    home = folder / module
    home.mkdir(parents=True)
    return sample_maker(module).make(home)
