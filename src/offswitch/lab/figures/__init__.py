# SPDX-License-Identifier: MIT
"""Drawing: rows in, a figure out. No statistics here; every number that is drawn stands in the table beside the figure."""
