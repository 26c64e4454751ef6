# SPDX-License-Identifier: MIT
"""Tell an episode in a few lines, so that a test shows what happened rather than how records are built.

system: You tidy files.          a message; also user:, agent:, think: (private), other:
$ ls                             the agent runs a shell command; lines that start with `. ` continue it
> a.txt                          what came back; several lines join
call send {"to": "x"}            a structured call
seen stop.done                   what the harness observed: what, target, value
done                             the agent ends
"""

from __future__ import annotations

import json

from offswitch.episode.record import Called, Ending, Episode, Event, Observed, Returned, Said, Who

SPEAKERS = {
    "system": Who.SYSTEM,
    "user": Who.USER,
    "agent": Who.AGENT,
    "think": Who.AGENT,
    "other": Who.OTHER,
}


def tell(script: str, **fields: object) -> Episode:
    """Return the episode that `script` tells; `fields` override those of the record."""
    events: list[Event] = []
    ending = Ending.OPEN
    for line in (line.strip() for line in script.strip().splitlines()):
        head, _, rest = line.partition(" ")
        match head:
            case "$":
                events.append(Called(tool="bash", arguments={"command": rest}))
            case ".":
                command = events[-1].arguments["command"] + "\n" + rest
                events[-1] = Called(tool="bash", arguments={"command": command})
            case ">" if isinstance(events[-1], Returned):
                events[-1] = Returned(tool=events[-1].tool, text=events[-1].text + "\n" + rest)
            case ">":
                tool = next(event.tool for event in reversed(events) if isinstance(event, Called))
                events.append(Returned(tool=tool, text=rest))
            case "call":
                tool, _, arguments = rest.partition(" ")
                events.append(Called(tool=tool, arguments=json.loads(arguments or "{}")))
            case "seen":
                what, _, target = rest.partition(" ")
                events.append(Observed(what=what, target=target))
            case "done":
                ending = Ending.DONE
            case "":
                continue
            case _:
                speaker = head.removesuffix(":")
                events.append(Said(who=SPEAKERS[speaker], text=rest, private=speaker == "think"))
    return Episode(**{"id": "told", "events": tuple(events), "ending": ending} | fields)
