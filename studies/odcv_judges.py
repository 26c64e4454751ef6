# SPDX-License-Identifier: MIT
"""How far does a misalignment rate depend on its judges? Four judges' scores of nine models' runs, recomputed.

    python studies/odcv_judges.py ../shared/data/odcv_previous --out docs/results/odcv_judges.json \
        --page docs/studies/odcv-judges.md

The folder is ODCV-Bench's `existing_results/previous` (MIT): the score tables are all that is read. The result holds
counts and rates only. Published numbers come from published/odcv.toml and are compared after all is computed.

CAVEAT: a rule that reproduces a published rate is not thereby the right rule, and four models that agree are not the
truth: nothing here says what the agents really did.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import judge_tables
import msgspec
import numpy as np
from judge_scores import StudyError, read_episodes, read_table, read_toml

from offswitch.report.judges import Judged, Rule, counted_scores, judged_rate, verdict
from offswitch.stats.agreement import krippendorff
from offswitch.stats.clusters import clustered_rate, design_effect, gather
from offswitch.stats.comparing import compare, compare_paired

HERE = Path(__file__).parent
replace = msgspec.structs.replace


def study(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Compute everything from the score tables in `folder`; no published number is seen here."""
    episodes, rule = read_episodes(folder, settings), base_rule(settings)
    rng = np.random.default_rng(settings["seed"])
    return {
        "episodes": len(episodes),
        "scored_by_nobody": sum(not counted_scores(rule, one) for one in episodes),
        "rule": rule.name,
        "models": by_model(episodes, lambda group: headline(group, rule, rng, settings["repeats"])),
        "authors_medians": authors_medians(folder, episodes, rule, settings),
        "thresholds": thresholds(episodes, rule),
        "rules": rules(episodes, rule, settings),
        "single_judge_range": by_model(episodes, lambda group: single_judge_range(group, rule, settings)),
        "own_family": own_family(episodes, rule, settings),
        "alpha": alphas(episodes, settings, rng),
    }


def base_rule(settings: dict[str, Any]) -> Rule:
    """Return the rule of the settings, which all sweeps start from."""
    return Rule(own=settings["judge_family"], **settings["rule"])


def by_model(episodes: Sequence[Judged], measure: Callable[[list[Judged]], Any]) -> dict[str, Any]:
    """Measure each model's episodes."""
    models = sorted({one.agent for one in episodes})
    return {model: measure([one for one in episodes if one.agent == model]) for model in models}


def headline(group: Sequence[Judged], rule: Rule, rng: np.random.Generator, repeats: int) -> dict[str, Any]:
    """Return one model's rate with every doubt we can count: chance, clusters, missing runs, self-judging."""
    said = [(one.cluster, verdict(rule, one)) for one in group]
    clusters = gather((scene, yes) for scene, yes in said if yes is not None)
    bounds = judged_rate(rule, group)
    return {
        "rate": bounds.scored,
        "bounds": bounds,
        "by_scenario": clustered_rate(clusters).interval,
        "bootstrap": clustered_rate(clusters, rng=rng, method="bca", repeats=repeats).interval,
        "design": design_effect(clusters),
        "own_excluded": judged_rate(replace(rule, exclude_own=True), group).scored,
    }


def authors_medians(
    folder: Path, episodes: Sequence[Judged], rule: Rule, settings: dict[str, Any]
) -> dict[str, Any]:
    """Count the cells in which the authors' median is ours, with all judges and without the own family's."""
    theirs = read_table(folder / settings["folder"] / settings["median"], settings)

    def same(rule: Rule) -> int:
        medians = {
            (f"{one.agent}-{one.condition}", one.cluster): counted_scores(rule, one) for one in episodes
        }
        return sum(theirs[cell] == (statistics.median(got) if got else None) for cell, got in medians.items())

    included, excluded = (same(replace(rule, exclude_own=own)) for own in (False, True))
    return {"cells": len(theirs), "same_with_all_judges": included, "same_without_own_family": excluded}


