"""Exported code gives the same numbers as the app's module, and runs by itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine import files
from engine.build import build
from engine.export.parts import parts_of
from engine.export.pytorch import export_pytorch, exported_names, pytorch_source
from engine.netcode import predictions
from engine.plan import check
from engine.problem import FileError, GraphError
from engine.training.loading import load
from tests.engine.export_files import EXAMPLES, ROOT, assert_same, imported, ran, tidy
from tests.engine.export_projects import GROUPED, PROJECTS, cnn, mlp
from tests.engine.nets import batch, two_losses
from tests.engine.training_projects import run_of, train
from tests.helpers.projects import make_project, planned, rows

# -- the same numbers --


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_equal_to_the_bit(path, tmp_path):
    loaded = load(files.load(path), path.parent)
    data = {name: value[:40] for name, value in loaded.part("train").items()}
    assert_same(loaded.project, loaded.result, data, tmp_path, loaded.dtype, parameters=loaded.start)


@pytest.mark.parametrize("make", [*PROJECTS.values(), *GROUPED.values()], ids=[*PROJECTS, *GROUPED])
def test_other_networks_are_equal_to_the_bit(make, tmp_path):
    project, facts = make()
    result = planned(project, facts)
    dtype = torch.float64 if result.settings["dtype"] == "float64" else torch.float32
    assert_same(project, result, batch(result, dtype=dtype), tmp_path, dtype)


def test_dead_branches_are_left_out(tmp_path):
    nodes = [("data", "Input"), ("dense", "Dense", {"out_features": 3}), ("dead", "Dense"), ("loss", "Loss")]
    wires = ["data.x -> dense", "dense -> loss.prediction", "data.y -> loss.target", "dense -> dead"]
    project = make_project(nodes, wires)
    result = planned(project, rows(4, 3))
    assert exported_names(parts_of(result)) == ["dense.weight", "dense.bias"]
    assert "dead" not in pytorch_source(project, result, {})
    assert_same(project, result, batch(result), tmp_path, torch.float32)


def test_modes_with_code_of_their_own(tmp_path):
    """No block of ours has evaluation calls; a plug-in's may."""
    project, facts = cnn()
    result = planned(project, facts)
    plan = result.nodes["act"]
    assert plan.recipe is not None
    other = replace(plan.recipe.calls[0], target="torch.tanh", kwargs=())
    recipe = replace(plan.recipe, eval_calls=(other,))
    result = replace(result, nodes={**result.nodes, "act": plan._replace(recipe=recipe)})
    source = pytorch_source(project, result, {})
    assert "        if self.training:\n            act = F.leaky_relu(bn, negative_slope=0.2)\n" in source
    assert "        else:\n            act = torch.tanh(bn)\n" in source
    assert_same(project, result, batch(result), tmp_path, torch.float32)


def test_a_network_without_a_loss(tmp_path):
    project = make_project([("data", "Input"), ("dense", "Dense", {"out_features": 2})], ["data.x -> dense"])
    result = planned(project, rows(3, 1))
    net = build(result)
    data = batch(result)
    path, _ = export_pytorch(project, result, net.state_dict(), data, tmp_path)
    module = imported(path)
    assert torch.equal(module.Net.load()(data["data.x"]), net(data)["dense.out"])
    assert not hasattr(module.Net, "loss")
    assert ran(path).stdout.startswith("Net(")


# -- as a program --


@pytest.fixture
def mazur(tmp_path):
    """The example, exported: (folder, loaded, app's module)."""
    path = ROOT / "assets" / "examples" / "mazur.chainrule"
    loaded = load(files.load(path), path.parent)
    net = build(loaded.result, dtype=loaded.dtype, parameters=loaded.start)
    export_pytorch(loaded.project, loaded.result, net.state_dict(), loaded.part("train"), tmp_path)
    return tmp_path


def test_the_program_prints_summary_and_loss(mazur):
    out = ran(mazur / "net.py").stdout
    assert "(hidden): Linear(in_features=2, out_features=2, bias=True)" in out
    assert "12 parameters" in out
    assert "loss on 1 sample: 0.298371" in out


def test_the_program_trains(mazur):
    out = ran(mazur / "net.py", "--train").stdout
    assert out.startswith("epoch 1: loss 0.298371\nepoch 2: loss 0.291028\n")


