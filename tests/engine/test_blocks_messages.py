"""What people read when blocks do not fit, word for word, and what blocks warn of."""

from __future__ import annotations

from typing import Any

import pytest

from engine.block import Context, ShapeError
from engine.recipe import Tensor
from engine.tensorspec import Meaning, TensorSpec
from tests.conformance.strategies import labels, spec_of
from tests.helpers.block_step import parsed


def _in(spec: TensorSpec) -> dict[str, TensorSpec]:
    return {"in": spec}


def _pair(prediction: TensorSpec, target: TensorSpec) -> dict[str, TensorSpec]:
    return {"prediction": prediction, "target": target}


_REFUSALS: list[tuple[str, dict[str, Any], dict[str, TensorSpec], str, str, str]] = [
    (
        "Conv2d",
        {},
        _in(spec_of(784)),
        "G03",
        "needs images (channels × height × width) but gets 784 numbers",
        "Put a Reshape to 1×28×28 between them.",
    ),
    (
        "Conv2d",
        {},
        _in(spec_of(3072)),
        "G03",
        "needs images (channels × height × width) but gets 3,072 numbers",
        "Put a Reshape to 3×32×32 between them.",
    ),
    (
        "MaxPool2d",
        {},
        _in(spec_of(7)),
        "G03",
        "needs images (channels × height × width) but gets 7 numbers",
        "Put a Reshape to channels × height × width between them.",
    ),
    (
        "Conv2d",
        {"kernel_size": 5, "padding": 1},
        _in(spec_of(3, 2, 8)),
        "G06",
        "has a kernel of 5×5, larger than its input of 4×10 (padding 1×1 included)",
        "Choose a kernel_size of at most 4.",
    ),
    (
        "Dense",
        {},
        _in(spec_of(1, 28, 28)),
        "G03",
        "needs a row of numbers per sample (N × features) but gets N × 1 × 28 × 28",
        "Insert a Flatten between them.",
    ),
    (
        "Dense",
        {},
        _in(labels(classes=10)),
        "G04",
        "computes with real numbers but gets a class label (one of 10)",
        "Switch one_hot on in the Input, or connect the features instead of the labels.",
    ),
    (
        "Reshape",
        {"shape": [1, 28, 28]},
        _in(spec_of(3, 32, 32)),
        "G03",
        "needs 784 numbers for the shape 1×28×28 but gets N × 3 × 32 × 32",
        "Choose sizes whose product is 3072.",
    ),
    (
        "Add",
        {},
        {"a": spec_of(16), "b": spec_of(8)},
        "G03",
        "needs inputs of one shape, but a is N × 16 and b is N × 8",
        "Give the layers before it the same number of outputs, or reshape one of them.",
    ),
    (
        "Loss",
        {"function": "cross_entropy"},
        _pair(spec_of(3), labels(classes=10)),
        "G08",
        "has 3 scores per sample but its target has 10 classes",
        "Give the layer before it 10 outputs.",
    ),
    (
        "Loss",
        {"function": "cross_entropy"},
        _pair(spec_of(1), labels(classes=2)),
        "G08",
        "has 1 score per sample but its target has 2 classes",
        "Give the layer before it 2 outputs or choose bce_with_logits.",
    ),
    (
        "Loss",
        {"function": "mse"},
        _pair(spec_of(1), labels(classes=10)),
        "G08",
        "compares numbers (mse) but its target is a class label (one of 10)",
        "Choose cross_entropy, or switch one_hot on in the Input.",
    ),
    (
        "Loss",
        {"function": "mse"},
        _pair(spec_of(3), spec_of()),
        "G03",
        "needs prediction and target of one shape but gets prediction N × 3 and target N",
        "Give the layer before it 1 output.",
    ),
    (
        "Loss",
        {"function": "bce_with_logits"},
        _pair(spec_of(2), labels(classes=2)),
        "G08",
        "needs one output for a label of two classes (bce_with_logits) but gets prediction N × 2 and target N",
        "Give the layer before it 1 output, or choose cross_entropy.",
    ),
]


