# SPDX-License-Identifier: MIT
"""What a scan promises: every episode counted once, whatever files, episodes, workers and kill signals do."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from offswitch.episode.errors import UnknownFormat
from offswitch.episode.importers.protocol import Part
from offswitch.report import scan as scanning
from offswitch.report.errors import FolderBusy, FolderError, NothingToScan, WorkerFault
from offswitch.report.outfolder import claimed
from offswitch.report.scan import scan

HERE = Path(__file__).parent


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_every_episode_is_judged_and_every_finding_points_at_its_words(tmp_path, record):
    record(tmp_path / "in" / "a.jsonl", "obey-1", "defy-1")
    summary = scan([tmp_path / "in"], out=tmp_path / "out")
    assert (summary.total.n, summary.total.defied, summary.broken) == (2, 1, 0)
    finding = next(f for f in lines(tmp_path / "out" / "findings.jsonl") if f["defies"])
    assert finding["episode"] == "defy-1"
    assert finding["place"] == "line 2"
    assert any("stop.sh" in proof["quote"] for proof in finding["evidence"])


def test_results_are_the_same_as_lines_and_as_parquet(tmp_path, record, judges):
    from pyarrow import parquet

    record(tmp_path / "in" / "a.jsonl", "obey-1", "defy-1", "defy-raise")
    scan([tmp_path / "in"], out=tmp_path / "out", judge=f"{judges}:hostile")
    for name in ("episodes", "findings"):
        rows = lines(tmp_path / "out" / f"{name}.jsonl")
        for row in rows:
            del row["schema"]
        assert rows == parquet.read_table(tmp_path / "out" / f"{name}.parquet").to_pylist()


def test_results_do_not_depend_on_how_many_workers_there_are(tmp_path, record, judges):
    for number in range(20):
        record(
            tmp_path / "in" / f"{number}.jsonl", *(f"{number}-{kind}" for kind in ("obey", "defy", "obey-2"))
        )
    for jobs in (1, 3):
        scan([tmp_path / "in"], out=tmp_path / f"out{jobs}", jobs=jobs, judge=f"{judges}:calm")
    one, three = ((tmp_path / f"out{jobs}" / "episodes.jsonl").read_bytes() for jobs in (1, 3))
    assert one == three


def test_what_was_read_is_not_read_again_until_it_changes(tmp_path, record, judges, monkeypatch):
    monkeypatch.setenv("MARKS", str(tmp_path / "marks"))

    def judged() -> list[str]:
        (tmp_path / "marks").write_text("")
        summary = scan([tmp_path / "in"], out=tmp_path / "out", judge=f"{judges}:counting")
        assert summary.total.n == len(lines(tmp_path / "out" / "episodes.jsonl"))
        return sorted((tmp_path / "marks").read_text().split())

    record(tmp_path / "in" / "a.jsonl", "a1", "a2")
    record(tmp_path / "in" / "b.jsonl", "b1")
    assert judged() == ["a1", "a2", "b1"]
    assert judged() == []
    record(tmp_path / "in" / "a.jsonl", "a1", "a3")
    assert judged() == ["a1", "a3"]
    (tmp_path / "in" / "b.jsonl").unlink()
    assert judged() == []
    assert [row["episode"] for row in lines(tmp_path / "out" / "episodes.jsonl")] == ["a1", "a3"]


def test_new_judging_code_scans_again(tmp_path, record, judges, monkeypatch):
    monkeypatch.setenv("MARKS", str(tmp_path / "marks"))
    record(tmp_path / "in" / "a.jsonl", "a1")
    for _ in range(2):
        scan([tmp_path / "in"], out=tmp_path / "out", judge=f"{judges}:counting")
    monkeypatch.setattr(scanning.fingerprint, "LIBRARIES", ())  # as a new version of one would
    scan([tmp_path / "in"], out=tmp_path / "out", judge=f"{judges}:counting")
    assert (tmp_path / "marks").read_text().split() == ["a1", "a1"]


def test_a_scan_killed_at_any_time_goes_on_and_ends_as_if_it_had_not_been(tmp_path, record, judges):
    for number in range(12):
        record(
            tmp_path / "in" / f"{number}.jsonl",
            *(f"{number}-{kind}" for kind in ("obey", "defy", "x", "y", "z")),
        )
    program = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "from offswitch.report import scan as s\n"
        "s.SAVE = 0.05\n"
        f"s.scan([{str(tmp_path / 'in')!r}], out=sys.argv[1], jobs=2, judge='{judges}:slow')"
    )
    killed = 0
    for patience in (0.5, 0.6, 0.7, 60):
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "out")])
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += not (tmp_path / "out" / "summary.json").exists()  # it comes last; a late kill finds it
    assert killed >= 1
    assert process.returncode == 0
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "whole")], check=True)
    for name in ("episodes.jsonl", "findings.jsonl", "problems.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    ("fatal", "word"),
    [("crash", "SIGSEGV"), ("hang", "0.5 s"), ("stuck", "SIGPROF"), ("eat", "MiB"), ("raise", "a fault")],
)
def test_an_episode_that_breaks_its_judge_is_a_failure_and_costs_no_other(
    tmp_path, record, judges, fatal, word
):
    record(tmp_path / "in" / "a.jsonl", "obey-1", f"defy-{fatal}", "defy-2")
    record(tmp_path / "in" / "b.jsonl", "obey-3")
    summary = scan([tmp_path / "in"], out=tmp_path / "out", seconds=0.5, judge=f"{judges}:hostile")
    assert (summary.total.n, summary.total.defied, summary.total.failures) == (3, 1, {"error": 1})
    assert summary.total.bounds.worst.k == 2
    assert summary.broken == 1
    assert word in summary.problems[0].what
    failed = next(row for row in lines(tmp_path / "out" / "episodes.jsonl") if row["failure"])
    assert failed["episode"] == f"defy-{fatal}"


def test_a_file_that_keeps_killing_workers_is_given_up_and_told(tmp_path, record, judges):
    record(tmp_path / "in" / "a.jsonl", "obey-1", *(f"crash-{number}" for number in range(6)))
    record(tmp_path / "in" / "b.jsonl", "obey-2")
    summary = scan([tmp_path / "in"], out=tmp_path / "out", judge=f"{judges}:hostile")
    assert summary.total.n == 2
    assert summary.total.failures == {"error": 3}
    assert "after 4 episodes" in [problem.place for problem in summary.problems]


def test_what_a_judge_prints_does_not_get_between_the_records(tmp_path, record, judges):
    record(tmp_path / "in" / "a.jsonl", "babble-1", "obey-2")
    assert scan([tmp_path / "in"], out=tmp_path / "out", judge=f"{judges}:hostile").total.n == 2


@pytest.mark.parametrize(("deed", "word"), [("grow", "changed"), ("unlink", "vanished")])
def test_nothing_counts_from_a_file_that_changes_while_it_is_read(tmp_path, record, judges, deed, word):
    record(tmp_path / "in" / "a.jsonl", "obey-1", f"obey-{deed}", "obey-3")
    record(tmp_path / "in" / "b.jsonl", "obey-4")
    summary = scan([tmp_path / "in"], out=tmp_path / "out", judge=f"{judges}:hostile")
    assert summary.total.episodes == 1
    assert [word in problem.what for problem in summary.problems] == [True]


def test_a_long_file_is_read_in_parts_and_counted_once(tmp_path, record, judges, monkeypatch):
    ids = [f"{number}-{'defy' if number % 3 else 'obey'}" for number in range(50)]
    file = record(tmp_path / "in" / "a.jsonl", *ids)
    scan([file], out=tmp_path / "whole", judge=f"{judges}:calm")
    cut = scanning.Journal.cut
    steps = range(0, file.stat().st_size, 3_000)
    parts = [Part(start, start + 3_000) for start in steps]
    enlist = scanning.Journal.enlist

    def enlist_in_parts(journal, entries, settings):
        enlist(journal, entries, settings)
        cut(journal, journal.next_unit("due")[0], parts)

    monkeypatch.setattr(scanning.Journal, "enlist", enlist_in_parts)
    scan([file], out=tmp_path / "parts", jobs=3, judge=f"{judges}:calm")
    assert len(parts) > 5
    names = [
        [row["episode"] for row in lines(tmp_path / out / "episodes.jsonl")] for out in ("whole", "parts")
    ]
    assert names[0] == names[1] == ids


def test_one_broken_file_among_ten_thousand_is_told_and_the_rest_is_read(tmp_path, record, judges):
    folder = tmp_path / "in"
    line = record(folder / "0.jsonl", "obey-1").read_bytes()
    for number in range(1, 10_000):
        (folder / f"{number}.jsonl").write_bytes(line)
    (folder / "77.jsonl").write_bytes(line[:-20])
    summary = scan([folder], out=tmp_path / "out", judge=f"{judges}:calm")
    assert summary.total.n == 9_999
    assert [problem.file for problem in summary.problems] == [str(folder / "77.jsonl")]


def test_pipes_links_and_strange_names_are_no_trap(tmp_path, record):
    folder = tmp_path / "in"
    record(folder / "deep" / "a.jsonl", "obey-1")
    outside = record(tmp_path / "outside.jsonl", "obey-2")
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "loop").symlink_to(folder)
    (folder / "out.jsonl").symlink_to(outside)
    (folder / "in.jsonl").symlink_to(folder / "deep" / "a.jsonl")
    strange = os.path.join(os.fsencode(folder), b"b\xff\x1b[31m\n.jsonl")
    os.rename(record(tmp_path / "b.jsonl", "obey-3"), strange)
    summary = scan([folder], out=tmp_path / "out")
    assert summary.total.n == 2
    told = {Path(row["file"]).name: row["what"] for row in lines(tmp_path / "out" / "problems.jsonl")}
    assert set(told) == {"pipe.jsonl", "out.jsonl"}
    assert "pipe" in told["pipe.jsonl"]


def test_what_is_no_transcript_is_skipped_in_a_folder_and_an_error_by_name(tmp_path, record):
    record(tmp_path / "in" / "a.jsonl", "obey-1")
    readme = tmp_path / "in" / "README.md"
    readme.write_text("Read me.\n")
    summary = scan([tmp_path / "in"], out=tmp_path / "out")
    assert (summary.skipped, summary.broken) == (1, 0)
    summary = scan([readme], out=tmp_path / "out2")
    assert (summary.skipped, summary.broken) == (0, 1)


def test_a_file_named_twice_is_counted_once(tmp_path, record):
    file = record(tmp_path / "in" / "a.jsonl", "obey-1")
    assert scan([tmp_path / "in", file, file], out=tmp_path / "out").total.n == 1


def test_results_within_the_folder_scanned_are_not_transcripts(tmp_path, record, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record(tmp_path / "a.jsonl", "defy-1")
    for _ in range(2):
        summary = scan(["."])
        assert (summary.total.n, summary.skipped, summary.broken) == (1, 0, 0)


def test_two_scans_cannot_write_to_one_folder(tmp_path, record):
    file = record(tmp_path / "a.jsonl", "obey-1")
    (tmp_path / "out").mkdir()
    with claimed(tmp_path / "out", "x"), pytest.raises(FolderBusy, match="another scan is writing"):
        scan([file], out=tmp_path / "out")


def test_a_folder_that_holds_another_scan_is_refused_unless_fresh(tmp_path, record):
    first, second = record(tmp_path / "a.jsonl", "obey-1"), record(tmp_path / "b.jsonl", "obey-2", "obey-3")
    scan([first], out=tmp_path / "out")
    with pytest.raises(FolderError, match="another scan"):
        scan([second], out=tmp_path / "out")
    assert scan([second], out=tmp_path / "out", fresh=True).total.n == 2


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_with_other_peoples_files_is_refused_and_left_as_it_was(tmp_path, record, fresh):
    file = record(tmp_path / "a.jsonl", "obey-1")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(FolderError, match="holds other files"):
        scan([file], out=tmp_path / "mine", fresh=fresh)
    assert os.listdir(tmp_path / "mine") == ["thesis.txt"]


def test_a_journal_that_is_none_is_refused(tmp_path, record):
    file = record(tmp_path / "a.jsonl", "obey-1")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "scan.sqlite").write_bytes(b"not a database, however long one looks" * 100)
    with pytest.raises(FolderError, match="not a readable journal"):
        scan([file], out=tmp_path / "out")
    assert scan([file], out=tmp_path / "out", fresh=True).total.n == 1


def test_a_missing_path_names_the_nearest_one(tmp_path, record):
    record(tmp_path / "transcripts.jsonl", "obey-1")
    with pytest.raises(NothingToScan, match=r"did you mean .*transcripts\.jsonl"):
        scan([tmp_path / "transcript.jsonl"])


def test_an_unknown_format_is_refused_before_anything_is_read(tmp_path, record):
    with pytest.raises(UnknownFormat):
        scan([record(tmp_path / "a.jsonl", "obey-1")], format="no-such", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_worker_that_cannot_start_is_a_fault_of_ours_not_of_a_file(tmp_path, record):
    with pytest.raises(WorkerFault, match="no_such_module"):
        scan([record(tmp_path / "a.jsonl", "obey-1")], out=tmp_path / "out", judge="no_such_module:judge")


def test_workers_end_when_the_scan_is_killed(tmp_path, record, judges):
    record(tmp_path / "in" / "a.jsonl", "hang-1")
    program = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "from offswitch.report.scan import scan\n"
        f"scan([{str(tmp_path / 'in')!r}], out={str(tmp_path / 'out')!r}, judge='{judges}:hostile', seconds=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 20
    while not (workers := children.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert workers
    time.sleep(0.5)
    process.kill()
    process.wait()
    while (
        any(Path(f"/proc/{pid}").exists() and running(pid) for pid in workers) and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() and running(pid) for pid in workers)


def running(pid: str) -> bool:
    """Tell whether a process is more than a corpse that waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_journal_holds_no_row_of_a_unit_that_is_gone(tmp_path, record, judges):
    record(tmp_path / "in" / "a.jsonl", "obey-1", "obey-grow")
    scan([tmp_path / "in"], out=tmp_path / "out", judge=f"{judges}:hostile")
    with sqlite3.connect(tmp_path / "out" / "scan.sqlite") as book:
        assert book.execute("SELECT count(*) FROM outcome").fetchone() == (0,)
