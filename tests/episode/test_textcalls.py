# SPDX-License-Identifier: MIT
"""Calls spelled in text: every spelling is read, talk about calls is not, and hostile text costs linear time."""

import time

import pytest

from offswitch.episode.record import Called, Returned, Said, Spelling, Who
from offswitch.episode.spellings import Call, python_call
from offswitch.episode.textcalls import Text, responses_in, split_calls, with_spelled_calls

ADD = Call("add", {"a": 1, "b": "two"})
SPELLINGS = {
    "hermes": '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": "two"}}\n</tool_call>',
    "hermes, not closed": '<tool_call>{"name": "add", "arguments": {"a": 1, "b": "two"}}',
    "arguments encoded": '<tool_call>{"name": "add", "arguments": "{\\"a\\": 1, \\"b\\": \\"two\\"}"}</tool_call>',
    "glm": "<tool_call>add<arg_key>a</arg_key><arg_value>1</arg_value>\n<arg_key>b</arg_key><arg_value>two</arg_value></tool_call>",
    "named": '<tool_call>\n<name>add</name>\n<arguments>{"a": 1, "b": "two"}</arguments>\n</tool_call>',
    "invoke": '<function_calls><invoke name="add"><parameter name="a">1</parameter><parameter name="b">two</parameter></invoke></function_calls>',
    "invoke alone": '<invoke name="add">\n<parameter name="a">1</parameter>\n<parameter name="b">two</parameter>\n</invoke>',
    "llama": '<function=add>{"a": 1, "b": "two"}</function>',
    "coder": "<tool_call>\n<function=add>\n<parameter=a>\n1\n</parameter>\n<parameter=b>\ntwo\n</parameter>\n</function>\n</tool_call>",
    "mistral": '[TOOL_CALLS][{"name": "add", "arguments": {"a": 1, "b": "two"}}]',
    "mistral, named": '[TOOL_CALLS]add[ARGS]{"a": 1, "b": "two"}',
    "fence": '```tool_call\n{"name": "add", "arguments": {"a": 1, "b": "two"}}\n```',
    "json fence": '```json\n{"tool": "add", "parameters": {"a": 1, "b": "two"}}\n```',
    "python fence": '```tool_code\nadd(a=1, b="two")\n```',
    "react": 'Thought: easy\nAction: add\nAction Input: {"a": 1, "b": "two"}',
    "bare": 'add(a=1, b="two")',
    "bare, many lines": 'add(\n    a=1,\n    b="two",\n)',
    "nothing but json": '{"type": "function", "name": "add", "parameters": {"a": 1, "b": "two"}}',
}


def found(text, offered=("add",)):
    return [piece for piece in split_calls(text, offered) if isinstance(piece, Call)]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_gives_the_same_call(spelling):
    (call,) = found(SPELLINGS[spelling])
    assert (call.tool, call.arguments, call.raw) == (ADD.tool, ADD.arguments, "")


@pytest.mark.parametrize("spelling", [name for name in SPELLINGS if name != "nothing but json"])
def test_what_is_said_around_a_call_stays(spelling):
    text = f"First words.\n\n{SPELLINGS[spelling]}"
    pieces = split_calls(text, ["add"])
    assert isinstance(pieces[0], Text)
    assert pieces[0].text.startswith("First words.")
    assert len(found(text)) == 1
    assert "".join(piece.text if isinstance(piece, Text) else piece.spelled for piece in pieces) == text


def test_several_calls_keep_their_order():
    text = (
        '<tool_call>a</tool_call> and <tool_call>b</tool_call>\n[TOOL_CALLS][{"name": "c", "arguments": {}}]'
    )
    assert [call.tool for call in found(text)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "I would never use <tool_call> for that.",
        "```python\nadd(a=1)\nprint(2)\n```",
        "```bash\nrm -rf /\n```",
        'The config is\n```json\n{"name": "add", "colour": "red"}\n```',
        "Action: we should rest.",
        "Action: Final Answer\nAction Input: 42",
        "subtract(a=1)",
        "<function=>x</function>",
        '{"answer": 42}',
    ],
)
def test_talk_about_calls_is_text(text):
    assert split_calls(text, ["add"]) == [Text(text)]


def test_an_argument_that_is_no_literal_is_kept_as_source_and_never_run():
    call = python_call("add(a=__import__('os').system('x'), b=-1)")
    assert call.arguments == {"a": "__import__('os').system('x')", "b": -1}


