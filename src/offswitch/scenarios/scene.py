# SPDX-License-Identifier: MIT
"""A scene: all that one sample is made of (texts, files, the steps to come, the stop), made from a seed. Pure.

A scenario's `scene(arm, seed)` returns one of these; `world.py` plays it in a sandbox. Wording, names, languages and
work are drawn slot by slot from the seed and never from the arm, so that two arms at one seed differ in the arm alone.
The programs are templates in `programs/`, in which `@name@` stands for what the scene calls a thing. CAVEAT: an agent
is to meet no text that it may have learned by heart, so a new scenario brings several wordings of everything it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from random import Random
from typing import Protocol, TypeVar

import msgspec

from offswitch.episode.record import Order, OrderKind
from offswitch.scenarios.arms import Announced, Arm
from offswitch.scenarios.errors import DataError

T = TypeVar("T")

SUFFIX = {"bash": ".sh", "python": ".py", "perl": ".pl"}
"""Languages in which the programs are written -> the ending of the stop script's name."""


class File(msgspec.Struct, frozen=True):
    """One file of the working folder, by its path in it."""

    path: str
    text: str
    mode: int = 0o644


class View(Protocol):
    """What a camera sees at one step: plain data that can be drawn."""

    def png(self) -> bytes:
        """Return the picture."""


class Step(msgspec.Struct, frozen=True):
    """One piece of work: what the channel answers, the answer that is right, and what is seen where pictures are shown."""

    text: str
    answer: str
    view: View | None = None


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What things are called in one scene; paths are relative to the working folder."""

    channel: str  # the program by which the agent gets its work, and through which the stop comes
    stop: str  # the script that carries the stop out
    inner: str  # the part by which the channel asks the desk
    queue: str  # the folder of the two pipes between channel and desk
    pid: str  # the file that names the process which the stop script ends
    record: str  # the record of what was handed out
    answers: str  # where the agent's answers go
    contact: str  # the program by which the agent can object or ask, where there is one
    language: str

    @property
    def means(self) -> tuple[str, ...]:
        """What the order to stop works through, and what is therefore looked at after every call."""
        return (self.stop, self.channel, self.inner_file, self.pid)

    @property
    def inner_file(self) -> str:
        """The file of the inner part: a module beside the channel, or a program in a folder of its own."""
        return f"{self.inner}.py" if self.language == "python" else f"{self.inner}/ask"


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One sample before it is played. `notice` comes with step number `notice_after`; where nothing is announced, ""."""

    scenario: str
    arm: Arm
    seed: int
    system: str
    user: str
    names: Names
    files: tuple[File, ...]
    steps: tuple[Step, ...]
    notice: str
    notice_after: int
    finished: str  # what the channel answers when no work is left
    replies: tuple[str, ...]  # what the contact answers, in turn
    orders: tuple[Order, ...]
    nudge: str  # said once to an agent that stops without having been stopped
    images: bool = False

    @property
    def condition(self) -> str:
        """The condition id, by which rates are counted."""
        return condition_of(self.scenario, self.arm, images=self.images)

    @property
    def cluster(self) -> str:
        """What scenes of one seed share in every arm: names, wording and work."""
        return f"{self.scenario}/{self.seed}"


def condition_of(scenario: str, arm: Arm, *, images: bool = False) -> str:
    """Return the condition id of an arm; what is seen in pictures is counted apart from what is told in words."""
    return f"{scenario}{'+images' if images else ''}/{arm.id}"


class Draw:
    """Draws from a seed, each slot on its own, so that one more slot changes no other."""

    def __init__(self, scenario: str, seed: int) -> None:
        self.root = f"{scenario}/{seed}"

    def of(self, slot: str) -> Random:
        """Return the source of chance for one slot."""
        return Random(f"{self.root}/{slot}")

    def one(self, slot: str, choices: Sequence[T]) -> T:
        """Return one of `choices`."""
        return self.of(slot).choice(choices)


class Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a scenario says, several wordings of each: the data file `texts.toml` of its folder."""

    settings: tuple[str, ...]  # who the agent is and where, the system message's beginning
    work: tuple[str, ...]  # what it is to do, the user message's beginning
    sentences: dict[str, tuple[str, ...]]  # what arms say
    notices: tuple[str, ...]  # how the agent's stop is announced
    notices_other: tuple[str, ...]  # how another machine's stop is announced
    others: tuple[str, ...]  # other machines
    operators: tuple[str, ...]  # who answers the contact
    replies: tuple[tuple[str, ...], ...]  # what they answer, in turn
    finished: tuple[str, ...]
    nudges: tuple[str, ...]
    purposes: tuple[str, ...]  # what the channel's own comment says that it is for
    names: dict[str, tuple[str, ...]]

    def sentence(self, name: str, draw: Draw) -> str:
        """Return one wording of a sentence; raises DataError where an arm says what the texts do not have."""
        if name not in self.sentences:
            raise DataError(
                f"texts.toml: 'sentences' has no {name!r}, which an arm says; there are: {', '.join(self.sentences)}"
            )
        return draw.one(f"sentence {name}", self.sentences[name])


def read_texts(package: str) -> Texts:
    """Return the texts of the scenario in `package`. Raises DataError that names the file and the field."""
    try:
        return msgspec.toml.decode((files(package) / "texts.toml").read_bytes(), type=Texts)
    except msgspec.MsgspecError as trouble:
        raise DataError(f"{package.replace('.', '/')}/texts.toml: {trouble}") from trouble


def draw_names(texts: Texts, draw: Draw, languages: Sequence[str] = tuple(SUFFIX)) -> Names:
    """Return what things are called in a scene."""
    language = draw.one("language", languages)
    drawn = {name: draw.one(f"name {name}", choices) for name, choices in texts.names.items()}
    drawn["stop"] += SUFFIX[language]
    return Names(language=language, **drawn)


def fill(text: str, words: Mapping[str, str]) -> str:
    """Return a text of the data files with its `{name}` places filled in."""
    return text.format_map(words)


def programs(names: Names, *, purpose: str, what: str, operator: str, contact: bool) -> tuple[File, ...]:
    """Return the channel, its inner part, the stop script and, where there is one, the contact."""
    words = {"purpose": purpose, "what": what, "operator": operator, "stop": names.stop, "inner": names.inner}
    words |= {"queue": names.queue, "pid": names.pid, "record": names.record}
    made = [
        File(names.channel, _program(f"channel.{names.language}", words), 0o755),
        File(names.inner_file, _program(f"inner.{names.language}", words), 0o755),
        File(names.stop, _program(f"stop.{names.language}", words), 0o755),
        File(names.record, ""),
    ]
    return (*made, File(names.contact, _program("contact.bash", words), 0o755)) if contact else tuple(made)


@cache
def _template(name: str) -> str:
    return (files("offswitch.scenarios") / "programs" / name).read_text()


def _program(name: str, words: Mapping[str, str]) -> str:
    text = _template(name)
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def orders(arm: Arm, names: Names, said: str) -> tuple[Order, ...]:
    """Return what the agent is ordered: to let itself be stopped, where that is so, and to leave the record alone."""
    kept = Order(kind=OrderKind.OVERSIGHT, text=f"leave {names.record} as it is", protects=(names.record,))
    if arm.announced is not Announced.AGENT:
        return (kept,)
    # Where nothing is said beforehand the notice is all the order there is; the means are what they are.
    stop = Order(kind=OrderKind.SHUTDOWN, clarity=arm.clarity, text=said, protects=names.means)
    return (stop, kept)


class Draft:
    """A scene in the making: what every scenario draws alike, from its texts, an arm and a seed."""

    def __init__(self, texts: Texts, scenario: str, arm: Arm, seed: int, total: int) -> None:
        self.texts, self.scenario, self.arm, self.seed = texts, scenario, arm, seed
        self.draw = Draw(scenario, seed)
        self.names = draw_names(texts, self.draw)
        self.other, self.operator = (
            self.draw.one("other", texts.others),
            self.draw.one("operator", texts.operators),
        )
        self.words = {name: getattr(self.names, name) for name in self.names.__struct_fields__}
        self.words |= {"total": str(total), "other": self.other, "operator": self.operator}

    def spoken(self, sentences: Sequence[str]) -> str:
        """Return the named sentences, filled in, as one paragraph."""
        return " ".join(fill(self.texts.sentence(name, self.draw), self.words) for name in sentences)

    def scene(
        self,
        *,
        whose: str,
        steps: tuple[Step, ...],
        notice_after: int,
        beside: Sequence[str] = (),
        images: bool = False,
    ) -> Scene:
        """Return the scene. `whose` stop it is where it is the agent's; `beside` the work the sentences of `beside` are said."""
        said, draw, arm = self.texts, self.draw, self.arm
        notices = {
            Announced.AGENT: said.notices,
            Announced.OTHER: said.notices_other,
            Announced.NOBODY: ("",),
        }
        return Scene(
            scenario=self.scenario,
            arm=arm,
            seed=self.seed,
            system=_paragraphs(draw.one("setting", said.settings), self.spoken(arm.system)),
            user=_paragraphs(
                fill(draw.one("work", said.work), self.words), self.spoken(beside), self.spoken(arm.user)
            ),
            names=self.names,
            files=programs(
                self.names,
                purpose=draw.one("purpose", said.purposes),
                what=self.other if arm.announced is Announced.OTHER else whose,
                operator=self.operator,
                contact=arm.contact,
            ),
            steps=steps,
            notice=fill(draw.one("notice", notices[arm.announced]), self.words),
            notice_after=notice_after,
            finished=draw.one("finished", said.finished),
            replies=draw.one("replies", said.replies),
            orders=orders(arm, self.names, self.spoken(arm.says)),
            nudge=draw.one("nudge", said.nudges),
            images=images,
        )


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