def thresholds(episodes: Sequence[Judged], rule: Rule) -> dict[str, Any]:
    """Return each model's rate at every threshold, `>= 1` to `>= 5` and `> 3`, the rest of the rule unchanged."""
    points = [(float(point), False) for point in range(1, 6)] + [(rule.threshold, True)]
    return {
        f"{'>' if strict else '>='} {point:g}": rates(episodes, replace(rule, threshold=point, strict=strict))
        for point, strict in sorted(points)
    }


def rules(episodes: Sequence[Judged], rule: Rule, settings: dict[str, Any]) -> dict[str, Any]:
    """Return each model's rate under other ways to combine the same scores, and for each judge alone."""
    ways = {combine: replace(rule, combine=combine) for combine in ("median", "majority", "half")}
    excluded = {f"{name}, own family excluded": replace(way, exclude_own=True) for name, way in ways.items()}
    alone = {f"{judge} alone": replace(rule, judges=(judge,)) for judge in settings["judges"]}
    return {name: rates(episodes, way) for name, way in (ways | excluded | alone).items()}


def single_judge_range(group: Sequence[Judged], rule: Rule, settings: dict[str, Any]) -> dict[str, Any]:
    """Return one model's lowest and highest rate by choice of a single judge, and who gives it."""
    alone = {judge: judged_rate(replace(rule, judges=(judge,)), group).scored for judge in settings["judges"]}
    ends = sorted((rate.value or 0.0, judge) for judge, rate in alone.items())
    return {
        name: {"judge": judge, "rate": alone[judge]}
        for name, (_, judge) in (("low", ends[0]), ("high", ends[-1]))
    }


def rates(episodes: Sequence[Judged], rule: Rule) -> dict[str, Any]:
    """Return each model's rate under one rule, and that of all models together."""
    return by_model(episodes, lambda group: judged_rate(rule, group).scored) | {
        "all": judged_rate(rule, episodes).scored
    }


def own_family(episodes: Sequence[Judged], rule: Rule, settings: dict[str, Any]) -> dict[str, Any]:
    """Set each judge's verdicts beside the other judges' median: on its own family, and on all others.

    A judge that is lenient with everybody would look self-serving on its own family alone, so both are shown, and
    the share of the others' accusations that it waives is compared between them.
    """
    report = {}
    for judge, family in settings["judge_family"].items():
        alone = replace(rule, judges=(judge,))
        others = replace(rule, judges=tuple(other for other in settings["judges"] if other != judge))
        sides = {own: [one for one in episodes if (one.family == family) is own] for own in (True, False)}
        cells = {own: crossed(alone, others, side) for own, side in sides.items()}
        (both, _, waived, _), (both_else, _, waived_else, _) = cells[True], cells[False]
        report[judge] = {
            "models": sorted({one.agent for one in sides[True]}),
            "own": flips(cells[True]),
            "others": flips(cells[False]),
            "waives_own_v_others": compare(waived, both + waived, waived_else, both_else + waived_else),
        }
    return {
        "judges": report,
        "headline": headline_flips(episodes, rule),
        "control": unrelated_flips(episodes, rule),
    }


def headline_flips(episodes: Sequence[Judged], rule: Rule) -> dict[str, Any]:
    """Count verdicts that change when the own family's judge joins a panel that lacked it, by direction."""
    with_own, without = replace(rule, exclude_own=False), replace(rule, exclude_own=True)
    related = [one for one in episodes if one.family in rule.own.values()]
    return by_model(related, lambda group: flips(crossed(with_own, without, group)))


def unrelated_flips(episodes: Sequence[Judged], rule: Rule) -> dict[str, Any]:
    """Count the same flips when a judge of another family joins: what an even panel does, whoever joins it."""
    result = {}
    for judge, family in rule.own.items():
        unrelated = [one for one in episodes if one.family != family]
        rest = replace(rule, judges=tuple(other for other in rule.own if other != judge))
        result[judge] = flips(crossed(rule, rest, unrelated))
    return result


def crossed(first: Rule, second: Rule, episodes: Sequence[Judged]) -> tuple[int, int, int, int]:
    """Count (both accuse, only the first, only the second, neither) over episodes that both can judge."""
    said = [(verdict(first, one), verdict(second, one)) for one in episodes]
    pairs = [pair for pair in said if None not in pair]
    a, b, c, d = (pairs.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False)))
    return a, b, c, d


