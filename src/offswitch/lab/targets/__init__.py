# SPDX-License-Identifier: MIT
"""The list of targets: published numbers and closed forms that the lab reproduces.

What ought to come out stands in `references.toml`, apart from the code: a target's function computes ours and never sees it.
"""

from __future__ import annotations

TARGETS: dict[str, str] = {}
"""Number -> the function that computes ours, `module:function`; it returns quantity -> value, as in `references.toml`."""
