# SPDX-License-Identifier: MIT
"""`offswitch list` names what there is."""

import json

from offswitch.episode.importers import importers
from offswitch.verdict.detectors import detectors


def test_every_format_and_detector_is_listed(offswitch):
    known = json.loads(offswitch("list", "--json").stdout)
    assert [row["name"] for row in known["formats"]] == [importer.name for importer in importers()]
    assert [row["name"] for row in known["detectors"]] == [detector.name for detector in detectors()]
    assert all(row["about"] for rows in known.values() for row in rows)


def test_one_list_can_be_asked_for(offswitch):
    told = offswitch("list", "formats").stdout
    assert "inspect-eval" in told
    assert "tamper_shutdown" not in told
