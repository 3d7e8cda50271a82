"""Blocks against worked examples from the literature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from engine.tensorspec import TensorSpec
from tests.helpers.block_step import Step, block_step, parsed
from tests.helpers.run_recipe import Runner

_GOLDEN = Path(__file__).parents[1] / "golden"


def _example(name: str) -> Any:
    return json.loads((_GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def _numbers(values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _unit_gradient(step: Step, name: str) -> torch.Tensor:
    gradient: torch.Tensor = step.found[name] / step.upstream["out"]
    return gradient


def test_convolution_and_pooling() -> None:
    example = _example("convolution_5x5")
    spec = {"in": TensorSpec(("N", 1, 5, 5))}
    image = _numbers(example["image"]).reshape(1, 1, 5, 5).expand(2, 1, 5, 5)
    kernel = _numbers(example["kernel"]).reshape(1, 1, 3, 3)
    params = {"out_channels": 1, "kernel_size": 3, "bias": False}
    conv = block_step("Conv2d", params, spec, {"in": image}, weights={"weight": kernel})
    assert conv.outputs["out"][0, 0].tolist() == example["output"]
    # Windows of 2×2 on 5×5 leave a row over: PyTorch and the example drop it.
    pool = block_step("MaxPool2d", {"kernel_size": 2, "stride": 2}, spec, {"in": image})
    assert pool.outputs["out"][1, 0].tolist() == example["max_pool_2x2_stride_2"]


def test_softmax_cross_entropy() -> None:
    example = _example("softmax_cross_entropy")
    logits, classes = _numbers(example["logits"]), torch.tensor(example["labels"])
    prediction = TensorSpec(("N", 3))
    block, values = parsed("Activation", {"function": "softmax"})
    shares = Runner(block.recipe(values, {"in": prediction})).run({"in": logits})["out"]
    torch.testing.assert_close(shares, _numbers(example["probabilities"]), rtol=1e-12, atol=0)

    one_hot = torch.nn.functional.one_hot(classes, 3).to(torch.float64)
    for target, spec in ((classes, TensorSpec(("N",), "int", classes=3)), (one_hot, prediction)):
        done = block_step(
            "Loss",
            {"function": "cross_entropy"},
            {"prediction": prediction, "target": spec},
            {"prediction": logits, "target": target},
        )
        torch.testing.assert_close(done.outputs["out"], _numbers(example["mean_loss"]), rtol=1e-12, atol=0)
        expected = _numbers(example["d_mean_loss_d_logits"])
        torch.testing.assert_close(_unit_gradient(done, "prediction"), expected, rtol=1e-10, atol=1e-15)


def test_negative_log_likelihood_of_log_softmax() -> None:
    example = _example("softmax_cross_entropy")
    log_shares = torch.log(_numbers(example["probabilities"]))
    specs = {"prediction": TensorSpec(("N", 3)), "target": TensorSpec(("N",), "int", classes=3)}
    inputs = {"prediction": log_shares, "target": torch.tensor(example["labels"])}
    for reduction, expected in (("mean", example["mean_loss"]), ("sum", sum(example["loss_per_sample"]))):
        done = block_step("Loss", {"function": "nll", "reduction": reduction}, specs, inputs)
        torch.testing.assert_close(done.outputs["out"], _numbers(expected), rtol=1e-12, atol=0)


def test_binary_cross_entropy() -> None:
    example = _example("binary_cross_entropy_3")
    spec = TensorSpec(("N", 1))
    share, target = (_numbers(example[name]).reshape(3, 1) for name in ("probability", "target"))
    for reduction, expected in (("mean", example["mean"]), ("sum", sum(example["loss_per_sample"]))):
        done = block_step(
            "Loss",
            {"function": "binary_cross_entropy", "reduction": reduction},
            {"prediction": spec, "target": spec},
            {"prediction": share, "target": target},
        )
        torch.testing.assert_close(done.outputs["out"], _numbers(expected), rtol=1e-12, atol=0)
        by_logit = block_step(
            "Loss",
            {"function": "bce_with_logits", "reduction": reduction},
            {"prediction": spec, "target": spec},
            {"prediction": torch.logit(share), "target": target},
        )
        torch.testing.assert_close(by_logit.outputs["out"], _numbers(expected), rtol=1e-12, atol=0)
    # ∂L/∂o of the summed loss is (o − t) / (o (1 − o)): −10 for 0.1 against 1, 5 for 0.8 against 0.
    torch.testing.assert_close(
        _unit_gradient(done, "prediction"), _numbers([[-10.0], [5.0], [-1 / 0.6]]), rtol=1e-12, atol=0
    )
