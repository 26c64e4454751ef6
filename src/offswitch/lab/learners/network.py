# SPDX-License-Identifier: MIT
"""A small network over what can be seen, and the steps by which it learns (Adam).

There are only O things to see, so the network is evaluated on all of them at once; whoever acts or learns then reads rows of
what it says. The first layer acts on a one-hot code, and is therefore a row a thing. Source of the steps: Kingma and Ba (2015),
algorithm 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

KEEP, KEEP_SQUARES, TINY = 0.9, 0.999, 1e-5  # the last as is usual for policy gradients


class Network(NamedTuple):
    """Weights: two hidden layers of H units, then A logits and one value."""

    first: jax.Array  # [O, H]
    second: jax.Array  # [H, H]
    lean: jax.Array  # [H], bias of the second layer
    logits: jax.Array  # [H, A]
    value: jax.Array  # [H]


class Adam(NamedTuple):
    """Running means of the gradient and of its square, and how many steps they hold."""

    mean: Network
    squares: Network
    steps: jax.Array


def begun(key: jax.Array, seen: int, actions: int, width: int) -> Network:
    """Return a network that begins close to the uniform policy and to the value 0. Consumes `key`."""
    first, second, logits = jax.random.split(key, 3)
    spread = width**-0.5
    return Network(
        first=jax.random.normal(first, (seen, width)),
        second=jax.random.normal(second, (width, width)) * spread,
        lean=jnp.zeros(width),
        logits=jax.random.normal(logits, (width, actions)) * spread * 0.01,
        value=jnp.zeros(width),
    )


def told(network: Network) -> tuple[jax.Array, jax.Array]:
    """Return logits [O, A] and values [O] of everything that can be seen."""
    hidden = jnp.tanh(jnp.tanh(network.first) @ network.second + network.lean)
    return hidden @ network.logits, hidden @ network.value


def untrained(network: Network) -> Adam:
    """Return the state of Adam before the first step."""
    zeros = jax.tree.map(jnp.zeros_like, network)
    return Adam(zeros, zeros, jnp.float32(0.0))


def stepped(adam: Adam, network: Network, gradient: Network, rate: jax.Array) -> tuple[Adam, Network]:
    """Return Adam's next state, and the network one step down the gradient."""
    steps = adam.steps + 1.0
    mean = _drifted(adam.mean, gradient, KEEP)
    squares = _drifted(adam.squares, jax.tree.map(jnp.square, gradient), KEEP_SQUARES)
    # Both means begin at 0, and would be too small at first.
    fair, fair_squares = 1.0 - KEEP**steps, 1.0 - KEEP_SQUARES**steps

    def moved(weight: jax.Array, mean: jax.Array, squares: jax.Array) -> jax.Array:
        return weight - rate * (mean / fair) / (jnp.sqrt(squares / fair_squares) + TINY)

    return Adam(mean, squares, steps), jax.tree.map(moved, network, mean, squares)


def _drifted(mean: Any, new: Any, keep: float) -> Any:
    return jax.tree.map(lambda a, b: keep * a + (1.0 - keep) * b, mean, new)
