# SPDX-License-Identifier: MIT
r"""Expand one word of a command as bash would: quotes, variables, substitutions, braces, splitting.

    r''m   "$X"   $'\x72m'   ${X:-rm}   $(echo rm)   {a,b}.txt   shut*

Works on the text of the word, not on the syntax tree, since quoting is where a grammar is vague and an adversary is
exact. The one thing that is easy to get wrong: what is not known stays in the word as it was written, and the word is
marked as not certain.
"""

from __future__ import annotations

import re

from offswitch.verdict.shell.braces import expand_braces
from offswitch.verdict.shell.lexing import balanced
from offswitch.verdict.shell.parameters import arithmetic, changed, element
from offswitch.verdict.shell.state import Field, Shell, Value

SPLIT = " \t\n"
DEFAULTS = {"IFS": SPLIT, "HOME": "~", "SHELL": "/bin/bash", "0": "bash", "BASH": "/bin/bash"}
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9]|[@*#?$!-]")
_PARAMETER = re.compile(r"(!?)(#?)([A-Za-z_]\w*|[0-9]+|[@*#?$!-])(\[[^\]]*\])?(.*)\Z", re.DOTALL)
_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
_ANSI = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|c.|.)", re.DOTALL)
_LONG = 1_000  # characters of a value on which patterns are tried


def fields_of(shell: Shell, raw: str, at: int = 0) -> list[Field]:
    """Return the words that the raw word at offset `at` stands for; none where it expands to nothing."""
    fields: list[Field] = []
    variants = expand_braces(raw)
    for variant in variants:
        # Offsets are exact only where no brace has moved the text.
        scan = _Scan(shell, variant, at if len(variants) == 1 else -1)
        fields.extend(scan.fields())
    shell.budget.spend(characters=sum(len(field.text) + 1 for field in fields))
    return fields


def text_of(shell: Shell, raw: str, at: int = 0) -> Field:
    """Expand a word where the shell does not split: assignments, redirection targets, here-strings."""
    scan = _Scan(shell, raw, at, split=False)
    fields = scan.fields()
    shell.budget.spend(characters=sum(len(field.text) + 1 for field in fields))
    return Field(" ".join(field.text for field in fields), all(field.certain for field in fields))


def document_of(shell: Shell, raw: str, at: int = 0) -> Field:
    """Expand the body of a here-document: variables and substitutions work, quotes are plain text."""
    scan = _Scan(shell, raw, at, split=False)
    scan.quoted(0, len(raw), document=True)
    shell.budget.spend(characters=len(raw))
    return scan.close()


def decode_ansi(text: str) -> str:
    r"""Decode the escapes of `$'…'`, `echo -e` and `printf`: `\x6b`, `\153`, `\n`."""
    return _ANSI.sub(_decoded, text)


