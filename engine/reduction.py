"""What Sum and Mean share: over which dimensions they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.block import ShapeError
from engine.param import Bool, Param, Shape
from engine.recipe import Call, Ref
from engine.shapes import need_float
from engine.tensorspec import TensorSpec


def reduced_params(what: str) -> dict[str, Param]:
    """The parameters `dim` and `keepdim`."""
    return {
        "dim": Shape(
            default=(), min=0, doc=f"The dimensions that are {what}; empty: all of them, the batch too: one number."
        ),
        "keepdim": Bool(default=False, advanced=True, doc="Keep each such dimension, with size 1."),
    }


def reduced_shape(params: Mapping[str, Any], spec: TensorSpec) -> TensorSpec:
    """What is left of the shape. Raises ShapeError."""
    need_float(spec)
    dims, rank = params["dim"], len(spec.shape)
    if len(set(dims)) < len(dims) or any(dim >= rank for dim in dims):
        raise ShapeError(
            f"goes over the dimensions {', '.join(map(str, dims))} of {spec}, which has {rank}",
            hint="Name each of its dimensions once at most, counted from 0.",
            port="in",
        )
    if spec.batched and 0 in dims and len(dims) < rank:
        raise ShapeError(
            f"would mix the samples of {spec}",
            hint="Leave out dimension 0, or leave dim empty to make a single number.",
            port="in",
        )
    if spec.batched and params["keepdim"] and (not dims or 0 in dims):
        raise ShapeError(
            f"would leave a batch of one of {spec}", hint="Switch keepdim off, or name dimensions from 1 on.", port="in"
        )
    over = dims or tuple(range(rank))
    kept = (1 if index in over else size for index, size in enumerate(spec.shape)) if params["keepdim"] else None
    shape = tuple(kept) if kept is not None else tuple(s for i, s in enumerate(spec.shape) if i not in over)
    return TensorSpec(shape)


def reducing_call(target: str, params: Mapping[str, Any]) -> Call:
    """The torch call."""
    keep = (("keepdim", True),) if params["keepdim"] else ()
    if not params["dim"]:
        return Call("out", target, (Ref("in"), None) if keep else (Ref("in"),), keep)
    return Call("out", target, (Ref("in"), params["dim"]), keep)


def spread_back(delta: Any, params: Mapping[str, Any], x: Any) -> Any:
    """The gradient of the output, once for every number that went into it."""
    if not params["keepdim"]:
        for dim in sorted(params["dim"]):
            delta = delta.unsqueeze(dim)
    return delta.expand(x.shape)


def summary_of(params: Mapping[str, Any]) -> str:
    """The line under the block's name."""
    return f"over {', '.join(map(str, params['dim']))}" if params["dim"] else "over everything"
