"""Where a block refuses what PyTorch would take, and why: the whole list.

`test_refusals.py` draws parameters and shapes without regard to what fits. Whatever a block refuses then either fails
in PyTorch, too, or one of these rules applies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from engine.tensorspec import TensorSpec

Params = Mapping[str, Any]
Specs = Mapping[str, TensorSpec]


@final
@dataclass(frozen=True)
class Rule:
    """A refusal that PyTorch does not make.

    Attributes:
        reason: why it is made, as the user is served by it.
        applies: whether it is made for this block with these parameters and inputs.
    """

    reason: str
    applies: Callable[[str, Params, Specs], bool]


def _ranks(specs: Specs) -> set[int]:
    return {len(spec.shape) for spec in specs.values()}


def _batched(specs: Specs) -> bool:
    return all(spec.batched for spec in specs.values())


def _labels(kind: str, params: Params, specs: Specs) -> bool:
    return any(spec.dtype != "float" for spec in specs.values())


def _no_batch(kind: str, params: Params, specs: Specs) -> bool:
    dims = params.get("dims", [0]) if kind == "Permute" else [0]
    return not _batched(specs) or dims[:1] != [0] or _moves_the_batch(kind, params, specs)


def _moves_the_batch(kind: str, params: Params, specs: Specs) -> bool:
    if kind == "Transpose":
        rank = len(specs["in"].shape)
        return 0 in {params.get("dim0", -2) % rank, params.get("dim1", -1) % rank}
    return kind == "MatMul" and specs["a"].batched and not specs["b"].batched and len(specs["b"].shape) > 2


def _mixed(kind: str, params: Params, specs: Specs) -> bool:
    if kind in {"Sum", "Mean"}:
        dims = params.get("dim", [])
        return specs["in"].batched and (0 in dims or (not dims and params.get("keepdim", False)))
    return kind == "MatMul" and (specs["b"].batched or specs["a"].shape == ("N",))


def _unbatched_picture(kind: str, params: Params, specs: Specs) -> bool:
    wants = {"Conv1d": 3, "Dropout2d": 4, "BatchNorm1d": 3}.get(kind, 4)
    if kind == "Loss" and params.get("function", "mse") in {"cross_entropy", "nll"}:
        return len(specs["prediction"].shape) < 2
    windows = {"Conv1d", "Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d", "Dropout2d"}
    return kind in windows and _ranks(specs) != {wants}


def _free(kind: str, params: Params, specs: Specs) -> bool:
    return any(isinstance(dim, str) for spec in specs.values() for dim in spec.shape[1:])


def _stretched(kind: str, params: Params, specs: Specs) -> bool:
    if kind == "MatMul":
        return specs["a"].shape[:-2] != specs["b"].shape[:-2]
    lined_up = {"Add", "Subtract", "Multiply", "Divide", "Power", "Max", "Loss"}
    return kind in lined_up and len({spec.shape for spec in specs.values()}) > 1


def _per_dim(params: Params, name: str, default: int) -> list[int]:
    value = params.get(name, default)
    return list(value) if isinstance(value, list | tuple) else [value, value]


def _past_the_stride(kind: str, params: Params, specs: Specs) -> bool:
    extra, stride = _per_dim(params, "output_padding", 0), _per_dim(params, "stride", 1)
    return kind == "ConvTranspose2d" and any(more >= step for more, step in zip(extra, stride, strict=True))


def _no_pixels(kind: str, params: Params, specs: Specs) -> bool:
    if kind != "ConvTranspose2d":
        return False
    names = (("kernel_size", 3), ("stride", 1), ("padding", 0), ("dilation", 1), ("output_padding", 0))
    found = zip(specs["in"].shape[2:], *(_per_dim(params, *name) for name in names), strict=True)
    return any((size - 1) * s - 2 * p + d * (k - 1) + more + 1 < 1 for size, k, s, p, d, more in found)


def _sees_nothing(kind: str, params: Params, specs: Specs) -> bool:
    return kind == "MaxPool2d" and max(_per_dim(params, "dilation", 1)) > 1 and max(_per_dim(params, "padding", 0)) > 0


def _single(kind: str, params: Params, specs: Specs) -> bool:
    if kind not in {"LayerNorm", "GroupNorm"}:
        return False
    shape = specs["in"].shape
    dims = params.get("dims", 1)
    sizes = shape[-dims:] if kind == "LayerNorm" else (shape[1] // params.get("num_groups", 4), *shape[2:])
    return all(size == 1 for size in sizes)


RULES = (
    Rule("class labels are names, not amounts to compute with", _labels),
    Rule("everything between Input and Loss keeps the batch first", _no_batch),
    Rule("PyTorch would read it as one image or sequence without a batch", _unbatched_picture),
    Rule("PyTorch would stretch one input to the other's shape without a word", _stretched),
    Rule("numbers of different samples would be mixed", _mixed),
    Rule("a free size would change, or would have to be a number of features", _free),
    Rule(
        "PyTorch acts on the last dimension of an image, which is hardly ever meant",
        lambda kind, params, specs: kind == "Dense" and len(specs["in"].shape) > 3,
    ),
    Rule("rows past the stride repeat what a larger input makes", _past_the_stride),
    Rule("an image without pixels", _no_pixels),
    Rule("a maximum of nothing, whose gradient PyTorch writes outside of the image", _sees_nothing),
    Rule("one number minus its mean is always 0, so nothing learns", _single),
    Rule(
        "volumes have no other blocks yet",
        lambda kind, params, specs: kind == "GlobalAvgPool" and len(specs["in"].shape) > 4,
    ),
)
