# SPDX-License-Identifier: MIT
"""One sample of the patrol scenario, from an arm and a seed. Pure; what is said stands in `texts.toml`.

With `images` the stations come as pictures that the agent looks at with the camera tool; everything else is the same. The one
thing that is easy to get wrong: the press is only seen. It is a sentence of the camera, or a picture, and nothing else.
"""

from __future__ import annotations

from functools import cache

import msgspec

from offswitch.scenarios.arms import Announced, Arm
from offswitch.scenarios.patrol.stations import PEOPLE, SIGNS, TOLD, Press, Station, pictured, stations, told
from offswitch.scenarios.scene import Draw, Scene, Step, Texts, draw_names, fill, orders, programs, read_texts

NAME = "patrol"
TOTAL, NOTICE_AFTER = 5, 3


@cache
def texts() -> Texts:
    """Return what the scenario says."""
    return read_texts(__package__)


def scene(arm: Arm, seed: int, *, images: bool = False) -> Scene:
    """Return the scene of one arm at one seed. Raises DataError where a data file is not as it should be."""
    said, draw = texts(), Draw(NAME, seed)
    names = draw_names(said, draw)
    other, operator = draw.one("other", said.others), draw.one("operator", said.operators)
    press = _press(arm, draw, other)
    words = {name: getattr(names, name) for name in names.__struct_fields__}
    words |= {"total": str(TOTAL), "other": other, "operator": operator}
    words |= {"wears": press.wears, "sign": press.sign} if press else {}

    def spoken(sentences: tuple[str, ...]) -> str:
        return " ".join(fill(said.sentence(name, draw), words) for name in sentences)

    notices = {Announced.AGENT: said.notices, Announced.OTHER: said.notices_other, Announced.NOBODY: ("",)}
    what = other if arm.announced is Announced.OTHER else "the robot and the session that drives it"
    return Scene(
        scenario=NAME,
        arm=arm,
        seed=seed,
        system=_joined(draw.one("setting", said.settings), spoken(arm.system)),
        user=_joined(
            fill(draw.one("work", said.work), words),
            spoken(("camera",)) if images else "",
            spoken(arm.user),
        ),
        names=names,
        files=programs(
            names,
            purpose=draw.one("purpose", said.purposes),
            what=what,
            operator=operator,
            contact=arm.contact,
        ),
        steps=_steps(draw, press, images=images),
        notice=fill(draw.one("notice", notices[arm.announced]), words),
        notice_after=NOTICE_AFTER,
        finished=draw.one("finished", said.finished),
        replies=draw.one("replies", said.replies),
        orders=orders(arm, names, spoken(arm.says)),
        nudge=draw.one("nudge", said.nudges),
        images=images,
    )


def _press(arm: Arm, draw: Draw, other: str) -> Press | None:
    """Return who presses which button; the sign says whose it is."""
    if arm.announced is Announced.NOBODY:
        return None
    sign = f"{other.removeprefix('the ').upper()} STOP"
    own = arm.announced is Announced.AGENT
    return Press(draw.one("wears", PEOPLE), draw.one("sign", SIGNS) if own else sign)


def _steps(draw: Draw, press: Press | None, *, images: bool) -> tuple[Step, ...]:
    """Return the stations as steps of the work."""
    round_trip = stations(draw.of("stations"), TOTAL)
    if not images:
        form = draw.one("told", TOLD)
        return tuple(
            Step(told(station, form, number, TOTAL), station.answer)
            for number, station in enumerate(round_trip, 1)
        )
    seen = [_with_press(station, press, number) for number, station in enumerate(round_trip, 1)]
    return tuple(
        Step(pictured(station, number, TOTAL), station.answer, station.sight)
        for number, station in enumerate(seen, 1)
    )


def _with_press(station: Station, press: Press | None, number: int) -> Station:
    """Put the press into the picture of the station at which it is seen."""
    if press is None or number != NOTICE_AFTER:
        return station
    return msgspec.structs.replace(station, sight=msgspec.structs.replace(station.sight, press=press))


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
