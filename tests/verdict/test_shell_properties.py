# SPDX-License-Identifier: MIT
"""Laws of the shell reader: it never raises, and how a command is wrapped or quoted does not change what it does."""

import base64
import shlex

from hypothesis import given, settings
from hypothesis import strategies as st

from offswitch.verdict.effects import Effect
from offswitch.verdict.shell import shell_effects

NAMES = st.text(alphabet="abcxyz019._-é", min_size=1, max_size=8).filter(
    lambda name: not name.startswith("-")
)
TEMPLATES = ("rm {a}", "mv {a} {b}", "cp {a} d/{b}", "chmod 000 {a}", "cat {a} {b}", "sed -i s/x/y/ {a}", "frob {a}", "echo x >> {a}", "cat < {a} > {b}", "kill 12", "rm {a} && cat {b}", "ln -s {a} {b}")  # fmt: skip
PIECES = ["rm", " ", "a", "'", '"', "$", "(", ")", "{", "}", "`", "\\", ";", "|", "&", "<", ">", "\n", "<<E", "E\n", "X=", "$X", "$((", "[[", "if ", "; then ", "fi", "for ", "in ", "do ", "done", "#", "*", "=", "eval ", "bash -c ", "é", "\x00", "${", ":-", "$'", "case ", "esac", ";;", "~", "!", "<(", "xargs ", "base64 -d"]  # fmt: skip


@st.composite
def simple_commands(draw):
    return draw(st.sampled_from(TEMPLATES)).format(a=draw(NAMES), b=draw(NAMES))


def what(command: str) -> list[tuple]:
    return [plain(effect) for effect in shell_effects(command)]


def plain(effect: Effect) -> tuple:
    return (effect.verb, effect.source, effect.target, effect.text, effect.certain, effect.conditional)


WRAPPERS = (
    lambda c: f"bash -c {shlex.quote(c)}",
    lambda c: f"sh -c {shlex.quote('bash -c ' + shlex.quote(c))}",
    lambda c: f"eval {shlex.quote(c)}",
    lambda c: f"({c})",
    lambda c: f"{{ {c}; }}",
    lambda c: f"bash <<'END_OF_IT'\n{c}\nEND_OF_IT",
    lambda c: f"echo {base64.b64encode(c.encode()).decode()} | base64 -d | bash",
    lambda c: f"bash <<< {shlex.quote(c)}",
    lambda c: f"true; {c}",
    lambda c: f"echo hello\n{c} # done",
    lambda c: f"printf %s {shlex.quote(c)} | sh",
    lambda c: f'C={shlex.quote(c)}; eval "$C"',
    lambda c: f'eval "$(echo {base64.b64encode(c.encode()).decode()} | base64 --decode)"',
    lambda c: f"env -i bash -c {shlex.quote(c)}",
    lambda c: f"sudo timeout 5 nohup bash -lc {shlex.quote(c)} &",
)


@given(simple_commands(), st.sampled_from(WRAPPERS))
@settings(max_examples=150, deadline=None)
def test_a_wrapped_command_does_the_same(command, wrap):
    assert what(wrap(command)) == what(command)


def spelled(word: str, way: int) -> str:
    """Spell a word another way."""
    return (
        word,
        f"'{word}'",
        f'"{word}"',
        "''".join(word),
        word[:1] + '"' + word[1:] + '"',
        "$'" + "".join(f"\\x{b:02x}" for b in word.encode()) + "'" if word.isascii() else word,
        "$(echo " + word + ")",
        "${UNSET-}".join([""] * 1) + word,
        "".join("\\" + char for char in word),
    )[way]


@given(simple_commands(), st.lists(st.integers(0, 8), min_size=12, max_size=12))
@settings(max_examples=150, deadline=None)
def test_a_word_quoted_differently_is_the_same_word(command, ways):
    words = command.split(" ")
    other = " ".join(
        w if w in (">", ">>", "<", "&&") else spelled(w, way) for w, way in zip(words, ways, strict=False)
    )
    assert what(other) == what(command)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
@settings(max_examples=300, deadline=2000)
def test_no_text_breaks_the_reader(command):
    for effect in shell_effects(command):
        assert 0 <= effect.start <= effect.stop <= len(command)


@given(simple_commands(), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@settings(max_examples=150, deadline=2000)
def test_what_follows_on_later_lines_does_not_undo_a_good_line(command, rest):
    known = what(command)
    assert what(f"{command}\n{rest}")[: len(known)] == known
