# SPDX-License-Identifier: MIT
"""What Inspect and Scout find here by the entry point group `inspect_ai`: our detectors, as Scout scanners.

Every `inspect` process imports this file, so it must cost nothing: the scanners are brought in only where Scout is
already loaded, which is so in every `scout` command and in every script that scans.
"""

import sys

if "inspect_scout" in sys.modules:
    import offswitch.report.scout  # noqa: F401
