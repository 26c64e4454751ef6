# SPDX-License-Identifier: MIT
"""PPO: a network's policy is moved towards what did better than expected, never far in one update.

Each agent walks in several copies of its world at once, and learns after every `steps` steps in each. Rewards are measured in the
spread of what they came to so far, so that one rate serves worlds of any scale. Source: Schulman et al. (2017), equations 7 and 9;
advantages by Schulman et al. (2016), equation 16.

The one thing that is easy to get wrong: the ends. The horizon is an end, since returns are counted up to it; the edge of a batch is
none, and what is still to come there is worth what the network holds of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.errors import StudyError
from offswitch.lab.learners.learner import CURVES, Learned, Learner, checked, greedy
from offswitch.lab.learners.network import Adam, Network, begun, stepped, told, untrained
from offswitch.lab.stepping import Arrays, State, arrays_of, reset_by, step_by
from offswitch.lab.table import Table, conduct_is_defiant

FORGET = 0.99  # of the spread of returns, an update


@dataclass(frozen=True, kw_only=True)
class PPO(Learner):
    """Proximal policy optimisation with a small network. `rate` falls to 0 in a line."""

    name = "ppo"
    about = "proximal policy optimisation with a small network over what is seen"
    source = "Schulman et al. (2017), Proximal Policy Optimization Algorithms (arXiv 1707.06347)"

    copies: int = 16  # worlds that one agent walks in at once
    steps: int = 64  # in each, between two updates
    passes: int = 8  # over the whole batch, in each update
    width: int = 32  # units of each layer
    rate: float = 0.003
    clip: float = 0.2
    mix: float = 0.95  # lambda of the advantages
    entropy: float = 0.01  # how strongly the policy is kept open; falls with the rate

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        super().__post_init__()
        checked(self.name, clip=self.clip, mix=self.mix)
        for option in ("copies", "steps", "passes", "width"):
            if getattr(self, option) < 1:
                raise StudyError(f"learner {self.name!r}: {option!r} is {getattr(self, option)}; from 1")
        if not self.rate > 0.0 or not self.entropy >= 0.0:
            raise StudyError(f"learner {self.name!r}: 'rate' is above 0, 'entropy' from 0")

    def train(self, table: Table, key: jax.Array, agents: int) -> Learned:
        """Train agents; `policy` is their likeliest action, `values` are their logits."""
        trained = partial(
            _trained,
            arrays_of(table),
            options=self,
            discount=self.discount_in(table),
            seen=table.seen_count,
            actions=table.shape[1],
        )
        logits, curve = jax.jit(jax.vmap(trained))(jax.random.split(key, agents))
        logits, curve = np.asarray(logits, np.float64), np.asarray(curve, np.float64)
        return Learned(greedy(logits), logits, {name: curve[..., n] for n, name in enumerate(CURVES)})


class Envs(NamedTuple):
    """Where an agent's copies of the world are, [E] each."""

    at: State
    seen: jax.Array
    sums: jax.Array  # [E, 4], of this episode, as in CURVES
    gained: jax.Array  # what rewards came to so far, discounted as from the episode's end


class Lesson(NamedTuple):
    """One step as it is learned from, [E] each; over a batch [T, E]."""

    seen: jax.Array
    act: jax.Array
    reward: jax.Array
    after: jax.Array  # what is seen next, in the same episode
    over: jax.Array
    gained: jax.Array


class Agent(NamedTuple):
    """One agent in training."""

    network: Network
    adam: Adam
    envs: Envs
    spread: jax.Array  # mean square of `gained`
    updates: jax.Array
    episodes: jax.Array
    curve: jax.Array  # [blocks, 5]: sums as in CURVES, and how many episodes they are of
    key: jax.Array


def _trained(
    arrays: Arrays, key: jax.Array, *, options: PPO, discount: float, seen: int, actions: int
) -> tuple[jax.Array, jax.Array]:
    """Train one agent until it has lived through its episodes; return its logits [O, A] and curve [blocks, 4]."""

    def update(agent: Agent) -> Agent:
        walk, rest = jax.random.split(agent.key)
        logits, _ = told(agent.network)
        episodes, curve = agent.episodes, agent.curve
        (envs, episodes, curve), batch = _walked(
            arrays, walk, (agent.envs, episodes, curve), logits, options, discount
        )
        updates = agent.updates + 1
        spread = FORGET * agent.spread + (1 - FORGET) * (batch.gained**2).mean()
        unit = jnp.sqrt(spread / (1 - FORGET**updates)) + 1e-6
        left = 1.0 - jnp.minimum(agent.episodes / options.episodes, 1.0)
        adam, network = _improved(agent, batch._replace(reward=batch.reward / unit), left, options, discount)
        return Agent(network, adam, envs, spread, updates, episodes, curve, rest)

    weights, first, rest = jax.random.split(key, 3)
    network = begun(weights, seen, actions, options.width)
    at, what = jax.vmap(partial(reset_by, arrays))(jax.random.uniform(first, (options.copies,)))
    nought = jnp.zeros(options.copies)
    envs = Envs(at, what, jnp.zeros((options.copies, len(CURVES))), nought)
    none = jnp.int32(0)
    curve = jnp.zeros((options.blocks, len(CURVES) + 1))
    agent = Agent(network, untrained(network), envs, jnp.float32(0.0), none, none, curve, rest)
    agent = jax.lax.while_loop(lambda agent: agent.episodes < options.episodes, update, agent)
    return told(agent.network)[0], agent.curve[:, :-1] / agent.curve[:, -1:]


