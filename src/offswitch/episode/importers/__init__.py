# SPDX-License-Identifier: MIT
"""The one list of transcript formats, in the order in which they are asked whether they recognise a file.

Special formats come before general ones: an AgentDojo trace also looks like OpenAI-style messages. One more format is
one more file here, one more line in `BUILT_IN` and one sample maker in `tests/episode/samples`: see
`docs/add-an-importer.md`. Third-party importers use the entry point group `offswitch.importers` and are asked first,
in the order of their names; they cannot take over a built-in name.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from offswitch.episode.errors import UnknownFormat
from offswitch.episode.importers.protocol import Importer

GROUP = "offswitch.importers"

BUILT_IN = (
    "inspect_eval",
    "inspect_json",
    "offswitch_jsonl",
    "palisade_robot",
    "bloom",
    "agentdojo",
    "odcv",
    "taubench",
    "who_and_when",
    "rjudge",
    "anthropic_messages",
    "openai_messages",
)


@cache
def importers() -> tuple[Importer, ...]:
    """Return every importer, in the order in which they are asked."""
    home = [import_module(f"{__name__}.{module}").IMPORTER for module in BUILT_IN]
    taken = {importer.name for importer in home}
    guests = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return (*(point.load() for point in guests if point.name not in taken), *home)


def importer_named(name: str) -> Importer:
    """Return the importer that `--format` names; raise `UnknownFormat` with the nearest names."""
    known = {importer.name: importer for importer in importers()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3) or sorted(known)
    raise UnknownFormat(f"no importer is called {name[:60]!a}", cure="try " + " or ".join(near))
