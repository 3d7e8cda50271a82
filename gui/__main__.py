"""The entry point: a subcommand goes to the command line, without Qt; everything else opens the window."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from engine.cli import UNREADABLE, command_like, is_for_command_line
from engine.cli import main as command_line
from engine.graph import Project
from engine.result import Result
from gui.display import has_display, why_no_window


def main(argv: Sequence[str] | None = None) -> int:
    """Run with these arguments (those of the process where None); the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if is_for_command_line(arguments):
        return command_line(arguments, _draw)
    if not has_display():
        name = next((argument for argument in arguments if not argument.startswith("-")), "")
        print(f"chainrule: {why_no_window(name, command_like(name))}", file=sys.stderr)  # noqa: T201
        return UNREADABLE
    from gui.app import run

    return run(arguments)


def _draw(project: Project, result: Result, kind: str, scale: int, shapes: bool, formulas: bool) -> bytes:
    """Loads Qt when a picture is asked for, and not before."""
    from gui.pictures.command import draw

    return draw(project, result, kind, scale, shapes, formulas)


if __name__ == "__main__":
    sys.exit(main())