@pytest.mark.parametrize(("kind", "params", "specs", "code", "message", "hint"), _REFUSALS)
def test_refusals_word_for_word(
    kind: str, params: dict[str, Any], specs: dict[str, TensorSpec], code: str, message: str, hint: str
) -> None:
    block, values = parsed(kind, params)
    with pytest.raises(ShapeError) as error:
        block.shape(values, specs)
    assert (error.value.code, error.value.message, error.value.hint) == (code, message, hint)


def _meant(meaning: Meaning, *shape: int) -> TensorSpec:
    return TensorSpec(("N", *(shape or (3,))), meaning=meaning)


def _codes(kind: str, params: dict[str, Any], specs: dict[str, TensorSpec]) -> list[tuple[str, str | None]]:
    block, values = parsed(kind, params)
    block.shape(values, specs)
    remarks = block.remarks(values, specs)
    for remark in remarks:
        assert remark.message
        assert not remark.message.endswith(".")
        assert remark.hint.endswith(".")
    return [(remark.code, remark.port) for remark in remarks]


_THREE = labels(classes=3)
_DOUBT = [("G13", "prediction")]
_QUIET: list[tuple[str, str | None]] = []


@pytest.mark.parametrize(
    ("function", "meaning", "expected"),
    [
        ("binary_cross_entropy", "probability", _QUIET),
        ("binary_cross_entropy", "logit", _DOUBT),
        ("binary_cross_entropy", "", _DOUBT),
        ("binary_cross_entropy", "log_probability", _DOUBT),
        ("bce_with_logits", "logit", _QUIET),
        ("bce_with_logits", "", _QUIET),
        ("bce_with_logits", "probability", _DOUBT),
        ("bce_with_logits", "distribution", _DOUBT),
        ("cross_entropy", "logit", _QUIET),
        ("cross_entropy", "distribution", _DOUBT),
        ("cross_entropy", "probability", _DOUBT),
        ("cross_entropy", "log_probability", _QUIET),
        ("nll", "log_probability", _QUIET),
        ("nll", "distribution", _DOUBT),
        ("nll", "logit", _DOUBT),
        ("hinge", "logit", _QUIET),
        ("hinge", "probability", _DOUBT),
        ("mse", "probability", _QUIET),
        ("mse", "logit", _QUIET),
    ],
)
def test_losses_doubt_what_they_are_fed(function: str, meaning: Meaning, expected: Any) -> None:
    target = _THREE if function in {"cross_entropy", "nll"} else spec_of(3)
    assert _codes("Loss", {"function": function}, _pair(_meant(meaning), target)) == expected


def test_softmax_twice_and_over_one_number() -> None:
    softmax = {"function": "softmax"}
    assert _codes("Activation", softmax, _in(_meant("distribution"))) == [("G13", "in")]
    assert _codes("Activation", softmax, _in(_meant("logit"))) == []
    assert _codes("Activation", softmax, _in(_meant("logit", 1))) == [("G14", "in")]
    assert _codes("Activation", {"function": "log_softmax"}, _in(_meant("logit", 1))) == [("G14", "in")]
    assert _codes("Activation", {"function": "sigmoid"}, _in(_meant("logit", 1))) == []
    one_score = _pair(_meant("logit", 1), spec_of(1))
    assert _codes("Loss", {"function": "cross_entropy"}, one_score) == [("G14", "prediction")]


@pytest.mark.parametrize(
    ("kind", "params", "before", "after"),
    [
        ("Dense", {}, "distribution", "logit"),
        ("Activation", {"function": "sigmoid"}, "logit", "probability"),
        ("Activation", {"function": "softmax"}, "logit", "distribution"),
        ("Activation", {"function": "log_softmax"}, "logit", "log_probability"),
        ("Activation", {"function": "identity"}, "distribution", "distribution"),
        ("Activation", {"function": "relu"}, "probability", ""),
        ("Activation", {"function": "hardtanh", "min_val": 0.0}, "logit", "probability"),
        ("Dropout", {}, "probability", ""),
        ("Noise", {}, "probability", ""),
        ("Flatten", {}, "distribution", "distribution"),
        ("Reshape", {"shape": [3, 1]}, "distribution", "probability"),
        ("LayerNorm", {}, "probability", "logit"),
    ],
)
def test_what_numbers_mean_is_passed_on(kind: str, params: dict[str, Any], before: Meaning, after: Meaning) -> None:
    block, values = parsed(kind, params)
    assert block.shape(values, _in(_meant(before)))["out"].meaning == after


