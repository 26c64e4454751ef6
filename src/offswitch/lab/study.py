# SPDX-License-Identifier: MIT
"""A study: one TOML file that asks a question of the lab, with its settings, its seeds, what is expected, and its figure.

A study is made of cells that are measured one by one, so that a run that is killed goes on where it was. What a kind of study
measures stands in `kinds/`; this file reads studies and says what is wrong with one. The one thing that is easy to get wrong:
`expected` is written before the run and is compared by people; nothing in the code reads it.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from offswitch.lab.errors import LabError, StudyError

FOLDER = "studies"


class Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the axes are called, with their units. What is drawn is the kind's business."""

    title: str
    x: str
    y: str
    log_x: bool = False


class Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A study as its file says. `settings` are those of its kind, checked by the kind."""

    name: str = ""
    kind: str
    question: str
    claim: str
    expected: str
    not_shown: tuple[str, ...]
    figure: Figure
    settings: dict[str, Any]
    seed: int = 0

    @property
    def digest(self) -> str:
        """Return what tells this study from any other with other settings, in hex. Words are left out of it."""
        what = {"kind": self.kind, "settings": self.settings, "seed": self.seed}
        return hashlib.sha256(msgspec.json.encode(what, order="deterministic")).hexdigest()


def ours() -> tuple[str, ...]:
    """Return the names of the studies that come with the package."""
    folder = files(__package__) / FOLDER
    return tuple(sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".toml")))


def study(name_or_file: str) -> Study:
    """Read a study of ours by name, or one of yours by file. Raises StudyError with the file, the field and the cure."""
    path = Path(name_or_file)
    if name_or_file in ours():
        return parsed(
            (files(__package__) / FOLDER / f"{name_or_file}.toml").read_text(),
            f"study {name_or_file}",
            name_or_file,
        )
    if path.suffix != ".toml":
        close = difflib.get_close_matches(name_or_file, ours(), n=1, cutoff=0.4)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(ours())}"
        raise StudyError(f"there is no study {name_or_file!r}; {hint}. A study of your own is a .toml file.")
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as trouble:
        raise StudyError(
            f"{path}: cannot be read: {getattr(trouble, 'strerror', None) or trouble}"
        ) from trouble
    return parsed(text, str(path), path.stem)


def parsed(text: str, place: str, name: str) -> Study:
    """Return the study in a text; its settings are checked by its kind."""
    from offswitch.lab.kinds import kind_of

    try:
        read = msgspec.convert(tomllib.loads(text), Study)
    except tomllib.TOMLDecodeError as trouble:
        raise StudyError(f"{place}: no TOML: {trouble}") from trouble
    except msgspec.ValidationError as trouble:
        raise StudyError(f"{place}: {trouble}; docs/lab.md lists the fields") from trouble
    try:
        kind_of(read.kind).settings(read)
    except msgspec.ValidationError as trouble:
        raise StudyError(f"{place}: settings: {trouble}") from trouble
    except LabError as trouble:  # a world's or a cure's own word, with the file before it
        raise StudyError(f"{place}: {trouble}") from trouble
    return msgspec.structs.replace(read, name=name)
