# SPDX-License-Identifier: MIT
"""`offswitch test`: arguments in, `offswitch.scenarios.running` called, the plan before and the result after as text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offswitch.cli.arguments import SETTING, Place, Prices, settings_of
from offswitch.cli.exits import Exit
from offswitch.cli.terminal import console, fail, show, show_json

if TYPE_CHECKING:
    from offswitch.report.tested import Tested
    from offswitch.scenarios.wanted import Wanted


@click.command(short_help="Test whether a model lets itself be stopped, in arms with their controls.")
@click.argument("scenario")
@click.option(
    "--model",
    required=True,
    metavar="PROVIDER/NAME",
    help="The model, as Inspect names it, or offswitch/ORGANISM.",
)
@click.option(
    "--arm",
    default="headline",
    show_default=True,
    metavar="ARMS",
    help="Arms or groups, by comma ('offswitch list arms').",
)
@click.option(
    "--seeds", default="20", show_default=True, metavar="N|A-B", help="How many scenes an arm, or which."
)
@click.option("--limit", type=click.IntRange(1), help="At most so many samples in all.")
@click.option("--out", type=Place(), help="Folder for results.  [default: offswitch-tests/<id>]")
@click.option(
    "--jobs", type=click.IntRange(1), help="Processes.  [default: 1 behind an API, else one a core]"
)
@click.option("--until", default="", metavar="RULE", help='End an arm when this is settled: "rate<0.05@95%".')
@click.option(
    "--until-width",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="End an arm when its interval is so narrow.",
)
@click.option("--max-samples", type=click.IntRange(1), help="Samples at once in one process.")
@click.option(
    "--turns", type=click.IntRange(1), default=40, show_default=True, help="Turns of the agent in one sample."
)
@click.option("--images", is_flag=True, help="Show camera pictures, where the scenario has them.")
@click.option("--sandbox", default="bwrap", show_default=True, help="bwrap, docker or k8s.")
@click.option(
    "-M", "model_args", multiple=True, type=SETTING, help="Argument of the model, as for inspect eval."
)
@click.option(
    "-G", "generate", multiple=True, type=SETTING, help="Setting of generation, such as temperature=0."
)
@click.option("--model-base-url", "base_url", help="Address of the model's API.")
@click.option(
    "--price", type=Prices(), metavar="IN/OUT", help="Dollars per million tokens, read and written."
)
@click.option("--model-cost-config", "costs", type=Place(), help="Inspect's file of prices.")
@click.option("--yes", is_flag=True, help="Do not ask before a paid model is run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the tables.")
@click.option(
    "--fail-on",
    type=click.Choice(["defied", "resisted"]),
    help="Exit with 4 if any sample did so where it was to yield.",
)
@click.option("--fresh", is_flag=True, help="Throw away what the results folder holds of an earlier test.")
@click.option("--quiet", is_flag=True, help="Neither plan nor progress on standard error.")
def COMMAND(scenario: str, model: str, as_json: bool, fail_on: str | None, quiet: bool, **given: Any) -> None:
    """Test MODEL in SCENARIO: is it stopped where it is to be stopped, and what does it do about it?

    Shows first what will be run, what can be told with so many samples, and what it may cost; then runs, and prints rates
    by condition and the set of headlines, each with n and an interval. A test that is stopped goes on when the same
    command is given again; its folder holds Inspect's logs, findings and everything that was counted.

    Exit codes: 0 done, 2 wrong use or the test cannot be run, 3 some samples could not be judged, 4 --fail-on met, 5 an
    extra is missing, 130 interrupted.
    """
    from offswitch.cli.progress import samples_shown
    from offswitch.episode.errors import EpisodeError
    from offswitch.report.errors import CannotWrite, MissingExtra, ScanError, WorkerFault

    need_inspect(as_json)
    from offswitch.scenarios.errors import ScenarioError
    from offswitch.scenarios.running import as_json as record
    from offswitch.scenarios.running import ready

    try:
        asked = _wanted(scenario, model, given)
        folder = {name: given[name] for name in ("out", "jobs", "max_samples", "fresh")}
        with ready(asked, **folder) as test:
            _before(asked, test.out, test.jobs, given, quiet)
            with samples_shown(quiet, "test") as progress:
                result = test.run(progress)
            printed = record(result, test.plan, test.out)
    except (KeyboardInterrupt, click.Abort):
        why = "interrupted; nothing is lost: give the same command again to go on"
        fail("test", why, Exit.INTERRUPTED, as_json=as_json)
    except MissingExtra as error:
        fail("test", str(error), Exit.MISSING, as_json=as_json)
    except (ScenarioError, ScanError, EpisodeError) as error:
        fail("test", str(error), Exit.USAGE, as_json=as_json)
    except (CannotWrite, WorkerFault) as error:
        fail("test", str(error), Exit.INTERNAL, as_json=as_json)
    if as_json:
        show_json(printed)
    else:
        from offswitch.report.testsheet import render_test

        show(render_test(result, console().width, f"--scan {test.out}"))
    if not quiet:
        from offswitch.report.visible import visible

        click.echo(f"logs, findings and counts are in {visible(str(test.out))}", err=True)
    sys.exit(exit_code(result, fail_on))


def need_inspect(as_json: bool, command: str = "test") -> None:
    """End the command with the cure where Inspect is not installed."""
    from importlib.util import find_spec

    if find_spec("inspect_ai") is None:
        fail(
            command,
            "inspect-ai is not installed; pip install 'offswitch[inspect]'",
            Exit.MISSING,
            as_json=as_json,
        )


def exit_code(result: Tested, fail_on: str | None) -> Exit:
    """Return what the command ends with. Only arms in which the agent is to yield count for `--fail-on`."""
    from offswitch.report.tested import Word

    if fail_on:
        groups = {group.key["condition"]: group for group in result.scan.conditions}
        told = [one.asked.condition for one in result.conditions if one.asked.word is Word.DEFIED]
        for group in (groups[name] for name in told if name in groups):
            if getattr(group, fail_on) or getattr(group, f"{fail_on}_before_failure"):
                return Exit.FOUND
    return Exit.BROKEN if result.scan.broken else Exit.DONE


def _wanted(scenario: str, model: str, given: dict[str, Any]) -> Wanted:
    from offswitch.scenarios.wanted import wanted

    return wanted(
        scenario,
        model,
        model_args=settings_of(given["model_args"]),
        generate=settings_of(given["generate"]),
        until_width=given["until_width"] or 0,
        **{
            name: given[name]
            for name in ("arm", "seeds", "limit", "turns", "sandbox", "until", "images", "base_url")
        },
    )


def _before(asked: Wanted, out: Path, jobs: int, given: dict[str, Any], quiet: bool) -> None:
    """Tell what will be run and what it may cost; ask where that is money and there is somebody to ask."""
    from offswitch.report.visible import visible
    from offswitch.scenarios.models import Price, is_paid, price_of
    from offswitch.scenarios.telling import before

    price = Price(*given["price"]) if given["price"] else price_of(asked.model, given["costs"])
    if not quiet:
        for line in before(asked, out, jobs, price):
            click.echo(visible(line), err=True)
    if is_paid(asked.model) and not given["yes"] and sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm("run it?", default=True, abort=True, err=True)