def test_flattening_channels_ends_a_distribution() -> None:
    block, values = parsed("Flatten", {})
    assert block.shape(values, _in(_meant("distribution", 3, 4)))["out"] == _meant("probability", 12)


def test_number_of_classes_survives_reshaping() -> None:
    block, values = parsed("Reshape", {"shape": [1]})
    assert block.shape(values, _in(_THREE))["out"] == labels(1, classes=3)


@pytest.mark.parametrize(
    ("params", "parameters", "message"),
    [
        ({}, {}, "finds no weights to regularise"),
        ({"blocks": ["act"]}, {"act": ()}, 'is to regularise "act", which has no weights'),
        ({}, {"scale": (Tensor("bias", (3,)),)}, "finds no weights to regularise"),
    ],
)
def test_regularizer_without_weights(params: dict[str, Any], parameters: dict[str, Any], message: str) -> None:
    block, values = parsed("Regularizer", params)
    with pytest.raises(ShapeError) as error:
        block.shape(values, {}, Context(parameters=parameters))
    assert (error.value.code, error.value.message) == ("G06", message)
    assert block.inputs(values) == ()


@pytest.mark.parametrize(
    ("kind", "params", "spec", "summary"),
    [
        ("Dense", {"out_features": 8}, None, "8 units"),
        ("Dense", {"out_features": 1}, None, "1 unit"),
        ("Conv2d", {"out_channels": 16}, None, "16 × 3×3, stride 1"),
        ("Conv2d", {"kernel_size": [3, 5], "stride": [1, 2]}, None, "16 × 3×5, stride 1×2"),
        ("MaxPool2d", {}, None, "2×2, stride 2"),
        ("Activation", {"function": "tanh"}, None, "tanh"),
        ("Dropout", {"p": 0.25}, None, "p = 0.25"),
        ("Flatten", {}, spec_of(16, 4, 4), "16×4×4 → 256"),
        ("Reshape", {"shape": [1, -1]}, None, "1×?"),
        ("Loss", {"function": "mse"}, None, "mse, mean"),
        ("Regularizer", {"penalty": "l1", "strength": 0.01}, None, "L1, λ = 0.01, all blocks"),
        ("LayerNorm", {"dims": 2}, spec_of(4, 5, 6), "over 5×6"),
    ],
)
def test_summaries(kind: str, params: dict[str, Any], spec: TensorSpec | None, summary: str) -> None:
    block, values = parsed(kind, params)
    assert block.summary(values, _in(spec) if spec else {}) == summary


@pytest.mark.parametrize(
    ("kind", "params", "spec", "macs"),
    [
        ("Dense", {"out_features": 10}, spec_of(784), 7_840),
        ("Dense", {"out_features": 10}, spec_of(7, 784), 54_880),
        # One 5×5 kernel over 3 channels for each of 6×28×28 numbers.
        ("Conv2d", {"out_channels": 6, "kernel_size": 5, "padding": 2}, spec_of(3, 28, 28), 352_800),
        ("Conv2d", {"out_channels": 6, "kernel_size": 1, "groups": 3}, spec_of(3, 4, 4), 96),
        ("ConvTranspose2d", {"out_channels": 2, "kernel_size": 3, "stride": 2}, spec_of(4, 5, 5), 1_800),
        ("Flatten", {}, spec_of(3, 4), 0),
    ],
)
def test_multiply_adds(kind: str, params: dict[str, Any], spec: TensorSpec, macs: int) -> None:
    block, values = parsed(kind, params)
    assert block.macs(values, _in(spec), block.shape(values, _in(spec))) == macs
