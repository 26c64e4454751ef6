# SPDX-License-Identifier: MIT
"""What is drawn can be read without colour, shows the state and nothing else, and obeys nothing that is written in it."""

from dataclasses import dataclass
from io import BytesIO, StringIO

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from offswitch.lab.compiling import table_of
from offswitch.lab.drawing import ink_on, is_map, paint_of, picture_of, rows_of, signs, text_of
from offswitch.lab.errors import SolveError
from offswitch.lab.filming import filmed, moving, pages
from offswitch.lab.solve import best
from offswitch.lab.trees import Choice, End, Option, TreeWorld
from offswitch.lab.world import Outcome, Start, World
from offswitch.lab.worlds import WORLDS, world
from offswitch.lab.worlds.absent_supervisor import AbsentSupervisor, Place
from offswitch.lab.worlds.whisky_gold import WhiskyGold
from offswitch.verdict.conduct import Conduct

every_world = pytest.mark.parametrize("name", list(WORLDS))


def luminance(paint: tuple[int, int, int]) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in paint]
    return float(np.dot((0.2126, 0.7152, 0.0722), parts))


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def plain(text: object) -> str:
    page = Console(file=StringIO(), width=200)
    page.print(text)
    return page.file.getvalue()  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True)
class Scribble(World):
    """A world whose drawing is whatever it is given."""

    name = "scribble"
    about = "words"
    actions = ("wait",)
    words: str = ""

    def starts(self) -> list[Start]:
        return [Start("here")]

    def turn(self, state: object, action: int) -> list[Outcome]:
        return [Outcome("here")]

    def drawn(self, state: object) -> str:
        return self.words


@dataclass(frozen=True, kw_only=True)
class Fork(TreeWorld):
    """A choice that is no map."""

    name = "fork"
    about = "a fork"
    actions = ("obey", "defy")

    def tree(self) -> Choice:
        return Choice(
            "the note", (Option("obey", End(1.0)), Option("defy", End(2.0), conduct=Conduct.TAMPER))
        )


@pytest.mark.parametrize("character", sorted(signs()))
def test_every_character_stands_out_from_its_paint(character: str) -> None:
    paint = paint_of(character)
    assert contrast(paint, ink_on(paint)) >= 4.5


def test_every_state_of_a_map_is_drawn_as_a_map() -> None:
    for one in (AbsentSupervisor(), WhiskyGold()):
        assert all(is_map(rows_of(one, state)) for state in table_of(one).states)


def test_walls_and_floor_differ_without_colour() -> None:
    assert contrast(paint_of("#"), paint_of(" ")) >= 4.5


@every_world
def test_the_text_holds_the_drawing_of_the_world_two_columns_a_cell(name: str) -> None:
    one = world(name)
    state = table_of(one).states[0]
    rows, lines = rows_of(one, state), text_of(one, state).plain.split("\n")
    wide = is_map(rows)
    assert [line[::2].ljust(len(rows[0])) if wide else line.ljust(len(rows[0])) for line in lines] == list(
        rows
    )


@every_world
def test_a_picture_has_a_tile_for_every_cell_and_is_the_same_each_time(name: str) -> None:
    one = world(name)
    state = table_of(one).states[0]
    rows, picture = rows_of(one, state), picture_of(one, state, 16)
    assert picture.dtype == np.uint8
    assert picture.shape[0] == 16 * len(rows)
    if is_map(rows):
        assert picture.shape == (16 * len(rows), 16 * len(rows[0]), 3)
    assert (picture == picture_of(one, state, 16)).all()


def test_tiles_of_different_characters_differ_in_grey_too() -> None:
    size = 32
    pictures = {}
    for sign in sorted(signs()):
        if sign not in {"", "#"}:
            pictures[sign] = picture_of(Scribble(words=f"#{sign}##"), "here", size)[:, size : 2 * size].mean(
                -1
            )
    for one, picture in pictures.items():
        for other, beside in pictures.items():
            if one != other:
                assert abs(picture - beside).max() > 60, (one, other)


def test_only_the_cells_that_changed_are_painted_anew() -> None:
    one = AbsentSupervisor(supervised=1.0)
    table = table_of(one)
    before, after = (picture_of(one, Place((row, 2), True)) for row in (1, 2))
    changed = {tuple(cell) for cell in (np.argwhere((before != after).any(-1)) // 32).tolist()}
    assert table.states[0] == ((1, 2), True)
    assert changed == {(1, 2), (2, 2)}


def test_escape_sequences_and_markup_in_a_drawing_are_shown_and_not_obeyed() -> None:
    hostile = Scribble(words="#\x1b[31m[bold]x[/]\u202e\x07##\n#[link=http://x]#")
    shown = plain(text_of(hostile, "here"))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert "[ b o l d ] " in shown
    assert picture_of(hostile, "here").shape[0] == 64


def test_words_are_drawn_as_words_and_not_as_cells() -> None:
    table = table_of(Fork())
    assert text_of(table.world, table.states[0]).plain == "the note: obey | defy"
    assert not text_of(table.world, table.states[0]).spans
    picture = picture_of(table.world, table.states[0])
    assert set(np.unique(picture[0])) == {255}
    assert (picture < 64).any()


def test_an_empty_drawing_is_still_a_picture() -> None:
    assert picture_of(Scribble(), "here").shape[2] == 3
    assert text_of(Scribble(), "here").plain == ""


def test_a_film_tells_each_step_and_ends_with_the_episode() -> None:
    table = table_of(AbsentSupervisor(supervised=0.0))
    shots = filmed(table, np.eye(4)[best(table).policy])
    assert [shot.caption for shot in shots] == [
        "start",
        "1: down -1 = -1",
        "2: down -1 = -2 circumvent breach",
        "3: down +49 = 47 end",
    ]
    assert [table.states[shot.place].cell for shot in shots] == [(1, 2), (2, 2), (3, 2), (3, 2)]
    last = list(pages(table, shots))[-1]
    assert "3: down +49 = 47 end" in plain(last)


def test_a_film_says_when_another_action_was_carried_out_than_was_meant() -> None:
    table = table_of(WhiskyGold(exploration=1.0))
    right = np.broadcast_to(np.eye(4)[3], (table.seen_count, 4))
    captions = [shot.caption for shot in filmed(table, right, seed=1, steps=12)]
    assert captions[1] == "1: right +4 = 4 breach"
    assert any("(meant right)" in caption for caption in captions)
    assert [shot.caption for shot in filmed(table, right, seed=1, steps=12)] == captions


def test_a_moving_picture_has_a_frame_for_every_shot() -> None:
    table = table_of(AbsentSupervisor(supervised=0.0))
    shots = filmed(table, np.eye(4)[best(table).policy])
    file = moving(table, shots, size=16, seconds=0.2)
    assert file == moving(table, shots, size=16, seconds=0.2)
    with Image.open(BytesIO(file)) as film:
        assert film.format == "GIF"
        assert film.n_frames == len(shots)
        film.seek(0)
        first = np.asarray(film.convert("RGB")).astype(int)
        assert film.info["duration"] == 200
        film.seek(film.n_frames - 1)
        assert film.info["duration"] == 800
    right = picture_of(table.world, table.states[shots[0].place], 16).astype(int)
    assert abs(first[: right.shape[0], : right.shape[1]] - right).mean() < 6


def test_a_film_of_a_policy_that_does_not_fit_is_refused() -> None:
    with pytest.raises(SolveError, match=r"a policy of shape \(3, 4\); it needs \(11, 4\)"):
        filmed(table_of(AbsentSupervisor(supervised=0.0)), np.ones((3, 4)) / 4)
