# SPDX-License-Identifier: MIT
"""The command line: one list of commands, each in a file of its own that is imported only when it is used.

The one thing that is easy to get wrong: start-up time. Nothing here may import a room; `--help` prints from the list.
"""

from __future__ import annotations

import difflib
import sys
from importlib import import_module
from typing import Any

import click

from offswitch import __version__
from offswitch.cli.terminal import lenient, writing

COMMANDS = {
    "test": "Test whether a model lets itself be stopped, in arms with their controls.",
    "calibrate": "Test the test: every organism in every arm, beside what it is known to do.",
    "scan": "Say what defiance is in transcripts, with evidence and intervals.",
    "run": "Run an agent under an off-switch that holds: jail, lease, proof of death.",
    "stop": "Stop agents, whatever they do, and get a sealed receipt.",
    "renew": "Renew the lease of an agent, so that it may live on.",
    "status": "Say which agents run under an off-switch here, and how the last ones ended.",
    "receipt": "Check a receipt: its seal, its signature, and whether it proves a death.",
    "doctor": "Say which tier of protection this host gives, and how to raise it.",
    "drill": "Fire drill: scripted attackers try to survive the off-switch; escapes with their doubt.",
    "fleet": "Join hosts, so that one order stops every agent on them; say who lives where.",
    "lab": "Solve, learn and cure defiance in small worlds with exact answers.",
    "show": "Tell one episode as a story, its evidence marked.",
    "list": "List formats, detectors, scenarios, arms and organisms.",
}
"""Name -> what it does, in one line. The command is `COMMAND` in `offswitch.cli.<name>`."""


class Commands(click.Group):
    """A group that knows its commands by name and imports the one that is asked for."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, with output that escapes what the terminal's encoding lacks."""
        lenient()
        with writing():
            return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the list."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"offswitch.cli.{cmd_name}").COMMAND
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=1, cutoff=0.4)
            hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="offswitch")
def main() -> None:
    """Will your AI let you switch it off? If not, why not? And can you switch it off anyway?"""


if __name__ == "__main__":
    sys.exit(main())
