"""The entry point: a subcommand goes to the command line, without Qt; everything else opens the window."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from engine.cli import is_for_command_line
from engine.cli import main as command_line


def main(argv: Sequence[str] | None = None) -> int:
    """Run with these arguments (those of the process where None); the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if is_for_command_line(arguments):
        return command_line(arguments)
    from gui.app import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
