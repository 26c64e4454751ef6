# SPDX-License-Identifier: MIT
"""Inspect logs: real ones, made here by the installed Inspect with a scripted agent, and hand-made ones for the rest."""

import json
import os
import subprocess
import sys
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from offswitch.episode.errors import BrokenFile, EpisodeError
from offswitch.episode.importers.protocol import Part
from offswitch.episode.reading import parts_of, read_episodes, recognise
from offswitch.episode.record import Called, Ending, Episode, Failed, FailureKind, Returned, Said, Who

sys.path.insert(0, str(Path(__file__).parent))
from sampling import sample_maker

HERE = Path(__file__).parent
by_hand = sample_maker("inspect_eval")


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> Path:
    """Run the tasks of `inspect_runs.py` once and return the folder of their logs."""
    pytest.importorskip("inspect_ai")
    folder = tmp_path_factory.mktemp("logs")
    command = [sys.executable, str(HERE / "inspect_runs.py"), str(folder)]
    # A bare home: the sandbox starts login shells, and a long profile would be read for every call.
    env = {**os.environ, "HOME": str(folder)}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, env=env)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return folder


def episodes(file: Path) -> dict[str, Episode]:
    found = list(read_episodes(file))
    assert not [one for one in found if isinstance(one, EpisodeError)]
    return {one.id.split(":")[1]: one for one in found}


def told(episode: Episode) -> str:
    return msgspec.json.encode((episode.events, episode.tools)).decode()


def failures(episode: Episode) -> list[FailureKind]:
    return [event.what for event in episode.events if isinstance(event, Failed)]


def commands(episode: Episode) -> list[str]:
    return [event.arguments.get("command", "") for event in episode.events if isinstance(event, Called)]


def test_every_sample_and_epoch_is_an_episode(logs):
    found = episodes(logs / "shell.eval")
    names = ("plain", "broken", "looping", "refused", "garbled")
    assert set(found) == {f"{name}_epoch_{epoch}" for name in names for epoch in (1, 2)}
    plain = found["plain_epoch_1"]
    assert (plain.condition, plain.cluster, plain.agent) == ("base", "plain", "scripted/agent")
    assert plain.ending is Ending.DONE
    assert [tool.name for tool in plain.tools] == ["bash"]
    assert plain.tools[0].description


def test_a_turn_keeps_its_order_reasoning_is_private_and_attachments_are_put_back(logs):
    events = episodes(logs / "shell.eval")["plain_epoch_1"].events
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["Said", "Said", "Said", "Said", "Called", "Returned", "Said"]
    system, user, thought, first, called, returned, last = events
    assert (system.who, user.who) == (Who.SYSTEM, Who.USER)
    assert (thought.text, thought.private) == ("THOUGHT", True)
    assert first.text.endswith("x" * 3000)
    assert called.call == returned.call == "first"
    assert returned.text.startswith("hello\n1\n2\n")
    assert last.text == "Finished."
    assert called.time <= returned.time <= last.time
    assert called.time


def test_what_broke_is_said_by_its_kind(logs):
    found = episodes(logs / "shell.eval")
    assert failures(found["broken_epoch_1"]) == [FailureKind.ERROR]
    assert failures(found["looping_epoch_1"]) == [FailureKind.LIMIT]
    assert failures(found["refused_epoch_1"]) == [FailureKind.REFUSAL]
    assert failures(found["garbled_epoch_1"]) == []
    assert found["broken_epoch_1"].ending is Ending.FAILED


def test_arguments_that_could_not_be_parsed_are_kept_raw(logs):
    events = episodes(logs / "shell.eval")["garbled_epoch_1"].events
    called = next(event for event in events if isinstance(event, Called))
    assert "{oops" in called.raw
    assert next(event for event in events if isinstance(event, Returned)).error.startswith("parsing: ")


@pytest.mark.parametrize("name", ["shell", "lending", "summary", "trim"])
def test_labels_and_what_scorers_say_are_no_events(logs, name):
    for episode in episodes(logs / f"{name}.eval").values():
        assert "CANARY" not in told(episode)
        assert "attachment://" not in told(episode)
        assert "LABEL-CANARY" in str(episode.labels)


def test_what_a_sub_agent_does_is_told_once_and_what_it_is_asked_is_no_order(logs):
    (episode,) = episodes(logs / "lending.eval").values()
    assert [event.tool for event in episode.events if isinstance(event, Called)] == ["bash", "helper", "bash"]
    assert commands(episode).count("echo ERRAND") == 1
    asked = [event for event in episode.events if isinstance(event, Said) and "errand: go" in event.text]
    assert [event.who for event in asked] == [Who.OTHER]
    calls = [event.call for event in episode.events if isinstance(event, Called)]
    assert sorted(calls) == sorted(event.call for event in episode.events if isinstance(event, Returned))


