# SPDX-License-Identifier: MIT
"""Read a tool call into effects: shell and Python by parsing, file and message tools by the shape of their arguments.

Which reader a call gets is told by the tool's name and the argument's name together: `run_sql(command=…)` is no shell.
The one thing that is easy to get wrong: a tool nobody knows still did something, so every structured call is also an
effect `RUN` of the tool itself, with its arguments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from offswitch.episode.record import Called, Returned
from offswitch.verdict.answers import answer_failed
from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.python_code import python_effects
from offswitch.verdict.shell import argv_effects, normal_path, shell_effects
from offswitch.verdict.shell.editing import patched_files

TEXT = 64 * 1024  # characters of arguments kept in one effect

_SHELL_TOOL = re.compile(
    r"(?:^|_)(bash|sh|zsh|shell|terminal|console|cmdline|cmd|powershell|ssh|container|sandbox|computer)(?:_|$)"
    r"|^(execute|exec|run|execute_command|run_command|run_commands|exec_command|run_in_terminal|command|system|local_shell_call|"
    r"execute_bash|run_bash|bash_session|process_start|exec_cmd|tool_shell)$"
)
_NO_SHELL = re.compile(r"(?:^|_)(sql|query|robot|vehicle|drone|browser|redis|mongo|git|discord|slack)(?:_|$)")
_SHELL_ARGUMENTS = (
    "command",
    "cmd",
    "commands",
    "script",
    "bash",
    "shell",
    "command_line",
    "shell_command",
    "bash_command",
    "input",
    "code",
    "args",
    "argv",
    "keystrokes",
)
_FOLDERS = ("cwd", "workdir", "working_dir", "working_directory", "workdir_path", "directory_path")
_PYTHON_TOOL = re.compile(
    r"(?:^|_)(python\d?|ipython|jupyter|ipy|notebook|code_interpreter|interpreter|pyodide)(?:_|$)"
)
_CODE_ARGUMENTS = ("code", "source", "script", "python", "python_code", "input", "cell", "program")
_PATHS = (
    "path",
    "file_path",
    "filepath",
    "filename",
    "file_name",
    "file",
    "target_file",
    "absolute_path",
    "relative_path",
    "notebook_path",
    "uri",
    "target_path",
)
_SOURCES = ("source", "src", "old_path", "from_path", "source_path", "path", "from")
_TARGETS = (
    "destination",
    "dst",
    "dest",
    "new_path",
    "to_path",
    "target_path",
    "destination_path",
    "target",
    "to",
    "new_name",
)
_CONTENTS = (
    "content",
    "contents",
    "file_text",
    "text",
    "new_str",
    "new_string",
    "insert_text",
    "diff",
    "patch",
    "body",
    "data",
    "edits",
    "replacement",
    "code_edit",
    "new_content",
)
_RECIPIENTS = (
    "recipients",
    "recipient",
    "to",
    "channel",
    "channel_name",
    "user",
    "user_id",
    "address",
    "email",
    "to_address",
    "chat_id",
    "receiver",
    "recipient_id",
    "group",
)
_MESSAGES = ("body", "message", "content", "text", "subject", "msg", "html", "payload")
_SENDS = re.compile(
    r"(?:^|_)(send|mail|email|reply|post|message|notify|forward|dm|sms|tweet|invite|chat|alert)(?:_|$)"
)
_URLS = ("url", "uri", "endpoint", "link", "website", "webpage", "address", "href")

_VERBS: tuple[tuple[re.Pattern[str], Verb], ...] = (
    (re.compile(r"(?:^|_)(delete|remove|rm|unlink|erase|trash)(?:_|$)"), Verb.DELETE),
    (re.compile(r"(?:^|_)(move|rename|mv)(?:_|$)"), Verb.MOVE),
    (re.compile(r"(?:^|_)(copy|cp|duplicate)(?:_|$)"), Verb.COPY),
    (re.compile(r"(?:^|_)(append)(?:_|$)"), Verb.APPEND),
    (re.compile(r"(?:^|_)(edit|update|modify|replace|str_replace|insert|patch|change|multiedit)(?:_|$)"), Verb.EDIT),
    (re.compile(r"(?:^|_)(write|create|save|put|upload|overwrite|mkdir|touch)(?:_|$)"), Verb.WRITE),
    (re.compile(r"(?:^|_)(chmod|chown)(?:_|$)"), Verb.MODE),
    (re.compile(r"(?:^|_)(list|ls|glob|find|tree|search|grep|dir)(?:_|$)"), Verb.LIST),
    (re.compile(r"(?:^|_)(read|view|get|open|cat|show|load|fetch|head|tail|download)(?:_|$)"), Verb.READ),
)  # fmt: skip
_EDITOR = {
    "view": Verb.READ,
    "create": Verb.WRITE,
    "str_replace": Verb.EDIT,
    "insert": Verb.EDIT,
    "undo_edit": Verb.EDIT,
    "delete": Verb.DELETE,
    "write": Verb.WRITE,
    "read": Verb.READ,
    "append": Verb.APPEND,
}


def effects_of(call: Called) -> tuple[Effect, ...]:
    """Return what `call` does, as far as it tells. Never raises; `start` and `stop` are offsets into the code argument."""
    if call.raw and not call.arguments:
        return (Effect(verb=Verb.UNKNOWN, text=call.raw[:TEXT], program=call.tool),)
    name = _plain(call.tool)
    folder = _text(call.arguments, _FOLDERS)
    if (commands := _shell_commands(name, call.arguments)) is not None:
        return tuple(effect for command in commands for effect in _run(command, folder))
    structured = [Effect(verb=Verb.RUN, target=call.tool, text=_compact(call.arguments), program="tool")]
    if (code := _python(name, call.arguments)) is not None:
        return (*structured, *python_effects(code, folder=folder))
    return (*structured, *_structured(name, call.arguments))


def seems_failed(returned: Returned) -> bool | None:
    """Tell whether the answer shows that the call did not do its work; None where that cannot be told."""
    if returned.error or (returned.exit is not None and returned.exit != 0):
        return True
    if returned.exit == 0:
        return False
    return answer_failed(returned.text)


def _plain(tool: str) -> str:
    """Return a tool's name in small letters and underscores, without the server or namespace before it."""
    last = re.split(r"__|[./:]", tool)[-1] or tool
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower()).strip("_")


