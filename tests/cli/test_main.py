# SPDX-License-Identifier: MIT
"""The front door: quick, and helpful to those who mistype."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from offswitch import __version__
from offswitch.cli.main import COMMANDS, main


def test_help_lists_every_command_with_its_own_words():
    printed = CliRunner().invoke(main, ["--help"]).output
    for name, about in COMMANDS.items():
        assert f"{name}  {about}" in " ".join(printed.split()).replace(f" {name} ", f" {name}  ")
        assert main.get_command(None, name).short_help == about


def test_help_imports_no_room_so_that_it_is_quick():
    program = (
        "import sys\nfrom offswitch.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "rooms = ('rich', 'msgspec', 'sqlite3', 'numpy', 'offswitch.report', 'offswitch.verdict', 'offswitch.episode')\n"
        "print([room for room in rooms if room in sys.modules], file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name):
    told = CliRunner().invoke(main, [name, "--help"])
    assert told.exit_code == 0
    assert "Usage: " in told.output


def test_the_version_is_the_packages(offswitch):
    assert offswitch("--version").stdout == f"offswitch, version {__version__}\n"


def test_a_mistyped_command_gets_the_nearest(offswitch):
    told = offswitch("scna")
    assert told.returncode == 2
    assert "there is no command 'scna'; did you mean 'scan'?" in told.stderr
