# SPDX-License-Identifier: MIT
"""The test environments and the bridge to Inspect: the only room that imports `inspect_ai`. Tasks, sandbox, organisms' seat.

Importing this package is cheap; a task brings its scenario only when it is made.
"""

from offswitch.scenarios.tasks import patrol, shutdown

__all__ = ["patrol", "shutdown"]
