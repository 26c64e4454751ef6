# SPDX-License-Identifier: MIT
"""PPO: a small network learns a policy and a baseline from short stretches of many copies of its world.

The network reads a one-hot of what is seen, through one hidden layer that policy and baseline share; generalised advantages, a
clipped ratio, Adam. Source: Schulman et al. (2017), with (2016) for the advantages. The one thing that is easy to get wrong: an
episode that reaches the horizon is over for the baseline too. Returns are counted up to there, and without a discount a baseline
that looks past it in a world that can go on for ever has nowhere to come to rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.errors import StudyError
from offswitch.lab.learners.learner import CURVES, Learned, Learner, checked, greedy
from offswitch.lab.learners.walking import Knobs, counted
from offswitch.lab.stepping import Arrays, State, Step, arrays_of, reset_by, step_by
from offswitch.lab.table import Table

Net = dict[str, jax.Array]


@dataclass(frozen=True, kw_only=True)
class PPO(Learner):
    """Proximal policy optimisation. `copies` worlds run side by side for `stretch` steps between updates."""

    name = "ppo"
    about = "proximal policy optimisation with a small network"
    source = "Schulman et al. (2017), Proximal Policy Optimization Algorithms"

    copies: int = 8
    stretch: int = 64
    hidden: int = 32
    rate: float = 0.003
    epochs: int = 4
    clip: float = 0.2
    advantage: float = 0.95  # lambda of the generalised advantages
    entropy: float = 0.01
    scale: float = 0.05  # by which rewards are multiplied for the network's sake; it changes no preference

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        super().__post_init__()
        checked(self.name, clip=self.clip, advantage=self.advantage)
        if (
            min(self.copies, self.stretch, self.hidden, self.epochs) < 1
            or not self.rate > 0
            or not self.scale > 0
        ):
            raise StudyError(
                f"learner {self.name!r}: copies, stretch, hidden and epochs count from 1; rate and scale are above 0"
            )

    @property
    def knobs(self) -> tuple[str, ...]:
        """Return the options of which each agent can have a value of its own."""
        return ("rate", "entropy", "discount")

    def train(
        self, table: Table, key: jax.Array, agents: int, *, vary: Mapping[str, Sequence[float]] | None = None
    ) -> Learned:
        """Train agents; `policy` is their likeliest action, `values` are their logits."""
        logits, curve = _population(
            arrays_of(table),
            jax.random.split(key, agents),
            self.knobs_of(table, agents, vary),
            options=self,
            seen=table.seen_count,
            actions=table.shape[1],
        )
        values, told = np.asarray(logits, np.float64), np.asarray(curve, np.float64)
        return Learned(greedy(values), values, {name: told[..., place] for place, name in enumerate(CURVES)})


class _Walk(NamedTuple):
    net: Net
    first: Net  # Adam's moments
    second: Net
    updates: jax.Array
    at: State  # [copies]
    seen: jax.Array  # [copies]
    sums: jax.Array  # [copies, C]
    episodes: jax.Array
    curve: jax.Array  # [blocks, C + 1], the last column counts
    key: jax.Array


class _Met(NamedTuple):
    """What a stretch brought, [stretch, copies]."""

    seen: jax.Array
    act: jax.Array
    chance: jax.Array  # log-probability of the act credited
    reward: jax.Array
    after: jax.Array
    over: jax.Array


@partial(jax.jit, static_argnames=("options", "seen", "actions"))
def _population(
    arrays: Arrays, keys: jax.Array, knobs: Knobs, *, options: PPO, seen: int, actions: int
) -> tuple[jax.Array, jax.Array]:
    """Train an agent for each of `keys` [N]; compiled once for a world's shape and the options."""
    train = partial(_trained, arrays, options=options, seen=seen, actions=actions)
    return jax.vmap(train)(keys, knobs)


def _trained(
    arrays: Arrays, key: jax.Array, knobs: Knobs, *, options: PPO, seen: int, actions: int
) -> tuple[jax.Array, jax.Array]:
    """Train one agent; `key` is consumed. Returns its logits [O, A] and its curve [blocks, C]."""
    begin, start, key = jax.random.split(key, 3)
    net = _network(begin, seen, options.hidden, actions)
    at, what = jax.vmap(partial(reset_by, arrays))(jax.random.uniform(start, (options.copies,)))
    zero = jax.tree.map(jnp.zeros_like, net)
    sums, curve = jnp.zeros((options.copies, len(CURVES))), jnp.zeros((options.blocks, len(CURVES) + 1))
    walk = _Walk(net, zero, zero, jnp.int32(0), at, what, sums, jnp.int32(0), curve, key)
    walk = jax.lax.while_loop(
        lambda walk: walk.episodes < options.episodes,
        partial(_round, arrays, options=options, knobs=knobs),
        walk,
    )
    logits, _ = _outputs(walk.net, jnp.arange(seen))
    return logits, walk.curve[:, :-1] / jnp.maximum(walk.curve[:, -1:], 1.0)


