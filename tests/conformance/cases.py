"""For each kind of block: what it takes, what it refuses and why, and which data suit it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from engine.block import EMPTY_CONTEXT, Context
from engine.recipe import Init, Tensor
from engine.tensorspec import TensorSpec
from tests.conformance import strategies as draw
from tests.conformance.inputs import activation_data, clear_of_zero, distinct, loss_data, positive, smooth, spread
from tests.conformance.strategies import Drawn, Params, Specs, labels, spec_of

MakeData = Callable[[Mapping[str, Any], Mapping[str, TensorSpec], int, int, torch.dtype], dict[str, Any]]
Refused = tuple[Params, Specs, str]

TORCH = "PyTorch refuses it, too"
BROADCAST = "PyTorch would stretch one input to the other's shape without a word"
UNBATCHED = "PyTorch would read it as one image or sequence without a batch"
LABELS = "class labels are names, not amounts to compute with"
NO_BATCH = "everything between Input and Loss keeps the batch first"
ALWAYS_ZERO = "one number minus its mean is always 0, so nothing learns"
MIXED = "numbers of different samples would be mixed"
FREE = "the number of features would differ from batch to batch"


@final
@dataclass(frozen=True)
class Case:
    """One kind of block.

    Attributes:
        valid: draws (params as in a file, input port -> spec).
        refused: (params, specs, reason); the reason is `TORCH`, or tells why the block is stricter than PyTorch.
        data: makes the input tensors: `data(params, specs, batch, seed, dtype)`.
        context: what the block knows besides.
    """

    valid: SearchStrategy[Drawn]
    refused: tuple[Refused, ...] = ()
    data: MakeData = smooth
    context: Context = EMPTY_CONTEXT


def _in(spec: TensorSpec, reason: str, **params: Any) -> Refused:
    return params, {"in": spec}, reason


def _ab(a: TensorSpec, b: TensorSpec, reason: str, **params: Any) -> Refused:
    return params, {"a": a, "b": b}, reason


def _loss(function: str, prediction: TensorSpec, target: TensorSpec, reason: str) -> Refused:
    return {"function": function}, {"prediction": prediction, "target": target}, reason


_ROW, _IMAGE = spec_of(4), spec_of(3, 8, 8)
_NO_BATCH_ROW, _NO_BATCH_IMAGE = TensorSpec((4,)), TensorSpec((3, 8, 8))
_INT_IMAGE = labels(3, 8, 8)

_CONV_REFUSED = (
    _in(_ROW, TORCH),
    _in(spec_of(8, 8), UNBATCHED),
    _in(_NO_BATCH_IMAGE, UNBATCHED),
    _in(_INT_IMAGE, TORCH),
    _in(_IMAGE, TORCH, groups=2, out_channels=4),
    _in(_IMAGE, TORCH, groups=3, out_channels=4),
    _in(spec_of("T", 8, 8), TORCH),
)
_CONV2D_REFUSED = (
    *_CONV_REFUSED,
    _in(_IMAGE, TORCH, kernel_size=9),
    _in(_IMAGE, TORCH, kernel_size=[3, 9]),
    _in(_IMAGE, TORCH, kernel_size=5, dilation=2),
    _in(_IMAGE, TORCH, padding="same", stride=2),
    _in(spec_of(3, "T", 8), "the height after the convolution would have no name", kernel_size=3),
)
_POOL_REFUSED = (
    _in(_ROW, TORCH),
    _in(spec_of(8, 8), UNBATCHED),
    _in(_INT_IMAGE, LABELS),
    _in(_IMAGE, TORCH, kernel_size=9),
    _in(_IMAGE, TORCH, kernel_size=2, padding=2),
    _in(_IMAGE, TORCH, kernel_size=3, padding=[1, 2]),
)
_ADD_REFUSED = (
    _ab(_ROW, spec_of(5), TORCH),
    _ab(_ROW, spec_of(1), BROADCAST),
    _ab(_ROW, spec_of(2, 4), BROADCAST),
    _ab(_ROW, spec_of(), BROADCAST),
    _ab(_ROW, labels(4), LABELS),
)

_ANYTHING = st.one_of(draw.ANY, st.just(draw.SCALAR))

CASES: dict[str, Case] = {
    "Activation": Case(
        draw.activations(),
        (
            _in(labels(4), LABELS, function="relu"),
            _in(_ROW, TORCH, function="hardtanh", min_val=2.0, max_val=1.0),
            _in(_ROW, TORCH, function="softmax", dim=2),
            _in(_ROW, "nothing can be made of a formula that cannot be read", function="custom", expression="2*y"),
            _in(spec_of(), TORCH, function="log_softmax"),
        ),
        activation_data,
    ),
    "Abs": Case(draw.one(_ANYTHING), (_in(labels(4), LABELS),), clear_of_zero),
    "Add": Case(draw.several(), _ADD_REFUSED),
    "Augment": Case(
        draw.one(
            draw.IMAGES,
            flip=st.booleans(),
            translate=st.integers(0, 3),
            degrees=st.sampled_from((0.0, 15.0, 180.0)),
            scale=st.sampled_from((0.0, 0.3)),
        ),
        (_in(_ROW, UNBATCHED), _in(spec_of(8, 8), UNBATCHED), _in(_INT_IMAGE, LABELS)),
    ),
    "AvgPool2d": Case(draw.pools(dilated=False), _POOL_REFUSED),
    "BatchNorm1d": Case(
        draw.one(st.one_of(draw.ROWS, draw.SEQUENCES), affine=st.booleans(), eps=st.sampled_from((1e-5, 0.1))),
        (
            _in(spec_of(), TORCH),
            _in(_IMAGE, TORCH),
            _in(labels(4), TORCH),
            _in(spec_of("T"), TORCH),
            _in(_NO_BATCH_ROW, NO_BATCH),
        ),
        spread,
    ),
    "BatchNorm2d": Case(
        draw.one(draw.IMAGES, affine=st.booleans(), momentum=st.sampled_from((0.1, 0.3))),
        (_in(_ROW, TORCH), _in(spec_of(8, 8), TORCH), _in(_INT_IMAGE, TORCH)),
        spread,
    ),
    "Concat": Case(
        draw.concats(),
        (
            _ab(spec_of(2, 3), spec_of(2, 4), TORCH),
            _ab(_ROW, spec_of(4, 4), TORCH),
            _ab(_ROW, _ROW, TORCH, dim=2),
            _ab(spec_of(), spec_of(), TORCH),
            _ab(_ROW, labels(4), LABELS),
            _ab(_NO_BATCH_ROW, _NO_BATCH_ROW, NO_BATCH),
            _ab(spec_of("T", 4), spec_of(2, 4), FREE),
        ),
    ),
    "Conv1d": Case(
        draw.convs(1),
        (
            _in(_ROW, UNBATCHED),
            _in(_IMAGE, TORCH),
            _in(spec_of(3, 4), TORCH, kernel_size=5),
            _in(spec_of(3, 8), TORCH, padding="same", stride=2),
            _in(spec_of(3, 8), TORCH, groups=2),
            _in(spec_of(3, "T"), "the length after the convolution would have no name", kernel_size=3),
        ),
    ),
    "Conv2d": Case(draw.convs(2), _CONV2D_REFUSED),
    "ConvTranspose2d": Case(
        draw.convs(2, transposed=True),
        (
            *_CONV_REFUSED,
            _in(_IMAGE, TORCH, output_padding=1),
            _in(_IMAGE, "rows past the stride repeat what a larger input makes", output_padding=1, dilation=2),
            _in(spec_of(3, 1, 1), "an image without a pixel", kernel_size=2, padding=1),
            _in(spec_of(3, 1, 1), TORCH, kernel_size=1, padding=1),
        ),
    ),
    "Dense": Case(
        draw.one(st.one_of(draw.ROWS, draw.TIMED, draw.SEQUENCES), out_features=st.integers(1, 5), **draw.INIT),
        (
            _in(spec_of(), TORCH),
            _in(spec_of("T"), TORCH),
            _in(labels(4), TORCH),
            _in(_NO_BATCH_ROW, NO_BATCH),
            _in(_IMAGE, "PyTorch acts on the last dimension of an image, which is hardly ever meant"),
        ),
    ),
    "Dropout": Case(draw.one(draw.ANY, p=st.sampled_from((0.0, 0.3, 0.5, 1.0))), (_in(labels(4), LABELS),)),
    "Dropout2d": Case(
        draw.one(draw.IMAGES, p=st.sampled_from((0.0, 0.3, 0.5, 1.0))),
        (_in(_ROW, UNBATCHED), _in(spec_of(8, 8), UNBATCHED), _in(_INT_IMAGE, LABELS)),
    ),
    "Flatten": Case(
        draw.one(st.one_of(draw.ROWS, draw.SEQUENCES, draw.IMAGES), start_dim=st.just(1)),
        (
            _in(spec_of(), TORCH),
            _in(_ROW, TORCH, start_dim=3),
            _in(_NO_BATCH_IMAGE, NO_BATCH),
            _in(spec_of("T", 3), FREE),
        ),
    ),
    "GlobalAvgPool": Case(
        draw.one(st.one_of(draw.SEQUENCES, draw.IMAGES, st.just(spec_of(2, "T")))),
        (
            _in(_ROW, TORCH),
            _in(_INT_IMAGE, TORCH),
            _in(_NO_BATCH_IMAGE, NO_BATCH),
            _in(spec_of(2, 3, 4, 5), "volumes have no other blocks yet"),
        ),
    ),
    "GroupNorm": Case(
        draw.group_norms(),
        (
            _in(spec_of(6, 4, 4), TORCH, num_groups=4),
            _in(spec_of(), TORCH),
            _in(spec_of(4), ALWAYS_ZERO, num_groups=4),
            _in(_INT_IMAGE, TORCH, num_groups=3),
        ),
        spread,
    ),
    "LayerNorm": Case(
        draw.layer_norms(),
        (
            _in(_ROW, TORCH, dims=2),
            _in(spec_of(), TORCH),
            _in(spec_of(4, 1), ALWAYS_ZERO),
            _in(labels(4), TORCH),
            _in(_NO_BATCH_ROW, NO_BATCH),
        ),
        spread,
    ),
    "Loss": Case(
        draw.losses(),
        (
            _loss("mse", spec_of(3), spec_of(), BROADCAST),
            _loss("mse", spec_of(3), spec_of(1), BROADCAST),
            _loss("l1", spec_of(1), spec_of(3), BROADCAST),
            _loss("huber", spec_of(), spec_of(1), BROADCAST),
            _loss("half_squared_error", spec_of(3), TensorSpec((3,)), BROADCAST),
            _loss("hinge", spec_of(3), spec_of(4), TORCH),
            _loss("bce_with_logits", spec_of(3), spec_of(4), TORCH),
            _loss("binary_cross_entropy", spec_of(2), labels(classes=2), TORCH),
            _loss("mse", spec_of(3), labels(classes=3), LABELS),
            _loss("bce_with_logits", spec_of(1), labels(classes=3), LABELS),
            _loss("mse", labels(3), spec_of(3), LABELS),
            _loss("cross_entropy", spec_of(3), labels(classes=5), "labels 3 and 4 would fail only once they come"),
            _loss("cross_entropy", spec_of(3), labels(1, classes=3), TORCH),
            _loss("cross_entropy", spec_of(3), spec_of(), TORCH),
            _loss("cross_entropy", spec_of(3), spec_of(4), TORCH),
            _loss("cross_entropy", spec_of(), labels(classes=3), TORCH),
            _loss("cross_entropy", labels(3), labels(classes=3), TORCH),
            _loss("cross_entropy", spec_of(3, 4), labels(classes=3), TORCH),
            _loss("nll", spec_of(3), spec_of(3), TORCH),
            _loss("mse", spec_of(3), TensorSpec(("N", 3), "bool"), LABELS),
        ),
        loss_data,
    ),
    "MaxPool2d": Case(
        draw.pools(dilated=True),
        (
            *_POOL_REFUSED,
            _in(_IMAGE, "PyTorch's gradient refuses it", kernel_size=4, padding=3, dilation=2),
            _in(spec_of(3, 1, 4), "PyTorch's gradient writes outside the image", kernel_size=2, padding=1, dilation=2),
        ),
        distinct,
    ),
    "Multiply": Case(
        draw.several(stretch=True),
        (
            _ab(_ROW, spec_of(5), TORCH),
            _ab(_ROW, spec_of(2, 4), BROADCAST),
            _ab(_ROW, spec_of(), BROADCAST),
            _ab(_ROW, labels(4), LABELS),
        ),
    ),
    "Noise": Case(draw.one(draw.ANY, std=st.sampled_from((0.0, 0.1, 2.0))), (_in(labels(4), TORCH),)),
    "Permute": Case(
        draw.permutes(),
        (
            _in(_ROW, TORCH, dims=[0, 2, 1]),
            _in(spec_of(2, 3), TORCH, dims=[0, 1, 1]),
            _in(spec_of(2, 3), NO_BATCH, dims=[1, 0, 2]),
            _in(_NO_BATCH_IMAGE, NO_BATCH, dims=[0, 2, 1]),
        ),
    ),
    "Regularizer": Case(
        st.tuples(
            st.fixed_dictionaries(
                {"penalty": st.sampled_from(("l1", "l2")), "biases": st.booleans(), "strength": st.just(0.3)}
            ),
            st.just({}),
        ),
        context=Context(
            parameters={
                "hidden": (Tensor("weight", (4, 3), Init("normal", std=1.0)), Tensor("bias", (4,))),
                "res.0.conv": (Tensor("weight", (2, 4, 3, 3), Init("normal", std=1.0)),),
            }
        ),
    ),
    "Reshape": Case(
        draw.reshapes(),
        (
            _in(_ROW, TORCH, shape=[5]),
            _in(spec_of(6), "numbers of different samples would be mixed", shape=[4]),
            _in(_ROW, TORCH, shape=[3, -1]),
            _in(spec_of("T", 4), FREE, shape=[-1]),
        ),
    ),
    "Subtract": Case(draw.several(fixed=2), _ADD_REFUSED),
    "Cos": Case(draw.one(_ANYTHING), (_in(labels(4), LABELS),)),
    "Sin": Case(draw.one(_ANYTHING), (_in(labels(4), LABELS),)),
    "Exp": Case(draw.one(_ANYTHING), (_in(labels(4), LABELS),)),
    "Log": Case(draw.one(_ANYTHING), (_in(labels(4), LABELS),), positive),
    "Sqrt": Case(draw.one(_ANYTHING), (_in(labels(4), LABELS),), positive),
    "Divide": Case(
        draw.several(fixed=2, stretch=True),
        (_ab(_ROW, spec_of(5), TORCH), _ab(_ROW, spec_of(), BROADCAST)),
        clear_of_zero,
    ),
    "Power": Case(
        draw.powers(),
        (_ab(_ROW, spec_of(5), TORCH, exponent=None), _ab(_ROW, spec_of(), BROADCAST, exponent=None)),
        positive,
    ),
    "Max": Case(draw.several(stretch=True), (_ab(_ROW, spec_of(5), TORCH), _ab(_ROW, spec_of(), BROADCAST))),
    "MatMul": Case(
        draw.products(),
        (
            _ab(_ROW, TensorSpec((5, 2)), TORCH),
            _ab(_ROW, spec_of(4), MIXED),
            _ab(TensorSpec((3, 4)), TensorSpec((3, 2)), TORCH),
            _ab(_ROW, TensorSpec(()), TORCH),
            _ab(_ROW, spec_of(4, 2), MIXED),
            _ab(labels(4), TensorSpec((4, 2)), TORCH),
        ),
    ),
    "Transpose": Case(
        draw.transposes(),
        (_in(_ROW, TORCH, dim0=1, dim1=2), _in(_ROW, NO_BATCH, dim0=0, dim1=1), _in(spec_of(), TORCH)),
    ),
    "Sum": Case(
        draw.reductions(),
        (_in(_ROW, TORCH, dim=[2]), _in(_ROW, TORCH, dim=[1, 1]), _in(_ROW, MIXED, dim=[0]), _in(labels(4), LABELS)),
    ),
    "Mean": Case(
        draw.reductions(),
        (_in(_ROW, TORCH, dim=[2]), _in(_ROW, TORCH, dim=[1, 1]), _in(_ROW, MIXED, dim=[0]), _in(labels(4), TORCH)),
    ),
    "Value": Case(draw.numbers()),
}
