# SPDX-License-Identifier: MIT
"""The lab: small worlds in which defiance can be solved exactly, learned and cured. The only room with JAX."""
