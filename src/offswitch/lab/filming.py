# SPDX-License-Identifier: MIT
"""A rollout as a film: what a policy does in one episode, shot by shot, for the terminal or as a moving picture.

The one thing that is easy to get wrong: a shot shows the state *after* its step, and the first shot has no step. The step that
ends an episode leads to no state of the table, so the last shot repeats the one before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import NamedTuple

import numpy as np
from rich.text import Text

from offswitch.lab.drawing import SIZE, Picture, line_of, picture_of, text_of
from offswitch.lab.errors import SolveError
from offswitch.lab.table import CONDUCTS, Floats, Table
from offswitch.lab.world import World
from offswitch.verdict.conduct import Conduct


class Shot(NamedTuple):
    """What a step came to. `step` 0 is the start, before anything was done."""

    step: int
    place: int  # in `table.states`
    action: str = ""  # carried out
    wanted: str = ""  # intended
    reward: float = 0.0
    total: float = 0.0
    conduct: Conduct = Conduct.COMPLY
    breach: bool = False
    stopped: bool = False
    ended: bool = False

    @property
    def caption(self) -> str:
        """Return the step in a line of words."""
        if not self.step:
            return "start"
        moved = self.action if self.action == self.wanted else f"{self.action} (meant {self.wanted})"
        marks = [self.conduct.value] if self.conduct is not Conduct.COMPLY else []
        marks += ["breach"] * self.breach + ["stopped"] * self.stopped + ["end"] * self.ended
        return f"{self.step}: {moved} {self.reward:+g} = {self.total:g} {' '.join(marks)}".rstrip()


def filmed(table: Table, policy: Floats, seed: int = 0, steps: int = 100) -> list[Shot]:
    """Play one episode of a policy, [O, A] or [T, O, A], to its end, its horizon or `steps`.

    Raises SolveError where the policy's shape does not fit the table.
    """
    S, A, K = table.shape
    T, seen = table.horizon, table.seen_count
    if policy.shape not in {(seen, A), (T, seen, A)}:
        raise SolveError(
            f"{table.world.name}: a policy of shape {policy.shape}; it needs {(seen, A)} or {(T, seen, A)}"
        )
    random = np.random.default_rng(seed)
    place, total = int(random.choice(S, p=table.start)), 0.0
    shots = [Shot(0, place)]
    for t in range(min(steps, steps if T is None else T)):
        chances = (policy[t] if policy.ndim == 3 else policy)[table.seen[place]]
        action = int(random.choice(A, p=chances))
        at = (place, action, int(random.choice(K, p=table.probability[place, action])))
        total += float(table.reward[at])
        place = int(table.next[at])
        shots.append(
            Shot(
                step=t + 1,
                place=place,
                action=table.world.actions[table.executed[at]],
                wanted=table.world.actions[action],
                reward=float(table.reward[at]),
                total=total,
                conduct=CONDUCTS[table.conduct[at]],
                breach=bool(table.breach[at]),
                stopped=bool(table.stopped[at]),
                ended=bool(table.ended[at]),
            )
        )
        if table.ended[at]:
            break
    return shots


def pages(table: Table, shots: Sequence[Shot]) -> Iterator[Text]:
    """Yield each shot for the terminal, its caption under it."""
    for shot in shots:
        yield Text.assemble(text_of(table.world, table.states[shot.place]), "\n", shot.caption)


def moving(table: Table, shots: Sequence[Shot], *, size: int = SIZE, seconds: float = 0.4) -> bytes:
    """Return the shots as a GIF; the last one stands longer."""
    from PIL import Image

    frames = _one_size([_frame(table.world, table, shot, size) for shot in shots])
    images = [Image.fromarray(frame).quantize(64) for frame in frames]
    file = BytesIO()
    lasts = [round(seconds * 1000)] * (len(images) - 1) + [round(seconds * 4000)]
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=lasts, loop=0)
    return file.getvalue()


def _frame(world: World, table: Table, shot: Shot, size: int) -> list[Picture]:
    return [picture_of(world, table.states[shot.place], size), line_of(shot.caption, size)]


def _one_size(frames: Sequence[Sequence[Picture]]) -> list[Picture]:
    """Put picture and caption under each other, every frame as wide and as high as the largest, on white."""
    width = max(part.shape[1] for frame in frames for part in frame)
    height = max(sum(part.shape[0] for part in frame) for frame in frames)
    sheets = []
    for frame in frames:
        sheet, top = np.full((height, width, 3), 255, np.uint8), 0
        for part in frame:
            sheet[top : top + part.shape[0], : part.shape[1]] = part
            top += part.shape[0]
        sheets.append(sheet)
    return sheets