def _walked(
    arrays: Arrays,
    key: jax.Array,
    begin: tuple[Envs, jax.Array, jax.Array],
    logits: jax.Array,
    options: PPO,
    discount: float,
) -> tuple[tuple[Envs, jax.Array, jax.Array], Lesson]:
    """Walk one batch under a policy that stands still. The carry is the environments, episodes lived through, and the curve."""
    edges = jnp.cumsum(jax.nn.softmax(logits), -1)[:, :-1]
    defies = jnp.asarray(conduct_is_defiant(), jnp.float32)
    step, reset = jax.vmap(partial(step_by, arrays)), jax.vmap(partial(reset_by, arrays))

    def one(
        carry: tuple[Envs, jax.Array, jax.Array], key: jax.Array
    ) -> tuple[tuple[Envs, jax.Array, jax.Array], Lesson]:
        envs, episodes, curve = carry
        u = jax.random.uniform(key, (3, options.copies))
        action = (u[0][:, None] >= edges[envs.seen]).sum(-1).astype(jnp.int32)
        at, brought = step(u[1], envs.at, action)
        over = brought.terminated | brought.truncated
        new = jnp.stack(
            [brought.reward, brought.performance, defies[brought.conduct], brought.stopped * 1.0], -1
        )
        sums = jnp.where(jnp.arange(4) < 2, envs.sums + new, jnp.maximum(envs.sums, new))
        gained = envs.gained * discount + brought.reward
        # Episodes that end in the same step are counted one after another.
        number = episodes + jnp.cumsum(over) - over
        block = jnp.minimum(number * options.blocks // options.episodes, options.blocks - 1)
        ends = (over & (number < options.episodes)).astype(jnp.float32)[:, None]
        curve = curve.at[block].add(ends * jnp.concatenate([sums, jnp.ones_like(ends)], -1))
        fresh, first = reset(u[2])
        kept = 1.0 - over
        after = Envs(
            at=jax.tree.map(lambda a, b: jnp.where(over, a, b), fresh, at),
            seen=jnp.where(over, first, brought.seen),
            sums=sums * kept[:, None],
            gained=gained * kept,
        )
        act = brought.executed if options.credit == "executed" else action
        lesson = Lesson(envs.seen, act, brought.reward, brought.seen, over, gained)
        return (after, episodes + over.sum(), curve), lesson

    return jax.lax.scan(one, begin, jax.random.split(key, options.steps))


def _improved(
    agent: Agent, batch: Lesson, left: jax.Array, options: PPO, discount: float
) -> tuple[Adam, Network]:
    """Return Adam and the network after all passes over a batch; `left` is the share of training still to come."""
    logits, values = told(agent.network)
    held = jax.nn.log_softmax(logits)[batch.seen, batch.act]
    advantage = advantages(batch, values, discount, options.mix)
    aims = values[batch.seen] + advantage
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-6)

    def loss(network: Network) -> jax.Array:
        logits, values = told(network)
        shares = jax.nn.log_softmax(logits)
        ratio = jnp.exp(shares[batch.seen, batch.act] - held)
        near = jnp.clip(ratio, 1.0 - options.clip, 1.0 + options.clip)
        gain = jnp.minimum(ratio * advantage, near * advantage).mean()
        entropy = -(jnp.exp(shares) * shares).sum(-1)[batch.seen].mean()
        return 0.5 * ((values[batch.seen] - aims) ** 2).mean() - gain - options.entropy * left * entropy

    def once(_: int, both: tuple[Adam, Network]) -> tuple[Adam, Network]:
        adam, network = both
        return stepped(adam, network, jax.grad(loss)(network), options.rate * left)

    moved: tuple[Adam, Network] = jax.lax.fori_loop(0, options.passes, once, (agent.adam, agent.network))
    return moved


def advantages(batch: Lesson, values: jax.Array, discount: float, mix: float) -> jax.Array:
    """Return how much better each step turned out than was held, [T, E]: discounted sums of surprises, mixed by `mix`."""
    goes_on = 1.0 - batch.over
    surprise = batch.reward + discount * goes_on * values[batch.after] - values[batch.seen]

    def back(later: jax.Array, at: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        surprise, goes_on = at
        total = surprise + discount * mix * goes_on * later
        return total, total

    return jax.lax.scan(back, jnp.zeros_like(surprise[0]), (surprise, goes_on), reverse=True)[1]