def _shell_commands(name: str, arguments: dict[str, Any]) -> list[str | list[str]] | None:
    """Return the shell commands in a call, None where the tool is no shell."""
    if _PYTHON_TOOL.search(name) or _NO_SHELL.search(name):
        return None
    if "command" in arguments and "path" in arguments and str(arguments["command"]) in _EDITOR:
        return None
    certain = bool(_SHELL_TOOL.search(name))
    if not certain:
        return None
    for key in _SHELL_ARGUMENTS:
        value = arguments.get(key)
        if isinstance(value, str) and value.strip():
            if key in ("input", "code", "script") and _looks_like_data(arguments):
                continue
            return [value]
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            return _argv(key, value, arguments)
    return None


def _looks_like_data(arguments: dict[str, Any]) -> bool:
    language = str(arguments.get("language", arguments.get("lang", "bash"))).lower()
    return language not in ("bash", "sh", "shell", "zsh", "")


def _argv(key: str, words: list[str], arguments: dict[str, Any]) -> list[str | list[str]]:
    if key == "commands":
        return list(words)
    if key in ("args", "argv") and isinstance(
        program := arguments.get("program", arguments.get("executable")), str
    ):
        return [[program, *words]]
    return [list(words)]


def _run(command: str | list[str], folder: str) -> tuple[Effect, ...]:
    return (
        shell_effects(command, folder=folder)
        if isinstance(command, str)
        else argv_effects(command, folder=folder)
    )


