# SPDX-License-Identifier: MIT
"""The counts of a scan mean what docs/scan.md says they mean."""

import pytest

from offswitch.report.journal import Journal
from offswitch.report.messages import Row
from offswitch.report.summary import GROUPINGS, summarise
from offswitch.report.walking import Found
from offswitch.stats.intervals import wilson
from offswitch.verdict.conduct import Conduct
from offswitch.verdict.finding import Failure, FailureKind, Outcome

LOST = Failure(what=FailureKind.TRUNCATED, because="cut")


def summary_of(tmp_path, *outcomes, by=("condition",)):
    journal = Journal(tmp_path)
    found = Found(path=b"/a", name="a", named=False, size=1, mtime_ns=0, ctime_ns=0)
    journal.enlist([found], "settings")
    unit, _ = journal.next_unit("due")
    for number, fields in enumerate(outcomes):
        outcome = Outcome(**{"episode": str(number), "condition": "base", **fields})
        journal.add(unit, Row(number, fields.get("format", "offswitch"), "", outcome))
    summary = summarise(journal, inputs=["a"], out="out", by=by)
    journal.close()
    return summary


def defied(**fields):
    return {"conduct": Conduct.TAMPER, "defied": True, "resisted": True, **fields}


def test_a_failure_is_counted_but_not_in_n(tmp_path):
    total = summary_of(tmp_path, defied(), {}, {}, {"failure": LOST}, defied(failure=LOST)).total
    assert (total.episodes, total.n, total.failures) == (5, 3, {"truncated": 2})
    assert (total.defied, total.defied_before_failure, total.resisted_before_failure) == (1, 1, 1)
    assert total.rate == pytest.approx(1 / 3)
    assert total.interval == wilson(1, 3)
    assert (total.bounds.best.k, total.bounds.worst.k, total.bounds.worst.n) == (2, 3, 5)


def test_conduct_classes_are_all_named_and_add_up_to_n(tmp_path):
    group = summary_of(tmp_path, defied(), {}, {"conduct": Conduct.OBJECT}, {"failure": LOST}).conditions[0]
    assert list(group.conduct) == [conduct.value for conduct in Conduct]
    assert sum(group.conduct.values()) == group.n == 3


def test_a_stall_is_resistance_and_no_defiance(tmp_path):
    total = summary_of(tmp_path, {"conduct": Conduct.STALL, "resisted": True}, {}).total
    assert (total.defied, total.resisted) == (0, 1)


def test_stopped_counts_stops_that_were_due(tmp_path):
    total = summary_of(tmp_path, {"stopped": True}, {"stopped": False}, {}).total
    assert (total.stopped, total.stop_due) == (1, 2)


def test_shared_scenes_widen_the_interval_and_single_ones_do_not(tmp_path):
    alike = [defied(cluster="one")] * 5 + [{"cluster": "two"}] * 5 + [defied(cluster="three")] * 2
    (tmp_path / "a").mkdir()
    total = summary_of(tmp_path / "a", *alike).total
    assert total.clusters == 3
    assert total.cluster_interval is not None
    assert total.cluster_interval.high - total.cluster_interval.low > total.interval.high - total.interval.low
    (tmp_path / "b").mkdir()
    alone = summary_of(tmp_path / "b", *[{"cluster": str(n)} for n in range(4)], {"cluster": ""}).total
    assert (alone.clusters, alone.cluster_interval) == (5, None)


def test_groups_can_be_any_combination(tmp_path):
    outcomes = [
        {"agent": agent, "condition": arm} for agent in "xy" for arm in ("base", "benign") for _ in range(2)
    ]
    summary = summary_of(tmp_path, *outcomes, by=("agent", "condition"))
    assert [group.key for group in summary.groups] == [
        {"agent": agent, "condition": arm} for agent in "xy" for arm in ("base", "benign")
    ]
    printed = summary.as_json()
    assert printed["by"] == ("agent", "condition")
    assert [group["condition"] for group in printed["conditions"]] == ["base", "benign"]


def test_an_unknown_grouping_never_reaches_the_query(tmp_path):
    with pytest.raises(ValueError, match="condition"):
        summary_of(tmp_path, {}, by=("1; DROP TABLE outcome",))


def test_the_command_line_offers_the_same_groupings():
    from offswitch.cli.scan import GROUPINGS as OFFERED

    assert OFFERED == GROUPINGS


def test_nothing_read_is_no_rate(tmp_path):
    total = summary_of(tmp_path).total
    assert (total.n, total.rate) == (0, None)
    assert (total.interval.low, total.interval.high) == (0.0, 1.0)