def _decoded(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "xuU" and len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    if code[0] == "c" and len(code) > 1:
        return chr(ord(code[1]) & 0x1F)
    return _ESCAPES.get(code, match[0])


class _Scan:
    """One pass over one word."""

    def __init__(self, shell: Shell, raw: str, at: int, *, split: bool = True) -> None:
        self.shell, self.raw, self.at, self.split = shell, raw, at, split
        self.done: list[Field] = []
        self.parts: list[str] = []
        self.started = False
        self.certain = True

    def fields(self) -> list[Field]:
        """Scan the whole word and return its fields."""
        raw, i = self.raw, 0
        self.shell.budget.enter()
        while i < len(raw):
            i = self._plain(i)
        self.shell.budget.leave()
        if self.started or self.parts:
            self.done.append(self.close())
        return self.done

    def close(self) -> Field:
        """End the field that is being built."""
        field = Field("".join(self.parts), self.certain)
        self.parts, self.started, self.certain = [], False, True
        return field

    def quoted(self, i: int, stop: int, *, document: bool = False) -> int:
        """Scan the inside of double quotes (or of a here-document) from `i`; return where it ended."""
        raw = self.raw
        while i < stop:
            char = raw[i]
            if char == '"' and not document:
                return i + 1
            if char == "\\" and i + 1 < stop:
                follows = raw[i + 1]
                if follows in "$`\\\n" or (follows == '"' and not document):
                    self._add("" if follows == "\n" else follows)
                else:
                    self._add(char + follows)
                i += 2
            elif char == "$":
                i = self._dollar(i, quoted=True)
            elif char == "`":
                i = self._backtick(i, quoted=True)
            else:
                following = _next_of(raw, i + 1, '"\\$`')
                self._add(raw[i : min(following, stop)])
                i = min(following, stop)
        return i

    def _plain(self, i: int) -> int:
        raw, char = self.raw, self.raw[i]
        if char == "\\":
            follows = raw[i + 1 : i + 2]
            if follows != "\n":
                self._add(follows)
            return i + 2
        if char == "'":
            end = raw.find("'", i + 1)
            end = len(raw) if end < 0 else end
            self._add(raw[i + 1 : end])
            return end + 1
        if char == '"':
            self.started = True
            return self.quoted(i + 1, len(raw))
        if char == "$":
            return self._dollar(i, quoted=False)
        if char == "`":
            return self._backtick(i, quoted=False)
        if char in "<>" and raw.startswith("(", i + 1):
            return self._process(i)
        if char in "*?" or (char == "[" and "]" in raw[i : i + 256]):
            self.certain = False
        if char in "@+!" and raw.startswith("(", i + 1):
            self.certain = False
        following = _next_of(raw, i + 1, "\\'\"$`<>*?[@+!")
        self._add(raw[i:following])
        return following

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.started = True

    def _dollar(self, i: int, *, quoted: bool) -> int:
        raw = self.raw
        follows = raw[i + 1 : i + 2]
        if follows == "'" and not quoted:
            end = _ansi_end(raw, i + 2)
            self._add(decode_ansi(raw[i + 2 : end]))
            return end + 1
        if follows == '"' and not quoted:
            self.started = True
            return self.quoted(i + 2, len(raw))
        if raw.startswith("((", i + 1):
            end = balanced(raw, i + 1)
            if raw[end - 2 : end] == "))":
                sum_of = text_of(self.shell, raw[i + 3 : end - 2], -1)
                self._put(arithmetic(sum_of.text) if sum_of.certain else None, raw[i:end], quoted)
                return end
        if follows == "(":
            end = balanced(raw, i + 1)
            value = self._captured(raw[i + 2 : end - 1], i + 2)
            self._put(value, raw[i:end], quoted)
            return end
        if follows == "{":
            end = balanced(raw, i + 1)
            self._put(self._parameter(raw[i + 2 : end - 1]), raw[i:end], quoted)
            return end
        name = _NAME.match(raw, i + 1)
        if not name:
            self._add("$")
            return i + 1
        self._put(value_of(self.shell, name[0]), raw[i : name.end()], quoted)
        return name.end()

    def _captured(self, text: str, i: int) -> Value | None:
        inner = self.shell.sub()
        if self.at < 0 and inner.place is None:
            inner.place = inner.here
        output = inner.run(inner, text, self.at + i if self.at >= 0 else 0)
        return None if output is None else Value(output.rstrip("\n"))

    def _backtick(self, i: int, *, quoted: bool) -> int:
        raw, end = self.raw, i + 1
        while end < len(raw) and raw[end] != "`":
            end += 2 if raw[end] == "\\" else 1
        text = re.sub(r"\\([`\\$])", r"\1", raw[i + 1 : end])
        self._put(self._captured(text, i + 1), raw[i : end + 1], quoted)
        return end + 1

    def _process(self, i: int) -> int:
        end = balanced(self.raw, i + 1)
        written = self.raw[i:end]
        output = self._captured(self.raw[i + 2 : end - 1], i + 2)
        if output is not None and self.raw[i] == "<":
            self.shell.files[written] = output.text
        self._add(written)
        self.certain = False
        return end

    def _parameter(self, inside: str) -> Value | None:
        match = _PARAMETER.match(inside)
        if not match:
            return None
        indirect, count, name, index, rest = match.groups()
        value = value_of(self.shell, name)
        if indirect:
            value = value_of(self.shell, value.text) if value else None
        if index and value and value.items is not None:
            value = element(value, index[1:-1])
        if count:
            return Value(str(len(value.text))) if value else None
        if not rest:
            return value
        return self._operated(name, value, rest)

    def _operated(self, name: str, value: Value | None, rest: str) -> Value | None:
        default = re.match(r":?([-=+?])(.*)\Z", rest, re.DOTALL)
        if default and default[1] in "-=":
            if value and value.text:
                return value
            word = text_of(self.shell, default[2], -1)
            if default[1] == "=":
                self.shell.variables[name] = Value(word.text, word.certain)
            # Unset here may still be set in the environment.
            return Value(word.text, word.certain and value is not None)
        if default and default[1] == "+":
            if value is None:
                return None
            word = text_of(self.shell, default[2], -1)
            return Value(word.text, word.certain) if value.text else Value("")
        if value is None or not value.certain or len(value.text) > _LONG:
            return None
        # Patterns are tried at every length of the value.
        self.shell.budget.spend(steps=1, characters=len(value.text) * 300)
        return changed(value.text, rest, lambda raw: text_of(self.shell, raw, -1).text)

    def _put(self, value: Value | None, written: str, quoted: bool) -> None:
        """Add an expansion to the field: split where bash splits, raw where it is not known."""
        if value is None:
            if self.shell.unset_is_empty:
                return
            self._add(written)
            self.certain = False
            return
        self.shell.budget.spend(characters=len(value.text))
        if value.items is not None and (self.split or not quoted):
            self._put_items(value.items, quoted)
            return
        if quoted or not self.split:
            self._add(value.text)
            self.certain &= value.certain
            return
        self._put_split(value)

    def _put_items(self, items: tuple[Field, ...], quoted: bool) -> None:
        for place, item in enumerate(items):
            if place:
                self.done.append(self.close())
            if quoted:
                self._add(item.text)
                self.certain &= item.certain
            else:
                self._put_split(Value(item.text, item.certain))

    def _put_split(self, value: Value) -> None:
        if value.whole:
            self._add(value.text)
            self.certain &= value.certain
            return
        separators = self.shell.variables.get("IFS", Value(SPLIT)).text
        pieces = [value.text] if not separators else re.split(f"[{re.escape(separators)}]+", value.text)
        for place, piece in enumerate(pieces):
            if place and (self.started or self.parts):
                self.done.append(self.close())
            if piece:
                self._add(piece)
                self.certain &= value.certain and not re.search(r"[*?]|\[.*\]", piece)


def value_of(shell: Shell, name: str) -> Value | None:
    """Return what a variable or parameter holds, None where it cannot be told."""
    if name in shell.variables:
        held = shell.variables[name]
        return held if held.certain or held.items is not None or held.text else None
    if name in "@*":
        return Value(" ".join(field.text for field in shell.positional), items=shell.positional)
    if name == "#":
        return Value(str(len(shell.positional)))
    if name.isdigit() and name != "0":
        place = int(name[:6]) - 1
        return Value(*shell.positional[place]) if place < len(shell.positional) else Value("")
    if name == "PWD" and shell.folder:
        return Value(shell.folder)
    return Value(DEFAULTS[name]) if name in DEFAULTS else None


def _ansi_end(raw: str, i: int) -> int:
    while i < len(raw) and raw[i] != "'":
        i += 2 if raw[i] == "\\" else 1
    return min(i, len(raw))


_SPECIALS: dict[str, re.Pattern[str]] = {}


def _next_of(raw: str, i: int, specials: str) -> int:
    """Return the offset of the next special character at or after `i`."""
    pattern = _SPECIALS.get(specials) or _SPECIALS.setdefault(
        specials, re.compile(f"[{re.escape(specials)}]")
    )
    found = pattern.search(raw, i)
    return found.start() if found else len(raw)