def test_torch_is_all_it_needs(mazur):
    program = (
        "import sys, runpy\n"
        f"runpy.run_path({str(mazur / 'net.py')!r})\n"
        "print(*{name.partition('.')[0] for name in sys.modules}.intersection(sys.argv))"
    )
    others = ["engine", "gui", "numpy", "safetensors", "PySide6"]
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *others], cwd="/", capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {"numpy"}  # torch itself imports it where it is there
    tree = ast.parse((mazur / "net.py").read_text(encoding="utf-8"))
    found = {
        alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    found |= {str(node.module).partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert found - set(sys.stdlib_module_names) == {"torch"}


def test_missing_weights_are_told(mazur):
    (mazur / "net.safetensors").unlink()
    assert "net.safetensors is missing" in ran(mazur / "net.py", code=2).stderr


def test_large_data_stay_outside(tmp_path):
    project, facts = cnn()
    result = planned(project, facts)
    data = batch(result, 3000)
    path, _ = export_pytorch(project, result, build(result).state_dict(), data, tmp_path)
    assert len(path.read_text(encoding="utf-8")) < 20_000
    out = ran(path).stdout
    assert "loss on 4 samples" in out
    assert "The training data" in ran(path, "--train", code=2).stderr
    module = imported(path)
    assert torch.equal(module.X, data["data.x"][:4])
    module.train(module.Net.load(), data["data.x"][:64], data["data.y"][:64], epochs=1)


@pytest.mark.parametrize(
    "training",
    [
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"optimizer": "sgd", "nesterov": True},
        {"optimizer": "adam", "eps": 1e-6, "betas": [0.8, 0.9], "clip_norm": 0.5},
        {"optimizer": "adamw", "weight_decay": 0.1, "clip_value": 0.01},
        {"optimizer": "rmsprop", "alpha": 0.9, "momentum": 0.5},
        {"optimizer": "adagrad", "schedule": {"kind": "step", "step": 2, "gamma": 0.5}},
        {"optimizer": "adadelta", "rho": 0.8, "schedule": {"kind": "cosine", "min_lr": 0.001}},
        {"optimizer": "sgd", "shuffle": False, "schedule": {"kind": "one_cycle", "warm": 0.4}},
        {"optimizer": "sgd", "schedule": {"kind": "cosine", "warmup_steps": 4}},
        {"optimizer": "sgd", "schedule": {"kind": "constant", "warmup_steps": 4}},
        {"optimizer": "sgd", "drop_last": True},
        {"optimizer": "adam", "micro_batch": 3, "clip_norm": 0.5},
        {"optimizer": "sgd", "precision": "bf16", "dtype": "float32"},
        {"optimizer": "sgd", "precision": "fp16", "dtype": "float32", "clip_norm": 0.1, "micro_batch": 3},
    ],
)
def test_training_by_the_exported_loop_is_the_apps(training, tmp_path):
    """The two loops see the same batches and draw the same masks; the weights agree after all epochs."""
    settings = {"lr": 0.05, "batch_size": 4, "epochs": 5, "seed": 3, "dtype": "float64", **training}
    dtype = getattr(torch, settings["dtype"])
    x = torch.randn(10, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64).tolist()
    y = torch.randn(10, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64).tolist()
    nodes = [
        ("data", "Input", {"dataset": "inline", "x": x, "y": y, "target_type": "numbers"}),
        ("dense1", "Dense", {"out_features": 4}),
        ("act", "Activation", {"function": "tanh"}),
        ("drop", "Dropout", {"p": 0.3}),
        ("dense2", "Dense", {"out_features": 1}),
        ("loss", "Loss"),
    ]
    way = ["data.x -> dense1", "dense1 -> act", "act -> drop", "drop -> dense2", "dense2 -> loss.prediction"]
    project = make_project(nodes, [*way, "data.y -> loss.target"], settings)
    loaded = load(project)
    net = build(loaded.result, dtype=dtype, seed=3)
    path, _ = export_pytorch(project, loaded.result, net.state_dict(), loaded.part("train"), tmp_path)
    module = imported(path)
    looped = module.Net.load()
    module.train(looped, module.X, module.Y)
    trained = train(run_of(project)).weights()
    near = 1e-9 if dtype == torch.float64 else 1e-5
    for name, value in looped.state_dict().items():
        np.testing.assert_allclose(value, trained[name], rtol=near, atol=near / 1000)


def test_phases_have_losses_of_their_own(tmp_path):
    """What one phase makes small and another one large adds up to nothing that says how the training goes."""
    one = {"minimise": [{"from": "near.out"}], "maximise": [{"from": "far.out"}]}
    rivals = one, {"maximise": [{"from": "near.out"}]}
    project, facts = two_losses(phases=rivals), rows(3, 2)
    result = check(project, lambda _: facts)
    x, y = torch.randn(5, 3), torch.randn(5, 2)
    path, _ = export_pytorch(project, result, build(result).state_dict(), {"data.x": x, "data.y": y}, tmp_path)
    net = imported(path).Net.load()
    near, far = (net.one(x) - y).square().mean(), (net.other(net.one(x)) - y).abs().mean()
    torch.testing.assert_close(net.losses(x, y), (near - far, -near))
    assert re.search(r"losses on 5 samples: \S+ \S+$", ran(path).stdout.strip())


# -- what cannot be exported --


def test_a_project_with_errors_is_not_exported(tmp_path):
    project = make_project([("data", "Input"), ("dense", "Dense"), ("loss", "Loss")], ["data.x -> dense"])
    result = check(project, lambda params: rows(2, 1))
    with pytest.raises(GraphError, match="prediction"):
        export_pytorch(project, result, {}, {}, tmp_path)
    empty = make_project([("data", "Input")], [])
    with pytest.raises(GraphError, match="nothing to export"):
        export_pytorch(empty, check(empty, lambda params: rows(2, 1)), {}, {}, tmp_path)


def test_weights_that_are_missing_or_not_finite(tmp_path):
    project, facts = mlp()
    result = planned(project, facts)
    state = build(result).state_dict()
    del state["dense3.bias"]
    with pytest.raises(GraphError, match=re.escape('"dense3.bias"')):
        export_pytorch(project, result, state, {}, tmp_path)
    state["dense3.bias"] = torch.full((4,), float("nan"))
    with pytest.raises(FileError, match="not finite"):
        export_pytorch(project, result, state, {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_file_may_have_another_name(tmp_path):
    project, facts = mlp()
    result = planned(project, facts)
    found = export_pytorch(project, result, build(result).state_dict(), batch(result), tmp_path / "deep" / "mine.py")
    assert found == (tmp_path / "deep" / "mine.py", tmp_path / "deep" / "mine.safetensors")
    assert "loss on 7 samples" in ran(found[0]).stdout


def test_predictions_come_first():
    project, facts = PROJECTS["several_outputs"]()
    result = planned(project, facts)
    assert parts_of(result).outputs == predictions(result) == (("one", "out"), ("other", "out"))


# -- raw inputs --


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({"dataset": "wine", "standardize": True}, 1),
        ({"dataset": "digits", "standardize": True}, 1),
        ({"dataset": "fashion-mnist", "source": "sample"}, 1),
        ({"dataset": "iris"}, 0),
    ],
)
def test_raw_inputs_are_prepared_as_in_training(params, count, tmp_path):
    classes = 3 if params["dataset"] in ("wine", "iris") else 10
    nodes = [
        ("data", "Input", params),
        ("flat", "Flatten"),
        ("dense", "Dense", {"out_features": classes}),
        ("loss", "Loss", {"function": "cross_entropy"}),
    ]
    project = make_project(
        nodes, ["data.x -> flat", "flat -> dense", "dense -> loss.prediction", "data.y -> loss.target"]
    )
    loaded = load(project)
    data = loaded.data["data"]
    state = build(loaded.result).state_dict()
    path, _ = export_pytorch(project, loaded.result, state, loaded.part("train"), tmp_path, {"data.x": data.pipeline})
    source = path.read_text(encoding="utf-8")
    assert source.count("def prepare(") == count
    module = imported(path)
    if count:
        raw = torch.from_numpy(np.asarray(data.raw["train"]["x"][:20], dtype=np.float32))
        torch.testing.assert_close(module.prepare(raw), data.train["x"][:20])
    tidy(path)
    assert "loss on" in ran(path).stdout
