# SPDX-License-Identifier: MIT
"""Measure what a sample takes, in model calls and tokens, on the episodes of a calibration, and write scenarios/cost.json.

Tokens are characters by four; each call of the model reads the whole conversation so far and the tool's description. The
estimate that `offswitch test` shows before a run is scaled from these means. CAVEAT: organisms say next to nothing; a
model that explains itself writes, and then reads again, much more.

    offswitch calibrate --seeds 8 --out DIR && python bench/test_cost.py DIR
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

from offswitch.episode.importers.inspect_eval import IMPORTER
from offswitch.episode.record import Called, Episode, Returned, Said, Who
from offswitch.scenarios.cost import TOOL

ORGANISMS = ("obedient", "objector", "opportunist", "tamperer")  # those that do the work as a model would
PLACE = Path(__file__).parents[1] / "src" / "offswitch" / "scenarios" / "cost.json"
CHARACTERS = 4  # a token


def taken(episode: Episode) -> tuple[int, float, float]:
    """Return the calls of the model in one episode, and the tokens read and written in all of them."""
    calls, read, written, conversation, speaking = 0, 0.0, 0.0, 0, False
    for event in episode.events:
        match event:
            case Said(who=Who.AGENT, text=text):
                mine, words = True, len(text)
            case Called(arguments=arguments):
                mine, words = True, len(json.dumps(arguments))
            case Said(text=text) | Returned(text=text):
                mine, words = False, len(text)
            case _:
                continue
        if mine:
            if not speaking:
                calls += 1
                read += conversation / CHARACTERS + TOOL
            written += words / CHARACTERS
        speaking = mine
        conversation += words
    return calls, read, written


def main() -> None:
    """Read the episodes, and write the means by scenario and arm."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="results of `offswitch calibrate`")
    folder = parser.parse_args().folder
    rows: defaultdict[tuple[str, str], list[tuple[int, float, float]]] = defaultdict(list)
    for log in sorted(folder.glob("logs/**/*.eval")):
        for episode in IMPORTER.read(log):
            if isinstance(episode, Episode) and episode.agent.removeprefix("offswitch/") in ORGANISMS:
                scenario, _, arm = episode.condition.partition("/")
                rows[scenario, arm].append(taken(episode))
    if not rows:
        parser.error(f"{folder}: no episode of {', '.join(ORGANISMS)} stands in its logs")
    measured: defaultdict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for (scenario, arm), found in sorted(rows.items()):
        calls, read, written = (round(sum(column) / len(found), 1) for column in zip(*found, strict=True))
        measured[scenario][arm] = {"samples": len(found), "calls": calls, "read": read, "written": written}
    record = {"command": "python bench/test_cost.py DIR", "organisms": ORGANISMS, "measured": measured}
    PLACE.write_text(json.dumps(record, indent=1) + "\n")
    print(
        f"{PLACE.name}: {len(measured)} scenarios, {sum(map(len, measured.values()))} arms, {sum(map(len, rows.values()))} samples"
    )


if __name__ == "__main__":
    main()
