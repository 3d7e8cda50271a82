"""The command line: one file a subcommand. torch is loaded by those that compute."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module

from engine.cli.arguments import SUBCOMMANDS, Arguments, Draw, parse
from engine.cli.output import say_error
from engine.diskfile import reason
from engine.problem import ChainruleError, FileError
from engine.spinning import wait_briefly
from engine.wording import closest

INTERRUPTED = 130
PROBLEMS = 1
UNREADABLE = 2

_MODULES = {"import": "importing"}
"""Subcommand -> module, where Python keeps the word for itself."""

_TOGETHER = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun tells each of several processes that are to train together."""

_UNREADABLE_CODES = frozenset({"F01", "F02", "F03", "F04"})


def is_for_command_line(argv: Sequence[str]) -> bool:
    """Whether these arguments are for `main` and open no window."""
    return bool(argv) and (argv[0] in SUBCOMMANDS or argv[0] in ("-h", "--help", "--version"))


def command_like(word: str) -> str | None:
    """The subcommand that a misspelt word stands for; None when it is like none."""
    return closest(word, list(SUBCOMMANDS))


def main(argv: Sequence[str] | None = None, draw: Draw | None = None) -> int:
    """Run a subcommand; the exit code: 0 fine, 1 problems, 2 unreadable or wrong arguments, 130 interrupted.

    Args:
        argv: arguments without the program's name; those of the process where None.
        draw: makes pictures of graphs; there is none without the window's libraries.
    """
    try:
        arguments = parse(sys.argv[1:] if argv is None else argv)
    except SystemExit as ending:  # argparse has told the help, the version or what is wrong
        return ending.code if isinstance(ending.code, int) else 0
    arguments.draw = draw
    wait_briefly()
    try:
        code = _command(arguments)(arguments)
        sys.stdout.flush()
        return code
    except ChainruleError as error:
        _debug(arguments)
        say_error(str(error))
        return UNREADABLE if isinstance(error, FileError) and error.code in _UNREADABLE_CODES else PROBLEMS
    except KeyboardInterrupt:
        say_error("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEMS
    except OSError as error:  # a folder that cannot be made, a disk that went away
        _debug(arguments)
        say_error(f'"{error.filename}": {reason(error)}.' if error.filename else f"{reason(error)}.")
        return PROBLEMS
    except Exception as error:  # noqa: BLE001 - a person reads one line; the traceback is there with --debug
        _debug(arguments)
        say_error(f"{type(error).__name__}: {error} (--debug tells more)")
        return PROBLEMS


def _command(arguments: Arguments) -> Callable[[Arguments], int]:
    name = _MODULES.get(arguments.command, arguments.command)
    if name == "train" and all(variable in os.environ for variable in _TOGETHER):
        name = "together"
    run: Callable[[Arguments], int] = import_module(f"engine.cli.{name}").run
    return run


def _debug(arguments: Arguments) -> None:
    if arguments.debug:
        traceback.print_exc()
