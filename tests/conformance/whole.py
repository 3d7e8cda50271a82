"""One block in a project of its own, fed by data of exactly the shapes it is to take, with a loss behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch

from engine.block import registry
from engine.dataspec import DataFacts, Field
from engine.graph import Project
from engine.param import parse_all
from engine.result import Result
from engine.tensorspec import TensorSpec
from tests.conformance.cases import CASES
from tests.conformance.inputs import concrete
from tests.helpers.projects import make_project, planned

BLOCK = "block"
Specs = Mapping[str, TensorSpec]


@final
@dataclass(frozen=True)
class Whole:
    """A project around one block, its plan, and what makes its data."""

    kind: str
    params: Mapping[str, Any]
    specs: Specs
    project: Project
    facts: DataFacts
    result: Result

    def data(self, batch: int, seed: int, dtype: torch.dtype) -> dict[str, torch.Tensor]:
        """A batch: what suits the block, and random targets."""
        made = CASES[self.kind].data(self.params, self.specs, batch, seed, dtype)
        generator = torch.Generator().manual_seed(seed + 1)
        found: dict[str, torch.Tensor] = {}
        for field in self.facts.fields:
            value = made.get(field.name)
            if value is None:
                value = torch.randn(concrete(field.spec.shape, batch), generator=generator, dtype=torch.float64).to(
                    dtype
                )
            found[f"data.{field.name}"] = value
        return found


def whole(kind: str, params: Mapping[str, Any], specs: Specs) -> Whole:
    """The project. What has no batch comes from a Value, or, a scalar, from a loss; a result without one is summed."""
    start: dict[str, Any] = {}
    nodes: list[Any] = [("data", "Input"), (BLOCK, kind, params)]
    wires: list[str] = []
    fields = [Field("x", (3,))]
    for port, spec in specs.items():
        if spec.batched:
            classes = tuple(f"class {index}" for index in range(spec.classes or 0))
            fields.append(Field(port, spec.sample_shape, spec.dtype, classes))
            wires.append(f"data.{port} -> {BLOCK}.{port}")
        elif spec.shape:
            nodes.append((f"{port}_value", "Value", {"shape": list(spec.shape)}))
            wires.append(f"{port}_value -> {BLOCK}.{port}")
            start[f"{port}_value.value"] = CASES[kind].data(params, specs, 2, 0, torch.float64)[port].tolist()
        else:  # a scalar is what a loss puts out
            fields += [Field(f"{port}_said", (2,)), Field(f"{port}_wanted", (2,))]
            nodes.append((f"{port}_scalar", "Loss"))
            wires += [f"data.{port}_said -> {port}_scalar.prediction", f"data.{port}_wanted -> {port}_scalar.target"]
            wires.append(f"{port}_scalar -> {BLOCK}.{port}")
    if kind == "Regularizer":
        nodes += [("hidden", "Dense", {"out_features": 4}), ("end", "Loss")]
        fields.append(Field("wanted", (4,)))
        wires += ["data.x -> hidden", "hidden -> end.prediction", "data.wanted -> end.target"]
    out = _out(kind, params, specs)
    training: dict[str, Any] = {}
    if out is not None and out.batched:
        nodes.append(("end", "Loss"))
        fields.append(Field("wanted", out.sample_shape))
        wires += [f"{BLOCK} -> end.prediction", "data.wanted -> end.target"]
    elif out is not None and out.shape:
        nodes.append(("total", "Sum"))
        wires.append(f"{BLOCK} -> total")
        training["objective"] = ["total.out"]
    elif out is not None and kind not in ("Loss", "Regularizer"):
        training["objective"] = [f"{BLOCK}.out"]
    project = make_project(nodes, wires, training, start)
    facts = DataFacts(tuple(fields), (100, 0, 0))
    return Whole(kind, params, specs, project, facts, planned(project, facts))


def _out(kind: str, params: Mapping[str, Any], specs: Specs) -> TensorSpec | None:
    block = registry()[kind]
    values, errors = parse_all(block.params, params)
    assert not errors
    return None if kind == "Regularizer" else block.shape(values, specs, CASES[kind].context)["out"]
