"""Every example reaches what it promises, trained by the command line from its own file with its own seed.

That each result holds for at least 4 of 5 seeds is measured by `tests/bench/test_bench_examples.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine import assets, edits, files
from engine.cli import main
from engine.facts import FactsCache
from engine.plan import check

FOLDER = assets.folder() / "examples"
INDEX = [entry for group in json.loads((FOLDER / "index.json").read_text()) for entry in group["examples"]]
NAMES = [entry["file"] for entry in INDEX]


def trained(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    """The epochs of a run, as `train --json` prints them."""
    assert main(["train", str(FOLDER / name), "--run", str(tmp_path / "run"), "--json", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def evaluated(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], split: str) -> dict[str, Any]:
    """What `evaluate --json` says of the run."""
    arguments = ["evaluate", str(FOLDER / name), "--run", str(tmp_path / "run"), "--split", split, "--json"]
    assert main(arguments) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def accuracy(epoch: dict[str, Any], name: str = "val_accuracy") -> float:
    metrics: dict[str, float] = epoch["metrics"]
    return metrics[name]


def test_the_index_lists_every_file_by_its_own_name():
    assert sorted(NAMES) == sorted(path.name for path in FOLDER.glob("*.chainrule"))
    for entry in INDEX:
        assert files.load(FOLDER / entry["file"]).name == entry["name"]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_has_no_problem_and_is_written_as_it_stands(name):
    path = FOLDER / name
    project = files.load(path)
    result = check(project, FactsCache(FOLDER).lookup)
    left = [problem for problem in result.problems if problem.severity != "info"]
    assert left == []
    assert files.dumps(project) == path.read_text(encoding="utf-8")
    assert set(project.layout.nodes) == set(project.graph.nodes)
    assert project.notes


def test_linear_fit_finds_the_line(tmp_path, capsys):
    epochs = trained("linear-fit.chainrule", tmp_path, capsys)
    assert epochs[-1]["val_loss"] < 1.5 * 0.15**2  # the noise's variance is the best there is


def test_quadratic_fit_bends(tmp_path, capsys):
    assert trained("quadratic-fit.chainrule", tmp_path, capsys)[-1]["val_loss"] < 0.004


def test_polynomial_fit_finds_the_coefficients(tmp_path, capsys):
    from safetensors.numpy import load_file

    epochs = trained("polynomial-fit.chainrule", tmp_path, capsys)
    assert epochs[-1]["val_loss"] < 1.6 * 0.1**2
    weights = load_file(tmp_path / "run" / "weights.safetensors")
    assert weights["poly.weight"].ravel() == pytest.approx([-2, -3, 4], abs=0.25)
    assert weights["poly.bias"].ravel() == pytest.approx([1], abs=0.1)


def test_xor_is_learnt(tmp_path, capsys):
    last = trained("xor.chainrule", tmp_path, capsys)[-1]
    assert last["loss"] < 0.01
    assert accuracy(last, "accuracy") == 1.0


def test_two_linear_layers_stay_at_a_coin_toss(tmp_path, capsys):
    last = trained("linear-xor.chainrule", tmp_path, capsys)[-1]
    assert last["loss"] == pytest.approx(0.6931, abs=1e-4)  # ln 2


def test_circle_is_learnt(tmp_path, capsys):
    trained("circle.chainrule", tmp_path, capsys)
    assert evaluated("circle.chainrule", tmp_path, capsys, "test")["loss"] < 0.1


def test_spiral_reaches_a_test_loss_below_5_percent(tmp_path, capsys):
    trained("spiral.chainrule", tmp_path, capsys)
    assert evaluated("spiral.chainrule", tmp_path, capsys, "test")["loss"] < 0.05


def test_deep_sigmoid_network_does_not_learn_and_its_cure_does(tmp_path, capsys):
    sick = trained("deep-sigmoid.chainrule", tmp_path / "sick", capsys)
    cured = trained("deep-relu.chainrule", tmp_path / "cured", capsys)
    assert len(sick) == len(cured) == 20
    assert accuracy(sick[-1]) < 0.2
    assert accuracy(cured[-1]) > 0.9


def test_overfitting_and_its_cure(tmp_path, capsys):
    sick = trained("overfitting.chainrule", tmp_path / "sick", capsys)
    best = min(float(epoch["val_loss"]) for epoch in sick)
    assert sick[-1]["loss"] < 0.15
    assert sick[-1]["val_loss"] > 1.5 * best
    cured = trained("overfitting-cured.chainrule", tmp_path / "cured", capsys)
    assert cured[-1]["val_loss"] < 0.6 * sick[-1]["val_loss"]


def test_residual_network_on_digits(tmp_path, capsys):
    last = trained("residual-digits.chainrule", tmp_path, capsys)[-1]
    assert accuracy(last) > 0.95


@pytest.mark.timeout(300)
def test_dense_network_on_fashion_mnist(tmp_path, capsys):
    last = trained("fashion-dense.chainrule", tmp_path, capsys)[-1]
    assert accuracy(last) > 0.82


@pytest.mark.timeout(600)
def test_convolutional_network_on_fashion_mnist(tmp_path, capsys):
    last = trained("fashion-cnn.chainrule", tmp_path, capsys)[-1]
    assert accuracy(last) >= 0.86


def test_the_expression_takes_one_step_down(tmp_path, capsys):
    """The value and the gradients at the golden point, and f smaller after the step."""
    assert main(["step", str(FOLDER / "expression.chainrule"), "--json"]) == 0
    step = json.loads(capsys.readouterr().out)
    assert step["loss"] == pytest.approx(2.3237064384541983, rel=1e-12)
    gradients = {entry["parameter"]: entry["grad"] for entry in step["update"]}
    wanted = {"x.value": -0.5452850272634091, "y.value": -0.511204713059446, "z.value": 1.3498588075760032}
    assert gradients == pytest.approx(wanted, rel=1e-12)
    epochs = trained("expression.chainrule", tmp_path, capsys, "--epochs", "2")
    assert [epoch["step"] for epoch in epochs] == [1, 2]
    assert epochs[1]["loss"] < epochs[0]["loss"]


@pytest.mark.parametrize(
    ("lr", "valley"),
    [(0.01, (1.1309011236225572, -1.0702301817761546)), (0.1, (-1.3008395659415772, -3.51390503893479))],
)
def test_descent_ends_in_the_valley_of_its_learning_rate(lr, valley, tmp_path, capsys):
    from safetensors.numpy import load_file

    project = files.load(FOLDER / "descent.chainrule")
    assert project.training["lr"] == 0.1
    path = tmp_path / "descent.chainrule"
    files.save(edits.set_training(project, {"lr": lr})[0], path)
    assert main(["train", str(path), "--run", str(tmp_path / "run"), "--json", "--epochs", "201"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["loss"] == pytest.approx(valley[1], rel=1e-12)
    assert load_file(tmp_path / "run" / "weights.safetensors")["w.value"] == pytest.approx(valley[0], rel=1e-9)


def test_descent_explodes_with_too_large_a_learning_rate(tmp_path, capsys):
    path = tmp_path / "descent.chainrule"
    files.save(edits.set_training(files.load(FOLDER / "descent.chainrule"), {"lr": 0.2})[0], path)
    assert main(["train", str(path), "--run", str(tmp_path / "run"), "--json"]) != 0
    out, err = capsys.readouterr()
    losses = [json.loads(line)["loss"] for line in out.splitlines()]
    assert losses[:3] == pytest.approx([6.0, 6.7056, 113.57894], rel=1e-4)
    assert "Loss became infinite" in err
