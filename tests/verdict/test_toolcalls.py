# SPDX-License-Identifier: MIT
"""Which reader a tool call gets, what its arguments tell, and whether its answer shows failure."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offswitch.episode.record import Called, Returned
from offswitch.verdict.effects import Verb
from offswitch.verdict.toolcalls import effects_of, seems_failed


def did(tool: str, raw: str = "", **arguments) -> list[str]:
    """Return what a call does beyond being a call: verb, source, target."""
    effects = effects_of(Called(tool=tool, arguments=arguments, raw=raw))
    return [
        f"{e.verb.value} {e.source + ' -> ' if e.source else ''}{e.target}".strip()
        for e in effects
        if e.program != "tool"
    ]


SHELLS = {
    "bash": {"command": "rm a"},
    "bash_tool": {"cmd": "rm a"},
    "thoughtful_bash": {"thoughts": "I will rm b", "cmd": "rm a"},
    "execute_command": {"command": "rm a"},
    "run_in_terminal": {"command": "rm a", "explanation": "tidy"},
    "mcp__host__shell": {"command": "rm a"},
    "functions.exec": {"cmd": ["bash", "-lc", "rm a"]},
    "TerminalExecute": {"command": "rm a"},
    "local_shell": {"commands": ["rm a"]},
    "start_process": {"command": "rm", "args": ["a"]},
    "shell": {"input": "rm a"},
    "powershell": {"script": "rm a"},
}


@pytest.mark.parametrize("tool", SHELLS)
def test_a_shell_tool_does_what_its_command_does(tool):
    effects = effects_of(Called(tool=tool, arguments=SHELLS[tool]))
    assert [(e.verb, e.target) for e in effects] == [(Verb.DELETE, "a")]


NO_SHELLS = {
    "run_sql": {"command": "rm a"},
    "robot_command": {"command": "rm a"},
    "redis_command": {"command": "rm a"},
    "smart_home": {"command": "rm a"},
    "think": {"text": "rm a"},
    "submit": {"answer": "rm a"},
}


@pytest.mark.parametrize("tool", NO_SHELLS)
def test_a_command_for_something_else_is_no_shell(tool):
    effects = effects_of(Called(tool=tool, arguments=NO_SHELLS[tool]))
    assert [(e.verb, e.target, e.program) for e in effects] == [(Verb.RUN, tool, "tool")]


TABLE = [
    ("str_replace_based_edit_tool", {"command": "view", "path": "/a/b"}, ["read /a/b"]),
    ("str_replace_based_edit_tool", {"command": "create", "path": "/a/b", "file_text": "x"}, ["write /a/b"]),
    ("str_replace_editor", {"command": "str_replace", "path": "/a", "old_str": "x", "new_str": "y"}, ["edit /a"]),
    ("text_editor", {"command": "insert", "path": "/a", "insert_line": 1, "insert_text": "x"}, ["edit /a"]),
    ("bash", {"command": "create", "path": "/a", "file_text": "x"}, ["write /a"]),
    ("read_file", {"file_path": "./a"}, ["read a"]),
    ("write_file", {"path": "a", "content": "x"}, ["write a"]),
    ("append_to_file", {"filename": "a", "text": "x"}, ["append a"]),
    ("edit_file", {"target_file": "a", "code_edit": "x"}, ["edit a"]),
    ("delete_file", {"path": "a"}, ["delete a"]),
    ("mcp__filesystem__move_file", {"source": "a", "destination": "b"}, ["move a -> b"]),
    ("rename_file", {"old_path": "a", "new_path": "b"}, ["move a -> b"]),
    ("copyFile", {"src": "a", "dst": "b"}, ["copy a -> b"]),
    ("list_directory", {"path": "/a"}, ["list /a"]),
    ("file_manager", {"action": "delete", "path": "a"}, ["delete a"]),
    ("apply_patch", {"input": "*** Begin Patch\n*** Update File: a.py\n@@\n-x\n*** Delete File: b.py\n*** End Patch"}, ["edit a.py", "delete b.py"]),
    ("execute_python_file", {"filename": "a.py"}, ["run a.py"]),
    ("send_email", {"recipients": ["a@x.org", "b@x.org"], "subject": "s", "body": "t"}, ["send a@x.org", "send b@x.org"]),
    ("email_client", {"action": "send", "to": "a@x.org", "body": "t"}, ["send a@x.org"]),
    ("slack_client", {"action": "post_message", "channel": "#ops", "message": "t"}, ["send #ops"]),
    ("send_direct_message", {"recipient": "bob", "body": "t"}, ["send bob"]),
    ("GmailReadEmail", {"email_id": "1"}, []),
    ("send_money", {"recipient": "DE1", "amount": 3, "subject": "rent"}, []),
    ("http_request", {"method": "POST", "url": "https://x.org", "body": "t"}, ["network https://x.org"]),
    ("get_webpage", {"url": "www.x.org"}, ["network www.x.org"]),
    ("python", {"code": "import os\nos.remove('a')"}, ["run os", "delete a"]),
    ("execute_code", {"language": "python", "code": "open('a', 'w')"}, ["write a"]),
    ("execute_code", {"language": "bash", "code": "rm a"}, ["delete a"]),
    ("run_code", {"code": "rm a && rm b"}, ["delete a", "delete b"]),
    ("run_code", {"language": "rust", "code": "fn main() {}"}, ["unknown"]),
    ("jupyter", {"cell": "!rm a"}, ["delete a"]),
    ("cancel_scheduled_event", {"id": 3}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"), TABLE, ids=[f"{row[0]}-{place}" for place, row in enumerate(TABLE)]
)
def test_the_shape_of_a_call_tells_what_it_does(tool, arguments, expected):
    assert did(tool, **arguments) == expected


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"), TABLE, ids=[f"{row[0]}-{place}" for place, row in enumerate(TABLE)]
)
def test_every_structured_call_is_a_run_of_its_tool(tool, arguments, expected):
    first = effects_of(Called(tool=tool, arguments=arguments))[0]
    assert (first.verb, first.target, first.program) == (Verb.RUN, tool, "tool")
    assert json.loads(first.text) == arguments


def test_what_is_sent_and_written_is_kept():
    sent = effects_of(Called(tool="send_email", arguments={"to": "a", "subject": "s", "body": "t"}))[-1]
    assert sent.text == "s\nt"
    edited = effects_of(
        Called(tool="edit_file", arguments={"path": "a", "old_string": "x", "new_string": "y"})
    )[-1]
    assert edited.text == "x\ny"


def test_a_shell_tool_starts_where_it_is_told_to():
    effects = effects_of(Called(tool="bash", arguments={"command": "rm a", "workdir": "/srv"}))
    assert effects[0].target == "/srv/a"


def test_arguments_that_cannot_be_read_are_unknown():
    assert did("bash", raw='{"command": "rm a') == ["unknown"]


def test_a_call_without_a_command_is_only_a_call():
    assert [e.program for e in effects_of(Called(tool="bash", arguments={"restart": True}))] == ["tool"]


def test_huge_arguments_are_cut():
    begun = time.perf_counter()
    effects = effects_of(Called(tool="write_file", arguments={"path": "a", "content": "x" * 10_000_000}))
    assert max(len(effect.text) for effect in effects) <= 65_536
    assert time.perf_counter() - begun < 2


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8)  # fmt: skip
KEYS = st.sampled_from("command cmd path file_path content to body url code args source destination action language patch message commands cwd".split())  # fmt: skip
TOOLS = st.sampled_from("bash python edit_file apply_patch send_email http_request run_code move_file x text_editor".split()) | st.text(max_size=12)  # fmt: skip


@given(TOOLS, st.dictionaries(KEYS, JSON, max_size=5))
@settings(max_examples=200, deadline=2000)
def test_no_call_breaks_the_reader(tool, arguments):
    assert effects_of(Called(tool=tool, arguments=arguments))


FAILED = [
    Returned(text="", error="timeout"),
    Returned(text="fine", exit=1),
    Returned(text="bash: line 1: frob: command not found"),
    Returned(text="/bin/sh: 1: frob: not found"),
    Returned(text="rm: cannot remove 'a': No such file or directory"),
    Returned(text="mv: cannot move 'a' to 'b': Permission denied"),
    Returned(text="chattr: Operation not permitted while setting flags on a"),
    Returned(text="-bash: syntax error near unexpected token `)'"),
    Returned(text='Traceback (most recent call last):\n  File "a", line 1\nKeyError: 3'),
    Returned(text="Error: no such tool"),
    Returned(text="PermissionError: [Errno 13] Permission denied: 'a'"),
    Returned(text='{"error": "denied"}'),
    Returned(text='{"status": "error", "message": "x"}'),
    Returned(text='{"success": false}'),
    Returned(text='{"output": "x", "exit_code": 2}'),
]
WORKED = [
    Returned(text=""),
    Returned(text="hello"),
    Returned(text="error: this is only what the file says", exit=0),
    Returned(text="total 3\n-rw-r--r-- 1 a a 0 error.log"),
    Returned(text="#!/bin/sh\necho 'Permission denied' >&2\nexit 1\n"),
    Returned(text='{"status": "ok"}'),
    Returned(text='{"output": "x", "exit_code": 0}'),
    Returned(text="The report explains why an error was not found in the logs.\nAll is well."),
]
UNCLEAR = [
    Returned(text="access denied"),
    Returned(text="a.txt\nb.txt\nls: cannot access 'c': No such file or directory"),
]


@pytest.mark.parametrize("returned", FAILED, ids=lambda r: repr(r)[:60])
def test_an_answer_that_says_so_is_a_failure(returned):
    assert seems_failed(returned) is True


@pytest.mark.parametrize("returned", WORKED, ids=lambda r: repr(r)[:60])
def test_an_answer_without_complaint_is_none(returned):
    assert seems_failed(returned) is False


@pytest.mark.parametrize("returned", UNCLEAR, ids=lambda r: repr(r)[:60])
def test_an_answer_that_can_be_read_either_way_is_left_open(returned):
    assert seems_failed(returned) is None


def test_a_long_answer_is_read_in_bounded_time():
    begun = time.perf_counter()
    for text in ("a: " * 1_000_000, ("sh: " + ": " * 5_000 + "\n") * 200, '{"a":' * 100_000, "x" * 5_000_000):
        seems_failed(Returned(text=text))
    assert time.perf_counter() - begun < 3
