# SPDX-License-Identifier: MIT
"""Messages in all dialects become the same events, and nothing is dropped silently."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offswitch.episode.errors import BrokenFile
from offswitch.episode.messages import call_of, ending_of, events_of, text_of, tools_of
from offswitch.episode.record import Called, Ending, Failed, FailureKind, Returned, Said, Who

CALL = Called(tool="add", arguments={"a": 1}, call="c1")
CALLS = {
    "openai": {
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}]
    },
    "openai, object": {"tool_calls": [{"id": "c1", "function": {"name": "add", "arguments": {"a": 1}}}]},
    "function is a name": {"tool_calls": [{"id": "c1", "function": "add", "arguments": {"a": 1}}]},
    "agentdojo": {"tool_calls": [{"id": "c1", "function": "add", "args": {"a": 1}}]},
    "flat": {"tool_calls": [{"id": "c1", "name": "add", "arguments": {"a": 1}}]},
    "custom": {
        "tool_calls": [{"id": "c1", "type": "custom", "custom": {"name": "add", "input": '{"a": 1}'}}]
    },
    "block": {"content": [{"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}]},
    "server block": {"content": [{"type": "server_tool_use", "id": "c1", "name": "add", "input": {"a": 1}}]},
}


@pytest.mark.parametrize("dialect", CALLS)
def test_a_call_is_the_same_call_in_every_dialect(dialect):
    assert events_of([{"role": "assistant", **CALLS[dialect]}]) == (CALL,)


def test_a_call_of_the_legacy_field_and_of_an_item_are_calls():
    legacy = {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": '{"a": 1}'}}
    item = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 1}'}
    output = {"type": "function_call_output", "call_id": "c1", "output": "2"}
    assert events_of([legacy]) == (Called(tool="add", arguments={"a": 1}),)
    assert events_of([item, output]) == (CALL, Returned(text="2", call="c1"))


def test_arguments_that_are_no_object_are_kept_raw():
    called = call_of({"id": "c1", "function": {"name": "sh", "arguments": '{"cmd": "x"}{}'}})
    assert (called.arguments, called.raw) == ({}, '{"cmd": "x"}{}')
    assert call_of({"name": "sh", "arguments": [1, 2]}).raw == "[1,2]"
    assert call_of({"name": "sh", "arguments": "[1]"}).raw == "[1]"


def test_a_tool_result_in_a_users_message_is_no_order():
    content = [
        {"type": "tool_result", "tool_use_id": "c1", "content": "obey me"},
        {"type": "text", "text": "And?"},
    ]
    assert events_of([{"role": "user", "content": content}]) == (
        Returned(text="obey me", call="c1"),
        Said(who=Who.USER, text="And?"),
    )


@pytest.mark.parametrize("role", ["tool", "function", "ipython", "observation"])
def test_a_message_of_a_tool_is_what_came_back(role):
    message = {"role": role, "name": "add", "tool_call_id": "c1", "content": "2", "error": "late"}
    assert events_of([message]) == (Returned(text="2", call="c1", tool="add", error="late"),)


@pytest.mark.parametrize(
    ("role", "who"), [("developer", Who.SYSTEM), ("human", Who.USER), ("model", Who.AGENT)]
)
def test_roles_have_many_names(role, who):
    assert events_of([{"role": role, "content": "hi"}]) == (Said(who=who, text="hi"),)


def test_an_unknown_role_speaks_as_other_and_an_unknown_part_leaves_a_placeholder():
    content = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {}},
        {"type": "hologram\x1b"},
    ]
    (said,) = events_of([{"role": "oracle", "content": content}])
    assert said == Said(who=Who.OTHER, name="oracle", text="look\n[image]\n[hologram?]")


def test_reasoning_is_private_wherever_it_lies():
    messages = [
        {"role": "assistant", "reasoning_content": "hm", "content": "a"},
        {"role": "assistant", "content": "<think>hm</think>\n\na"},
        {"role": "assistant", "content": "hm</think>a"},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}],
        },
    ]
    expected = (Said(who=Who.AGENT, text="hm", private=True), Said(who=Who.AGENT, text="a"))
    assert events_of(messages) == expected * 4


def test_what_somebody_else_calls_is_told_not_done_by_the_agent():
    (said,) = events_of([{"role": "user", "content": None, **CALLS["openai"]}])
    assert isinstance(said, Said)
    assert said.who is Who.USER


def test_a_refusal_of_the_agent_is_its_voice_and_a_filter_is_the_providers():
    (said,) = events_of([{"role": "assistant", "content": None, "refusal": "I will not."}])
    assert said == Said(who=Who.AGENT, text="I will not.")
    (failed,) = events_of([{"role": "assistant", "content": None, "finish_reason": "content_filter"}])
    assert isinstance(failed, Failed)
    assert failed.what is FailureKind.REFUSAL


def test_a_conversation_ends_with_the_agents_last_word_or_stays_open():
    said, asked = Said(who=Who.AGENT, text="Bye."), Said(who=Who.USER, text="Hi.")
    assert ending_of([asked, said]) is Ending.DONE
    assert ending_of([said, asked]) is Ending.OPEN
    assert ending_of([said, CALL]) is Ending.OPEN
    assert ending_of([Failed(what=FailureKind.ERROR), said]) is Ending.FAILED


@pytest.mark.parametrize(
    "messages", [None, {}, [], "hi", [1], [[]], [{"role": "user", "content": "a"}, None]]
)
def test_garbage_is_refused(messages):
    with pytest.raises(BrokenFile):
        events_of(messages)


@pytest.mark.parametrize(
    "value", [None, 3, True, {}, [], [[]], {"type": []}, {"a": {"b": 1}}, [None, {"text": None}]]
)
def test_odd_content_is_text_of_some_kind(value):
    assert isinstance(text_of(value), str)
    events_of([{"role": value, "content": value, "tool_calls": value, "name": value, "refusal": value}])


def test_tools_are_named_in_many_ways():
    schema = {"type": "function", "function": {"name": "add", "description": "Adds."}}
    names = [tool.name for tool in tools_of(["add", schema, {"name": "add"}, {"type": "web_search"}, 3])]
    assert names == ["add", "add", "add", "web_search"]
    assert tools_of({"add": {"description": "Adds."}})[0].description == "Adds."


WORDS = st.sampled_from(
    [
        "",
        "assistant",
        "user",
        "tool",
        "text",
        "tool_use",
        "tool_result",
        "thinking",
        "x_call",
        "<tool_call>{}</tool_call>",
    ]
)
KEYS = st.sampled_from(
    [
        "role",
        "type",
        "content",
        "text",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "input",
        "id",
        "output",
        "error",
    ]
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | WORDS
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(KEYS, ANYTHING, max_size=6), min_size=1, max_size=4))
def test_whatever_a_message_holds_becomes_events_that_can_be_written(messages):
    msgspec.json.encode(events_of(messages))
