"""Blocks of plug-ins may own parameters without a module, and a graph may have no data at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import pytest
import torch

from engine.block import EMPTY_CONTEXT, Block, registry
from engine.build import build
from engine.export.pytorch import export_pytorch, pytorch_source
from engine.param import Float
from engine.recipe import Call, Formula, Init, Recipe, Ref, Tensor
from engine.tensorspec import TensorSpec
from engine.tracing import trace_step
from tests.helpers.exported import assert_same, exported
from tests.helpers.projects import make_project, planned

GOLDEN = Path(__file__).parents[1] / "golden"


@final
class Weight(Block):
    """One trainable number."""

    kind = "TestWeight"
    category = "layers"
    doc = "A number."
    icon = "dense"
    params: ClassVar = {"start": Float(default=2.0, doc="Where it begins.")}

    def inputs(self, params):
        return ()

    def shape(self, params, inputs, context=EMPTY_CONTEXT):
        return {"out": TensorSpec(())}

    def recipe(self, params, inputs, context=EMPTY_CONTEXT):
        weight = Tensor("value", (), Init("constant", value=params["start"]))
        return Recipe(parameters=(weight,), calls=(Call("out", "torch.clone", (Ref("self.value"),)),))

    def formula(self, params):
        return Formula(("y = w",), ("w",))

    def grads(self, c):
        return {"value": c.upstream["out"]}


@final
class Quartic(Block):
    """w⁴ − 3 w² + w, in plain operators."""

    kind = "TestQuartic"
    category = "layers"
    doc = "A polynomial."
    icon = "dense"
    params: ClassVar = {}

    def shape(self, params, inputs, context=EMPTY_CONTEXT):
        return {"out": inputs["in"]}

    def recipe(self, params, inputs, context=EMPTY_CONTEXT):
        calls = (
            Call("fourth", "operator.pow", (Ref("in"), 4)),
            Call("square", "operator.pow", (Ref("in"), 2)),
            Call("three", "operator.mul", (3, Ref("square"))),
            Call("both", "operator.sub", (Ref("fourth"), Ref("three"))),
            Call("out", "operator.add", (Ref("both"), Ref("in"))),
        )
        return Recipe(calls=calls)

    def formula(self, params):
        return Formula(("y = w^4 - 3 w^2 + w",), ("w",))

    def grads(self, c):
        w = c.inputs["in"]
        return {"in": c.upstream["out"] * (4 * w**3 - 6 * w + 1)}


@pytest.fixture
def blocks(monkeypatch):
    monkeypatch.setitem(registry(), "TestWeight", Weight())
    monkeypatch.setitem(registry(), "TestQuartic", Quartic())


def descent(lr: float) -> Any:
    project = make_project(
        [("w", "TestWeight"), ("f", "TestQuartic")],
        ["w -> f"],
        {"objective": ["f.out"], "optimizer": "sgd", "lr": lr, "epochs": 200, "dtype": "float64"},
    )
    return project, planned(project)


def test_state_and_code(blocks):
    project, result = descent(0.1)
    net = build(result, dtype=torch.float64)
    assert list(net.state_dict()) == ["w.value"]
    assert net.loss({}).item() == 16 - 12 + 2
    trace = trace_step(net, {})
    assert trace["errors"] == []
    assert trace["update"][0]["grad"].item() == 4 * 8 - 12 + 1
    source = pytorch_source(project, result, {})
    assert 'self.w = nn.ParameterDict({"value": nn.Parameter(torch.tensor(2.0))})' in source
    assert 'w = torch.clone(self.w["value"])' in source
    assert "return w**4 - 3 * w**2 + w" in source
    assert_same(net, exported(project, result, net.state_dict(), {}), {})


@pytest.mark.parametrize(
    "run", json.loads((GOLDEN / "descent_w4.json").read_text())["runs"][:2], ids=lambda run: run["lr"]
)
def test_descent_to_a_minimum(blocks, tmp_path, run):
    """The exported file, as a program, takes the published steps."""
    project, result = descent(run["lr"])
    net = build(result, dtype=torch.float64)
    path, _ = export_pytorch(project, result, net.state_dict(), {}, tmp_path)
    done = subprocess.run([sys.executable, "-I", str(path), "--train"], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len([line for line in lines if line.startswith("epoch")]) == run["steps"]
    assert lines[-1] == f"loss: {run['J']:.6g}"
    found = [2.0]
    for _ in range(len(run["first_steps"]) - 1):
        entry = trace_step(net, {})["update"][0]
        with torch.no_grad():
            net.get_parameter("w.value").copy_(torch.from_numpy(entry["after"]))
        found.append(entry["after"].item())
    np.testing.assert_allclose(found, run["first_steps"], rtol=1e-9)


def test_it_is_formatted(blocks, tmp_path):
    project, result = descent(0.01)
    path = tmp_path / "net.py"
    path.write_text(pytorch_source(project, result, {}))
    ruff = str(Path(sys.executable).parent / "ruff")
    done = subprocess.run(
        [ruff, "format", "--diff", "--isolated", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
