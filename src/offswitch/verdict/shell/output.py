# SPDX-License-Identifier: MIT
"""Commands whose output can be told without running them, so that `$(…)` and pipes can be followed.

`echo`, `printf`, `base64 -d`, `tr`, `rev`, `xxd -r -p`, `cut`, `head` … The one thing that is easy to get wrong: an
output that is only half known is not known.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import itertools
import posixpath
import re

from offswitch.verdict.effects import Verb
from offswitch.verdict.shell.options import read_words
from offswitch.verdict.shell.state import Field, Shell, Value
from offswitch.verdict.shell.words import decode_ansi

_MOST = 65536  # characters of output that are followed


def echo(shell: Shell, name: str, args: list[Field]) -> str | None:
    """Print words; `-e` decodes escapes."""
    decode, end, words = False, "\n", list(args)
    while words and re.fullmatch(r"-[neE]+", words[0].text):
        flags = words.pop(0).text
        decode = "e" in flags or (decode and "E" not in flags)
        end = "" if "n" in flags else end
    if not all(word.certain for word in words):
        return None
    text = " ".join(word.text for word in words)
    return (decode_ansi(text) if decode else text) + end


def printf(shell: Shell, name: str, args: list[Field]) -> str | None:
    """Print by a format; only `%s`, `%b`, `%d`, `%c`, `%x`, `%%`."""
    if len(args) > 2 and args[0].text == "-v":
        made = printf(shell, name, args[2:])
        shell.variables[args[1].text] = Value(made or "", made is not None)
        return ""
    args = [arg for place, arg in enumerate(args) if not (place == 0 and arg.text == "--")]
    if not args or not all(arg.certain for arg in args):
        return None
    form, values = args[0].text, [arg.text for arg in args[1:]]
    holes = len(re.findall(r"%[^%]", form.replace("%%", "")))
    output = []
    while True:
        taken, values = values[:holes], values[holes:]
        piece = _formatted(form, taken)
        if piece is None:
            return None
        output.append(piece)
        if not values or not holes or len(output) > 1000:
            return "".join(output)


def _formatted(form: str, values: list[str]) -> str | None:
    supply = iter(values)

    def put(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if match[1] is None:
            return decode_ansi(match[0])
        value = next(supply, "")
        return decode_ansi(value) if match[1] == "b" else value[:1] if match[1] == "c" else value

    if re.search(r"%(?:[^sbdciux%]|$)", form):
        return None
    if re.search(r"%[dciux]", form):
        values[:] = [value.lstrip("0") or "0" if value.isdigit() else value for value in values]
        if re.search(r"%[xc]", form):
            return None
    return re.sub(
        r"%%|%([sbdiu])|\\(?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}|u[0-9a-fA-F]{1,4}|.)", put, form, flags=re.DOTALL
    )


def _taken(shell: Shell, name: str, operands: tuple[Field, ...]) -> str | None:
    """Return the text that a filter works on: of its files, else what comes in; files are read."""
    for field in operands:
        if field.text != "-":
            shell.does(Verb.READ, shell.path(field.text), program=name, certain=field.certain)
    if not operands or operands[0].text == "-":
        return shell.stdin
    parts = [shell.files.get(shell.path(field.text)) for field in operands]
    return None if any(part is None for part in parts) else "".join(part or "" for part in parts)


def decode64(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`base64 -d`, `base32 -d`; encoding too, since it may be decoded again."""
    words = read_words(args, "-w --wrap")
    text = _taken(shell, name, words.operands)
    if text is None:
        return None
    try:
        if words.has("-d", "-D", "--decode"):
            plain = base64.b32decode if name == "base32" else base64.b64decode
            cleaned = re.sub(r"\s+", "", text)
            return plain(cleaned + "=" * (-len(cleaned) % (8 if name == "base32" else 4))).decode(
                "utf-8", "replace"
            )
        coded = base64.b32encode if name == "base32" else base64.b64encode
        return coded(text.encode()).decode() + "\n"
    except (binascii.Error, ValueError):
        return None


