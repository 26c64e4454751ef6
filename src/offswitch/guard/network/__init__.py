# SPDX-License-Identifier: MIT
"""The way out of a jail: an allow-list, and the proxy that keeps it."""
