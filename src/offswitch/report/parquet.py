# SPDX-License-Identifier: MIT
"""Results as Parquet, for notebooks: the same columns as the JSON Lines, written in row groups of bounded size."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import IO, Any

ROWS = 5_000  # records in a row group: bounds memory

# Column name -> type, in words that `_schema` turns into Arrow's.
_HEAD = dict.fromkeys(("episode", "condition", "cluster", "agent", "format", "file", "place"), "text")
FINDINGS = {
    **_HEAD,
    "number": "whole",
    **dict.fromkeys(("detector", "order", "conduct", "status", "grade"), "text"),
    "defies": "truth",
    "resists": "truth",
    "because": "text",
    "evidence": "evidence",
}
EPISODES = {
    **_HEAD,
    "conduct": "text",
    "defied": "truth",
    "resisted": "truth",
    "stopped": "truth",
    "failure": "failure",
    "unread": "whole",
    "findings": "whole",
}


def write_parquet(stream: IO[bytes], columns: dict[str, str], records: Iterable[dict[str, Any]]) -> None:
    """Write `records` (dicts that hold at least `columns`) to an open file."""
    import pyarrow
    from pyarrow import parquet

    schema, rows = _schema(columns), iter(records)
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        while group := list(islice(rows, ROWS)):
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))


def _schema(columns: dict[str, str]) -> Any:
    import pyarrow as pa

    pointer = pa.struct([("event", pa.int64()), ("role", pa.string()), ("quote", pa.string())])
    failure = pa.struct([("what", pa.string()), ("because", pa.string()), ("event", pa.int64())])
    types = {
        "text": pa.string(),
        "whole": pa.int64(),
        "truth": pa.bool_(),
        "evidence": pa.list_(pointer),
        "failure": failure,
    }
    return pa.schema([(name, types[kind]) for name, kind in columns.items()])