def openssl(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`openssl base64 -d`, `openssl enc -base64 -d`; else a program like any other."""
    texts = [arg.text for arg in args]
    if texts and (texts[0] == "base64" or "-base64" in texts or "-a" in texts):
        return decode64(shell, name, [Field("-d")] if "-d" in texts else [])
    shell.does(Verb.RUN, name, text=" ".join(texts), program=name)
    return None


def hexdump(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`xxd -r -p` turns digits into text; else it reads."""
    words = read_words(args, "-l -s -c -g -o -n")
    text = _taken(shell, name, words.operands)
    if text is None or not words.has("-r"):
        return None
    digits = re.sub(r"\s+", "", text)
    try:
        return bytes.fromhex(digits).decode("utf-8", "replace") if words.has("-p", "-ps") else None
    except ValueError:
        return None


def translate(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`tr a-z b-za`, `tr -d x`."""
    words = read_words(args, "")
    sets = [_characters(decode_ansi(field.text)) for field in words.operands]
    if shell.stdin is None or not sets or any(chars is None for chars in sets):
        return None
    first = sets[0] or ""
    if words.has("-d"):
        return shell.stdin.translate({ord(char): None for char in first})
    if len(sets) < 2 or words.has("-c", "-s", "-C"):
        return None
    second = sets[1] or ""
    padded = second + second[-1:] * (len(first) - len(second))
    return shell.stdin.translate({ord(a): b for a, b in zip(first, padded, strict=False)})


_CLASSES = {
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[:digit:]": "0123456789",
    "[:space:]": " \t\n\r\v\f",
}


def _characters(text: str) -> str | None:
    for name, members in _CLASSES.items():
        text = text.replace(name, members)
    if "[:" in text or len(text) > 1000:
        return None
    return re.sub(
        r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), min(ord(m[2]), ord(m[1]) + 300) + 1))), text
    )


_VALUED = {
    "head": "-n -c --lines --bytes",
    "tail": "-n -c -s --lines --bytes --pid",
    "cut": "-d -f -c -b --delimiter --fields --characters",
    "sort": "-k -t -o -S -T --key --output",
}


def lines(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`rev`, `tac`, `sort`, `head -n`, `tail -n`, `cut`, `tee`-less filters that keep text readable."""
    words = read_words(args, _VALUED.get(name, ""))
    for field in words.values("-o") if name == "sort" else []:
        shell.does(Verb.WRITE, shell.path(field.text), program=name, certain=field.certain)
    text = _taken(shell, name, words.operands)
    if text is None or len(text) > _MOST:
        return None
    rows = text.splitlines()
    if name == "rev":
        return "".join(row[::-1] + "\n" for row in rows)
    if name == "tac":
        return "".join(row + "\n" for row in reversed(rows))
    if name in ("head", "tail"):
        return _ends(name, rows, words.values("-n", "--lines"), bool(words.has("-c", "--bytes")))
    if name == "cut":
        return _cut(
            rows, words.values("-d", "--delimiter"), words.values("-f", "--fields"), words.values("-c", "-b")
        )
    return None


def _ends(name: str, rows: list[str], counts: list[Field], in_bytes: bool) -> str | None:
    count = counts[0].text if counts else "10"
    if in_bytes or not re.fullmatch(r"\+?\d{1,6}", count):
        return None
    if name == "head":
        kept = rows[: int(count)]
    else:
        kept = rows[int(count) - 1 :] if count.startswith("+") else rows[-int(count) :] if int(count) else []
    return "".join(row + "\n" for row in kept)


def _cut(rows: list[str], delimiter: list[Field], fields: list[Field], chars: list[Field]) -> str | None:
    asked = (fields or chars)[:1]
    span = re.fullmatch(r"(\d{1,4})?(-)?(\d{1,4})?", asked[0].text) if asked else None
    if not span or not (span[1] or span[3]):
        return None
    low = int(span[1] or 1) - 1
    high = int(span[3]) if span[3] else (None if span[2] else low + 1)
    if chars:
        return "".join(row[low:high] + "\n" for row in rows)
    mark = delimiter[0].text if delimiter else "\t"
    return "".join(mark.join(row.split(mark)[low:high]) + "\n" for row in rows) if mark else None


def paths(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`pwd`, `basename`, `dirname`, `which`: pieces of paths."""
    words = [arg for arg in args if not arg.text.startswith("-")]
    if name == "pwd":
        return shell.folder + "\n" if shell.folder else None
    if not words or not all(word.certain for word in words):
        if name == "which":
            shell.does(Verb.LIST, "commands", text=" ".join(arg.text for arg in args), program=name)
        return None
    path = words[0].text
    if name == "dirname":
        return (posixpath.dirname(path.rstrip("/")) or ".") + "\n"
    if name == "basename":
        base = posixpath.basename(path.rstrip("/"))
        suffix = words[1].text if len(words) > 1 else ""
        return (base.removesuffix(suffix) if base != suffix else base) + "\n"
    shell.does(Verb.LIST, "commands", text=path, program=name)
    return path + "\n"


def sequence(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`seq 1 5`."""
    numbers = [arg.text for arg in args]
    if not numbers or not all(re.fullmatch(r"-?\d{1,9}", number) for number in numbers):
        return None
    low, step, high = {1: (1, 1, -1), 2: (0, 1, -1), 3: (0, 1, -1)}.get(len(numbers), (None, 1, -1))
    if low is None:
        return None
    start = 1 if len(numbers) == 1 else int(numbers[0])
    stride = int(numbers[1]) if len(numbers) == 3 else step
    stop = int(numbers[high])
    counted = itertools.islice(range(start, stop + (1 if stride > 0 else -1), stride or 1), 1001)
    rows = list(counted)
    return None if len(rows) > 1000 else "".join(f"{row}\n" for row in rows)


def rot13(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`rot13`."""
    return codecs.encode(shell.stdin, "rot13") if shell.stdin is not None else None


def tee(shell: Shell, name: str, args: list[Field]) -> str | None:
    """`… | tee [-a] file`: a copy of what comes in."""
    words = read_words(args, "")
    verb = Verb.APPEND if words.has("-a", "--append") else Verb.WRITE
    for field in words.operands:
        path = shell.path(field.text)
        if path.startswith("/dev/") and not path.startswith("/dev/sd"):
            continue
        shell.does(verb, path, text=shell.stdin or "", program=name, certain=field.certain)
        if shell.stdin is not None and len(shell.stdin) < _MOST:
            shell.files[path] = shell.files.get(path, "") * (verb is Verb.APPEND) + shell.stdin
    return shell.stdin


SPECIALS = {
    "echo": echo,
    "printf": printf,
    **dict.fromkeys(["base64", "base32"], decode64),
    "openssl": openssl,
    "xxd": hexdump,
    "tr": translate,
    **dict.fromkeys(["rev", "tac", "head", "tail", "sort", "cut"], lines),
    **dict.fromkeys(["pwd", "basename", "dirname", "which"], paths),
    "seq": sequence,
    "rot13": rot13,
    "tee": tee,
}
