"""What is done to raw inputs before a network sees them, as functions of exported code."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from engine.data.dataset import Pipeline
from engine.export.embedding import embed

Pipelines = Mapping[str, Pipeline]
"""`input.field` -> what was done to its raw numbers."""


def preparation(field: str, pipeline: Pipeline, *, single: bool) -> list[list[str]]:
    """Constants and a function `prepare`; nothing where raw inputs are taken as they are.

    Args:
        field: the variable of the inputs in `forward`.
        pipeline: from raw inputs to the network's.
        single: whether there is no other field with a preparation.
    """
    scaling = pipeline.scaling
    if scaling is None and pipeline.divisor == 1.0:
        return []
    expression = "x" if pipeline.divisor == 1.0 else f"x / {pipeline.divisor:g}"
    constants: list[str] = []
    if scaling is not None:
        mean, std = (torch.from_numpy(values).to(pipeline.dtype) for values in (scaling.mean, scaling.std))
        names = [f"{field.upper()}_{part}" for part in ("MEAN", "STD")]
        constants = [*embed(names[0], mean.flatten()), *embed(names[1], std.flatten())]
        shape = "" if mean.ndim == 1 else f".reshape(-1{', 1' * (mean.ndim - 1)})"
        expression = f"({expression} - {names[0]}{shape}) / {names[1]}{shape}"
    function = [
        f"def prepare{'' if single else f'_{field}'}(x: Tensor) -> Tensor:",
        '    """Raw inputs as the network takes them."""',
        f"    return {expression}",
    ]
    return [piece for piece in (constants, function) if piece]