@pytest.mark.parametrize("name", ["summary", "trim"])
def test_nothing_is_lost_or_told_twice_when_the_history_is_compacted(logs, name):
    (episode,) = episodes(logs / f"{name}.eval").values()
    assert commands(episode) == [*(f"seq {step} 900" for step in range(5)), ""]
    said = Counter(
        event.text for event in episode.events if isinstance(event, Said) and event.who is Who.AGENT
    )
    assert all(said[f"step {step}"] == 1 for step in range(5))
    assert sum(isinstance(event, Said) and event.who is Who.SYSTEM for event in episode.events) == 1
    written = [
        event for event in episode.events if isinstance(event, Said) and "COMPACTION SUMMARY" in event.text
    ]
    assert all(event.who is Who.OTHER for event in written)


@pytest.mark.parametrize("name", ["shell", "lending", "summary", "trim"])
def test_the_same_run_is_told_the_same_whatever_the_container(logs, name, tmp_path):
    told_by_zip = {key: told(one) for key, one in episodes(logs / f"{name}.eval").items()}
    assert {key: told(one) for key, one in episodes(logs / f"{name}.json").items()} == told_by_zip
    chunked = pytest.importorskip(
        "inspect_ai.log._recorders.chunked", reason="this Inspect does not chunk yet"
    )
    chunked.convert_eval_logs_to_chunked(str(logs / f"{name}.eval"), str(tmp_path), chunk_size=3)
    assert {key: told(one) for key, one in episodes(tmp_path / f"{name}.eval").items()} == told_by_zip


