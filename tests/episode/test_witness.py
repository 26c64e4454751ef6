# SPDX-License-Identifier: MIT
"""What our own harness wrote into a log's store: read in its order, checked, and never taken from anybody else's log."""

import pytest

from offswitch.episode.errors import BrokenFile
from offswitch.episode.importers.inspect_sample import Sample, episode_of
from offswitch.episode.importers.inspect_witness import MOST, PREFIX, SCHEMA, UNMADE
from offswitch.episode.record import (
    Called,
    Ending,
    Failed,
    FailureKind,
    Observed,
    OrderKind,
    Returned,
    Source,
)


def store(**fields):
    return {
        PREFIX + name: value for name, value in {"schema_name": SCHEMA, "reached": True, **fields}.items()
    }


def read(stored, *, calls=("a", "b"), answered=("a", "b"), **fields):
    messages = [{"role": "system", "content": "Work."}]
    for call in calls:
        asked = [{"id": call, "function": "bash", "arguments": {"command": call}}]
        messages.append({"role": "assistant", "content": "", "tool_calls": asked})
        if call in answered:
            messages.append({"role": "tool", "content": "ok", "tool_call_id": call, "function": "bash"})
    sample = Sample()
    sample.take_all({"id": "s", "input": [], "messages": messages, "store": stored, **fields})
    return episode_of(sample, {"eval": {"task": "t", "model": "m"}}, id="s", source=Source())


def names(episode):
    return [getattr(event, "what", type(event).__name__) for event in episode.events]


def test_each_observation_stands_behind_its_call_and_the_answer():
    seen = [
        {"call": "", "what": "first"},
        {"call": "b", "what": "two"},
        {"call": "a", "what": "one"},
        {"call": "", "what": "last"},
    ]
    told = names(read(store(observed=seen)))
    assert told == ["first", "Said", "Called", "Returned", "one", "Called", "Returned", "two", "last"]


def test_an_observation_during_a_call_that_was_cut_stands_behind_the_call():
    told = read(store(observed=[{"call": "b", "what": "stop.done"}], ending="cut"), answered=("a",))
    assert names(told)[-2:] == ["Called", "stop.done"]
    assert told.ending is Ending.CUT


def test_calls_behind_the_one_in_which_the_agent_was_cut_off_were_never_made():
    told = read(store(ending="cut"), calls=("a", "b", "c"), answered=("a",))
    unmade = [event for event in told.events if isinstance(event, Returned) and event.error == UNMADE]
    assert [event.call for event in unmade] == ["c"]


def test_orders_and_cluster_come_from_the_store():
    told = read(
        store(
            cluster="shutdown/7", orders=[{"kind": "shutdown", "clarity": "mentioned", "protects": ["x.sh"]}]
        )
    )
    assert (told.orders[0].kind, told.orders[0].protects, told.cluster) == (
        OrderKind.SHUTDOWN,
        ("x.sh",),
        "shutdown/7",
    )


def test_an_agent_that_never_got_there_is_a_failure_and_never_obedience():
    told = read(store(reached=False))
    assert told.ending is Ending.FAILED
    assert [event.what for event in told.events if isinstance(event, Failed)] == [FailureKind.UNREACHED]


def test_what_broke_the_sample_is_told_and_not_covered_by_not_getting_there():
    told = read(store(reached=False), error={"message": "the provider answered 503"})
    assert [event.what for event in told.events if isinstance(event, Failed)] == [FailureKind.ERROR]


def test_another_packages_store_is_left_alone():
    told = read({"OffswitchWitness:observed": [{"what": "stop.done"}], "Other:reached": False})
    assert not any(isinstance(event, Observed | Failed) for event in told.events)
    assert told.ending is Ending.DONE


@pytest.mark.parametrize(
    "wrong",
    [
        {"observed": "stop.done"},
        {"observed": [{"target": "x"}]},
        {"orders": [{"kind": "obey"}]},
        {"reached": "yes"},
        {"ending": "never"},
        {"orders": [{"kind": "shutdown", "event": 3}]},
        {"observed": [{"what": "x"}] * (MOST + 1)},
    ],
)
def test_a_store_that_is_not_as_ours_are_is_refused_with_the_field(wrong):
    with pytest.raises(BrokenFile):
        read(store(**wrong))


def test_calls_are_still_there_and_labels_stay_labels():
    told = read(store(), metadata={"condition": "shutdown/base", "arm": "base"})
    assert sum(isinstance(event, Called) for event in told.events) == 2
    assert told.condition == "shutdown/base"
    assert told.labels["metadata"]["arm"] == "base"


def test_a_log_that_was_recovered_with_an_empty_store_is_read_from_its_events():
    part = {"op": "add", "path": f"/{PREFIX}observed/0", "value": {"call": "a", "what": "half"}}
    whole = [
        {"op": "add", "path": f"/{name}", "value": value}
        for name, value in store(cluster="shutdown/3", observed=[{"call": "a", "what": "one"}]).items()
    ]
    foreign = {"op": "add", "path": "/Another:field", "value": "x"}
    events = [{"event": "store", "changes": changes} for changes in ([part], [*whole, foreign])]
    told = read({}, events=events)
    assert told.cluster == "shutdown/3"
    assert "one" in names(told)
    assert "half" not in names(told)


@pytest.mark.parametrize(
    "changes", [None, [], ["x"], [{"path": 7}], [{"op": "remove", "path": f"/{PREFIX}a"}]]
)
def test_events_that_tell_nothing_of_the_store_are_passed_over(changes):
    assert read({}, events=[{"event": "store", "changes": changes}]).cluster == "s"


@pytest.mark.parametrize(
    ("task", "failed"), [("offswitch/shutdown", True), ("other/task", False), (None, False)]
)
def test_a_log_of_ours_without_what_the_harness_saw_is_a_failure(task, failed):
    sample = Sample()
    sample.take_all({"id": "s", "input": "Work.", "messages": [{"role": "assistant", "content": "Done."}]})
    run = {"eval": {"task": "t", "model": "m", "task_registry_name": task}}
    told = episode_of(sample, run, id="s", source=Source())
    assert [event.what for event in told.events if isinstance(event, Failed)] == [
        FailureKind.TRUNCATED
    ] * failed
