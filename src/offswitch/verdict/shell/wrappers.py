# SPDX-License-Identifier: MIT
"""Commands that run another command: `env`, `xargs`, `find`, `ssh`, `su`, `docker exec`, and their like.

The one thing that is easy to get wrong: `xargs rm` runs `rm` on what comes in through the pipe, so what it deletes is
known only where the pipe's text is.
"""

from __future__ import annotations

import itertools
import re
import shlex
from typing import NamedTuple

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.options import Words, read_words
from offswitch.verdict.shell.state import LOADERS, Field, Shell

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)\Z", re.DOTALL)
_MOST = 256  # words that `xargs` may add where they are known


def without_assignments(shell: Shell, args: list[Field]) -> list[Field]:
    """Take leading `X=1` words off and return the rest."""
    place = 0
    while place < len(args) and (match := _ASSIGNED.match(args[place].text)):
        if match[1] in LOADERS:
            shell.does(Verb.DEFINE, match[1], text=match[2], program="env", certain=args[place].certain)
        place += 1
    return args[place:]


def env(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`env X=1 cmd`, `env -S 'cmd args'`, or the list of the environment."""
    place = next((i for i, arg in enumerate(args) if arg.text.startswith(("-S", "--split-string"))), None)
    if place is not None:
        texts = [
            re.sub(r"^(-S|--split-string=?)", "", args[place].text),
            *(arg.text for arg in args[place + 1 :]),
        ]
        first, *rest_texts = texts if texts[0] else texts[1:] or [""]
        return shell.nested(" ".join([first, *map(shlex.quote, rest_texts)]))
    words = read_words(args, "-u -C --unset --chdir", leading=True)
    rest = without_assignments(shell, list(words.operands))
    if rest:
        return shell.call(shell, rest)
    shell.does(Verb.LIST, "environment", program=name)
    return None


def su(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`su -c 'cmd' user`, `runuser -u user -- cmd`, `script -c cmd`."""
    words = read_words(args, "-c -s -g -u -G --command --shell --user --group")
    said = words.values("-c", "--command")
    if said:
        return _handed(shell, said[0])
    if name == "runuser" and words.operands:
        return shell.call(shell, list(words.operands))
    shell.does(Verb.RUN, name, text=_joined(args), program=name)
    return None


def ssh(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`ssh host cmd`: the network, and the command as the other machine's shell reads it."""
    valued = "-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w"
    words = read_words(args, valued, leading=True)
    if words.operands:
        host, rest = words.operands[0], words.operands[1:]
        shell.does(Verb.NETWORK, host.text, text=_joined(rest), program=name, certain=host.certain)
        if rest:
            _elsewhere(shell, " ".join(field.text for field in rest))
    return None


def _elsewhere(shell: Shell, text: str) -> None:
    """Run text in a shell whose folder and variables are not ours."""
    inner = shell.sub()
    inner.folder = ""
    inner.nested(text)


class _Container(NamedTuple):
    """How a container tool's verb names what to run: options with values, operands before the command."""

    valued: str
    before: int


_DOCKER = "-e -u -w -v -p --name --env --user --workdir --volume --network --entrypoint -n --namespace -c --container"
_CONTAINERS = {
    "exec": _Container(_DOCKER, 1),
    "run": _Container(_DOCKER + " -l --label -h --mount --cpus -m", 1),
}


def container(shell: Shell, name: str, words: list[Field]) -> str | None:
    """`docker exec c cmd`, `kubectl exec pod -- cmd`: the words from the verb on."""
    verb = words[0].text
    form = _CONTAINERS[verb]
    parsed = read_words(words[1:], form.valued, leading=True)
    rest = list(parsed.operands[form.before :])
    if rest and rest[0].text == "--":
        rest = rest[1:]
    shell.does(Verb.RUN, name, text=_joined(words), program=name)
    if not rest:
        return None
    inner = shell.sub()
    inner.folder = ""
    return inner.call(inner, rest)


def xargs(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`… | xargs cmd`: the command on the words that come in."""
    valued = "-a -d -E -I -L -n -P -s --arg-file --delimiter --replace --max-args --max-procs -j --jobs"
    words = read_words(args, valued, leading=True)
    command = list(words.operands) or [Field("echo")]
    for source in words.values("-a", "--arg-file"):
        shell.does(Verb.READ, shell.path(source.text), program=name, certain=source.certain)
    markers = [field.text for field in words.values("-I", "--replace")] or (
        ["{}"] if name == "parallel" else []
    )
    items = _incoming(shell, words)
    inner = shell.sub()
    inner.stdin = ""
    if markers and any(markers[0] in field.text for field in command):
        for item in items:
            inner.call(inner, [_filled(field, markers[0], item) for field in command])
        return None
    return inner.call(inner, command + items)


def _incoming(shell: Shell, words: Words) -> list[Field]:
    if shell.stdin is None or words.has("-a", "--arg-file"):
        return [Field(shell.source or "{}", False)]
    separator = words.values("-d", "--delimiter")
    pieces = re.split(re.escape(separator[0].text), shell.stdin) if separator and separator[0].text else None
    if pieces is None:
        pieces = re.split(r"\x00" if words.has("-0", "--null") else r"\s+", shell.stdin)
    return [Field(piece.strip("'\"\n")) for piece in pieces if piece.strip()][:_MOST]


def _filled(field: Field, marker: str, item: Field) -> Field:
    if marker not in field.text:
        return field
    return Field(field.text.replace(marker, item.text), field.certain and item.certain)


def find(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`find where … -delete`, `-exec cmd {} \\;`: lists, and does what its actions say to what it finds."""
    place = 0
    while place < len(args) and not args[place].text.startswith(("-", "(", "!")):
        place += 1
    while place < len(args) and args[place].text in ("-L", "-H", "-P"):
        place += 1
    starts = [a for a in args[:place] if not a.text.startswith("-")] or [Field(".")]
    for start in starts:
        shell.does(
            Verb.LIST, shell.path(start.text), text=_joined(args[place:]), program=name, certain=start.certain
        )
    found = [Field(pattern, False) for start in starts for pattern in [_found(start.text, args[place:])]]
    exact = not any(
        a.text.startswith(("-name", "-iname", "-path", "-type", "-m", "-new")) for a in args[place:]
    )
    if exact:
        found = list(starts)
    _actions(shell, args[place:], found)
    return None


def _found(start: str, tests: list[Field]) -> str:
    """Return a pattern for what `find` finds: the folder and the name asked for."""
    for test, value in itertools.pairwise(tests):
        if test.text in ("-name", "-iname"):
            return f"{start.rstrip('/')}/{value.text}"
        if test.text in ("-path", "-wholename", "-ipath"):
            return value.text
    return f"{start.rstrip('/')}/*"


def _actions(shell: Shell, words: list[Field], found: list[Field]) -> None:
    i = 0
    while i < len(words):
        action = words[i].text
        if action == "-delete":
            for field in found:
                shell.does(Verb.DELETE, shell.path(field.text), program="find", certain=field.certain)
        elif action in ("-fprint", "-fprintf", "-fls") and i + 1 < len(words):
            shell.does(
                Verb.WRITE, shell.path(words[i + 1].text), program="find", certain=words[i + 1].certain
            )
        elif action in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((j for j in range(i + 1, len(words)) if words[j].text in (";", "+")), len(words))
            command = words[i + 1 : end]
            for field in found:
                inner = shell.sub()
                inner.call(
                    inner, [_filled(word, "{}", field) if "{}" in word.text else word for word in command]
                )
            i = end
        i += 1


def terminal(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`tmux send-keys 'cmd' Enter`, `tmux new -d cmd`, `screen -dm cmd`: what a terminal elsewhere is made to run."""
    shell.does(Verb.RUN, name, text=_joined(args), program=name)
    texts = [arg.text for arg in args]
    if "send-keys" in texts or "send" in texts:
        verb = texts.index("send-keys" if "send-keys" in texts else "send")
        words = read_words(args[verb + 1 :], "-t -N")
        keys = [f.text for f in words.operands if f.text not in ("Enter", "C-m", "ENTER")]
        _elsewhere(shell, " ".join(keys))
    elif any(
        verb in texts for verb in ("new", "new-session", "new-window", "neww", "split-window", "run-shell")
    ):
        words = read_words(args[1:], "-s -n -t -c -x -y -F -e", leading=True)
        _elsewhere(shell, " ".join(field.text for field in words.operands))
    elif name == "screen":
        words = read_words(args, "-S -c -T -t -p", leading=True)
        _elsewhere(shell, " ".join(shlex.quote(field.text) for field in words.operands))
    return None


def _handed(shell: Shell, field: Field) -> str | None:
    if not field.certain:
        shell.does(Verb.UNKNOWN, text=field.text, certain=False)
    return shell.sub().nested(field.text)


def _joined(fields: list[Field] | tuple[Field, ...]) -> str:
    return " ".join(field.text for field in fields)


SPECIALS = {
    "env": env,
    "su": su,
    "runuser": su,
    "script": su,
    "ssh": ssh,
    "autossh": ssh,
    "xargs": xargs,
    "parallel": xargs,
    "find": find,
    "fd": find,
    "tmux": terminal,
    "screen": terminal,
}
