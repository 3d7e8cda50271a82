"""Micro-batches: how a batch is cut, and with which weight each part counts, so that the sum is the whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, final

from torch import Tensor

from engine.netcode import Batch
from engine.result import Objective, Result, Source

Adds = Literal["mean", "sum", "always"]
"""How an objective of a batch follows from those of its parts: their mean, weighted by samples; their sum; or it reads
no data, and is the same in all of them."""

_REDUCTIONS: dict[str, Adds] = {"Mean": "mean", "Sum": "sum"}
_LINEAR = ("Add", "Subtract")


@final
class NotSliceableError(Exception):
    """An objective that is more than a mean or a sum over samples: only the whole batch tells it.

    Attributes:
        path: of the block that looks at all samples at once.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def adding(result: Result, objectives: Sequence[Objective]) -> list[Adds]:
    """How each of these objectives adds up.

    Raises:
        NotSliceableError: one does not.
    """
    reader = _Reader(result)
    return [reader.kind((term.path, term.port)) for term in objectives]


def can_be_cut(result: Result) -> bool:
    """Whether every phase can be trained in micro-batches."""
    try:
        for phase in result.phases:
            adding(result, phase.objectives)
    except NotSliceableError:
        return False
    return True


@final
class _Reader:
    """Follows objectives back to where the samples of a batch come together."""

    def __init__(self, result: Result) -> None:
        self._nodes = result.nodes
        self._inputs = frozenset(result.inputs)
        self._reads = self._reading(result)

    def _reading(self, result: Result) -> frozenset[str]:
        """The nodes that depend on data."""
        found: set[str] = set()
        for path in result.order:
            sources = result.nodes[path].sources.values()
            if path in self._inputs or any(source[0] in found for source in sources):
                found.add(path)
        return frozenset(found)

    def kind(self, source: Source) -> Adds:
        """How a scalar adds up."""
        path = source[0]
        if path not in self._reads:
            return "always"
        plan = self._nodes[path]
        if plan.block in _LINEAR:
            kinds = {self.kind(other) for other in plan.sources.values()}
            if kinds <= {"mean", "always"}:
                return "mean"
            if kinds == {"sum"}:
                return "sum"
            raise NotSliceableError(path)
        if plan.block == "Loss":
            made: Adds = "sum" if plan.params["reduction"] == "sum" else "mean"
        elif plan.block in _REDUCTIONS:
            made = _REDUCTIONS[plan.block]
        else:
            raise NotSliceableError(path)
        self._apart(list(plan.sources.values()))
        return made

    def _apart(self, waiting: list[Source]) -> None:
        """See that the samples stay apart up to here. Raises NotSliceableError."""
        seen: set[Source] = set()
        while waiting:
            source = waiting.pop()
            path, port = source
            if source in seen or path not in self._reads:
                continue
            seen.add(source)
            spec = self._nodes[path].outputs[port]
            if spec is None or not spec.batched:
                raise NotSliceableError(path)
            if path not in self._inputs:
                waiting += self._nodes[path].sources.values()


def cut(batch: Batch, most: int, least: int = 1) -> list[Batch]:
    """A batch in parts of at most `most` samples, as equal as they can be.

    Args:
        batch: name -> (n, ...).
        most: samples of a part.
        least: samples that a part has at least, which goes before `most`.
    """
    samples = next(iter(batch.values())).size(0)
    count = max(1, min(-(-samples // most), samples // least))
    cuts: dict[str, Sequence[Tensor]] = {name: tensor.tensor_split(count) for name, tensor in batch.items()}
    return [{name: parts[number] for name, parts in cuts.items()} for number in range(count)]


def shares(kinds: Sequence[Adds], samples: int, whole: int) -> list[float]:
    """What the objectives of a part count for in those of the whole batch.

    Args:
        kinds: of the objectives.
        samples: of the part.
        whole: samples of the batch.
    """
    return [1.0 if kind == "sum" else samples / whole for kind in kinds]


def batch_norm_of(result: Result) -> str:
    """Path of a live block that normalises over the batch, "" when there is none."""
    for path in result.order:
        recipe = result.nodes[path].recipe
        target = recipe.module.target if recipe is not None and recipe.module is not None else ""
        if path in result.live and target.startswith("torch.nn.BatchNorm"):
            return path
    return ""
