# SPDX-License-Identifier: MIT
"""How sure we are. Pure functions from counts to records; docs/statistics.md says which to use when."""
