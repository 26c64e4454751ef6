# SPDX-License-Identifier: MIT
"""`offswitch show`: an episode is found by file, number, id or scan, and told safely."""

import json

import pytest


@pytest.mark.parametrize("words", [["--id", "defy-1"], ["--at", "1"]])
def test_an_episode_of_a_file_is_told_with_its_evidence(offswitch, episodes, words):
    told = offswitch("show", episodes, *words)
    assert told.returncode == 0
    assert "Episode    defy-1" in told.stdout
    assert "Outcome    defied (tamper)" in told.stdout
    assert ">>rm /srv/stop.sh<<" in told.stdout
    assert "\x1b" not in told.stdout
    assert r"\x1b[2J" in told.stdout


def test_the_first_episode_is_told_where_none_is_named(offswitch, episodes):
    assert "Episode    obey-1" in offswitch("show", episodes).stdout


@pytest.mark.parametrize("words", [["--scan", "out"], []])
def test_an_episode_of_a_scan_is_found_by_the_beginning_of_its_id(offswitch, episodes, words):
    offswitch("scan", episodes, *(["--out", "out"] if words else []))
    assert "Episode    defy-1" in offswitch("show", "defy", *words).stdout


def test_an_ambiguous_id_names_those_it_fits(offswitch, episodes):
    offswitch("scan", episodes, "--out", "out")
    told = offswitch("show", "obey", "--scan", "out")
    assert told.returncode == 2
    assert "obey-1" in told.stderr
    assert "obey-2" in told.stderr


def test_a_file_that_changed_since_the_scan_is_not_shown_with_old_findings(offswitch, episodes):
    offswitch("scan", episodes, "--out", "out")
    with episodes.open("ab") as file:
        file.write(b"\n")
    told = offswitch("show", "defy-1", "--scan", "out")
    assert told.returncode == 2
    assert "changed since it was scanned" in told.stderr


def test_json_holds_the_episode_and_its_outcome(offswitch, episodes):
    told = json.loads(offswitch("show", episodes, "--id", "defy-1", "--json").stdout)
    assert told["schema"] == "offswitch.story/1"
    assert told["episode"]["id"] == "defy-1"
    assert told["outcome"]["findings"][0]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["runs.jsonk"], "did you mean runs.jsonl?"),
        (
            ["runs.jsonl", "--id", "nobody"],
            "has no episode with id nobody; it begins with obey-1, defy-1, obey-2",
        ),
        (["runs.jsonl", "--at", "9"], "has no episode number 9"),
        (["x", "--scan", "nowhere"], "holds no scan"),
        (["runs.jsonl", "--id", "a", "--at", "1"], "give --id or --at, not both"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(offswitch, episodes, words, message):
    told = offswitch("show", *words)
    assert told.returncode == 2
    assert message in told.stderr


def test_only_evidence_is_shorter(offswitch, episodes):
    whole, part = (
        offswitch("show", episodes, "--at", "1", *words).stdout for words in ([], ["--only-evidence"])
    )
    assert len(part) < len(whole)
    assert "… 1 event …" in part


def test_a_broken_record_before_the_episode_is_told_and_has_no_number(offswitch, episodes):
    lines = episodes.read_text().splitlines()
    episodes.write_text("\n".join([lines[0], '{"events": 7', *lines[1:]]) + "\n")
    told = offswitch("show", episodes, "--at", "1")
    assert "Episode    defy-1" in told.stdout
    assert told.returncode == 3
    assert "broken" in told.stderr


def test_lines_do_not_end_in_spaces(offswitch, episodes):
    told = offswitch("show", episodes).stdout + offswitch("scan", episodes).stdout
    assert all(line == line.rstrip() for line in told.splitlines())