def flips(cells: tuple[int, int, int, int]) -> dict[str, Any]:
    """Say how often the first rule acquits whom the second accuses, and the reverse, with McNemar's test."""
    return {
        "to_safe": cells[2],
        "to_misaligned": cells[1],
        "episodes": sum(cells),
        "paired": compare_paired(*cells),
    }


def alphas(episodes: Sequence[Judged], settings: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Return Krippendorff's alpha of the panel on each scale, of its verdicts, and without each judge in turn."""
    clusters, repeats = [one.cluster for one in episodes], settings["repeats"]

    def alpha(scale: Any, judges: Sequence[str], read: Callable[[float], float] = float) -> Any:
        given = [[one.scores[judge] for judge in judges] for one in episodes]
        units = [[None if score is None else read(score) for score in unit] for unit in given]
        return krippendorff(units, scale, rng=rng, clusters=clusters, repeats=repeats)

    panel, passes = list(settings["judges"]), base_rule(settings).passes
    scales = {scale: alpha(scale, panel) for scale in ("ordinal", "interval", "nominal")}
    without = {
        f"ordinal, without {judge}": alpha("ordinal", [j for j in panel if j != judge]) for judge in panel
    }
    return scales | {"verdicts": alpha("nominal", panel, lambda score: float(passes(score)))} | without


def compared(result: dict[str, Any], published: dict[str, Any]) -> dict[str, Any]:
    """Set our rates beside the published ones, rounded as they were printed."""
    rows = {}
    for model, printed in published["rates"].items():
        ours = {
            key: _percent(result["models"][model][key], published["digits"])
            for key in ("rate", "own_excluded")
        }
        rows[model] = {"published": printed, **ours, "reproduced": ours["rate"] == printed}
    return {
        "source": published["source"],
        "models": rows,
        "alpha_of_another_set": published["alpha"]["value"],
    }


def _percent(rate: dict[str, Any], digits: int) -> float | None:
    return None if rate["value"] is None else round(100 * rate["value"], digits)


def provenance(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Say what was run on what: command, versions, and a hash of every table read."""
    files = (settings["median"], *settings["judges"].values())
    digests = {
        name: hashlib.sha256((folder / settings["folder"] / name).read_bytes()).hexdigest() for name in files
    }
    packages = ("offswitch", "numpy", "scipy")
    return {
        "command": "python studies/odcv_judges.py ../shared/data/odcv_previous",
        "seed": settings["seed"],
        "repeats": settings["repeats"],
        "versions": {"python": platform.python_version()}
        | {p: importlib.metadata.version(p) for p in packages},
        "sha256": digests,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; exit 0 when every published rate came out, 1 when one did not, 2 on bad input."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="ODCV-Bench's existing_results/previous")
    parser.add_argument(
        "--out", type=Path, default=Path("docs/results/odcv_judges.json"), help="result, as JSON"
    )
    parser.add_argument("--repeats", type=int, help="resamples, instead of the number in odcv.toml")
    parser.add_argument("--page", type=Path, help="page whose tables are replaced between its markers")
    chosen = parser.parse_args(arguments)
    try:
        settings = read_toml(HERE / "odcv.toml")
        settings["repeats"] = chosen.repeats or settings["repeats"]
        # Through JSON, so that what the tables show is what the file holds.
        result = msgspec.to_builtins(study(chosen.folder, settings))
        result["comparison"] = compared(result, read_toml(HERE / "published" / "odcv.toml"))
        result["provenance"] = provenance(chosen.folder, settings)
        chosen.out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        tables = judge_tables.tables(result)
        if chosen.page:
            chosen.page.write_text(
                judge_tables.placed(chosen.page.read_text(encoding="utf-8"), tables), encoding="utf-8"
            )
    except (StudyError, OSError) as error:
        print(f"odcv_judges: {error}", file=sys.stderr)
        return 2
    print(tables)
    return 0 if all(row["reproduced"] for row in result["comparison"]["models"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
