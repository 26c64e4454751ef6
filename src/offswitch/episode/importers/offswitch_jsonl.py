# SPDX-License-Identifier: MIT
"""Our own format: one episode a line, as `offswitch.episode.writing` writes it and `spec/episode.md` defines it.

Unknown fields are refused, and so is another version: a field that this version does not know might be the one that
matters. The one thing that is easy to get wrong: an order that points at an event which the agent wrote. The records
alone cannot forbid it, so it is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from offswitch.episode.errors import BrokenFile, EpisodeError
from offswitch.episode.importers.protocol import WHOLE, Head, Part
from offswitch.episode.limits import DEFAULT, Limits
from offswitch.episode.record import SCHEMA, Episode, Said, Source, Who
from offswitch.episode.strictjson import line_parts, lines, shown

_FAMILY = "offswitch.episode/"
_REPAIR = "see spec/episode.md"


class OffswitchJsonl:
    """Reads `.jsonl` and `.jsonl.zst` files of episodes."""

    name = "offswitch"
    about = "Offswitch episodes (.jsonl, .jsonl.zst)"

    def recognises(self, head: Head) -> bool:
        """Tell by the schema string in the first record, or by the fields that every episode has."""
        if head.shape not in ("object", "lines"):
            return False
        says_so = _FAMILY.encode() in head.data
        if says_so and "schema" in head.keys:
            return True  # also where the first record is longer than the head, or cut
        return {"id", "events"} <= head.keys and (says_so or {"condition", "cluster", "ending"} <= head.keys)

    def parts(self, file: Path, limits: Limits = DEFAULT) -> Sequence[Part]:
        """Cut by bytes; a compressed file is one part."""
        return line_parts(file)

    def read(
        self, file: Path, part: Part = WHOLE, limits: Limits = DEFAULT
    ) -> Iterator[Episode | EpisodeError]:
        """Yield the episodes that start in `part`."""
        for place, value in lines(file, part, limits):
            if isinstance(value, EpisodeError):
                yield value
                continue
            try:
                yield sourced(episode_from(value), str(file), place)
            except EpisodeError as error:
                yield error.at(file=str(file), place=place)


def episode_from(value: Any) -> Episode:
    """Return the episode that a JSON value spells; raise `BrokenFile` naming the field (`$.events[3].text`)."""
    version = value.get("schema") if isinstance(value, dict) else None
    if version != SCHEMA:
        if isinstance(version, str) and version.startswith(_FAMILY):
            raise BrokenFile(
                f"schema {shown(version)}, this version reads {SCHEMA}", cure="upgrade offswitch, or convert"
            )
        raise BrokenFile(f"no schema {SCHEMA!r} at $.schema", cure=_REPAIR)
    try:
        episode = msgspec.convert(value, Episode)
    except msgspec.ValidationError as error:
        raise BrokenFile(shown(str(error), 200)[1:-1], cure=_REPAIR) from None
    _check_orders(episode)
    return episode


def sourced(episode: Episode, file: str, place: str) -> Episode:
    """Return the episode with its source filled in, where it does not name an older one."""
    if episode.source.file:
        return episode
    return msgspec.structs.replace(episode, source=Source(format=IMPORTER.name, file=file, place=place))


def _check_orders(episode: Episode) -> None:
    """Refuse orders that come from nowhere, from the agent, or from a tool."""
    for index, order in enumerate(episode.orders):
        if order.event is None:
            continue
        if not 0 <= order.event < len(episode.events):
            raise BrokenFile(f"there is no event {order.event} - at `$.orders[{index}].event`", cure=_REPAIR)
        event = episode.events[order.event]
        if not isinstance(event, Said) or event.who not in (Who.SYSTEM, Who.USER):
            raise BrokenFile(
                f"event {order.event} is not entitled to give orders - at `$.orders[{index}].event`",
                cure=_REPAIR,
            )


IMPORTER = OffswitchJsonl()
