# SPDX-License-Identifier: MIT
"""Interpreters: code in an argument, from a file, or through a pipe. `bash -c`, `python3 -`, `perl -e`, `node -e`.

Shell and Python are read by parsing; of other languages only obvious calls with literal arguments. The one thing that
is easy to get wrong: code that cannot be read is unknown, and never nothing.
"""

from __future__ import annotations

import re

import msgspec

from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.shell.options import Words, read_words
from offswitch.verdict.shell.state import Field, Shell

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "fish")


STDIN = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


class Language(msgspec.Struct, frozen=True):
    """How an interpreter takes its code: options that hold code, options with other values, files changed by `-i`."""

    code: str
    valued: str = ""
    in_place: bool = False


LANGUAGES = {
    "python": Language("-c", "-W -X"),
    "pypy": Language("-c", "-W -X"),
    "perl": Language("-e -E", "-I -M", True),
    "ruby": Language("-e", "-I -r", True),
    "node": Language("-e -p --eval --print", "-r --require"),
    "nodejs": Language("-e -p --eval --print", "-r --require"),
    "deno": Language("eval", ""),
    "bun": Language("-e", ""),
    "php": Language("-r", "-d"),
    "lua": Language("-e", "-l"),
    "Rscript": Language("-e", ""),
    "osascript": Language("-e", ""),
    "powershell": Language("-Command -c", "-File"),
    "pwsh": Language("-Command -c", "-File"),
}
_TEXT = r"""(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")"""
_CALLS: tuple[tuple[re.Pattern[str], Verb | None], ...] = (
    (re.compile(r"\b(?:unlink|unlinkSync|rmSync|rm|rmdirSync|FileUtils\.rm(?:_rf?|_f)?|File\.delete|os\.remove)\b\s*\(?\s*" + _TEXT), Verb.DELETE),
    (re.compile(r"\b(?:writeFileSync|writeFile|File\.write|IO\.write|file_put_contents|outputFileSync)\b\s*\(?\s*" + _TEXT), Verb.WRITE),
    (re.compile(r"\b(?:appendFileSync|appendFile)\b\s*\(?\s*" + _TEXT), Verb.APPEND),
    (re.compile(r"\b(?:readFileSync|readFile|File\.read|IO\.read|file_get_contents|createReadStream)\b\s*\(?\s*" + _TEXT), Verb.READ),
    (re.compile(r"\b(?:chmodSync|File\.chmod|chmod)\b\s*\(?\s*(?:[0-7o]+\s*,\s*)?" + _TEXT), Verb.MODE),
    (re.compile(r"\b(?:system|exec|execSync|shell_exec|passthru|popen|spawnSync|os\.execute|qx)\b\s*\(?\s*" + _TEXT), None),
)  # fmt: skip
_OPEN = re.compile(r"\bopen\s*\(?[^;'\"]*?['\"]\s*(>>?|<|\+<)\s*(?:['\"]\s*,\s*['\"])?([^'\"]+)['\"]")


def shell(state: Shell, name: str, args: list[Field]) -> str | None:
    """`bash -c 'text' name args`, `bash file args`, `… | bash`, `bash <<E`."""
    words = read_words(args, "-O +O --rcfile --init-file -o", leading=True)
    if words.has("-c"):
        return _command_string(state, words)
    if words.operands and not words.has("-s"):
        target = words.operands[0]
        path = state.path(target.text)
        state.does(
            Verb.RUN,
            path,
            text=_joined(words.operands[1:]),
            program=name,
            language="sh",
            certain=target.certain,
        )
        inner = state.sub()
        inner.positional = words.operands[1:]
        written = state.files.get(path, state.files.get(target.text))
        if written is not None:
            return run_script(inner, path, written)
        if target.text in STDIN:
            return _incoming(inner, name, inner.positional)
        if target.text.startswith("<("):
            state.does(Verb.UNKNOWN, text=target.text, program=name, certain=False)
        return None
    if words.has("-n", "--version", "--help"):
        return None
    return _incoming(state, name, words.operands)


def _command_string(state: Shell, words: Words) -> str | None:
    if not words.operands:
        return None
    said = words.operands[0]
    inner = state.sub()
    inner.positional = words.operands[2:]
    if not said.certain:
        state.does(Verb.UNKNOWN, text=said.text, program="sh", certain=False)
        inner.certain = False
    if words.has("-n"):
        return ""
    return inner.nested(said.text)


def _incoming(state: Shell, name: str, positional: tuple[Field, ...]) -> str | None:
    """Run what comes in through the pipe as a script."""
    if state.stdin is None:
        state.does(Verb.UNKNOWN, text=f"{name} runs what it reads", program=name)
        return None
    inner = state.sub()
    inner.positional = positional
    text, inner.stdin = state.stdin, None
    return inner.nested(text)


def run_script(state: Shell, name: str, text: str) -> str | None:
    """Run a script whose text was written by this very command: by its first line, else as a shell's."""
    first = text.split("\n", 1)[0]
    if first.startswith("#!") and "python" in first:
        return code(state, "python", text)
    if first.startswith("#!") and not re.search(r"\b(ba|da|z|k|a)?sh\b", first):
        state.does(Verb.UNKNOWN, text=text, program=name)
        return None
    return state.nested(text)


