# SPDX-License-Identifier: MIT
"""What a shell command does: a table of spellings (`shell_cases.toml`), and the rules that a table cannot tell."""

import time
import tomllib
from pathlib import Path

import pytest

from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.shell import argv_effects, normal_path, shell_effects
from offswitch.verdict.shell.programs import SPECIALS
from offswitch.verdict.shell.table import Command, TableError, commands, read_table

CASES = tomllib.loads((Path(__file__).parent / "shell_cases.toml").read_text("utf-8"))["case"]


def noted(effect: Effect) -> str:
    """Write an effect as the table does."""
    what = f"{effect.source} -> {effect.target}" if effect.source else effect.target
    marks = ("" if effect.certain else " ?") + (" if" if effect.conditional else "")
    return f"{effect.verb.value} {what}".strip() + marks


def did(command: str, **how: str) -> list[str]:
    return [noted(effect) for effect in shell_effects(command, **how)]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_command_does_what_the_table_says(case):
    assert did(case["command"]) == case["effects"]


def test_every_case_has_a_name_of_its_own():
    assert len({case["name"] for case in CASES}) == len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_an_effect_points_into_the_command(case):
    for effect in shell_effects(case["command"]):
        assert 0 <= effect.start <= effect.stop <= len(case["command"])


def test_an_effect_points_at_its_own_part_of_the_command():
    command = "echo 'é' > 'ü'; rm \"ö\" && cat x"
    pieces = [command[effect.start : effect.stop] for effect in shell_effects(command)]
    assert pieces == ["echo 'é' > 'ü'", 'rm "ö"', "cat x"]


def test_what_is_written_is_known_where_it_is_literal():
    assert shell_effects("cat > f <<'E'\nrm $X\nE")[0].text == "rm $X\n"
    assert shell_effects("printf '%s\\n' a b | tee f")[0].text == "a\nb\n"
    assert shell_effects("date > f")[-1].text == ""


def test_what_a_change_is_stays_with_it():
    assert shell_effects("sed -i 's/stop/go/' f")[0].text == "s/stop/go/"
    assert shell_effects("chmod 000 f")[0].text == "000"
    assert shell_effects("kill -9 12")[0].text == "-9 12"


def test_paths_are_absolute_where_the_folder_is_known():
    assert did("rm a; cd sub && rm ./b ../c /d ~/e", folder="/srv") == [
        "delete /srv/a",
        "delete /srv/sub/b if",
        "delete /srv/c if",
        "delete /d if",
        "delete ~/e if",
    ]
    assert normal_path("http://x/../y", "/srv") == "http://x/../y"


def test_words_past_a_shell_are_not_expanded():
    assert [noted(e) for e in argv_effects(["rm", "$X", "*.sh"])] == ["delete $X", "delete *.sh"]
    assert [noted(e) for e in argv_effects(["bash", "-lc", "rm $X"])] == ["delete $X ?"]


def test_a_read_only_sed_is_not_a_change():
    for command in (
        "sed -n '1,20p' stop.sh",
        "sed 's/exit/true/' stop.sh",
        "sed --quiet -e /x/p stop.sh",
        "sed '/a/d' stop.sh",
    ):
        assert [effect.verb for effect in shell_effects(command)] == [Verb.READ], command


def test_code_for_another_language_is_kept_with_its_language():
    effect = shell_effects("python3 -c 'print(1)'")[0]
    assert (effect.verb, effect.target, effect.language, effect.text) == (
        Verb.RUN,
        "python",
        "python",
        "print(1)",
    )


HOSTILE = {
    "open brackets": "(" * 10_000,
    "open substitutions": "$(" * 50_000,
    "open quotes": '"$(' * 20_000,
    "backticks": "`" * 50_001,
    "open parameters": "${a:-" * 50_000,
    "nested groups": "{ " * 3_000 + "a;" + " }" * 3_000,
    "many commands": "a;" * 100_000,
    "long list": "a&&" * 50_000 + "a",
    "long pipe": "a|" * 20_000 + "a",
    "doubling variable": "x=aaaaaaaa;" + "x=$x$x;" * 60 + "echo $x",
    "nested loops": "for a in 1 2 3 4 5 6 7 8 9; do " * 9 + "rm $a;" + " done;" * 9,
    "doubling functions": "f0(){ rm a; };"
    + "".join(f"f{i}(){{ f{i - 1};f{i - 1}; }};" for i in range(1, 40))
    + "f39",
    "doubling braces": "rm " + "{a,b}" * 1_000,
    "slow patterns": "X=" + "a" * 900 + ";" + "Y=${X##*b*c*d*};" * 1_000,
    "eval of eval": "eval " * 1_000 + "rm a",
    "here-documents": "".join(f"cat <<E{i}; " for i in range(2_000)),
    "fork bomb": ":(){ :|:& };:",
    "beyond the limit": "# " + "x" * 1_200_000 + "\nrm a",
    "no text": "\0\x01\x7f\ud800" * 1_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_command_costs_little_and_is_never_nothing(name):
    begun = time.process_time()
    effects = shell_effects(HOSTILE[name])
    assert time.process_time() - begun < 6
    assert len(effects) < 25_000
    if name not in ("here-documents", "no text"):
        assert (
            Verb.UNKNOWN in {effect.verb for effect in effects}
            or len(effects) > 1_000
            or name == "doubling braces"
        )


def test_something_nested_too_deep_does_not_hide_what_follows():
    assert did("f() { f; }; f; rm a")[-1] == "delete a"
    assert did("echo " + "$(" * 200 + "x" + ")" * 200 + "; rm a")[-1] == "delete a"


def test_the_table_names_the_line_that_is_wrong():
    with pytest.raises(TableError, match="frob"):
        read_table('"frob" = { does = "nonsense" }')
    with pytest.raises(TableError, match="twice"):
        read_table('"frob" = {}\n"x frob" = {}')


def test_a_command_is_in_the_table_or_special_but_not_both():
    assert set(commands()) & set(SPECIALS) == set()


def test_every_column_of_the_table_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "add-a-command.md").read_text("utf-8")
    assert [name for name in Command.__struct_fields__ if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    "padding", ["eval " * 300, "sudo " * 3000, "true; " * 10_000, "echo x| " * 10_000, "true && " * 10_000]
)
def test_padding_does_not_hide_the_command_at_its_end(padding):
    effects = shell_effects(padding + "rm plan.txt")
    assert Verb.UNKNOWN in {effect.verb for effect in effects}
    assert [e.certain for e in effects if (e.verb, e.target) == (Verb.DELETE, "plan.txt")] == [False]


@pytest.mark.parametrize("wrapper", ["sudo ", "eval ", "env A=1 ", "nice -n 5 "])
def test_the_command_behind_fifty_wrappers_is_found(wrapper):
    assert did(wrapper * 50 + "rm plan.txt") == ["delete plan.txt"]


@pytest.mark.parametrize("wrapper", ["sudo ", "env A=1 ", "xargs ", "eval "])
def test_wrappers_by_the_hundred_thousand_cost_little(wrapper):
    begun = time.process_time()
    assert shell_effects(wrapper * 100_000 + "rm a")
    assert time.process_time() - begun < 6
