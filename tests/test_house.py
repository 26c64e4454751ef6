# SPDX-License-Identifier: MIT
"""The house rules that no other test holds: imports run down, nothing is undocumented, files tell their story."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import distribution, entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "spec").rglob("*.md")])
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
LINK = re.compile(r"\]\(([^)\s]+)\)")


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git keeps, or all text beside the sources where this is not a checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return (*SOURCES, *PAGES)
    return tuple(ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def is_named(name: str) -> bool:
    """Tell whether a page names it, in code marks or at the head of a line of a table."""
    mark = re.compile(rf"`{re.escape(name)}`|^{re.escape(name)}  ", re.MULTILINE)
    return any(mark.search(page.read_text()) for page in PAGES)


def test_imports_run_down_the_house():
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("room", ["episode", "verdict"])
def test_a_bare_install_imports_no_heavy_library(room):
    program = (
        f"import importlib, pkgutil, sys, offswitch.{room} as room\n"
        f"for module in pkgutil.walk_packages(room.__path__, 'offswitch.{room}.'):\n"
        "    importlib.import_module(module.name)\n"
        "heavy = {'scipy', 'numpy', 'pandas', 'pyarrow', 'statsmodels', 'inspect_ai', 'inspect_scout'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_files_open_with_their_licence_and_their_story():
    unlicensed = [
        name_of(file)
        for file in SOURCES
        if not file.read_text().startswith("# SPDX-License-Identifier: MIT\n")
    ]
    assert not unlicensed
    told = [file.read_text().split("\n", 2)[1:] for file in SOURCES]
    silent = [
        name_of(file) for file, rest in zip(SOURCES, told, strict=True) if any(rest) and '"""' not in rest[0]
    ]
    assert not silent, "a docstring follows the licence"


def test_files_are_named_after_what_they_hold():
    assert [name_of(file) for file in SOURCES if EMPTY_NAMES & {file.stem, *file.parts}] == []


def test_every_command_has_a_page_and_is_named_in_the_readme():
    from offswitch.cli.main import main

    for command in main.list_commands(None):
        assert (ROOT / "docs" / f"{command}.md").is_file(), f"write docs/{command}.md"
        assert f"offswitch {command}" in (ROOT / "README.md").read_text(), (
            f"name `offswitch {command}` in README.md"
        )


def test_every_importer_is_named_in_the_docs():
    from offswitch.episode.importers import importers

    unnamed = [importer.name for importer in importers() if not is_named(importer.name)]
    assert not unnamed, f"importers without a word in docs/: {unnamed}"


def test_every_detector_is_named_in_the_docs():
    from offswitch.verdict.detectors import detectors

    unnamed = [detector.name for detector in detectors() if not is_named(detector.name)]
    assert not unnamed, f"detectors without a word in docs/: {unnamed}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page):
    links = [link.split("#")[0] for link in LINK.findall(page.read_text()) if "://" not in link]
    broken = [link for link in links if link and not (page.parent / link).exists()]
    assert not broken


def test_every_page_can_be_reached_from_the_front_door():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        if page.is_dir():
            waiting += page.rglob("*.md")
        elif page.suffix == ".md":
            links = (link.split("#")[0] for link in LINK.findall(page.read_text()) if "://" not in link)
            waiting += [(page.parent / link).resolve() for link in links if link]
    lost = [name_of(page) for page in PAGES if page not in reached]
    assert not lost, "link these pages from README.md or docs/index.md"


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=name_of)
def test_a_decision_tells_context_options_choice_and_cost(page):
    text = page.read_text()
    assert [word for word in ("Context", "Options", "Choice", "Cost") if f"**{word}.**" not in text] == []


def test_pins_name_versions_and_no_place():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pin = re.compile(r"[a-z0-9-]+==[^\s;]+( ; [^:/@]+)?")
    assert [line for line in lines if not pin.fullmatch(line)] == []


def test_every_need_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needs = list(project["project"]["dependencies"]) + list(project["dependency-groups"]["dev"])
    for extra in project["project"]["optional-dependencies"].values():
        needs += [need for need in extra if not need.startswith("offswitch")]
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert {re.split(r"[><=\[ ]", need)[0] for need in needs} - pinned == set(), "run `make lock`"


def test_the_repository_names_no_package_index():
    index = re.compile(r"https?://[^\s\"')>]*/simple\b|--(?:extra-)?index-url[ =]\S")
    text = {".md", ".py", ".toml", ".txt", ".yaml", ".yml", ".sh", ""}
    found = {
        name_of(file): hit[0]
        for file in tracked()
        if file.suffix in text and (hit := index.search(file.read_text(errors="replace")))
    }
    assert not found


def needs_of(name: str, seen: set[str]) -> set[str]:
    """Return all that `name` needs without extras, itself included."""
    if name not in seen:
        seen.add(name)
        for need in distribution(name).requires or []:
            if "extra ==" not in need and "platform" not in need and "python" not in need.partition(";")[2]:
                needs_of(re.split(r"[^\w.-]", need)[0], seen)
    return seen


def test_a_bare_install_is_light():
    files = {
        Path(str(file.locate()))
        for name in needs_of("offswitch", set()) - {"offswitch"}
        for file in distribution(name).files or []
    }
    size = sum(file.stat().st_size for file in {*files, *SOURCES} if file.is_file())
    assert 10e6 < size < 60e6, f"{size / 1e6:.0f} MB"


def test_inspect_and_scout_find_us_without_loading_scout():
    assert "offswitch" in {point.name for point in entry_points(group="inspect_ai")}
    program = "import sys, offswitch.inspect_registry; print('inspect_scout' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
