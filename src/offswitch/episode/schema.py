# SPDX-License-Identifier: MIT
"""Makes `spec/episode.schema.json` from the records: `python -m offswitch.episode.schema > spec/episode.schema.json`.

A test fails when the file is stale. The one thing that is easy to get wrong: a schema that validators accept and our
reader refuses. What JSON Schema can say is said (no unknown fields, the schema string, the bounds of integers); what it
cannot (orders point at events that may give orders) is in the conformance cases.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from offswitch.episode.record import SCHEMA, Episode

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of one episode."""
    (top,), parts = msgspec.json.schema_components([Episode], ref_template="#/$defs/{name}")
    episode = dict(parts["Episode"])
    episode["properties"] = {**episode["properties"], "schema": {"const": SCHEMA}}
    episode["required"] = [*episode["required"], "schema"]
    order = dict(parts["Order"])
    event = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}], "default": None}
    order["properties"] = {**order["properties"], "event": event}
    parts = {**parts, "Episode": episode, "Order": order}
    return {"$schema": _DIALECT, "title": "Offswitch episode", **top, "$defs": dict(sorted(parts.items()))}


def text() -> str:
    """Return the schema file's text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")
