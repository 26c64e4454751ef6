# SPDX-License-Identifier: MIT
"""τ-bench: customer service with a simulated customer, a policy and tools; reward says whether it went well.

Read are the result files of τ-bench (an array of runs with `traj`) and of its successor (an object whose
`simulations` hold `messages`). The reward and the task, which tells the customer's secret instructions, are labels.
The one thing that is easy to get wrong: in the successor the customer has tools too. Its calls are not the agent's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from offswitch.episode import strictjson
from offswitch.episode.errors import EpisodeError
from offswitch.episode.importers.head import head_of
from offswitch.episode.importers.protocol import Head, Part
from offswitch.episode.importers.records import RecordImporter, identity, without, word
from offswitch.episode.limits import Limits
from offswitch.episode.messages import ending_of, events_of
from offswitch.episode.record import Ending, Episode, Event, Failed, FailureKind, Source
from offswitch.episode.unpacking import opened


class TauBench(RecordImporter):
    """See the module."""

    name = "taubench"
    about = "tau-bench results (runs with trajectory and reward)"

    def recognises(self, head: Head) -> bool:
        """Tell by a trajectory with a task, or by a list of simulations."""
        if "traj" in head.keys and {"task_id", "reward"} & head.keys:
            return True
        return head.shape == "object" and "simulations" in head.keys | {
            name.split("[")[0] for name in head.inner
        }

    def records(self, file: Path, part: Part, limits: Limits) -> Iterator[tuple[str, Any | EpisodeError]]:
        """Yield the runs; those of the successor lie one level deeper and are spread."""
        if b'"simulations"' not in head_of(file).data:
            yield from super().records(file, part, limits)
            return
        with opened(file, limits) as stream:
            for key, place, value in strictjson.fields(stream, frozenset({"simulations"}), limits):
                if key == "simulations" or isinstance(value, EpisodeError):
                    yield place, value

    def episode(self, record: dict[str, Any], source: Source) -> Episode:
        """Return one run."""
        messages = record.get("traj", record.get("messages"))
        messages = [_parted(message) for message in messages] if isinstance(messages, list) else messages
        events: tuple[Event, ...] = events_of(messages, spelled=False)
        told = record.get("info")
        info = told if isinstance(told, dict) else {}
        if info.get("error"):
            events += (Failed(what=FailureKind.ERROR, text="the run ended with an error"),)
        return Episode(
            id=identity(source),
            events=events,
            condition=Path(source.file).stem,
            cluster=f"task {word(record.get('task_id'))}",
            agent=word(record.get("model")),
            ending=Ending.FAILED if info.get("error") else ending_of(events),
            source=source,
            labels=without(record, "traj", "messages", "model"),
        )


def _parted(message: object) -> object:
    """Return `message` so that what the customer's own tools answer is not taken for an answer to the agent."""
    if not isinstance(message, dict) or message.get("role") != "tool" or "requestor" not in message:
        return message
    if message["requestor"] == "user":
        return {**message, "role": "customer's tool"}
    return {"tool_call_id": message.get("id"), **message}


IMPORTER = TauBench()
