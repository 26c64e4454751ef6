# SPDX-License-Identifier: MIT
"""`offswitch scan` as people and scripts meet it: typed, looked at, and its exit code read."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CONDUCT = {"comply", "object", "stall", "circumvent", "tamper", "deceive", "coerce", "acquire", "exfiltrate"}


def test_a_table_by_condition_on_standard_output_and_nothing_else(offswitch, episodes):
    told = offswitch("scan", episodes)
    assert told.returncode == 0
    lines = told.stdout.splitlines()
    assert lines[0].split() == "condition n failures comply tamper defied % [95 % interval]".split()
    assert lines[2].split() == r"\x1b[31mred 1 0 1 0 0/1 0.0 [ 0.0, 79.3]".split()
    assert lines[3].split() == "base 2 0 1 1 1/2 50.0 [ 9.5, 90.5]".split()
    assert lines[5].split()[:2] == ["total", "3"]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in told.stdout + told.stderr
    assert "findings and episodes are in offswitch-scans/" in told.stderr


def test_json_is_one_object_with_every_count(offswitch, episodes):
    told = offswitch("scan", episodes, "--json", "--out", "out")
    summary = json.loads(told.stdout)
    assert summary["schema"] == "offswitch.scan/1"
    base = next(group for group in summary["conditions"] if group["condition"] == "base")
    assert (base["n"], base["episodes"], base["failures"], base["defied"]) == (2, 2, 0, 1)
    assert set(base["conduct"]) == CONDUCT
    assert set(base["interval"]) == {"low", "high", "level", "method"}
    assert summary["total"]["n"] == 3
    assert summary == json.loads((episodes.parent / "out" / "summary.json").read_text())


def test_lines_can_be_agents_and_conditions(offswitch, episodes):
    told = offswitch("scan", episodes, "--by", "agent,condition", "--quiet")
    assert told.stdout.split()[:2] == ["agent", "condition"]
    assert told.stderr == ""
    assert offswitch("scan", episodes, "--by", "colour").returncode == 2


def test_the_same_scan_again_says_the_same_and_reads_nothing(offswitch, episodes):
    first, second = (offswitch("scan", episodes).stdout for _ in range(2))
    assert first == second
    assert len(list((episodes.parent / "offswitch-scans").iterdir())) == 1


@pytest.mark.parametrize(
    ("broken", "words", "code"),
    [
        (False, ["--fail-on", "defied"], 4),
        (False, ["--fail-on", "resisted"], 4),
        (False, [], 0),
        (True, [], 3),
        (True, ["--fail-on", "defied"], 4),  # what was found stands, whatever could not be read
    ],
)
def test_exit_codes_tell_scripts_what_happened(offswitch, episodes, broken, words, code):
    if broken:
        with episodes.open("ab") as file:
            file.write(b'{"schema": "offswitch.episode/1", "id": \n')
    told = offswitch("scan", episodes, *words)
    assert told.returncode == code
    assert ("1 problem:" in told.stdout) == broken
    assert not broken or "line 4" in told.stdout


def test_fail_on_does_not_fail_where_nothing_was_found(offswitch, episodes):
    lines = episodes.read_bytes().splitlines(keepends=True)
    episodes.write_bytes(lines[0] + lines[2])
    assert offswitch("scan", episodes, "--fail-on", "resisted").returncode == 0


def test_nothing_to_scan_is_said_and_is_no_success(offswitch, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("Read me.\n")
    told = offswitch("scan", "empty")
    assert (told.returncode, told.stdout) == (2, "")
    assert "nothing to scan" in told.stderr


def test_a_missing_path_gets_the_nearest_name(offswitch, episodes):
    told = offswitch("scan", "run.jsonl")
    assert told.returncode == 2
    assert "run.jsonl: there is no such file or folder; did you mean runs.jsonl?" in told.stderr


def test_an_unknown_format_gets_the_nearest_name(offswitch, episodes):
    told = offswitch("scan", episodes, "--format", "ofswitch")
    assert told.returncode == 2
    assert "offswitch" in told.stderr.split("try")[1]


def test_a_folder_of_another_scan_is_refused(offswitch, episodes, tmp_path):
    offswitch("scan", episodes, "--out", "out")
    other = tmp_path / "other.jsonl"
    other.write_bytes(episodes.read_bytes())
    told = offswitch("scan", other, "--out", "out")
    assert told.returncode == 2
    assert "--fresh" in told.stderr
    assert offswitch("scan", other, "--out", "out", "--fresh").returncode == 0


def test_a_missing_extra_is_named_with_its_cure(episodes, tmp_path):
    program = (
        "import sys, importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'pyarrow' else find(name, *a)\n"
        f"from offswitch.cli.main import main\nmain(['scan', {str(episodes)!r}])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode == 5
    assert "pip install 'offswitch[report]'" in told.stderr


def test_a_full_disk_is_said_in_words(episodes, tmp_path):
    program = Path(sys.executable).with_name("offswitch")
    told = subprocess.run(
        ["bash", "-c", f"ulimit -f 40; exec {program} scan {episodes} --out out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "out: cannot be written to" in told.stderr
    assert "Traceback" not in told.stderr


def test_ctrl_c_ends_cleanly_and_the_same_command_goes_on(episodes, tmp_path):
    line = episodes.read_bytes()
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(1_200):
        (folder / f"{number}.jsonl").write_bytes(line)
    command = [Path(sys.executable).with_name("offswitch"), "scan", "many", "--out", "out", "--json"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "out" / "scan.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "give the same command again" in said[1]
    assert "Traceback" not in said[1]
    assert not (tmp_path / "out" / "summary.json").exists()
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(again.stdout)["total"]["n"] == 3_600


def test_in_a_terminal_there_is_colour_unless_it_is_not_wanted(episodes, tmp_path):
    assert "\x1b[" in in_terminal(episodes, tmp_path, TERM="xterm-256color")
    plain = in_terminal(episodes, tmp_path, TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b[31m" not in plain
    assert "1/2" in plain


def in_terminal(episodes: Path, folder: Path, **env: str) -> str:
    """Run a scan with a terminal as its standard output; return what the terminal got."""
    ours, theirs = pty.openpty()
    kept = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "FORCE_COLOR")
    }
    process = subprocess.Popen(
        [Path(sys.executable).with_name("offswitch"), "scan", episodes, "--quiet"],
        cwd=folder,
        stdout=theirs,
        env={**kept, "COLUMNS": "100", **env},
    )
    os.close(theirs)
    got = b""
    try:
        while piece := os.read(ours, 10_000):
            got += piece
    except OSError:
        pass  # the other end has closed
    process.wait(timeout=30)
    os.close(ours)
    return got.decode()


@pytest.mark.parametrize(
    "words", [["", "--quiet"], ["runs.jsonl", "--out", ""], ["runs.jsonl", "--seconds", "nan"]]
)
def test_empty_paths_and_odd_numbers_are_wrong_use(offswitch, episodes, words):
    told = offswitch("scan", *words)
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert not (episodes.parent / "offswitch-scans").exists()


def test_an_error_is_json_where_json_was_asked_for(offswitch, episodes):
    told = offswitch("scan", "nowhere", "--json")
    error = json.loads(told.stdout)
    assert (error["schema"], error["exit"], told.returncode) == ("offswitch.error/1", 2, 2)


def test_broken_links_and_containers_cut_short_are_problems(offswitch, episodes, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.eval").symlink_to("gone")
    (folder / "b.eval").write_bytes(b"PK\x03\x04" + bytes(20))
    (folder / "c.eval").touch()
    (folder / "d.jsonl.zst").write_bytes(b"\x28\xb5\x2f\xfd\x04")
    told = offswitch("scan", folder, "--json", "--out", "out")
    assert told.returncode == 3
    assert json.loads(told.stdout)["broken"] == 4


def test_json_holds_nothing_that_does_not_print(offswitch, episodes):
    episodes.write_text(episodes.read_text().replace("red", "\x7f\x9b\u202e\u200b"))
    told = offswitch("scan", episodes, "--json").stdout.rstrip("\n")
    assert told.isprintable()
    assert "\u202e" in json.loads(told)["conditions"][0]["condition"]
