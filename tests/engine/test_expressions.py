"""Graphs of values and functions without data: any scalar output is what training minimises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import edits, files
from engine.build import build
from engine.cli import main
from engine.events import Applied, EpochEnd
from engine.export.pytorch import export_pytorch, pytorch_source
from engine.formulas import graph_of
from engine.graph import Project
from engine.plan import check
from engine.tracing import trace_step
from tests.engine.session_listener import Listener, weights_of
from tests.helpers.exported import assert_same, exported
from tests.helpers.projects import make_project, planned

RUNS = json.loads((Path(__file__).parents[1] / "golden" / "descent_w4.json").read_text())["runs"]


def descent(**training: object) -> Project:
    wired = graph_of(Project(name="descent"), "J = w^4 - 3*w^2 + w", values={"w": 2.0}, minimise=True)
    settings = {"optimizer": "sgd", "lr": 0.1, "epochs": 5, "dtype": "float64", **training}
    return edits.set_training(wired.project, settings)[0]


def held() -> Project:
    """Two values, one of which is not trained."""
    return make_project(
        [("a", "Value", {"value": 3.0, "trainable": False}), ("w", "Value", {"value": 2.0}), ("f", "Multiply")],
        ["a -> f.a", "w -> f.b"],
        {"objective": ["f.out"], "lr": 0.5, "epochs": 3, "optimizer": "adam", "weight_decay": 0.1},
    )


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["lr"])
def test_descent_takes_the_golden_steps(run):
    """Step by step by the trace: sticks in a valley, finds the deep one, explodes."""
    net = build(planned(descent(lr=run["lr"])), dtype=torch.float64)
    found = [2.0]
    for _ in range(run["steps"]):
        entry = trace_step(net, {})["update"][0]
        assert entry["parameter"] == "w.value"
        with torch.no_grad():
            net.get_parameter("w.value").copy_(torch.from_numpy(entry["after"]))
        found.append(entry["after"].item())
    np.testing.assert_allclose(found[: len(run["first_steps"])], run["first_steps"], rtol=1e-9)
    if not run["diverged"]:
        assert found[-1] == pytest.approx(run["w"], rel=1e-9)
        assert net.loss({}).item() == pytest.approx(run["J"], rel=1e-12)


@pytest.mark.parametrize("run", RUNS[:2], ids=lambda run: run["lr"])
def test_the_session_takes_the_same_steps(run):
    with Listener(descent(lr=run["lr"], epochs=run["steps"])) as listener:
        listener.play_to_the_end()
        ends = listener.of(EpochEnd)
        assert [event.record["step"] for event in ends] == list(range(1, run["steps"] + 1))
        weights = weights_of(listener)
        assert float(weights["w.value"]) == pytest.approx(run["w"], rel=1e-9)
        assert float(weights["c.value"]) == 3.0


def test_check_knows_no_data_and_has_no_complaint():
    result = check(descent(), lambda params: pytest.fail("there are no data"))
    assert result.problems == ()
    assert result.inputs == ()
    assert [objective.path for objective in result.objectives] == ["j"]


def test_a_held_value_is_saved_loaded_and_exported_as_such(tmp_path):
    project = held()
    assert '"trainable": false' in files.dumps(project)
    assert files.loads(files.dumps(project)) == project
    result = planned(project)
    assert result.phases[0].update == ("w.value",)
    assert result.nodes["a"].frozen == {"value"}
    net = build(result)
    assert not net.get_parameter("a.value").requires_grad
    source = pytorch_source(project, result, {})
    assert 'self.a = nn.ParameterDict({"value": nn.Parameter(torch.tensor(3.0))})' in source
    assert "self.a.requires_grad_(False)" in source
    assert "self.w.requires_grad_" not in source
    assert_same(net, exported(project, result, net.state_dict(), {}), {})
    path, _ = export_pytorch(project, result, net.state_dict(), {}, tmp_path)
    ends = f"import runpy; names = runpy.run_path({str(path)!r}); net = names['Net'](); names['train'](net)\n"
    ends += "print(float(net.a['value']), float(net.w['value']) < 1)"
    done = subprocess.run([sys.executable, "-c", ends], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "3.0 True"


def test_a_held_value_is_never_updated():
    with Listener(held()) as listener:
        listener.play_to_the_end()
        weights = weights_of(listener)
        assert float(weights["a.value"]) == 3.0
        assert float(weights["w.value"]) < 1.0
    trace = trace_step(build(planned(held()), dtype=torch.float64), {})
    entry = next(entry for entry in trace["update"] if entry["parameter"] == "a.value")
    assert (entry["before"], entry["after"], entry["applied"]) == (3.0, 3.0, None)
    assert entry["grad"] == 2.0


def test_a_value_held_while_it_trains_stays_where_it_is():
    with Listener(descent(epochs=10)) as listener:
        listener.session.step("batch")
        learned = float(weights_of(listener)["w.value"])
        project, _ = edits.set_params(descent(epochs=10), "w", {"trainable": False})
        project, _ = edits.set_params(project, "c", {"trainable": True})
        applied = listener.ask(lambda: listener.session.apply(project), Applied)
        assert set(applied.kept) == {"w.value", "c.value"}
        listener.play_to_the_end()
        weights = weights_of(listener)
        assert float(weights["w.value"]) == learned != 2.0
        assert float(weights["c.value"]) > 3.0


def test_an_output_is_minimised_or_no_longer():
    project = make_project([("w", "Value"), ("f", "Exp")], ["w -> f"])
    assert not planned(project).objectives
    wanted, touched = edits.set_objective(project, "f.out", wanted=True)
    assert touched == {"f"}
    assert [objective.path for objective in planned(wanted).objectives] == ["f"]
    assert edits.set_objective(wanted, "f.out", wanted=True)[0].training["objective"] == ("f.out",)
    renamed, _ = edits.rename_node(wanted, "f", "cost")
    assert renamed.training["objective"] == ("cost.out",)
    assert edits.set_objective(wanted, "f.out", wanted=False)[0] == project


def test_a_tensor_is_no_objective():
    project = make_project([("w", "Value", {"shape": [3]})], [], {"objective": ["w.out"]})
    result = check(project, lambda params: pytest.fail("there are no data"))
    assert [problem.code for problem in result.errors] == ["G17"]
    assert "single number" in result.errors[0].message


def test_an_output_may_be_minimised_beside_a_loss():
    """The mean of the squared weights, wired by hand, as a penalty."""
    project = make_project(
        [
            ("data", "Input", {"dataset": "inline", "x": [[1.0], [2.0]], "y": [[2.0], [4.0]]}),
            ("w", "Value", {"shape": [1, 1]}),
            ("m", "MatMul"),
            ("square", "Power"),
            ("penalty", "Mean"),
            ("loss", "Loss", {"function": "mse"}),
        ],
        [
            "data.x -> m.a",
            "w -> m.b",
            "m -> loss.prediction",
            "data.y -> loss.target",
            "w -> square.a",
            "square -> penalty",
        ],
        {"objective": ["penalty.out"], "optimizer": "sgd", "lr": 0.1, "epochs": 200, "batch_size": 2},
    )
    with Listener(project) as listener:
        listener.play_to_the_end()
        # minimum of mean((w x - 2 x)²) + w²: 2.5 (w - 2) + w = 0
        assert weights_of(listener)["w.value"].item() == pytest.approx(5 / 3.5, abs=1e-5)


@pytest.mark.parametrize("command", ["check", "step"])
def test_the_command_line_takes_it(command, tmp_path, capsys):
    path = tmp_path / "descent.chainrule"
    files.save(descent(), path)
    assert main([command, str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.get("loss", 6.0) == 6.0
    assert found.get("parameters", 2) == 2