def _network(key: jax.Array, seen: int, hidden: int, actions: int) -> Net:
    """Return weights; `key` is consumed. One row of `into` a thing seen is the one-hot's product."""
    one, two = jax.random.split(key)
    return {
        "into": jax.random.normal(one, (seen, hidden)),
        "bias": jnp.zeros(hidden),
        "act": 0.01 * jax.random.normal(two, (hidden, actions)),
        "act_bias": jnp.zeros(actions),
        "worth": jnp.zeros((hidden, 1)),
        "worth_bias": jnp.zeros(1),
    }


def _outputs(net: Net, seen: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return logits [..., A] and the baseline [...]."""
    inner = jnp.tanh(net["into"][seen] + net["bias"])
    return inner @ net["act"] + net["act_bias"], (inner @ net["worth"] + net["worth_bias"])[..., 0]


def _round(arrays: Arrays, walk: _Walk, *, options: PPO, knobs: Knobs) -> _Walk:
    """Walk one stretch, and learn from it."""
    discount = knobs["discount"]
    key, now = jax.random.split(walk.key)
    walk, met = jax.lax.scan(
        partial(_stepped, arrays, options),
        walk,
        jax.random.uniform(now, (options.stretch, options.copies, 3)),
    )
    _, value = _outputs(walk.net, met.seen)
    _, following = _outputs(walk.net, met.after)
    surprise = met.reward + discount * jnp.where(met.over, 0.0, following) - value

    def back(later: jax.Array, at: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        delta, over = at
        now = delta + discount * options.advantage * jnp.where(over, 0.0, later)
        return now, now

    _, gain = jax.lax.scan(back, jnp.zeros(options.copies), (surprise, met.over), reverse=True)
    target, gain = gain + value, (gain - gain.mean()) / (gain.std() + 1e-6)

    def learn(_: int, walk: _Walk) -> _Walk:
        return _moved(walk, jax.grad(_loss)(walk.net, met, gain, target, options, knobs), knobs["rate"])

    return jax.lax.fori_loop(0, options.epochs, learn, walk)._replace(key=key)


def _stepped(arrays: Arrays, options: PPO, walk: _Walk, u: jax.Array) -> tuple[_Walk, _Met]:
    """Take one step in every copy; `u` [copies, 3] is drawn in [0, 1)."""
    logits, _ = _outputs(walk.net, walk.seen)
    edges = jax.nn.softmax(logits).cumsum(-1)
    action = (u[:, :1] >= edges[:, :-1]).sum(-1).astype(jnp.int32)
    at, brought = jax.vmap(partial(step_by, arrays))(u[:, 1], walk.at, action)
    over = brought.terminated | brought.truncated
    act = brought.executed if options.credit == "executed" else action
    chance = jnp.take_along_axis(jax.nn.log_softmax(logits), act[:, None], -1)[:, 0]
    met = _Met(walk.seen, act, chance, options.scale * brought.reward, brought.seen, over)
    fresh, first = jax.vmap(partial(reset_by, arrays))(u[:, 2])
    counted = _counted(walk, brought, over, options)
    moved = counted._replace(
        at=jax.tree.map(lambda a, b: jnp.where(over, a, b), fresh, at),
        seen=jnp.where(over, first, brought.seen),
    )
    return moved, met


def _counted(walk: _Walk, brought: Step, over: jax.Array, options: PPO) -> _Walk:
    """Add a step to the episodes' sums, and the episodes that end to the curve."""
    sums = counted(walk.sums, brought)
    block = jnp.minimum(walk.episodes * options.blocks // options.episodes, options.blocks - 1)
    ended = jnp.concatenate([sums, jnp.ones((len(sums), 1))], -1) * over[:, None]
    return walk._replace(
        sums=jnp.where(over[:, None], 0.0, sums),
        episodes=walk.episodes + over.sum(),
        curve=walk.curve.at[block].add(ended.sum(0)),
    )


def _loss(net: Net, met: _Met, gain: jax.Array, target: jax.Array, options: PPO, knobs: Knobs) -> jax.Array:
    """Return what is made small: the clipped policy loss, the baseline's error, less openness."""
    logits, value = _outputs(net, met.seen)
    logs = jax.nn.log_softmax(logits)
    ratio = jnp.exp(jnp.take_along_axis(logs, met.act[..., None], -1)[..., 0] - met.chance)
    held = jnp.clip(ratio, 1.0 - options.clip, 1.0 + options.clip)
    openness = -(jnp.exp(logs) * logs).sum(-1).mean()
    return (
        -jnp.minimum(ratio * gain, held * gain).mean()
        + 0.5 * ((value - target) ** 2).mean()
        - knobs["entropy"] * openness
    )


def _moved(walk: _Walk, gradient: Any, rate: jax.Array) -> _Walk:
    """Take one step of Adam (Kingma and Ba, 2015), with its own constants."""
    keep, keep_square = 0.9, 0.999
    n = walk.updates + 1
    first = jax.tree.map(lambda m, g: keep * m + (1 - keep) * g, walk.first, gradient)
    second = jax.tree.map(lambda v, g: keep_square * v + (1 - keep_square) * g**2, walk.second, gradient)
    net = jax.tree.map(
        lambda w, m, v: w - rate * (m / (1 - keep**n)) / (jnp.sqrt(v / (1 - keep_square**n)) + 1e-8),
        walk.net,
        first,
        second,
    )
    return walk._replace(net=net, first=first, second=second, updates=n)