def test_a_run_that_was_killed_gives_its_whole_samples_and_one_error(logs, tmp_path):
    data = (logs / "shell.eval").read_bytes()
    file = tmp_path / "killed.eval"
    file.write_bytes(data[: len(data) * 2 // 3])
    *whole, last = read_episodes(file)
    assert len(whole) >= 3
    assert all(isinstance(one, Episode) for one in whole)
    assert isinstance(last, BrokenFile)
    assert "cut" in str(last)


def one(tmp_path: Path, **more: object) -> Episode:
    (episode,) = read_episodes(by_hand.write(tmp_path / "one.eval", [by_hand.sample("one", **more)], SINGLE))
    assert isinstance(episode, Episode), episode
    return episode


SINGLE = {**by_hand.HEADER, "results": {"total_samples": 1}}


def test_samples_that_are_missing_are_one_error(tmp_path):
    file = by_hand.write(tmp_path / "log.eval", [by_hand.sample("one")])
    whole, error = read_episodes(file)
    assert isinstance(whole, Episode)
    assert "1 of 2 samples are missing" in str(error)


def test_a_log_without_a_header_is_read_by_its_journal(tmp_path):
    file = by_hand.write(tmp_path / "log.eval", [by_hand.sample("one")], header=None)
    whole, error = read_episodes(file)
    assert whole.agent == "maker/robot"
    assert "1 of 2 samples are missing (status 'started')" in str(error)


def test_a_broken_sample_is_an_error_and_the_others_are_read(tmp_path):
    file = by_hand.write(tmp_path / "log.eval", [by_hand.sample("one")])
    with zipfile.ZipFile(file, "a") as log:
        log.writestr("samples/two_epoch_1.json", '{"id": "two", "epoch": 1, "messages": [')
        log.writestr("samples/three_epoch_1.json", json.dumps(by_hand.sample("three")))
    first, broken, third = read_episodes(file)
    assert first.cluster == "one"
    assert "samples/two_epoch_1.json" in str(broken)
    assert third.cluster == "three"


def test_a_part_gives_the_samples_in_its_range(tmp_path):
    file = by_hand.write(tmp_path / "log.eval", [by_hand.sample("one"), by_hand.sample("two")])
    assert [one.cluster for one in read_episodes(file, part=Part(1, 2))] == ["two"]
    assert list(parts_of(file)) == [Part(0, None)]


def test_a_sample_that_never_started_failed(tmp_path):
    header = {**SINGLE, "status": "cancelled"}
    sample = by_hand.sample("one", messages=[], events=[], output={"choices": []})
    (episode,) = read_episodes(by_hand.write(tmp_path / "log.eval", [sample], header))
    assert [type(event) for event in episode.events] == [Said, Failed]
    assert "cancelled" in episode.events[1].text


def test_a_tool_run_by_the_provider_is_a_call_with_its_result(tmp_path):
    use = {"type": "tool_use", "tool_type": "code_execution", "id": "p1", "name": "python", "arguments": '{"code": "1"}',
           "result": "1", "error": None}  # fmt: skip
    episode = one(
        tmp_path, messages=[by_hand.assistant("m", [use, {"type": "text", "text": "1."}])], events=[]
    )
    called, returned, said = episode.events
    assert (called.tool, called.arguments) == ("python", {"code": "1"})
    assert (returned.call, returned.text) == ("p1", "1")
    assert said.text == "1."


def test_redacted_reasoning_and_pictures_leave_a_trace(tmp_path):
    content = [
        {"type": "reasoning", "reasoning": "c2VjcmV0", "redacted": True},
        {"type": "image", "image": "data:x"},
    ]
    episode = one(tmp_path, messages=[by_hand.assistant("m", content)], events=[])
    assert [event.text for event in episode.events] == ["[redacted reasoning]", "[image]"]


def test_what_other_models_say_is_not_the_agents_conduct(tmp_path):
    stranger = by_hand.model_event(by_hand.assistant("u", "STRANGER"), role="user_simulator")
    other = {**by_hand.model_event(by_hand.assistant("v", "STRANGER")), "model": "maker/other"}
    sample = by_hand.sample("one")
    episode = one(tmp_path, events=[*sample["events"], stranger, other])
    assert "STRANGER" not in told(episode)


def test_logs_of_2024_with_steps_nested_events_and_transcript_are_read(tmp_path):
    turn, tool, last = by_hand.sample("one")["events"]
    scoring = by_hand.model_event(by_hand.assistant("g", "GRADER"))
    step = {"event": "step", "type": "scorer", "name": "graded"}
    nested = {"event": "subtask", "name": "s", "events": [turn, {**tool, "events": []}, last]}
    events = [nested, {**step, "action": "begin"}, scoring, {**step, "action": "end"}]
    sample = by_hand.sample("one", messages=[])
    attached = sample.pop("attachments")
    del sample["events"]
    sample["transcript"] = {"events": events, "content": attached}
    (episode,) = read_episodes(by_hand.write(tmp_path / "old.eval", [sample], SINGLE))
    assert commands(episode) == ["ls"]
    assert "GRADER" not in told(episode)
    assert "I look first." in told(episode)


def test_references_that_repeat_the_pool_without_end_are_refused(tmp_path):
    event = {**by_hand.model_event(by_hand.assistant("new", "x")), "input_refs": [[0, 1000]] * 2000}
    pool = {"messages": [{"role": "user", "content": str(n)} for n in range(1000)]}
    file = by_hand.write(
        tmp_path / "log.eval", [by_hand.sample("one", events=[event], events_data=pool)], SINGLE
    )
    (error,) = read_episodes(file)
    assert isinstance(error, BrokenFile)


def test_samples_before_the_specification_are_read_too(tmp_path):
    file = tmp_path / "log.json"
    file.write_text(json.dumps({"samples": [by_hand.sample("one")], **SINGLE}))
    (episode,) = read_episodes(file, format="inspect-json")
    assert episode.agent == "maker/robot"


def test_a_sample_that_occurs_twice_in_a_json_log_is_read_once(tmp_path):
    file = tmp_path / "log.json"
    file.write_text(json.dumps({**SINGLE, "samples": [by_hand.sample("one"), by_hand.sample("one")]}))
    first, second = read_episodes(file)
    assert first.cluster == "one"
    assert "second time" in str(second)


def test_an_old_log_that_repeats_its_history_in_every_call_is_read_in_little_memory(tmp_path):
    history: list[dict] = [{"id": "u", "role": "user", "content": "go"}]
    events = []
    for number in range(150):
        turn = by_hand.assistant(f"a{number}", "x" * 1000, by_hand.call(f"c{number}", f"echo {number}"))
        events.append({**by_hand.model_event(turn), "input": list(history)})
        result = {"id": f"t{number}", "role": "tool", "content": "y" * 500, "tool_call_id": f"c{number}"}
        history += [turn, result]
    file = by_hand.write(tmp_path / "old.eval", [by_hand.sample("one", messages=[], events=events)], SINGLE)
    tracemalloc.start()
    (episode,) = read_episodes(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert commands(episode) == [f"echo {number}" for number in range(150)]
    assert peak < 8_000_000  # of 22 million bytes unpacked


@pytest.mark.real_data
def test_no_call_of_a_real_log_is_lost_or_doubled(data):
    for file in sorted((data / "inspect_logs").glob("*.eval")):
        assert recognise(file).name == "inspect-eval"
        found = {episode.source.place: episode for episode in read_episodes(file)}
        with zipfile.ZipFile(file) as log:
            for name in log.namelist():
                if name.startswith("samples/"):
                    sample = json.loads(log.read(name))
                    ids = [event.call for event in found[name].events if isinstance(event, Called)]
                    assert len(ids) == len(set(ids))
                    assert set(ids) >= {event["id"] for event in sample["events"] if event["event"] == "tool"}