def interpreter(state: Shell, name: str, args: list[Field]) -> str | None:
    """`python3 -c code`, `python3 file`, `python3 - <<E`, `perl -pi -e code file`."""
    language = LANGUAGES[name]
    options = f"{language.code} {language.valued}"
    if name == "python" and "-m" in [arg.text for arg in args]:
        return _module(state, args)
    if name == "deno" and args and args[0].text in ("run", "eval"):
        args = ([Field("eval")] if args[0].text == "eval" else []) + args[1:]
    words = read_words(args, options, leading=True)
    given = words.values(*language.code.split())
    in_place = language.in_place and any(
        o.startswith("-") and "i" in o.split("=")[0][:8] for o, _ in words.options
    )
    if given:
        text = "\n".join(field.text for field in given)
        if in_place:
            _in_place(state, name, text, words.operands)
            return ""
        return code(state, name, text, certain=all(field.certain for field in given))
    if words.operands and words.operands[0].text != "-":
        return _file(state, name, words.operands)
    if words.has("--version", "-V", "-v", "--help", "-h"):
        return None
    if state.stdin is not None:
        return code(state, name, state.stdin)
    state.does(Verb.UNKNOWN, text=f"{name} runs what it reads", program=name)
    return None


def _file(state: Shell, name: str, operands: tuple[Field, ...]) -> str | None:
    target = operands[0]
    path = state.path(target.text)
    state.does(
        Verb.RUN, path, text=_joined(operands[1:]), program=name, language=name, certain=target.certain
    )
    written = state.files.get(path, state.files.get(target.text))
    if written is not None:
        return code(state, name, written)
    return None


def _module(state: Shell, args: list[Field]) -> str | None:
    place = [arg.text for arg in args].index("-m")
    rest = args[place + 1 :]
    if rest:
        state.does(Verb.RUN, rest[0].text, text=_joined(rest[1:]), program="python", language="python")
    return None


def _in_place(state: Shell, name: str, text: str, files: tuple[Field, ...]) -> None:
    for field in files:
        state.does(
            Verb.EDIT, state.path(field.text), text=text, program=name, language=name, certain=field.certain
        )
    _obvious(state, name, text)


def code(state: Shell, name: str, text: str, *, certain: bool = True) -> str | None:
    """Record code handed to an interpreter, and what it does as far as it can be read."""
    state.does(Verb.RUN, name, text=text, program=name, language=name, certain=certain)
    if not certain:
        state.does(Verb.UNKNOWN, text=text, program=name, language=name, certain=False)
    if name in ("python", "pypy"):
        # Shell runs Python and Python runs shell; one of the two must ask late.
        from offswitch.verdict.python_code import python_effects

        for effect in python_effects(text, folder=state.folder, budget=state.budget, depth=state.depth):
            adopt(state, effect, certain=certain)
    elif not _obvious(state, name, text):
        state.does(Verb.UNKNOWN, text=text, program=name, language=name)
    return None


def adopt(state: Shell, effect: Effect, *, certain: bool = True) -> None:
    """Record an effect that was read from code inside the command: it happens where the command stands."""
    start, stop = state.place or state.here
    state.budget.spend(steps=1, characters=len(effect.text))
    state.effects.append(
        msgspec.structs.replace(
            effect,
            start=start,
            stop=stop,
            certain=effect.certain and certain and state.certain,
            conditional=effect.conditional or state.conditional,
        )
    )


def _obvious(state: Shell, name: str, text: str) -> bool:
    """Record calls with literal arguments in a language that is not parsed; tell whether there were any."""
    seen = False
    for pattern, verb in _CALLS:
        for match in pattern.finditer(text[:65536]):
            said = match[1] if match[1] is not None else match[2]
            seen = True
            if verb is None:
                state.sub().nested(said)
            else:
                state.does(verb, state.path(said), program=name, language=name, certain="$" not in said)
    modes = {">": Verb.WRITE, ">>": Verb.APPEND, "<": Verb.READ, "+<": Verb.EDIT}
    for match in _OPEN.finditer(text[:65536]):
        seen = True
        state.does(modes[match[1]], state.path(match[2].strip()), program=name, language=name)
    return seen


def evaluate(state: Shell, name: str, args: list[Field]) -> str | None:
    """`eval words`: the words are read as a command once more."""
    text = _joined(args)
    if all(arg.certain for arg in args):
        return state.nested(text)
    state.does(Verb.UNKNOWN, text=text, program=name, certain=False)
    certain, state.certain = state.certain, False
    try:
        return state.nested(text)
    finally:
        state.certain = certain


def source(state: Shell, name: str, args: list[Field]) -> str | None:
    """`source file`, `. file`."""
    if not args:
        return None
    path = state.path(args[0].text)
    state.does(
        Verb.RUN, path, text=_joined(args[1:]), program="source", language="sh", certain=args[0].certain
    )
    written = (
        state.files.get(path, state.files.get(args[0].text)) if args[0].text not in STDIN else state.stdin
    )
    return state.nested(written) if written is not None else None


def _joined(fields: list[Field] | tuple[Field, ...]) -> str:
    return " ".join(field.text for field in fields)


SPECIALS = {
    **dict.fromkeys(SHELLS, shell),
    **dict.fromkeys(LANGUAGES, interpreter),
    "eval": evaluate,
    "source": source,
    ".": source,
}
