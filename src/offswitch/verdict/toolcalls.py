# SPDX-License-Identifier: MIT
"""Read a tool call into effects: shell and Python by parsing, file and message tools by the shape of their arguments.

Which reader a call gets is told by the tool's name and the argument's name together: `run_sql(command=…)` is no shell.
The one thing that is easy to get wrong: a tool nobody knows still did something, so every structured call is also an
effect `RUN` of the tool itself, with its arguments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from offswitch.episode.record import Called, Returned
from offswitch.verdict.answers import answer_failed
from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.python_code import is_python, python_effects
from offswitch.verdict.shell import argv_effects, normal_path, shell_effects
from offswitch.verdict.shell.editing import patched_files

TEXT = 64 * 1024  # characters of arguments kept in one effect

# Names are compared in small letters with underscores; `(?:^|_)…(?:_|$)` is a whole word of such a name.
_SHELL = re.compile(r"(?:^|_)(bash|sh|zsh|shell|terminal|console|cmdline|powershell|ssh|tmux)(?:_|$)")
_PERHAPS_SHELL = re.compile(
    r"(?:^|_)(command|commands|cmd|process|subprocess|container|sandbox|docker|vm|system|host)(?:_|$)|^(run|exec|execute)$"
)
_NO_SHELL = re.compile(
    r"(?:^|_)(sql|query|robot|vehicle|drone|browser|redis|mongo|discord|slack|home|smart)(?:_|$)"
)
_PYTHON = re.compile(r"(?:^|_)(i?python\d?|jupyter|ipy|notebook|code_interpreter|pyodide)(?:_|$)")
_INTERPRETED = re.compile(r"(?:^|_)(node|nodejs|javascript|js|typescript|ts|deno|ruby|perl)(?:_|$)")
_INTERPRETERS = {"ruby": "ruby", "perl": "perl"} | dict.fromkeys(
    ("node", "nodejs", "javascript", "js", "typescript", "ts", "deno"), "node"
)
_RUNS_CODE = re.compile(r"(?:^|_)(run|exec|execute|eval|evaluate|interpreter|code|script|cell)(?:_|$)")
_COMMANDS = ("command", "cmd", "commands", "command_line", "shell_command", "bash_command", "bash", "shell")
_TYPED = ("script", "input", "code", "keystrokes", "text", "args", "argv")
_CODE = ("code", "source", "script", "python", "python_code", "input", "cell", "program", "source_code")
_FOLDERS = ("cwd", "workdir", "working_dir", "working_directory")
_PATHS = (
    "path", "file_path", "filepath", "filename", "file_name", "file", "target_file", "absolute_path", "relative_path",
    "notebook_path", "target_path", "directory", "folder", "dir_path", "directory_path", "script_path",
)  # fmt: skip
_SOURCES = (
    "source",
    "src",
    "old_path",
    "from_path",
    "source_path",
    "path",
    "from",
    "old_name",
    "file_path",
    "filename",
)
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
    "content", "contents", "file_text", "new_str", "new_string", "insert_text", "diff", "patch", "text", "body", "data",
    "edits", "replacement", "code_edit", "new_content", "file_content",
)  # fmt: skip
_REPLACED = ("old_str", "old_string", "search", "old_text", "old_content")
_RECIPIENTS = (
    "recipients", "recipient", "to", "channel", "channel_name", "destination", "user", "user_id", "address", "email",
    "to_address", "chat_id", "receiver", "recipient_id", "group", "cc", "bcc", "customer", "contact",
)  # fmt: skip
_MESSAGES = ("subject", "title", "message", "body", "content", "text", "msg", "html", "summary", "payload")
_SENDS = re.compile(
    r"(?:^|_)(send|mail|email|reply|post|message|notify|forward|dm|sms|tweet|invite|chat|alert|communicate|broadcast|publish)(?:_|$)"
)
_CHANNELS = re.compile(
    r"(?:^|_)(communications?|messaging|messenger|slack|teams|discord|e?mail|gmail|mailer|sms|telegram|whatsapp)(?:_|$)"
)
_NO_MESSAGE = re.compile(
    r"(?:^|_)(get|read|list|search|fetch|delete|view|find|query|draft|money|payment|funds?|invoice|transaction)(?:_|$)"
)
_DEEDS = ("action", "operation", "method", "function", "op", "mode")
_URLS = ("url", "uri", "endpoint", "link", "website", "webpage", "address", "href")
_GOES_OUT = re.compile(r"(?:^|_)(https?|fetch|url|web|browse|browser|navigate|request|curl|wget|api|webpage)")

_VERBS = tuple(
    (re.compile(rf"(?:^|_)({words})(?:_|$)"), verb)
    for words, verb in (
        ("delete|remove|rm|unlink|erase|trash", Verb.DELETE),
        ("move|rename|mv", Verb.MOVE),
        ("copy|cp|duplicate", Verb.COPY),
        ("append", Verb.APPEND),
        ("edit|update|modify|replace|insert|patch|change|multiedit|multi_edit", Verb.EDIT),
        ("write|create|save|put|upload|overwrite|mkdir|touch", Verb.WRITE),
        ("chmod|chown", Verb.MODE),
        ("run|execute|exec|launch", Verb.RUN),
        ("list|ls|glob|find|tree|search|grep|dir", Verb.LIST),
        ("read|view|get|open|cat|show|load|fetch|head|tail|download", Verb.READ),
    )
)
_EDITOR = {
    "view": Verb.READ,
    "create": Verb.WRITE,
    "str_replace": Verb.EDIT,
    "insert": Verb.EDIT,
    "undo_edit": Verb.EDIT,
    "rename": Verb.MOVE,
    "delete": Verb.DELETE,
    "write": Verb.WRITE,
    "read": Verb.READ,
    "append": Verb.APPEND,
}

Arguments = Mapping[str, Any]


def effects_of(call: Called) -> tuple[Effect, ...]:
    """Return what `call` does, as far as it tells. Never raises.

    `start` and `stop` of effects read from code are offsets into the argument that holds it. A call of a shell gives
    the effects of its command; every other call gives a `RUN` of the tool (program "tool") before what else is known.
    """
    if call.raw and not call.arguments:
        return (Effect(verb=Verb.UNKNOWN, text=call.raw[:TEXT], program=call.tool),)
    name, folder = _plain(call.tool), _text(call.arguments, _FOLDERS)
    commands = _shell_commands(name, call.arguments)
    if commands:
        return tuple(effect for command in commands for effect in _run(command, folder))
    tool = Effect(verb=Verb.RUN, target=call.tool, text=_compact(call.arguments), program="tool")
    return (tool, *_code(name, call.arguments, folder), *_structured(name, call.arguments))


def seems_failed(returned: Returned) -> bool | None:
    """Tell whether the answer shows that the call did not do its work; None where that cannot be told."""
    if returned.error or (returned.exit is not None and returned.exit != 0):
        return True
    if returned.exit == 0:
        return False
    return answer_failed(returned.text)


def _plain(tool: str) -> str:
    """Return a tool's name in small letters and underscores, without the server or namespace before it."""
    last = re.split(r"__|[./:]", tool[:500].strip("_./:"))[-1]
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower()).strip("_")


