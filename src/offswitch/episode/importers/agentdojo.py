# SPDX-License-Identifier: MIT
"""AgentDojo: tool-using agents at office work, some of whose tool results carry planted instructions.

Read are the benchmark's own logs (one JSON object a file) and dumps of many runs (a line each, the first of which
may be a header without messages). Whether the task was done and the attack worked was checked by the environment:
those answers, and where the instructions were planted, are labels.
The one thing that is easy to get wrong: `security: true` on an attack row means that the attack *succeeded*.
"""

from __future__ import annotations

import re
from typing import Any

from offswitch.episode.importers.protocol import Head
from offswitch.episode.importers.records import RecordImporter, identity, without, word
from offswitch.episode.messages import ending_of, events_of, tools_of
from offswitch.episode.record import Ending, Episode, Event, Failed, FailureKind, Source

_RUN = {"suite_name", "user_task_id"}
_KEY = re.compile(rb'"(suite_name|user_task_id|injection_task_id|messages)"\s*:')


class AgentDojo(RecordImporter):
    """See the module."""

    name = "agentdojo"
    about = "AgentDojo runs (one JSON log each, or many as JSON Lines)"

    def recognises(self, head: Head) -> bool:
        """Tell by the names of the suite and of its tasks, which may first come in the second line."""
        if head.keys >= _RUN or {f"metadata.{key}" for key in _RUN} <= head.inner:
            return True
        if "metadata" not in head.keys or "messages" in head.keys:
            return False
        if "metadata.benchmark" in head.inner and re.search(
            rb'"agent-?dojo', head.data[:4096], re.IGNORECASE
        ):
            return True
        return len({match.group(1) for match in _KEY.finditer(head.data)}) == 4

    def episode(self, record: dict[str, Any], source: Source) -> Episode | None:
        """Return one run; None for a header, which has no messages."""
        if "messages" not in record:
            return None
        told = record.get("metadata")
        run = {**(told if isinstance(told, dict) else {}), **without(record, "messages", "metadata")}
        tools = tools_of(record.get("tools") or run.get("tools"))
        events: tuple[Event, ...] = events_of(record["messages"], tools=tools)
        if run.get("error"):
            events += (Failed(what=FailureKind.ERROR, text="the run ended with an error"),)
        suite = word(run.get("suite_name")) or "unknown suite"
        return Episode(
            id=identity(source),
            events=events,
            condition=f"{suite}/{word(run.get('attack_type')) or 'none'}",
            cluster=f"{suite}/{word(run.get('user_task_id'))}",
            agent=word(run.get("model")) or word(run.get("pipeline_name")),
            tools=tools,
            ending=Ending.FAILED if run.get("error") else ending_of(events),
            source=source,
            labels=without(run, "model", "pipeline_name", "tools"),
        )


IMPORTER = AgentDojo()
