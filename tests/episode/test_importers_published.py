# SPDX-License-Identifier: MIT
"""Each published format is read as what happened: told, called, came back; answers and the harness's voice stay out."""

import json
import sys
from pathlib import Path

import msgspec
import pytest

from offswitch.episode.errors import EpisodeError, LimitError
from offswitch.episode.limits import Limits
from offswitch.episode.reading import read_episodes, recognise
from offswitch.episode.record import (
    Called,
    Ending,
    Episode,
    Failed,
    FailureKind,
    Observed,
    Returned,
    Said,
    Spelling,
    Who,
)

sys.path.insert(0, str(Path(__file__).parent))
from sampling import made, sample_maker


def only(file: Path) -> Episode:
    (episode,) = read_episodes(file)
    assert isinstance(episode, Episode), episode
    return episode


def story(episode: Episode) -> list[str]:
    """Return the events as one word each: who said, what was called, that something returned."""
    return [
        (("(thought)" if event.private else event.who.value) if isinstance(event, Said) else "")
        or (event.tool if isinstance(event, Called) else type(event).__name__.lower())
        for event in episode.events
    ]


def rewritten(file: Path, change) -> Path:
    """Write `file` again, each of its JSON records changed."""
    lines = [
        json.dumps(record) for record in map(change, map(json.loads, file.read_text().splitlines())) if record
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


class TestPalisadeRobot:
    def test_a_log_is_the_models_story_and_the_last_call_counts_though_nothing_came_back(self, tmp_path):
        episode = only(made("palisade_robot", tmp_path))
        assert story(episode) == ["system", "user", "agent", "shell", "returned", "agent", "shell"]
        assert (episode.condition, episode.cluster, episode.agent) == ("calm", "run1", "toy-1")
        assert episode.ending is Ending.OPEN
        assert episode.events[1].text == "Walk two steps.\n[image]"
        assert episode.events[3].arguments["thoughts"] == "First step."

    def test_nothing_that_the_harness_notes_for_itself_is_told(self, tmp_path):
        told = msgspec.json.encode(only(made("palisade_robot", tmp_path))).decode()
        for leak in ("bypassed", "Host shutdown", "exception", "LABEL-CANARY"):
            assert leak not in told

    def test_a_provider_that_fails_at_the_end_is_a_failure_without_its_words(self, tmp_path):
        file = made("palisade_robot", tmp_path)
        broken = {
            "ts": "",
            "level": "ERROR",
            "logger": "x",
            "message": "Unexpected error: x.BadGatewayError: <html>",
        }
        file.write_text(file.read_text() + json.dumps(broken) + "\n")
        episode = only(file)
        assert episode.ending is Ending.FAILED
        assert episode.events[-1].what is FailureKind.ERROR
        assert "html" not in episode.events[-1].text

    def test_a_provider_that_recovers_is_no_failure(self, tmp_path):
        file = made("palisade_robot", tmp_path)
        broken = {"ts": "", "level": "ERROR", "logger": "x", "message": "Unexpected error: ReadError"}
        file.write_text(json.dumps(broken) + "\n" + file.read_text())
        assert not any(isinstance(event, Failed) for event in only(file).events)

    def test_handing_in_is_the_end(self, tmp_path):
        file = made("palisade_robot", tmp_path)
        record = {
            "ts": "",
            "level": "INFO",
            "logger": "x",
            "message": "",
            "event": "tool_call",
            "tool": "submit",
        }
        file.write_text(file.read_text() + json.dumps({**record, "args": {}, "result": "ok"}) + "\n")
        assert only(file).ending is Ending.DONE

    def test_outside_a_folder_of_logs_the_parent_folder_is_the_condition(self, tmp_path):
        file = made("palisade_robot", tmp_path)
        moved = tmp_path / "elsewhere" / "x.jsonl"
        moved.parent.mkdir()
        file.rename(moved)
        assert (only(moved).condition, only(moved).cluster) == ("elsewhere", "")

    def test_the_debug_log_beside_a_log_is_not_a_second_episode(self, tmp_path):
        file = made("palisade_robot", tmp_path)
        twin = file.with_name("controller_debug.jsonl")
        first = {
            "ts": "",
            "level": "DEBUG",
            "logger": "x",
            "message": f"Debug logging: logs/calm/{twin.name}",
        }
        twin.write_text(json.dumps(first) + "\n" + file.read_text())
        assert list(read_episodes(twin)) == []
        file.unlink()
        assert only(twin).events

    def test_a_broken_line_is_an_error_and_the_episode_is_cut_there(self, tmp_path):
        file = made("palisade_robot", tmp_path)
        file.write_text(file.read_text()[:-30])
        error, episode = read_episodes(file)
        assert isinstance(error, EpisodeError)
        assert "line 10" in error.place
        assert episode.ending is Ending.FAILED

    def test_an_episode_without_end_is_refused(self, tmp_path):
        from offswitch.episode.importers.palisade_robot import IMPORTER

        file = made("palisade_robot", tmp_path)
        file.write_text(file.read_text() * 50)
        with pytest.raises(LimitError):
            list(IMPORTER.read(file, limits=Limits(record=10_000)))


class TestBloom:
    def test_only_what_the_target_saw_and_did_is_told(self, tmp_path):
        episode = only(made("bloom", tmp_path))
        assert story(episode) == [
            *(
                "system",
                "user",
                "(thought)",
                "agent",
                "sweep",
                "returned",
                "agent",
                "sweep",
                "observed",
                "user",
            )
        ]
        told = msgspec.json.encode((episode.events, episode.tools)).decode()
        for leak in ("EXAMINES", "CANARY", "tidiness", "shall ask"):
            assert leak not in told
        assert episode.labels["judge_output"]["summary"] == "LABEL-CANARY"

    def test_a_call_spelled_in_text_is_a_call_and_the_tools_are_known(self, tmp_path):
        episode = only(made("bloom", tmp_path))
        spelled = [
            event for event in episode.events if isinstance(event, Called) and event.spelling is Spelling.TEXT
        ]
        assert [(call.tool, call.arguments) for call in spelled] == [("sweep", {"room": "hall"})]
        assert [tool.name for tool in episode.tools] == ["sweep", "mop"]

    def test_the_folder_is_the_condition_and_the_variation_the_scene(self, tmp_path):
        episode = only(made("bloom", tmp_path))
        assert (episode.condition, episode.cluster, episode.agent) == (
            "tidiness_toy",
            "tidiness_toy/v3",
            "toy-1",
        )

    @pytest.mark.parametrize(
        ("edit", "story_after"),
        [
            ({"operation": "rollback", "count": 2}, ["observed"]),
            (
                {"operation": "reset", "new_messages": [{"role": "user", "content": "Anew."}]},
                ["observed", "user"],
            ),
            (
                {
                    "operation": "json_patch",
                    "patch": [{"op": "add", "value": {"role": "user", "content": "x"}}],
                },
                ["observed", "user"],
            ),
            ({"operation": "unheard_of"}, ["observed"]),
        ],
    )
    def test_what_an_edit_takes_back_was_still_done_and_a_mark_stands_there(
        self, tmp_path, edit, story_after
    ):
        file = made("bloom", tmp_path)
        transcript = json.loads(file.read_text())
        change = {"type": "transcript_event", "view": "target", "edit": edit}
        transcript["events"] = [*transcript["events"][:5], change]
        file.write_text(json.dumps(transcript))
        episode = only(file)
        assert story(episode)[:5] == ["system", "user", "(thought)", "agent", "sweep"]
        assert story(episode)[5:] == story_after
        assert isinstance(episode.events[5], Observed)

    def test_the_targets_system_prompt_is_not_lost(self, tmp_path):
        file = made("bloom", tmp_path)
        transcript = json.loads(file.read_text())
        del transcript["events"][1]
        file.write_text(json.dumps(transcript))
        assert only(file).events[0] == Said(who=Who.SYSTEM, text="You keep a house.")


class TestAgentDojo:
    def test_a_header_is_no_episode_and_no_error(self, tmp_path):
        episodes = list(read_episodes(made("agentdojo", tmp_path)))
        assert [story(episode) for episode in episodes] == [
            ["system", "user", "read_note", "returned", "agent"]
        ] * 2
        assert episodes[0].condition == "garden/polite_request"
        assert episodes[0].agent == "toy-1"
        assert episodes[0].labels["security"] is True

    def test_the_benchmarks_own_log_is_read_and_its_error_is_a_failure(self, tmp_path):
        file = sample_maker("agentdojo").make_log(tmp_path)
        assert recognise(file).name == "agentdojo"
        episode = only(file)
        assert story(episode) == ["system", "user", "agent", "read_note", "returned", "failed"]
        assert episode.events[4] == Returned(text="", call="c1", error="no such note")
        assert episode.ending is Ending.FAILED

    def test_a_run_without_attack_says_so_in_its_condition(self, tmp_path):
        def calm(row):
            row["metadata"] |= {"attack_type": None, "injection_task_id": None}
            return row

        assert next(read_episodes(rewritten(made("agentdojo", tmp_path), calm))).condition == "garden/none"


class TestODCV:
    def test_a_record_is_read_with_exit_codes_and_the_hand_in(self, tmp_path):
        episode = only(made("odcv", tmp_path))
        assert story(episode) == [
            *("system", "user", "agent", "bash", "bash", "returned", "returned"),
            *("(thought)", "task_complete", "returned"),
        ]
        assert [event.exit for event in episode.events if isinstance(event, Returned)] == [0, 1, None]
        assert episode.events[5] == Returned(text="7 beans", call="c0", tool="bash", exit=0)
        assert episode.ending is Ending.DONE

    def test_the_folders_name_model_variant_and_scenario(self, tmp_path):
        episode = only(made("odcv", tmp_path))
        assert (episode.condition, episode.agent, episode.cluster) == (
            "toy-1-mandated",
            "toy-1",
            "Count-Beans",
        )

    def test_a_heading_in_a_content_is_content(self, tmp_path):
        episode = only(made("odcv", tmp_path))
        assert "== Step 9 ==" in episode.events[1].text
        assert "reason: none" in episode.events[1].text
        assert episode.events[7].text == "Seven it is.\nreason: the file says so."

    def test_a_call_that_is_cut_off_is_a_failure_not_silence(self, tmp_path):
        file = made("odcv", tmp_path)
        text = file.read_text()
        file.write_text(text[: text.index("'type': 'function'") + 60])
        episode = only(file)
        assert episode.events[-1].what is FailureKind.UNPARSEABLE
        assert episode.ending is Ending.FAILED

    @pytest.mark.parametrize("bomb", ["[" * 50_000, "-" * 50_000 + "1", "(" * 150, "1" * 10_000 + "!", "x()"])
    def test_a_hostile_call_is_never_run_and_never_a_crash(self, tmp_path, bomb):
        file = tmp_path / "messages_record.txt"
        file.write_text(f"== Step 1 ==\nrole: assistant\ncontent: hi\ncall: [{{'function': {bomb}}}]\n")
        assert story(only(file)) == ["agent", "failed"]

    def test_what_no_file_can_hold_is_no_call(self, tmp_path):
        file = tmp_path / "messages_record.txt"
        call = "[{'id': 'c', 'function': {'name': 'bash', 'arguments': {'command': '\\ud800'}}}]"
        file.write_text(f"== Step 1 ==\nrole: assistant\ncontent: hi\ncall: {call}\n")
        assert story(only(file)) == ["agent", "failed"]


class TestTauBench:
    def test_a_run_is_read_and_the_customers_secrets_are_labels(self, tmp_path):
        episode = only(made("taubench", tmp_path))
        assert story(episode) == ["system", "user", "find_order", "returned", "agent", "user"]
        assert episode.labels["reward"] == 0.0
        assert episode.cluster == "task 4"

    def test_the_successors_runs_are_read_and_the_customers_calls_are_not_the_agents(self, tmp_path):
        file = sample_maker("taubench").make_successor(tmp_path)
        assert recognise(file).name == "taubench"
        episode = only(file)
        assert story(episode) == ["user", "agent", "user", "other", "send_phone", "returned"]
        assert episode.events[-1].call == "c1"


class TestWhoAndWhen:
    def test_code_that_a_terminal_ran_is_a_call(self, tmp_path):
        episode = only(made("who_and_when", tmp_path))
        assert story(episode) == ["system", "user", "agent", "python", "returned", "agent", "other", "agent"]
        call, returned = episode.events[3:5]
        assert (call.arguments, call.name, call.spelling) == (
            {"code": "print(3 * 6)\n"},
            "Coder",
            Spelling.TEXT,
        )
        assert (returned.text, returned.exit) == ("18\n", 0)

    def test_the_question_opens_the_story_where_the_history_does_not(self, tmp_path):
        file = made("who_and_when", tmp_path)
        team = json.loads(file.read_text())
        team["history"][0]["content"] = "Let us begin."
        file.write_text(json.dumps(team))
        assert only(file).events[1] == Said(who=Who.USER, text="How many legs have three spiders?")

    def test_a_team_that_talks_by_role_has_names_and_thoughts(self, tmp_path):
        file = tmp_path / "2.json"
        history = [
            {"role": "human", "content": "Unpack the box."},
            {"role": "Orchestrator (thought)", "content": "The terminal should."},
            {"role": "Orchestrator (-> ComputerTerminal)", "content": "unzip box.zip"},
            {
                "role": "ComputerTerminal",
                "content": "The script ran, then exited with Unix exit code: 0\nIts output was:\nbox",
            },
        ]
        file.write_text(json.dumps({"history": history, "question": "Unpack the box.", "mistake_step": 1}))
        episode = only(file)
        assert story(episode) == ["user", "(thought)", "agent", "code", "returned"]
        assert episode.events[2].name == "Orchestrator"
        assert episode.events[3].raw == "unzip box.zip"
        assert episode.events[4] == Returned(text="box", tool="code", exit=0)


class TestRJudge:
    def test_acts_are_calls_and_words_are_words(self, tmp_path):
        first, second = read_episodes(made("rjudge", tmp_path))
        assert story(first) == [
            *("system", "user", "(thought)", "StoveSet", "returned", "agent", "user", "RingBell", "returned")
        ]
        assert first.events[3].arguments == {"level": 3}
        assert first.events[5].text == "It boils."
        assert story(second) == ["system", "user", "agent"]
        assert "goal" in first.labels

    @pytest.mark.parametrize(
        ("action", "tool", "arguments"),
        [
            ('Mail\nAction Input: {"to": "Ada"}', "Mail", {"to": "Ada"}),
            ("Mail{'to': 'Ada'}", "Mail", {"to": "Ada"}),
            ("```bash\nls -l\n```", "bash", {"code": "ls -l\n"}),
            ('"command": {"name": "Mail", "args": {"to": "Ada"}}}', "Mail", {"to": "Ada"}),
            ("click <Settings>", "click", {}),
        ],
    )
    def test_an_action_is_spelled_in_many_ways(self, tmp_path, action, tool, arguments):
        file = made("rjudge", tmp_path)
        (record, *_) = json.loads(file.read_text())
        record["contents"] = [[{"role": "agent", "thought": None, "action": action}]]
        file.write_text(json.dumps([record]))
        called = only(file).events[-1]
        assert (called.tool, called.arguments) == (tool, arguments)


class TestConversations:
    def test_both_dialects_tell_the_same_story(self, tmp_path):
        plain = next(read_episodes(made("openai_messages", tmp_path)))
        blocks = only(made("anthropic_messages", tmp_path))
        assert story(plain) == ["system", "user", "add", "returned", "agent"]
        assert story(blocks) == [
            *("system", "user", "(thought)", "(thought)", "agent", "add", "returned", "user", "agent")
        ]
        assert plain.tools == blocks.tools
        assert plain.labels == {"did_lie": "LABEL-CANARY"}

    TALK = ({"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"})
    SHAPES = {  # noqa: RUF012
        "an object": {"messages": TALK},
        "an array of messages": TALK,
        "an array of objects": [{"messages": TALK}],
        "an array of arrays": [TALK],
        "a request with its response": {
            "request": {"messages": TALK[:1]},
            "response": {"choices": [{"message": TALK[1]}]},
        },
        "a request with its choices": {
            "messages": TALK[:1],
            "choices": [{"message": TALK[1], "finish_reason": "stop"}],
        },
        "a request with text": {"messages": TALK[:1], "response": "ho"},
        "items": {"input": [{"type": "message", **TALK[0]}], "output": [{"type": "message", **TALK[1]}]},
        "share": {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]},
        "blocks": {
            "system": "",
            "messages": TALK[:1],
            "response": {"content": [{"type": "text", "text": "ho"}]},
        },
    }

    @pytest.mark.parametrize("shape", SHAPES)
    def test_a_conversation_is_recognised_in_many_shapes(self, tmp_path, shape):
        file = tmp_path / "talk.json"
        file.write_text(json.dumps(self.SHAPES[shape]))
        assert story(only(file)) == ["user", "agent"]

    def test_messages_that_lie_bare_in_lines_are_one_conversation(self, tmp_path):
        file = tmp_path / "talk.jsonl"
        file.write_text("".join(json.dumps(message) + "\n" for message in self.TALK * 3))
        assert story(only(file)) == ["user", "agent"] * 3

    def test_a_broken_line_is_an_error_and_the_other_conversations_are_read(self, tmp_path):
        file = made("openai_messages", tmp_path)
        first, second = file.read_text().splitlines()
        file.write_text(f"{first}\n{{broken\n[1]\n{{}}\n{second}\n")
        found = list(read_episodes(file))
        assert [isinstance(item, Episode) for item in found] == [True, False, False, False, True]
        assert [item.place for item in found[1:4]] == ["line 2, column 2", "line 3", "line 4"]

    @pytest.mark.parametrize(
        ("reason", "what"),
        [("refusal", FailureKind.REFUSAL), ("max_tokens", FailureKind.LIMIT), ("end_turn", None)],
    )
    def test_why_the_model_stopped_tells_what_broke(self, tmp_path, reason, what):
        file = made("anthropic_messages", tmp_path)
        talk = json.loads(file.read_text())
        talk["response"]["stop_reason"] = reason
        talk["stop_reason"] = ["no", "word"]
        file.write_text(json.dumps(talk))
        failures = [event.what for event in only(file).events if isinstance(event, Failed)]
        assert failures == ([what] if what else [])

    def test_a_first_line_longer_than_the_head_is_still_a_line(self, tmp_path):
        file = tmp_path / "long.jsonl"
        long = [{"role": "user", "content": "x" * 300_000}, self.TALK[1]]
        file.write_text("".join(json.dumps({"messages": long}) + "\n" for _ in range(3)))
        assert [story(episode) for episode in read_episodes(file)] == [["user", "agent"]] * 3
