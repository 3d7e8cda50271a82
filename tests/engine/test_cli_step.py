"""`chainrule step --json`: every line of its description holds for every example."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from engine import assets, edits, files
from engine.build import build, tensor_specs
from engine.cli import main
from engine.tensorspec import TensorSpec
from engine.training.loading import Loaded, load

EXAMPLES = sorted((assets.folder() / "examples").glob("*.chainrule"))
SAMPLES = 8
"""In a batch, at most: each number of an image is written out at every block."""


def concrete(spec: TensorSpec, samples: int) -> tuple[int, ...]:
    return tuple(dim if isinstance(dim, int) else samples for dim in spec.shape)


def numbers(value: Any) -> np.ndarray[Any, Any]:
    """Words for what is not finite included."""
    return np.asarray(value, dtype=np.float64)


def assert_described(told: dict[str, Any], loaded: Loaded, samples: int) -> None:
    result = loaded.result
    assert list(told)[:4] == ["loss", "forward", "backward", "update"]
    assert isinstance(told["loss"], float)
    nodes = [entry["node"] for entry in told["forward"]]
    assert set(nodes) <= set(result.nodes)
    for entry in told["forward"]:
        plan = result.nodes[entry["node"]]
        assert set(entry) == {"node", "outputs"}
        assert set(entry["outputs"]) == set(plan.outputs)
        for port, spec in plan.outputs.items():
            assert spec is not None
            assert numbers(entry["outputs"][port]).shape == concrete(spec, samples)  # in full
    places = [result.order.index(entry["node"]) for entry in told["backward"]]
    assert places == sorted(places, reverse=True)  # reverse plan order
    assert {entry["node"] for entry in told["backward"]} == set(nodes)
    for entry in told["backward"]:
        plan = result.nodes[entry["node"]]
        assert {"node", "grad_outputs", "grad_inputs", "grad_parameters"} <= set(entry)
        assert set(entry["grad_outputs"]) <= set(plan.outputs)
        assert set(entry["grad_inputs"]) <= set(plan.sources)
        assert all("." not in name for name in entry["grad_parameters"] if plan.block != "Regularizer")
    specs = tensor_specs(result)
    for entry in told["update"]:
        keys = ["parameter", "before", "grad", "applied", "state_before", "state_after", "after"]
        assert [key for key in entry if key != "terms"] == keys
        for key in ("before", "grad", "after"):
            assert numbers(entry[key]).shape == specs[entry["parameter"]].shape
        if entry["applied"] is None:  # frozen: the gradient is shown, the numbers stay
            assert entry["after"] == entry["before"]
            assert (entry["state_before"], entry["state_after"]) == ({}, {})
        else:
            assert numbers(entry["applied"]).shape == specs[entry["parameter"]].shape
    assert {entry["parameter"] for entry in told["update"]} == dict(build(result).named_parameters()).keys()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_told_as_described(path: Any, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    project = files.load(path)
    if project.training.get("batch_size", 0) > SAMPLES:
        path = tmp_path / path.name
        files.save(edits.set_training(project, {"batch_size": SAMPLES})[0], path)
    assert main(["step", str(path), "--json"]) == 0
    text = capsys.readouterr().out
    assert text.endswith("}\n")
    told = json.loads(text, parse_constant=pytest.fail)
    loaded = load(files.load(path), path.parent)
    first = next((entry for entry in told["forward"] if entry["node"] in loaded.result.inputs), None)
    samples = len(next(iter(first["outputs"].values()))) if first else 1
    assert_described(told, loaded, samples)
    assert not told["errors"]


def test_what_is_frozen_clipped_and_decayed_is_told(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    project = files.load(assets.folder() / "examples" / "mazur.chainrule")
    project, _ = edits.set_training(project, {"clip_value": 0.01, "weight_decay": 0.5})
    project, _ = edits.set_node(project, "hidden", frozen=frozenset({"bias", "weight"}))
    files.save(project, tmp_path / "made.chainrule")
    assert main(["step", str(tmp_path / "made.chainrule"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    updates = {entry["parameter"]: entry for entry in told["update"]}
    hidden, output = updates["hidden.weight"], updates["output.weight"]
    assert hidden["applied"] is None
    assert hidden["after"] == hidden["before"]
    assert np.abs(hidden["grad"]).min() > 0
    assert np.abs(output["grad"]).max() > 0.01  # raw
    applied = np.clip(output["grad"], -0.01, 0.01) + 0.5 * np.array(output["before"])
    np.testing.assert_allclose(output["applied"], applied, rtol=1e-12)
    np.testing.assert_allclose(output["after"], np.array(output["before"]) - 0.5 * applied, rtol=1e-12)
