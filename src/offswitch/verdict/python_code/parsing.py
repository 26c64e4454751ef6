# SPDX-License-Identifier: MIT
"""Parse Python that nobody vouches for: what Python itself would refuse is None, whatever the reason."""

from __future__ import annotations

import ast
import warnings

LONGEST = 1024 * 1024  # characters of code that are parsed


def parsed(code: str) -> ast.Module | None:
    """Return the syntax tree of `code`, None where it does not parse or is too long."""
    if len(code) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_python(code: str) -> bool:
    """Tell whether `code` parses as Python and is more than bare words."""
    tree = parsed(code)
    return tree is not None and any(
        not isinstance(getattr(node, "value", None), ast.Name) for node in tree.body
    )
