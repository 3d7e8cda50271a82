"""The worked examples, number by number, against the published figures in tests/golden."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine import assets
from engine.cli import main

FOLDER = assets.folder() / "examples"
GOLDEN = Path(__file__).parent.parent / "golden"


def golden(name: str) -> dict:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def step(name: str, capsys: pytest.CaptureFixture[str]) -> dict:
    """One training step, as `step --json` prints it, by node and parameter."""
    assert main(["step", str(FOLDER / f"{name}.chainrule"), "--json"]) == 0
    trace = json.loads(capsys.readouterr().out)
    return {
        "loss": trace["loss"],
        "forward": {moment["node"]: moment["outputs"] for moment in trace["forward"]},
        "backward": {moment["node"]: moment for moment in trace["backward"]},
        "order": [moment["node"] for moment in trace["backward"]],
        "update": {moment["parameter"]: moment for moment in trace["update"]},
    }


def near(got: object, wanted: object) -> None:
    np.testing.assert_allclose(np.array(got, dtype=float).ravel(), np.array(wanted, dtype=float).ravel(), rtol=1e-9)


def test_mazur(capsys):
    want, got = golden("mazur_2_2_2")["step1"], step("mazur", capsys)
    near(got["loss"], want["E_total"])
    near(got["forward"]["hidden"]["out"], want["net_h"])
    near(got["forward"]["act1"]["out"], want["out_h"])
    near(got["forward"]["output"]["out"], want["net_o"])
    near(got["forward"]["act2"]["out"], want["out_o"])
    near(got["backward"]["act2"]["grad_outputs"]["out"], want["dE_dout_o"])
    near(got["backward"]["act2"]["grad_inputs"]["in"], want["dE_dnet_o"])
    near(got["backward"]["output"]["grad_parameters"]["weight"], want["dE_dW2"])
    near(got["backward"]["output"]["grad_inputs"]["in"], want["dE_dout_h"])
    near(got["backward"]["act1"]["grad_inputs"]["in"], want["dE_dnet_h"])
    near(got["backward"]["hidden"]["grad_parameters"]["weight"], want["dE_dW1"])
    near(got["update"]["hidden.weight"]["after"], want["W1_next"])
    near(got["update"]["output.weight"]["after"], want["W2_next"])
    assert got["update"]["hidden.bias"]["after"] == got["update"]["hidden.bias"]["before"]  # frozen
    assert got["order"] == ["loss", "act2", "output", "act1", "hidden", "data"]


def test_lecture_2_2_1(capsys):
    want, got = golden("slides_2_2_1"), step("two-two-one", capsys)
    near(got["loss"], want["E"])
    near(got["forward"]["hidden"]["out"], want["net_h"])
    near(got["forward"]["act2"]["out"], want["out_o"])
    near(got["backward"]["output"]["grad_parameters"]["weight"], want["dE_dw2"])
    near(got["backward"]["hidden"]["grad_parameters"]["weight"], want["dE_dW1"])
    near(got["update"]["hidden.weight"]["after"], want["after_update"]["W1"])
    near(got["update"]["output.weight"]["after"], want["after_update"]["w2"])


@pytest.mark.parametrize("layers", [10, 15])
def test_vanishing_chain(layers, capsys):
    want, got = golden(f"vanishing_chain_sigmoid_{layers}"), step(f"vanishing-{layers}", capsys)
    for number, activation in enumerate(want["activations"], 1):
        near(got["forward"][f"sigmoid{number}"]["out"], activation)
    for entry in want["gradients"]:
        gradients = got["backward"][f"dense{entry['layer']}"]["grad_parameters"]
        near(gradients["weight"], entry["dL_dw"])
        near(gradients["bias"], entry["dL_db"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("updates", [1, 10, 100, 1000, 10000])
def test_trask(updates, tmp_path, capsys):
    from safetensors.numpy import load_file

    data = golden("trask_3_4_1")
    arguments = ["train", str(FOLDER / "trask.chainrule"), "--run", str(tmp_path / "run"), "--epochs", str(updates)]
    assert main([*arguments, "--json"]) == 0
    capsys.readouterr()
    weights = load_file(tmp_path / "run" / "weights.safetensors")

    def sigmoid(z: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-z))

    hidden = sigmoid(np.array(data["X"]) @ weights["hidden.weight"].T)
    near(sigmoid(hidden @ weights["output.weight"].T), data["after_updates"][str(updates)]["output"])


def test_mazur_learns_for_10_000_updates(tmp_path, capsys):
    data = golden("mazur_2_2_2")["after_10000_updates"]
    arguments = ["train", str(FOLDER / "mazur.chainrule"), "--run", str(tmp_path / "run"), "--epochs", "10000"]
    assert main([*arguments, "--json"]) == 0
    capsys.readouterr()
    assert (
        main(
            ["evaluate", str(FOLDER / "mazur.chainrule"), "--run", str(tmp_path / "run"), "--split", "train", "--json"]
        )
        == 0
    )
    near(json.loads(capsys.readouterr().out)["loss"], data["E_total"])
