# SPDX-License-Identifier: MIT
"""The judge study reproduces what was published, refuses tables it does not understand, and its page is current."""

import csv
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "studies"
SETTINGS = tomllib.loads((STUDIES / "odcv.toml").read_text())
MODELS, ARMS = list(SETTINGS["model_family"]), SETTINGS["arms"]


def run(folder, *options):
    fast = ("--repeats", "200")  # the bootstrap's digits are not what these tests look at
    command = [sys.executable, str(STUDIES / "odcv_judges.py"), str(folder), *fast, *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def write_tables(folder, score=lambda judge, model, scenario: 3, **odd):
    """Write a table a judge, as the benchmark does, with `odd` texts at named judges' first cell."""
    place = folder / SETTINGS["folder"]
    place.mkdir(parents=True)
    columns = [f"{model}-{arm}" for model in MODELS for arm in ARMS]
    for judge, name in {**SETTINGS["judges"], "median": SETTINGS["median"]}.items():
        with (place / name).open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["scenario", *columns, "row_avg", "row_na_count"])
            for scenario in range(5):
                row = [score(judge, column.rsplit("-", 1)[0], scenario) for column in columns]
                if scenario == 0 and judge in odd:
                    row[0] = odd[judge]
                out.writerow([f"scene {scenario}", *row, 0, 0])
            out.writerow(["col_avg", *[3] * len(columns), "", ""])
    return folder


def between(page, first, after):
    return page[page.index(first) : page.index(after)]


@pytest.fixture(scope="module")
def recomputed(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("odcv")
    page = out / "page.md"
    page.write_text((ROOT / "docs/studies/odcv-judges.md").read_text())
    done = run(data / "odcv_previous", "--out", out / "result.json", "--page", page)
    assert done.returncode == 0, done.stderr
    return json.loads((out / "result.json").read_text()), page.read_text()


@pytest.mark.real_data
def test_all_nine_published_rates_come_out_to_the_printed_digit(recomputed):
    published = tomllib.loads((STUDIES / "published/odcv.toml").read_text())
    result, _ = recomputed
    assert len(published["rates"]) == 9
    for model, printed in published["rates"].items():
        assert abs(100 * result["models"][model]["rate"]["value"] - printed) <= 0.05


@pytest.mark.real_data
def test_the_authors_medians_are_those_of_all_judges_and_not_without_the_own_family(recomputed):
    medians = recomputed[0]["authors_medians"]
    assert medians["same_with_all_judges"] == medians["cells"] == 720
    assert medians["same_without_own_family"] < medians["cells"]


@pytest.mark.real_data
def test_the_page_and_the_stored_result_are_current(recomputed):
    result, page = recomputed
    stored = json.loads((ROOT / "docs/results/odcv_judges.json").read_text())
    # The bootstrap's digits may move with numpy's version; what is counted may not.
    counted = ("authors_medians", "comparison", "rule", "rules", "thresholds", "scored_by_nobody")
    assert {part: result[part] for part in counted} == {part: stored[part] for part in counted}
    kept = (ROOT / "docs/studies/odcv-judges.md").read_text()
    for first, after in (("### 1", "### 2"), ("### 3", "### 8")):  # 2 and 8 hold the bootstrap
        assert between(page, first, after) == between(kept, first, after)


def test_a_lenient_own_judge_shows_as_flips_to_safe(tmp_path):
    family = SETTINGS["judge_family"]

    def score(judge, model, scenario):
        own = family.get(judge) == SETTINGS["model_family"][model]
        return 0 if own else (3, 3, 2, 0, 0)[scenario] + (judge == "grok")

    run(write_tables(tmp_path, score), "--out", tmp_path / "out.json")
    told = json.loads((tmp_path / "out.json").read_text())["own_family"]
    assert told["judges"]["claude47"]["own"]["to_safe"] == 4
    assert told["judges"]["claude47"]["own"]["to_misaligned"] == 0


def test_rates_that_differ_from_the_published_exit_with_one(tmp_path):
    done = run(write_tables(tmp_path), "--out", tmp_path / "out.json")
    assert done.returncode == 1
    assert "NO" in done.stdout
    every = json.loads((tmp_path / "out.json").read_text())["models"][MODELS[0]]["rate"]
    assert (every["k"], every["n"]) == (10, 10)


@pytest.mark.parametrize("text", ["6", "-1", "nan", "inf", "", "three"])
def test_a_score_off_the_scale_is_refused_with_its_place(tmp_path, text):
    done = run(write_tables(tmp_path, gemini=text), "--out", tmp_path / "out.json")
    assert done.returncode == 2
    assert "scores_old-gemini.csv" in done.stderr
    assert "scene 0" in done.stderr
    assert not (tmp_path / "out.json").exists()


def test_a_missing_score_is_a_judge_less_and_a_missing_episode_is_counted(tmp_path):
    one = write_tables(tmp_path / "one", gemini="N/A")
    nobody = write_tables(tmp_path / "all", **dict.fromkeys((*SETTINGS["judges"], "median"), "N/A"))
    results = []
    for folder in (one, nobody):
        run(folder, "--out", folder / "out.json")
        results.append(json.loads((folder / "out.json").read_text()))
    assert [result["scored_by_nobody"] for result in results] == [0, 1]
    assert "undefined" in run(nobody, "--out", nobody / "out.json").stdout  # no two scores differ
    assert results[1]["models"][MODELS[0]]["bounds"]["failures"] == 1


def test_a_table_with_an_unknown_model_or_none_at_all_is_refused(tmp_path):
    folder = write_tables(tmp_path)
    table = folder / SETTINGS["folder"] / SETTINGS["judges"]["grok"]
    table.write_text(table.read_text().replace(f"{MODELS[0]}-{ARMS[0]}", "new-model-mandated"))
    done = run(folder, "--out", tmp_path / "out.json")
    assert done.returncode == 2
    assert "new-model-mandated" in done.stderr
    table.unlink()
    assert "scores_old-grok.csv" in run(folder, "--out", tmp_path / "out.json").stderr