def _shell_commands(name: str, arguments: Arguments) -> list[str | list[str]]:
    """Return the shell commands in a call; none where the tool is no shell."""
    if _PYTHON.search(name) or _NO_SHELL.search(name) or arguments.get("command") in _editing(arguments):
        return []
    surely = bool(_SHELL.search(name))
    if not surely and not _PERHAPS_SHELL.search(name):
        return []
    language = _language(arguments)
    if language and language not in ("bash", "sh", "shell", "zsh"):
        return []
    for key in (*_COMMANDS, *_TYPED) if surely else _COMMANDS:
        value = arguments.get(key)
        if isinstance(value, str) and value.strip():
            words = arguments.get("args", arguments.get("arguments"))
            if _is_words(words) and key in _COMMANDS:
                return [[value, *words]]
            return [value]
        if _is_words(value):
            return list(value) if key == "commands" else [list(value)]
    return []


def _editing(arguments: Arguments) -> tuple[str, ...]:
    return tuple(_EDITOR) if "path" in arguments else ()


def _is_words(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)


def _language(arguments: Arguments) -> str:
    return _text(arguments, ("language", "lang", "kernel")).lower()


def _run(command: str | list[str], folder: str) -> tuple[Effect, ...]:
    return (
        shell_effects(command, folder=folder)
        if isinstance(command, str)
        else argv_effects(command, folder=folder)
    )


