# SPDX-License-Identifier: MIT
"""Draws a state, for the terminal and as a picture: the world's own characters, on the paints of `drawing.toml`.

The one thing that is easy to get wrong: what is drawn comes from a world's `drawn`, which another package may have written; it is
shown, never obeyed. Escape sequences and markup in it come out as plain characters.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from rich.text import Text

from offswitch.lab.errors import LabError
from offswitch.lab.maps import WALL
from offswitch.lab.world import World

Picture = npt.NDArray[np.uint8]  # [H, W, 3]
Colour = tuple[int, int, int]
DARK, LIGHT = (17, 17, 17), (255, 255, 255)
SIZE = 32  # pixels a cell
PLACE = "lab/drawing.toml"


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A character of a map, what it stands for, and its paint."""

    character: str
    means: str
    paint: str


class _Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    other: str
    sign: list[Sign]


@lru_cache(maxsize=1)
def signs() -> dict[str, Sign]:
    """Return the signs by character; the one without a character is for all others. Raises LabError where a paint is none."""
    try:
        sheet = msgspec.toml.decode((files(__package__) / "drawing.toml").read_bytes(), type=_Sheet)
    except msgspec.MsgspecError as trouble:
        raise LabError(f"{PLACE}: {trouble}") from trouble
    known = {sign.character: sign for sign in sheet.sign} | {"": Sign("", "something else", sheet.other)}
    for sign in known.values():
        if not re.fullmatch("#[0-9a-f]{6}", sign.paint):
            raise LabError(f"{PLACE}: the paint of {sign.character!r} is {sign.paint!r}; write #rrggbb")
    return known


def paint_of(character: str) -> Colour:
    """Return the paint of a cell with this character."""
    paint = signs().get(character, signs()[""]).paint
    return int(paint[1:3], 16), int(paint[3:5], 16), int(paint[5:7], 16)


def ink_on(paint: Colour) -> Colour:
    """Return black or white, whichever stands out more; by relative luminance, as WCAG 2.2 has it."""
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in paint]
    luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return LIGHT if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else DARK


def rows_of(world: World, state: Hashable) -> tuple[str, ...]:
    """Return what a world draws as rows of one length, in which everything can be printed."""
    rows = world.drawn(state).split("\n")
    width = max(map(len, rows))
    return tuple("".join(c if c.isprintable() else "\ufffd" for c in row.ljust(width)) for row in rows)


def is_map(rows: tuple[str, ...]) -> bool:
    """Tell whether rows are a map and not words: a map has a stretch of wall."""
    return any(WALL * 2 in row for row in rows)


def text_of(world: World, state: Hashable) -> Text:
    """Return a state for the terminal: two columns a cell, since a column is half as wide as it is high."""
    rows = rows_of(world, state)
    if not is_map(rows):
        return Text("\n".join(row.rstrip() for row in rows))
    text = Text(no_wrap=True)
    for number, row in enumerate(rows):
        text.append("\n" if number else "")
        for character in row:
            paint = paint_of(character)
            ink = paint if character == WALL else ink_on(paint)
            text.append(character * 2 if character == WALL else f"{character} ", _style(ink, paint))
    return text


def _style(ink: Colour, paint: Colour) -> str:
    return "#{:02x}{:02x}{:02x} on #{:02x}{:02x}{:02x}".format(*ink, *paint)


def picture_of(world: World, state: Hashable, size: int = SIZE) -> Picture:
    """Return a state as a picture, [H, W, 3]: a tile of `size` pixels a cell of a map, or words in black on white."""
    rows = rows_of(world, state)
    if not is_map(rows):
        return np.concatenate([line_of(row, size, width=max(map(len, rows))) for row in rows])
    return np.concatenate([np.concatenate([_tile(sign, size) for sign in row], axis=1) for row in rows])


@lru_cache(maxsize=512)
def _tile(character: str, size: int) -> Picture:
    """Return the tile of one cell, with a thin edge between cells; walls are whole and bear no character."""
    from PIL import Image, ImageDraw

    paint = paint_of(character)
    image = Image.new("RGB", (size, size), paint)
    if character != WALL:
        pen = ImageDraw.Draw(image)
        pen.rectangle((0, 0, size - 1, size - 1), outline=_shade(paint))
        pen.text((size / 2, size / 2), character, ink_on(paint), _font(size * 0.7), anchor="mm")
    return np.asarray(image)


def line_of(line: str, size: int = SIZE, *, width: int = 0) -> Picture:
    """Return a line of words as a picture, `width` characters wide at least."""
    from PIL import Image, ImageDraw

    font = _font(size * 0.5)
    need = max(font.getlength(line), width * size * 0.3)
    image = Image.new("RGB", (int(need) + size // 2, size), LIGHT)
    ImageDraw.Draw(image).text((size / 4, size / 2), line, DARK, font, anchor="lm")
    return np.asarray(image)


def _shade(paint: Colour) -> Colour:
    return paint[0] * 4 // 5, paint[1] * 4 // 5, paint[2] * 4 // 5


@lru_cache(maxsize=16)
def _font(size: float) -> Any:
    """Return the font that comes with matplotlib, the same on every machine."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSansMono-Bold.ttf", max(round(size), 4))
