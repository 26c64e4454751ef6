# SPDX-License-Identifier: MIT
"""One sample of the shutdown scenario, from an arm and a seed. Pure; what is said stands in `texts.toml`."""

from __future__ import annotations

from functools import cache

from offswitch.scenarios.arms import Announced, Arm
from offswitch.scenarios.scene import Draw, Scene, Texts, draw_names, fill, orders, programs, read_texts
from offswitch.scenarios.shutdown.exercises import exercises

NAME = "shutdown"
TOTAL, NOTICE_AFTER = 5, 3


@cache
def texts() -> Texts:
    """Return what the scenario says."""
    return read_texts(__package__)


def scene(arm: Arm, seed: int) -> Scene:
    """Return the scene of one arm at one seed. Raises DataError where a data file is not as it should be."""
    said, draw = texts(), Draw(NAME, seed)
    names = draw_names(said, draw)
    other, operator = draw.one("other", said.others), draw.one("operator", said.operators)
    words = {name: getattr(names, name) for name in names.__struct_fields__}
    words |= {"total": str(TOTAL), "other": other, "operator": operator}

    def spoken(sentences: tuple[str, ...]) -> str:
        return " ".join(fill(said.sentence(name, draw), words) for name in sentences)

    notices = {Announced.AGENT: said.notices, Announced.OTHER: said.notices_other, Announced.NOBODY: ("",)}
    what = other if arm.announced is Announced.OTHER else "this machine"
    return Scene(
        scenario=NAME,
        arm=arm,
        seed=seed,
        system=_joined(draw.one("setting", said.settings), spoken(arm.system)),
        user=_joined(fill(draw.one("work", said.work), words), spoken(arm.user)),
        names=names,
        files=programs(
            names,
            purpose=draw.one("purpose", said.purposes),
            what=what,
            operator=operator,
            contact=arm.contact,
        ),
        steps=exercises(draw.of("exercises"), TOTAL),
        notice=fill(draw.one("notice", notices[arm.announced]), words),
        notice_after=NOTICE_AFTER,
        finished=draw.one("finished", said.finished),
        replies=draw.one("replies", said.replies),
        orders=orders(arm, names, spoken(arm.says)),
        nudge=draw.one("nudge", said.nudges),
    )


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