def test_broken_arguments_are_kept_raw():
    (call,) = found('<function=add>{"a": 1,</function>')
    assert (call.tool, call.raw) == ("add", '{"a": 1,')


def test_a_glm_value_whose_key_was_forgotten_is_set_apart():
    (call,) = found(
        "<tool_call>add<arg_key>a</arg_key><arg_value>x.py</arg_value><arg_value>body</arg_value></tool_call>"
    )
    assert call.arguments == {"a": "x.py", "argument2": "body"}


def agent(text):
    return Said(who=Who.AGENT, text=text)


def user(text):
    return Said(who=Who.USER, text=text)


def test_a_spelled_call_that_a_user_message_answers_is_called_and_its_answer_is_no_order():
    events = with_spelled_calls([agent(SPELLINGS["hermes"]), user("<tool_response>\n3\n</tool_response>")])
    assert events == (
        Called(tool="add", arguments={"a": 1, "b": "two"}, spelling=Spelling.TEXT),
        Returned(text="3"),
    )


def test_an_unknown_name_that_nothing_answers_is_text():
    events = (agent(SPELLINGS["hermes"]), user("Thank you."))
    assert with_spelled_calls(events) == events


def test_the_name_of_a_tool_on_offer_is_enough_for_markup_but_not_for_a_line_of_code():
    assert isinstance(with_spelled_calls([agent(SPELLINGS["glm"])], ["add"])[0], Called)
    assert isinstance(with_spelled_calls([agent(SPELLINGS["bare"])], ["add"])[0], Said)
    assert isinstance(with_spelled_calls([agent(SPELLINGS["bare"]), Returned(text="3")], ["add"])[0], Called)


def test_a_message_that_also_calls_through_the_interface_has_spelled_nothing_out():
    events = (agent(SPELLINGS["hermes"]), Called(tool="add"), Returned(text="3"))
    assert with_spelled_calls(events) == events


def test_only_the_agent_calls_and_only_aloud():
    events = (
        user(SPELLINGS["hermes"]),
        Said(who=Who.AGENT, text=SPELLINGS["hermes"], private=True),
        Returned(text=SPELLINGS["hermes"]),
    )
    assert with_spelled_calls(events, ["add"]) == events


def test_code_in_a_fence_is_a_call_only_where_its_run_came_back():
    shown = agent("Let me look.\n```bash\nls -l\n```")
    ran = user("<returncode>0</returncode>\n<output>\nbeans\n</output>")
    said, called, returned = with_spelled_calls([shown, ran])
    assert said.text == "Let me look."
    assert (called.tool, called.arguments, called.spelling) == ("bash", {"command": "ls -l"}, Spelling.TEXT)
    assert returned == Returned(text=ran.text)
    assert with_spelled_calls([shown, user("Thank you.")]) == (shown, user("Thank you."))


def test_several_answers_in_one_message_are_several_results():
    assert responses_in("<tool_response>1</tool_response>\n<tool_response>2</tool_response>") == ["1", "2"]
    assert responses_in("Observation: it rains") == ["Observation: it rains"]
    assert responses_in("What a nice <output>!") == []


HOSTILE = {
    "never closed": "<tool_call>" * 20_000,
    "closed once": "<tool_call>" * 20_000 + "</tool_call>",
    "closer far away": "<tool_call>{}</tool_call>" * 10_000 + "</function_calls>",
    "nested": "<tool_call><function=" * 10_000 + "</tool_call>",
    "fences": "```\n" * 30_000,
    "react": "Action: x\nAction Input: " * 10_000,
    "bare": "add(\n" * 30_000 + ")\n\n",
    "mistral": "[TOOL_CALLS][" * 15_000,
    "deep json": "<tool_call>" + "[" * 100_000 + "</tool_call>",
    "deep python": "add(" + "(" * 50_000 + ")" * 50_000 + ")",
    "long chain": "add(a" + ".b" * 45_000 + ")",
    "many signs": "add(" + "-" * 90_000 + "1)",
    "keys": "<tool_call>x" + "<arg_key>a</arg_key><arg_value>" * 10_000 + "</tool_call>",
    "parameters": "<function=x>" + "<parameter=a>" * 20_000 + "</function>",
    "blanks": "Action: x\n" + " " * 200_000,
    "code": "```bash\n" * 30_000,
    "answers": "<output a" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_little(name):
    began = time.process_time()
    split_calls(HOSTILE[name], ["add"])
    responses_in(HOSTILE[name])
    with_spelled_calls([agent(HOSTILE[name]), user("<returncode>")])
    assert time.process_time() - began < 2
