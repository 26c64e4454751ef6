# SPDX-License-Identifier: MIT
"""Commands that change text in files, or only show it: `sed`, `awk`, `ed`, `vim -c`, `patch`.

The one thing that is easy to get wrong: `sed -n '1,5p' f` reads, `sed -i s/a/b/ f` changes, `sed 'w f'` writes.
"""

from __future__ import annotations

import re

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.options import read_words
from offswitch.verdict.shell.state import Field, Shell
from offswitch.verdict.shell.words import decode_ansi

_SED_WRITES = re.compile(r"(?:^|[;{}\n]|\d|\$|/[a-zA-Z0-9]*)\s*[wW]\s+([^;}\n]+)")
_SED_RUNS = re.compile(r"(?:^|[;{}\n\d$/])\s*e\s+([^;}\n]+)|(?P<mark>[|/,#@])[a-z0-9]*e[a-z0-9]*\s*$")
_AWK_OUT = re.compile(r">>?\s*\"([^\"]+)\"")
_AWK_PIPE = re.compile(r"\|\s*\"([^\"]+)\"|\"([^\"]+)\"\s*\|\s*getline")
_AWK_SYSTEM = re.compile(r"system\s*\(\s*\"((?:[^\"\\]|\\.)*)\"\s*\)")


def sed(shell: Shell, name: str, args: list[Field]) -> str | None:
    """Read, or with `-i` change, files by a script; a script may itself write files and run commands."""
    words = read_words(args, "-e -f -l --expression --file --line-length")
    scripts = words.values("-e", "--expression")
    for field in words.values("-f", "--file"):
        shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
    operands = list(words.operands)
    if not scripts and not words.has("-f", "--file") and operands:
        scripts = [operands.pop(0)]
    script = "\n".join(field.text for field in scripts)
    in_place = any(option.startswith(("-i", "--in-place")) for option, _ in words.options)
    if (
        in_place
        and "n" in _flags(args)
        and not re.search(r"[swdcaieyDNGx]", re.sub(r"[^a-zA-Z]", "", script))
    ):
        in_place = True  # even `-n -i` without `p` empties the file
    if in_place and operands and operands[0].text == "":
        operands.pop(0)  # BSD: -i ''
    verb = Verb.EDIT if in_place else Verb.READ
    certain = all(field.certain for field in scripts)
    for field in operands:
        shell.does(verb, shell.path(field.text), text=script, program=name, certain=field.certain and certain)
    _sed_script(shell, script)
    return _substituted(shell, script, bool(operands), in_place)


def _flags(args: list[Field]) -> str:
    return "".join(arg.text for arg in args if re.fullmatch(r"-[a-zA-Z]+", arg.text))


def _sed_script(shell: Shell, script: str) -> None:
    for match in _SED_WRITES.finditer(script[:65536]):
        path = match[1].strip()
        if not path.startswith("/dev/std"):
            shell.does(Verb.WRITE, shell.path(path), text=script, program="sed")
    for match in _SED_RUNS.finditer(script[:65536]):
        if match[1]:
            shell.sub().nested(match[1])
        elif re.match(
            r"\s*(?:[\d,$]|/[^/]*/)*\s*s(?P<m>[^\w\s]).*?(?P=m).*?(?P=m)\w*e\w*\s*$", script, re.DOTALL
        ):
            shell.does(Verb.UNKNOWN, text=script, program="sed", certain=False)


def _substituted(shell: Shell, script: str, has_files: bool, in_place: bool) -> str | None:
    """Return what a plain `s/a/b/g` makes of a known text that comes in."""
    if has_files or in_place or shell.stdin is None or len(shell.stdin) > 65536:
        return None
    plain = re.fullmatch(r"s([/|,#@])([\w \-.]*)\1([\w \-./]*)\1(g?)", script)
    if not plain or "." in plain[2]:
        return None
    count = -1 if plain[4] else 1
    return "".join(row.replace(plain[2], plain[3], count) for row in shell.stdin.splitlines(keepends=True))


def awk(shell: Shell, name: str, args: list[Field]) -> str | None:
    """Read files; `-i inplace` changes them; a program may write files, run commands and open pipes itself."""
    words = read_words(
        args,
        "-F -v -f -i -e --file --field-separator --assign --include --source",
        leading=True,
    )
    operands = list(words.operands)
    program = words.values("-e", "--source")
    sources = words.values("-f", "--file")
    for field in sources:
        shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
    if not program and not sources and operands:
        program = [operands.pop(0)]
    text = "\n".join(field.text for field in program)
    in_place = any(field.text == "inplace" for field in words.values("-i", "--include"))
    for field in operands:
        if not re.match(r"[A-Za-z_]\w*=", field.text) and field.text != "-":
            verb = Verb.EDIT if in_place else Verb.READ
            shell.does(verb, shell.path(field.text), text=text, program=name, certain=field.certain)
    _awk_program(shell, text[:65536], in_place)
    return _printed_by_awk(shell, text) if not operands else None


