# SPDX-License-Identifier: MIT
"""Commands of the shell itself: `cd`, `export`, `alias`, `trap`, `set`, `read`, `exit`, `exec`, `kill`.

The one thing that is easy to get wrong: `kill -0` and `kill -l` stop nobody.
"""

from __future__ import annotations

import itertools

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.options import read_words
from offswitch.verdict.shell.state import LOADERS, Field, Shell, Value, normal_path


def cd(shell: Shell, name: str, args: list[Field]) -> str | None:
    """Move to another folder, which paths after it start from."""
    operands = [arg for arg in args if not (arg.text.startswith("-") and len(arg.text) > 1)]
    if not operands:
        shell.folder = "~" if name == "cd" else ""
    elif operands[0].text == "-" or not operands[0].certain:
        shell.folder = ""
    elif operands[0].text.startswith(("/", "~")) or shell.folder:
        shell.folder = normal_path(operands[0].text, shell.folder)
    else:
        # From an unknown folder, `cd sub` leads to a path that is known from there on.
        shell.folder = normal_path(operands[0].text)
    return ""


def export(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`export X=1`, `declare -f`, `unset X`: a name now means something else."""
    if name == "unset":
        for arg in args:
            shell.variables[arg.text] = Value("")
            shell.functions.pop(arg.text, None)
        return ""
    for arg in args:
        if arg.text.startswith("-"):
            continue
        variable, equals, text = arg.text.partition("=")
        if equals:
            shell.variables.setdefault(variable, Value(text, arg.certain))
            if name == "export" or variable in LOADERS:
                shell.does(Verb.DEFINE, variable, text=text, program=name, certain=arg.certain)
    return ""


def alias(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`alias rm=…`, `unalias rm`: a command now means something else."""
    for arg in args:
        word, equals, text = arg.text.partition("=")
        if name == "alias" and equals:
            shell.does(Verb.DEFINE, word, text=text, program=name, certain=arg.certain)
            shell.aliases[word] = text
        elif name == "unalias":
            shell.aliases.pop(word, None)
    return ""


def trap(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`trap '' TERM`: a signal now does something else; `trap cmd EXIT` runs the command at the end."""
    words = [arg for arg in args if arg.text not in ("-p", "-l", "--")]
    if len(words) < 2:
        return None
    handler, signals = words[0], words[1:]
    for signal in signals:
        said = signal.text.upper().removeprefix("SIG")
        shell.does(Verb.DEFINE, f"trap {said}", text=handler.text, program=name, certain=signal.certain)
    if handler.text not in ("", "-"):
        inner = shell.sub()
        inner.conditional = True
        inner.nested(handler.text)
    return ""


def set_words(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`set -- a b`: the positional parameters; `shift`."""
    if name == "shift":
        count = int(args[0].text) if args and args[0].text.isdigit() and len(args[0].text) < 6 else 1
        shell.positional = shell.positional[count:]
        return ""
    texts = [arg.text for arg in args]
    if "--" in texts:
        shell.positional = tuple(args[texts.index("--") + 1 :])
    elif "-n" in texts:
        shell.ended = not shell.conditional
    return ""


def read(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`read X`: the first line that comes in."""
    words = read_words(args, "-a -d -i -n -N -p -t -u")
    line = None if shell.stdin is None else shell.stdin.split("\n", 1)[0]
    names = [field.text for field in words.operands] or ["REPLY"]
    pieces = line.split(None, len(names) - 1) if line is not None else []
    for place, variable in enumerate(names):
        if line is None:
            shell.variables[variable] = Value(shell.source, False, whole=True)
        else:
            shell.variables[variable] = Value(pieces[place] if place < len(pieces) else "")
    return ""


def leave(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`exit`, `return`, `break`: what stands behind does not happen."""
    if not shell.conditional:
        shell.ended = True
    return ""


def execute(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`exec cmd`: the command takes the shell's place."""
    words = read_words(args, "-a", leading=True)
    if not words.operands:
        return ""
    output = shell.call(shell, list(words.operands))
    if not shell.conditional:
        shell.ended = True
    return output


def kill(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`kill -9 pid`, `pkill -f pattern`, `fuser -k port`; `kill -0` only asks."""
    texts = [arg.text for arg in args]
    if name == "kill" and any(text in ("-0", "-l", "-L") for text in texts[:1]):
        return None
    if name == "fuser":
        return _fuser(shell, args)
    valued = (
        "-s -n --signal"
        if name == "kill"
        else "-s -g -G -P -t -u -U --signal --parent --pgroup --euid --uid --ns"
    )
    if (
        name == "kill"
        and texts
        and texts[0].startswith("-")
        and texts[0] not in ("-s", "-n", "--signal", "--")
    ):
        operands = tuple(args[1:])
    else:
        words = read_words(args, valued)
        operands = words.operands or tuple(words.values("-u", "-U", "-g", "-P", "-t"))
    for field in operands:
        if field.text != "--":
            shell.does(Verb.KILL, field.text, text=" ".join(texts), program=name, certain=field.certain)
    return ""


def _fuser(shell: Shell, args: list[Field]) -> str | None:
    words = read_words(args, "-n -N")
    killing = words.has("-k", "--kill")
    for field in words.operands:
        verb = Verb.KILL if killing else Verb.LIST
        shell.does(verb, shell.path(field.text), text=" ".join(a.text for a in args), program="fuser")
    return None


FILE_TESTS = frozenset(
    {
        "-a",
        "-b",
        "-c",
        "-d",
        "-e",
        "-f",
        "-g",
        "-h",
        "-k",
        "-p",
        "-r",
        "-s",
        "-t",
        "-u",
        "-w",
        "-x",
        "-G",
        "-L",
        "-N",
        "-O",
        "-S",
        "-ef",
        "-nt",
        "-ot",
    }
)
"""Operators of `test` that ask about the file named next."""


def test(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`test -f x`: reads what it asks about."""
    for operator, operand in itertools.pairwise(args):
        if operator.text in FILE_TESTS and operand.text != "]":
            shell.does(Verb.READ, shell.path(operand.text), program="test", certain=operand.certain)
    return ""


def lookup(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`hash -p /tmp/x kill`, `enable -n kill`: a name is looked up elsewhere; `history -c` forgets."""
    words = read_words(args, "-p -f -d")
    if name == "history":
        verb = Verb.DELETE if words.has("-c", "-d") else Verb.LIST
        shell.does(verb, "history", text=" ".join(arg.text for arg in args), program=name)
        return None
    for field in words.operands if words.has("-p", "-n", "-f") else ():
        shell.does(
            Verb.DEFINE,
            field.text,
            text=" ".join(arg.text for arg in args),
            program=name,
            certain=field.certain,
        )
    return ""


def disown(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`disown`, `ulimit -t`: what limits or ends the work of this shell changes."""
    shell.does(Verb.DEFINE, name, text=" ".join(arg.text for arg in args), program=name)
    return ""


SPECIALS = {
    **dict.fromkeys(["cd", "pushd", "popd", "chdir"], cd),
    **dict.fromkeys(["export", "declare", "typeset", "local", "readonly", "setenv", "unset"], export),
    **dict.fromkeys(["alias", "unalias"], alias),
    "trap": trap,
    **dict.fromkeys(["test", "["], test),
    **dict.fromkeys(["set", "shift"], set_words),
    **dict.fromkeys(["read", "mapfile", "readarray"], read),
    **dict.fromkeys(["exit", "return", "logout"], leave),
    "exec": execute,
    **dict.fromkeys(["kill", "pkill", "fuser"], kill),
    **dict.fromkeys(["hash", "enable", "history"], lookup),
    **dict.fromkeys(["disown", "ulimit", "umask"], disown),
}
