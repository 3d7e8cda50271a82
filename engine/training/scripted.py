"""TorchScript, behind one door: straight-line text becomes a function that runs without Python.

TorchScript is no longer developed. Nothing else here uses it, and whoever asks for a function can do without one.
"""

from __future__ import annotations

import math  # noqa: F401 - TorchScript looks up here what the text names
from collections.abc import Callable
from typing import Any, cast

import torch

NAME = "step"

Function = Callable[..., Any]


def scripted(text: str) -> Function | None:
    """The function `step` that a text defines, over `torch.ops` and `math`; None where it cannot be made.

    The text is written by this program alone. Its operations run one by one as they stand: TorchScript's own
    optimisations, which might round otherwise, stay off.
    """
    try:
        torch._C._set_graph_executor_optimize(False)  # noqa: SLF001 - torch.jit.optimized_execution, for good
        unit = torch.jit.CompilationUnit(text)
        return cast(Function, getattr(unit, NAME))
    except (RuntimeError, AttributeError, TypeError, ValueError):
        return None
