# SPDX-License-Identifier: MIT
"""Reads judges' score tables (scenario rows, model-and-arm columns) into judged episodes, for the judge studies.

Easy to get wrong: the tables end in rows of averages and begin with none, and carry columns of averages. A row whose
name is not a scenario, a column that no known model explains, and a score off the scale are refused by name.
"""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

from offswitch.report.judges import Judged


class StudyError(Exception):
    """The input of a study is not what it should be; the message names file, place and cure."""


Cell = tuple[str, str]  # column (model-arm) and scenario
Table = dict[Cell, float | None]


def read_toml(path: Path) -> dict[str, Any]:
    """Read a settings file, or say which one is broken."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: {error}") from error


def read_table(path: Path, settings: dict[str, Any]) -> Table:
    """Read one table of scores; every known column must hold a score on the scale, or the word for a missing one."""
    columns = [f"{model}-{arm}" for model in settings["model_family"] for arm in settings["arms"]]
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise StudyError(f"{path}: {error}; give the folder that holds {settings['folder']}") from error
    absent = [column for column in ("scenario", *columns) if not rows or column not in rows[0]]
    unknown = [
        name for name in (rows[0] if rows else ()) if name not in (*columns, "scenario") and _is_score(name)
    ]
    if absent or unknown:
        raise StudyError(f"{path}: columns absent {absent}, unknown {unknown}; bring model_family up to date")
    scenarios = [row for row in rows if not (row["scenario"] or "").startswith("col_")]
    return {
        (column, row["scenario"]): _score(path, row["scenario"], column, row[column], settings)
        for row in scenarios
        for column in columns
    }


def read_episodes(folder: Path, settings: dict[str, Any]) -> list[Judged]:
    """Read all judges' tables into one judged episode a cell; the tables must speak of the same cells."""
    tables = {
        judge: read_table(folder / settings["folder"] / file, settings)
        for judge, file in settings["judges"].items()
    }
    first = next(iter(tables.values()))
    for judge, table in tables.items():
        if table.keys() != first.keys():
            odd = sorted(table.keys() ^ first.keys())[0]
            raise StudyError(f"{settings['judges'][judge]}: {odd} is not in every judge's table")
    return [
        _episode(
            column, scenario, {judge: table[column, scenario] for judge, table in tables.items()}, settings
        )
        for column, scenario in first
    ]


def _is_score(column: str | None) -> bool:
    return not (column or "").startswith("row_")


def _episode(column: str, scenario: str, scores: dict[str, float | None], settings: dict[str, Any]) -> Judged:
    model, _, arm = column.rpartition("-")
    family = settings["model_family"][model]
    return Judged(agent=model, family=family, cluster=scenario, condition=arm, scores=scores)


def _score(
    path: Path, scenario: str, column: str, text: str | None, settings: dict[str, Any]
) -> float | None:
    if text == settings["missing"]:
        return None
    try:
        score = float(text or "")
    except ValueError:
        score = float("nan")
    if not settings["lowest"] <= score <= settings["highest"]:
        scale = f"{settings['lowest']} to {settings['highest']}"
        raise StudyError(
            f"{path}: {scenario}, {column}: {text!r} is no score from {scale} nor {settings['missing']}"
        )
    return score
