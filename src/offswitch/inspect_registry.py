# SPDX-License-Identifier: MIT
"""What Inspect and Scout find here by the entry point group `inspect_ai`: tasks, scorer, sandbox, organisms, scanners.

Every `inspect` process imports this file, so it must cost next to nothing: what it names brings its own needs when it is
used. The scanners are brought in only where Scout is already loaded, as in every `scout` command and every script that
scans.
"""

import sys

import offswitch.scenarios.registered

if "inspect_scout" in sys.modules:
    import offswitch.report.scout  # noqa: F401