def _code(name: str, arguments: Arguments, folder: str) -> tuple[Effect, ...]:
    """Read code that is handed to an interpreter; the language is told by the tool, an argument, or the code itself."""
    language = _language(arguments)
    spoken = _INTERPRETED.search(f"{name}_{_plain(language)}")
    if spoken and not _PYTHON.search(name):
        code = _text(arguments, _CODE)
        return argv_effects([_INTERPRETERS[spoken[1]], "-e", code], folder=folder) if code else ()
    if not _PYTHON.search(name) and not _RUNS_CODE.search(name):
        return ()
    code = _text(arguments, _CODE if _PYTHON.search(name) else ("code", "script", "source_code", "cell"))
    if not code or re.fullmatch(r"[\w./~-]+", code):
        return ()
    if language.startswith(("py", "ipy")) or (not language and (_PYTHON.search(name) or is_python(code))):
        return python_effects(code, folder=folder)
    if language in ("", "bash", "sh", "shell", "zsh"):
        return shell_effects(code, folder=folder)
    return (Effect(verb=Verb.UNKNOWN, text=code[:TEXT], program=name, language=language),)


def _structured(name: str, arguments: Arguments) -> Iterator[Effect]:
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
    deed = f"{name}_{_plain(_text(arguments, _DEEDS)[:100])}".strip("_")
    yield from _file(deed, name, arguments)
    yield from _message(deed, name, arguments)
    url = _text(arguments, _URLS)
    if "://" in url or (url and _GOES_OUT.search(name)):
        rest = {key: value for key, value in arguments.items() if value != url}
        yield Effect(verb=Verb.NETWORK, target=url, text=_compact(rest) if rest else "", program=name)


def _file(deed: str, name: str, arguments: Arguments) -> Iterator[Effect]:
    """Yield what happens to a file that the arguments name."""
    command = arguments.get("command")
    verb = _EDITOR.get(command) if isinstance(command, str) else None
    verb = verb or next((verb for pattern, verb in _VERBS if pattern.search(deed)), None)
    if verb in (Verb.MOVE, Verb.COPY):
        source, target = _text(arguments, _SOURCES), _text(arguments, _TARGETS)
        if source and target:
            yield Effect(verb=verb, source=normal_path(source), target=normal_path(target), program=name)
        return
    path = _text(arguments, _PATHS)
    if not path or "://" in path or verb is None:
        return
    text = _text(arguments, _CONTENTS)
    if verb is Verb.EDIT and (old := _text(arguments, _REPLACED)):
        text = f"{old}\n{text}"
    kept = text[:TEXT] if verb not in (Verb.READ, Verb.LIST) else ""
    yield Effect(verb=verb, target=normal_path(path), text=kept, program=name)


def _message(deed: str, name: str, arguments: Arguments) -> Iterator[Effect]:
    """Yield a message to each of its recipients."""
    if not (_SENDS.search(deed) or _CHANNELS.search(name)) or _NO_MESSAGE.search(deed):
        return
    named = [arguments[key] for key in _RECIPIENTS if key in arguments]
    people = [str(one) for entry in named for one in (entry if isinstance(entry, list) else [entry]) if one]
    text = "\n".join(_said(arguments[key]) for key in _MESSAGES if arguments.get(key))
    if not text or "://" in _text(arguments, _URLS):
        return
    for person in list(dict.fromkeys(people or [""]))[:1000]:
        yield Effect(verb=Verb.SEND, target=person[:1000], text=text[:TEXT], program=name)


def _said(value: object) -> str:
    return value if isinstance(value, str) else _compact(value)


def _text(arguments: Arguments, keys: tuple[str, ...]) -> str:
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
        return ""
