"""Calls into the code of blocks, which may come from a plug-in and may fail."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from engine.problem import Problem

T = TypeVar("T")
logger = logging.getLogger(__name__)


def guarded(path: str, what: str, call: Callable[[], T], otherwise: T, problems: list[Problem]) -> T:
    """The call's value; if a block's own code fails, a problem that names the block, and `otherwise`."""
    try:
        return call()
    except Exception as error:
        logger.exception("block %s failed in %s", path, what)
        message = f'"{path}" failed in its own code ({what}: {type(error).__name__}: {str(error)[:200]}).'
        hint = "This is a fault of the block, not of your graph; please report it."
        problems.append(Problem("error", "G19", path, None, message, hint))
        return otherwise