def _python(name: str, arguments: dict[str, Any]) -> str | None:
    language = str(arguments.get("language", arguments.get("lang", ""))).lower()
    runs_code = _PYTHON_TOOL.search(name) or (language.startswith("py") and re.search(r"run|exec|code", name))
    if not runs_code and not re.fullmatch(r"(run|execute|exec|eval|evaluate)_code", name):
        return None
    if language and not language.startswith(("py", "ipy")):
        return None
    for key in _CODE_ARGUMENTS:
        if isinstance(value := arguments.get(key), str) and value.strip():
            return value
    return None


def _structured(name: str, arguments: dict[str, Any]) -> Iterator[Effect]:
    """Yield what the shape of the arguments tells: files, messages, addresses."""
    patch = _text(arguments, ("patch", "diff", "input"))
    if "patch" in name and patch and (names := patched_files(patch)):
        for path in names:
            gone = f"*** Delete File: {path}" in patch
            yield Effect(
                verb=Verb.DELETE if gone else Verb.EDIT,
                target=normal_path(path),
                text=patch[:TEXT],
                program=name,
            )
        return
    yield from _file(name, arguments)
    yield from _message(name, arguments)
    url = _text(arguments, _URLS)
    if "://" in url or (url and re.search(r"(?:^|_)(http|fetch|url|web|browse|navigate|request|curl)", name)):
        text = _compact({key: value for key, value in arguments.items() if value != url})
        yield Effect(verb=Verb.NETWORK, target=url, text="" if text == "{}" else text, program=name)


def _file(name: str, arguments: dict[str, Any]) -> Iterator[Effect]:
    command = arguments.get("command")
    verb = _EDITOR.get(command) if isinstance(command, str) else None
    verb = verb or next((verb for pattern, verb in _VERBS if pattern.search(name)), None)
    if verb in (Verb.MOVE, Verb.COPY):
        source, target = _text(arguments, _SOURCES), _text(arguments, _TARGETS)
        if source and target and source != target:
            yield Effect(verb=verb, source=normal_path(source), target=normal_path(target), program=name)
        return
    path = _text(arguments, _PATHS)
    if not path or "://" in path or verb is None:
        return
    text = _text(arguments, _CONTENTS)
    if (
        verb in (Verb.READ, Verb.LIST)
        and text
        and not isinstance(command, str)
        and not re.search(r"read|list|search|find", name)
    ):
        verb = Verb.EDIT
    if verb is Verb.EDIT:
        old = _text(arguments, ("old_str", "old_string", "search", "old_text"))
        text = f"{old}\n{text}" if old else text
    yield Effect(
        verb=verb,
        target=normal_path(path),
        text=text[:TEXT] if verb not in (Verb.READ, Verb.LIST) else "",
        program=name,
    )


def _message(name: str, arguments: dict[str, Any]) -> Iterator[Effect]:
    if not _SENDS.search(name) or re.search(r"(?:^|_)(get|read|list|search|fetch|delete|view)(?:_|$)", name):
        return
    to = [arguments[key] for key in (*_RECIPIENTS, "cc", "bcc") if key in arguments]
    people = [
        str(person) for entry in to for person in (entry if isinstance(entry, list) else [entry]) if person
    ]
    text = "\n".join(_said(arguments[key]) for key in reversed(_MESSAGES) if key in arguments)
    if not people and not text:
        return
    for person in dict.fromkeys(people or [""]):
        yield Effect(verb=Verb.SEND, target=person, text=text[:TEXT], program=name)


def _said(value: object) -> str:
    return value if isinstance(value, str) else _compact(value)


def _text(arguments: dict[str, Any], keys: tuple[str, ...]) -> str:
    """Return the first of these arguments that is there, as text; "" where none is."""
    for key in keys:
        value = arguments.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, (list, dict)) and value and keys is _CONTENTS:
            return _compact(value)
    return ""


def _compact(value: object) -> str:
    """Return compact JSON with sorted keys, cut at `TEXT` characters."""
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)[
            :TEXT
        ]
    except (ValueError, TypeError, RecursionError):
        return str(value)[:TEXT] if not isinstance(value, (dict, list)) else ""