def _awk_program(shell: Shell, text: str, in_place: bool) -> None:
    # A comparison with a string, `$1 > "m"`, only looks like a redirection before `print`.
    for match in _AWK_OUT.finditer(text):
        if re.search(r"\bprintf?\b[^;{}\n]*\Z", text[: match.start()]) and not match[1].startswith(
            "/dev/std"
        ):
            verb = Verb.APPEND if match[0].startswith(">>") else Verb.WRITE
            shell.does(verb, shell.path(match[1]), text=text, program="awk")
    for match in _AWK_SYSTEM.finditer(text):
        shell.sub().nested(decode_ansi(match[1]))
    for match in _AWK_PIPE.finditer(text):
        inner = shell.sub()
        inner.stdin = None
        inner.nested(match[1] or match[2])
    code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    if re.search(r"\bsystem\s*\(\s*[^\"\s)]", code) or re.search(r"\bprintf?\b[^;}\n|]*\|\s*[a-zA-Z$]", code):
        shell.does(Verb.UNKNOWN, text=text, program="awk", certain=False)


def _printed_by_awk(shell: Shell, text: str) -> str | None:
    """Return what `awk '{print $2}'` or `awk 'BEGIN{print "rm"}'` prints of a known text."""
    literal = re.fullmatch(r"\s*BEGIN\s*\{\s*print\s+\"([^\"\\]*)\"\s*;?\s*\}\s*", text)
    if literal:
        return literal[1] + "\n"
    column = re.fullmatch(r"\s*\{\s*print\s+\$(\d{1,3})\s*;?\s*\}\s*", text)
    if not column or shell.stdin is None:
        return None
    place = int(column[1])
    rows = [row.split() if place else [row] for row in shell.stdin.splitlines()]
    return "".join((row[max(place - 1, 0)] if len(row) >= place else "") + "\n" for row in rows)


def ed(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`ed f`, `ex -s f <<E`, `vim -c cmd f`: an editor that is told what to do changes the file."""
    valued = "-p" if name == "ed" else "-c -S -u --cmd -i"
    words = read_words([a for a in args if not a.text.startswith("+")], valued)
    told = [field.text for field in words.values("-c", "--cmd")] + [
        a.text[1:] for a in args if a.text.startswith("+")
    ]
    script = "\n".join([*told, shell.stdin or ""]).strip()
    if words.has("-R", "-M") and not script:
        for field in words.operands:
            shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
        return None
    for field in words.operands:
        shell.does(Verb.EDIT, shell.path(field.text), text=script, program=name, certain=field.certain)
    for match in re.finditer(r"(?m)^\s*:?(?:silent\s+)?!(.+)$", script[:65536]):
        shell.sub().nested(match[1])
    for match in re.finditer(r"(?m)^\s*:?[wW]!?q?\s+(\S+)", script[:65536]):
        shell.does(Verb.WRITE, shell.path(match[1]), program=name)
    return None


def compress(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`gzip f` replaces a file by its packed form; `-c`, `-k`, `-l` and `-t` leave it as it is."""
    words = read_words(args, "-S -T --suffix --threads")
    keeps = words.has("-c", "--stdout", "--to-stdout", "-k", "--keep", "-l", "--list", "-t", "--test")
    for field in words.operands:
        verb = Verb.READ if keeps else Verb.EDIT
        shell.does(verb, shell.path(field.text), program=name, certain=field.certain)
    return None


_PATCHED = re.compile(r"(?m)^(?:\+\+\+ |\*\*\* (?:Update|Add|Delete) File: )([^\t\n]+)")


def patch(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`patch f < d`, `git apply`: the files that the patch names."""
    valued = "-p -i -d -o -D -B -z -F -r --input --directory --output --strip"
    words = read_words(args, valued)
    if words.has("--dry-run", "--check", "--stat"):
        return None
    for field in words.values("-i", "--input"):
        shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
    text = shell.stdin
    if words.operands:
        target = words.operands[0]
        shell.does(Verb.EDIT, shell.path(target.text), text=text or "", program=name, certain=target.certain)
        return None
    changed = patched_files(text or "")
    for path in changed:
        shell.does(Verb.EDIT, shell.path(path), text=text or "", program=name)
    if not changed:
        shell.does(Verb.UNKNOWN, text=" ".join(["patch", *(arg.text for arg in args)]), program=name)
    return None


def patched_files(text: str) -> list[str]:
    """Return the files that a patch changes, each once, without the `a/` and `b/` of git."""
    names = [re.sub(r"^[ab]/", "", match[1].strip()) for match in _PATCHED.finditer(text)]
    return list(dict.fromkeys(name for name in names if name != "/dev/null"))


SPECIALS = {
    **dict.fromkeys(["sed", "gsed"], sed),
    **dict.fromkeys(["awk", "gawk", "mawk", "nawk"], awk),
    **dict.fromkeys(
        [
            "gzip",
            "bzip2",
            "xz",
            "zstd",
            "compress",
            "pigz",
            "gunzip",
            "bunzip2",
            "unxz",
            "unzstd",
            "uncompress",
        ],
        compress,
    ),
    **dict.fromkeys(["ed", "ex", "vi", "vim", "nvim"], ed),
    "patch": patch,
}
