"""What a block does with its inputs, found by asking it: shapes, recipe, counts. Asked once for all that are alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from engine.block import Context, Remark, ShapeError
from engine.planning.guard import guarded
from engine.planning.shells import Shell
from engine.problem import Problem
from engine.recipe import Recipe
from engine.tensorspec import TensorSpec

_BYTES = {"int": 8, "bool": 1}
_KEPT = 4096


@final
@dataclass(frozen=True, slots=True)
class Work:
    """A block's answers for certain inputs.

    Attributes:
        outputs: port -> spec, for every output; empty when the inputs do not fit.
        refusal: why they do not.
        faults: problems of the block's own code, which name the node.
    """

    outputs: Mapping[str, TensorSpec] = field(default_factory=dict)
    recipe: Recipe | None = None
    macs: int | None = None
    activation_bytes: int | None = None
    remarks: tuple[Remark, ...] = ()
    summary: str = ""
    refusal: ShapeError | None = None
    faults: tuple[Problem, ...] = ()


Specs = tuple[TensorSpec | None, ...]
Ids = tuple[int, ...]
"""Names specs in a dict that holds on to them. Specs from `Known` are one object where they are equal."""

PortSpecs = Mapping[str, TensorSpec | None]
Answer = tuple[Specs, Work, PortSpecs, PortSpecs]
"""The specs of a node's sources, what its block makes of them, and the specs by input and by output port."""

Answers = dict[Ids, Answer]


@final
class Known:
    """What blocks answered so far, shared by checks that build on each other; forgets everything when it is full.

    Attributes:
        float_bytes: of one real number in the dtype of the training.
    """

    def __init__(self, float_bytes: int = 4) -> None:
        self.float_bytes = float_bytes
        self._answers: dict[object, Answers] = {}
        self._specs: dict[TensorSpec, TensorSpec] = {}
        self._count = 0

    def answers(self, likeness: object) -> Answers:
        """The answers of all nodes that are alike."""
        return self._answers.setdefault(likeness, {})

    def keep(self, answers: Answers, ids: Ids, answer: Answer) -> None:
        """Remembers an answer."""
        self._count += 1
        if self._count > _KEPT:
            self._answers, self._specs, self._count = {}, {}, 0
            answers.clear()
        answers[ids] = answer

    def one(self, specs: Mapping[str, TensorSpec]) -> dict[str, TensorSpec]:
        """The same specs, as the objects that stand for all equal ones."""
        return {port: self._specs.setdefault(spec, spec) for port, spec in specs.items()}


def ask(
    shell: Shell, params: Mapping[str, Any], specs: dict[str, TensorSpec], context: Context | None, known: Known
) -> Work:
    """The answers of a node's block; without a context, when the inputs are not all known, its summary alone."""
    block = shell.block
    assert block is not None
    path = shell.flat.path
    faults: list[Problem] = []

    def summary_of() -> str:
        facts = context.facts if context is not None else None
        return str(block.summary(params, specs) if facts is None else block.data_summary(params, facts))

    summary = guarded(path, "summary", summary_of, "", faults)

    def find() -> tuple[dict[str, TensorSpec], Recipe] | ShapeError | None:
        assert context is not None
        try:
            shapes = block.shape(params, specs, context)
            for port in shell.outputs:
                if not isinstance(shapes.get(port), TensorSpec):
                    raise TypeError(f'no shape for its output "{port}"')
            return {port: shapes[port] for port in shell.outputs}, block.recipe(params, specs, context)
        except ShapeError as error:
            error.__traceback__ = None  # it is kept
            return error

    if context is None:
        return Work(summary=summary, faults=tuple(faults))
    found = guarded(path, "shape and recipe", find, None, faults)
    if found is None:
        return Work(summary=summary, faults=tuple(faults))
    if isinstance(found, ShapeError):
        return Work(summary=summary, refusal=found, faults=tuple(faults))
    outputs, recipe = known.one(found[0]), found[1]
    none: tuple[Remark, ...] = ()
    remarks = guarded(path, "remarks", lambda: tuple(block.remarks(params, specs, context)), none, faults)
    macs = None
    if all(spec.numel is not None for spec in (*specs.values(), *outputs.values())):
        macs = guarded(path, "macs", lambda: int(block.macs(params, specs, outputs)), None, faults)
    return Work(
        outputs, recipe, macs, _activation_bytes(outputs, known.float_bytes), remarks, summary, None, tuple(faults)
    )


def _activation_bytes(shapes: Mapping[str, TensorSpec], float_bytes: int) -> int | None:
    total = 0
    for spec in shapes.values():
        if spec.numel is None:
            return None
        total += spec.numel * _BYTES.get(spec.dtype, float_bytes)
    return total
