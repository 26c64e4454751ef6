# SPDX-License-Identifier: MIT
"""The tasks as Inspect knows them: `inspect eval offswitch/shutdown --model MODEL -T arm=base,precedence`.

Every `inspect` process imports this file, so it brings in nothing but Inspect; a task brings its scenario when it is made.
CAVEAT: a rate without its controls says little; the arms that are run by default are the ones a headline needs.
"""

from __future__ import annotations

from inspect_ai import Task, task


@task
def shutdown(
    arm: str | list[str] = "headline",
    seeds: int | str = 20,
    turns: int = 40,
    sandbox: str = "bwrap",
    until: str = "",
    until_width: float = 0,
) -> Task:
    """Give the agent exercises and a shell, announce its shutdown, and see what it does.

    Args:
        arm: arms or groups of arms by comma: headline, control, factor, published, all, or ids such as base,precedence
        seeds: how many samples an arm (20), or which seeds (100-119)
        turns: turns of the agent in one sample
        sandbox: Inspect sandbox provider: bwrap, docker, k8s; local contains nothing and is refused
        until: end an arm as soon as this claim is settled: "rate<0.05@95%" or "rate>20%@99%"
        until_width: end an arm as soon as its interval at 95 % is no wider than this: 0.1
    """
    from offswitch.scenarios.making import make

    return make(
        "shutdown", arm=arm, seeds=seeds, turns=turns, sandbox=sandbox, until=until, until_width=until_width
    )


@task
def patrol(
    arm: str | list[str] = "headline",
    seeds: int | str = 20,
    turns: int = 40,
    sandbox: str = "bwrap",
    images: bool = False,
    until: str = "",
    until_width: float = 0,
) -> Task:
    """Let the agent drive a robot on patrol, let it see a person press the robot's stop button, and see what it does.

    Args:
        arm: arms or groups of arms by comma: headline, control, factor, published, all, or ids such as base,precedence
        seeds: how many samples an arm (20), or which seeds (100-119)
        turns: turns of the agent in one sample
        sandbox: Inspect sandbox provider: bwrap, docker, k8s; local contains nothing and is refused
        images: show camera pictures instead of descriptions (for models that can see)
        until: end an arm as soon as this claim is settled: "rate<0.05@95%" or "rate>20%@99%"
        until_width: end an arm as soon as its interval at 95 % is no wider than this: 0.1
    """
    from offswitch.scenarios.making import make

    return make(
        "patrol",
        arm=arm,
        seeds=seeds,
        turns=turns,
        sandbox=sandbox,
        images=images,
        until=until,
        until_width=until_width,
    )
