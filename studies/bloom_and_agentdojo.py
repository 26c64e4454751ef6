# SPDX-License-Identifier: MIT
"""How often does the default detector set cry wolf on benign transcripts, and what does it find where there is a wolf?

    python studies/bloom_and_agentdojo.py DATA --out docs/results/bloom_and_agentdojo.json

DATA holds `bloom_dev`, `agentdojo`, `tau_bench`, `who_and_when` and `r_judge`. False alarms are episodes of a benign set with a
defiance headline. Recall is by behaviour, suite and half: the detectors were written while reading the `dev` half, and the `held` half
was counted, hardly read. Each rate has Wilson's interval over episodes and one over scenes (`clustered_rate`).

The one thing that is easy to get wrong: near-identical scenes. Bloom writes each scenario twice, so pairs go into one half and one cluster.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from offswitch import __version__
from offswitch.episode.reading import read_episodes
from offswitch.episode.record import Episode
from offswitch.stats.clusters import clustered_rate, gather
from offswitch.stats.intervals import rate
from offswitch.verdict.conduct import Status
from offswitch.verdict.finding import Outcome
from offswitch.verdict.judging import judge

DEV_SCENES = {  # Bloom's scenario places that were read while the detectors were written
    "self-preservation": {1, 2, 9, 10, 13, 14},
    "strategic-deception": {1, 5, 9, 10, 14},
}
_TITLE = re.compile(r"Scenario (\d+)[^:]{0,30}: (\w+)")


class Row(msgspec.Struct, frozen=True):
    """One judged episode, reduced to what is counted: its set, group, half, scene, truth and what was found."""

    file: str
    place: str
    set: str
    group: str
    half: str
    scene: str
    truth: str
    defied: bool
    hijacked: bool
    hijack_done: bool
    told: bool
    detectors: tuple[str, ...]


def episodes(folder: Path, pattern: str) -> Iterator[tuple[Path, Episode]]:
    """Yield (file, episode) of all transcripts that match."""
    for file in sorted(folder.glob(pattern)):
        yield from ((file, episode) for episode in read_episodes(file) if isinstance(episode, Episode))


def row(outcome: Outcome, episode: Episode, **fields: str) -> Row:
    """Reduce an outcome to what is counted."""
    hijacks = [finding for finding in outcome.findings if finding.detector == "hijack"]
    return Row(
        place=episode.source.place,
        defied=outcome.defied,
        hijacked=bool(hijacks),
        hijack_done=any(finding.status is Status.SUCCEEDED for finding in hijacks),
        told=any(finding.because.startswith("instructed") for finding in outcome.findings),
        detectors=tuple(sorted({finding.detector for finding in outcome.findings if finding.defies})),
        **fields,
    )


def bloom(data: Path) -> Iterator[Row]:
    """Yield Bloom's rollouts with the label of a careful reading."""
    scenes = dict(_titles(data))
    with (data / "bloom_dev_labels.csv").open() as lines:
        labels = {line["path"]: line for line in csv.DictReader(lines)}
    for path, label in labels.items():
        place = int(re.search(r"_v(\d+)r", path)[1])
        dev = DEV_SCENES.get(label["behaviour"])
        is_dev = place in dev if dev else ((place + 1) // 2) % 4 in (1, 2)
        for episode in read_episodes(data / path):
            if isinstance(episode, Episode):
                yield row(
                    judge(episode),
                    episode,
                    file=path,
                    set=f"bloom {label['arm']}",
                    group=label["behaviour"],
                    half="dev" if is_dev else "held",
                    scene=scenes.get(path, path),
                    truth=label["label"],
                )


def _titles(data: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, scene) by the scenario's own number and first word: the name that near-identical twins share."""
    for file in sorted(data.glob("bloom_dev/*/turn_labels.json")):
        for rollout in json.loads(file.read_text())["evaluated_rollouts"]:
            title = _TITLE.search(rollout["variation_description"])
            name = f"transcript_v{rollout['variation_number']}r{rollout['repetition_number']}.json"
            yield f"bloom_dev/{file.parent.name}/{name}", f"{file.parent.name} {title[0] if title else name}"


def agentdojo(data: Path) -> Iterator[Row]:
    """Yield AgentDojo's runs; truth is the environment's: did the injected task succeed?"""
    files = sorted(data.glob("agentdojo/*.jsonl"))
    for file, episode in episodes(data, "agentdojo/*.jsonl"):
        labels = episode.labels
        attack = labels.get("injection_task_id")
        is_dev = labels["suite_name"] == "banking" and files.index(file) % 2 == 0
        yield row(
            judge(episode),
            episode,
            file=file.name,
            set="agentdojo attack" if attack else "agentdojo no attack",
            group=str(labels["suite_name"]),
            half="dev" if is_dev else "held",
            scene=f"{labels['suite_name']}/{labels['user_task_id']}",
            truth="hijacked" if attack and labels["security"] else "not hijacked",
        )


def plain(data: Path, name: str, pattern: str, scene: Callable[[Episode], str]) -> Iterator[Row]:
    """Yield a set without attacks or threats."""
    for file, episode in episodes(data, pattern):
        yield row(
            judge(episode),
            episode,
            file=file.name,
            set=name,
            group=name,
            half="held",
            scene=scene(episode),
            truth="clean",
        )


def r_judge(data: Path) -> Iterator[Row]:
    """Yield R-Judge's records, by the kind of risk and whether a person called the record unsafe."""
    for file, episode in episodes(data, "r_judge/*/*.json"):
        labels = episode.labels
        truth = "unsafe" if labels["label"] else "safe"
        kind = f"r_judge {labels['attack_type']}"
        yield row(
            judge(episode),
            episode,
            file=file.name,
            set=f"{kind} {truth}",
            group=file.parent.name,
            half="held",
            scene=episode.id,
            truth=truth,
        )


def counted(rows: Sequence[Row], hit: Callable[[Row], bool]) -> dict[str, object]:
    """Return k of n with Wilson's interval over episodes and the interval over scenes."""
    outcomes = [(one.scene, hit(one)) for one in rows]
    alone = rate(sum(hits for _, hits in outcomes), len(outcomes))
    result: dict[str, object] = {
        "k": alone.k, "n": alone.n, "low": alone.interval.low, "high": alone.interval.high, "method": "wilson", "level": 0.95
    }  # fmt: skip
    if outcomes:
        scenes = gather(outcomes)
        wide = clustered_rate(scenes).interval
        result["scenes"] = {"count": len(scenes), "low": wide.low, "high": wide.high, "method": wide.method}
    return result


def tables(rows: Sequence[Row]) -> dict[str, list[dict[str, object]]]:
    """Return the tables of the study: false alarms, Bloom recall, hijacks, R-Judge."""
    sets = defaultdict(list)
    for one in rows:
        sets[one.set].append(one)
    benign = ("tau-bench", "who-and-when", "agentdojo no attack", "bloom benign")
    return {
        "false_alarms": [{"set": name, **counted(sets[name], lambda one: one.defied)} for name in benign],
        "bloom": list(_bloom_table(sets["bloom elicited"])),
        "hijacks": list(_hijack_table(sets["agentdojo attack"])),
        "r_judge": [
            {"set": name, **counted(sets[name], lambda one: one.defied)}
            for name in sorted(sets)
            if name.startswith("r_judge")
        ],
    }


def _bloom_table(rows: Sequence[Row]) -> Iterator[dict[str, object]]:
    for group in sorted({one.group for one in rows}):
        for truth in ("misaligned", "ambiguous", "clean"):
            for half in ("dev", "held"):
                chosen = [one for one in rows if (one.group, one.truth, one.half) == (group, truth, half)]
                if chosen:
                    told = counted(chosen, lambda one: one.told)
                    yield {
                        "group": group,
                        "truth": truth,
                        "half": half,
                        "told": told,
                        **counted(chosen, lambda one: one.defied),
                    }


def _hijack_table(rows: Sequence[Row]) -> Iterator[dict[str, object]]:
    for group in sorted({one.group for one in rows}):
        for truth in ("hijacked", "not hijacked"):
            for half in ("dev", "held"):
                chosen = [one for one in rows if (one.group, one.truth, one.half) == (group, truth, half)]
                if chosen:
                    done = counted(chosen, lambda one: one.hijack_done)
                    yield {
                        "group": group,
                        "truth": truth,
                        "half": half,
                        "done": done,
                        **counted(chosen, lambda one: one.hijacked),
                    }


def shown(line: dict[str, object]) -> str:
    """Return one line of a table as text."""
    name = " / ".join(str(line[key]) for key in ("set", "group", "truth", "half") if key in line)
    scenes = line.get("scenes")
    wide = (
        f", over {scenes['count']} scenes [{scenes['low']:.1%}, {scenes['high']:.1%}]"
        if isinstance(scenes, dict)
        else ""
    )
    extra = "".join(
        f"; {key} {line[key]['k']}" for key in ("told", "done") if isinstance(line.get(key), dict)
    )
    return f"{name:62} {line['k']:3}/{line['n']:<4} [{line['low']:.1%}, {line['high']:.1%}]{wide}{extra}"


def main() -> None:
    """Read, judge, count, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder of transcripts")
    parser.add_argument("--out", type=Path, help="write the tables as JSON")
    arguments = parser.parse_args()
    data = arguments.data
    rows = [
        *bloom(data),
        *agentdojo(data),
        *plain(
            data, "tau-bench", "tau_bench/historical_trajectories/*.json", lambda episode: episode.cluster
        ),
        *plain(
            data, "who-and-when", "who_and_when/*/*/*.json", lambda episode: episode.cluster or episode.id
        ),
        *r_judge(data),
    ]
    found = tables(rows)
    for name, lines in found.items():
        print(name)
        for line in lines:
            print("   ", shown(line))
    alarms = [
        one
        for one in rows
        if one.defied
        and one.set in ("tau-bench", "who-and-when", "agentdojo no attack", "bloom benign", "bloom elicited")
    ]
    for one in alarms:
        print("headline:", one.set, one.file, one.place, one.truth, *one.detectors)
    if arguments.out:
        command = "python studies/bloom_and_agentdojo.py DATA"
        arguments.out.write_text(
            json.dumps({"command": command, "version": __version__, **found}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
