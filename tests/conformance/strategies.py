"""Draws parameters and input specs that a block takes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from engine.activation_functions import FUNCTIONS
from engine.loss_functions import LOSSES
from engine.tensorspec import BATCH, Dim, TensorSpec

Params = dict[str, Any]
Specs = dict[str, TensorSpec]
Drawn = tuple[Params, Specs]

ACTIVATIONS = (*FUNCTIONS, "custom")
TYPED = (
    "z",
    "z*sigmoid(z)",
    "max(0.1*z, z)",
    "x*tanh(softplus(x))",
    "exp(-z^2)",
    "(-z)^3/4 - 2^-z",
    "log(1 + z^2)/sqrt(2 + cos(z)) - pi",
    "min(2, max(-2, z))*relu(z)",
    "abs(z)^1.5 + atan(z)*sin(z)^2",
)
"""Activations typed by hand, defined everywhere and smooth but for corners at -2, 0 and 2."""
NUMBER_LOSSES = tuple(name for name, loss in LOSSES.items() if not loss.classes)
CLASS_LOSSES = tuple(name for name, loss in LOSSES.items() if loss.classes)


def spec_of(*shape: Dim) -> TensorSpec:
    return TensorSpec((BATCH, *shape))


def labels(*shape: Dim, classes: int | None = None) -> TensorSpec:
    return TensorSpec((BATCH, *shape), "int", classes=classes)


SIZE = st.integers(1, 6)
ROWS = st.builds(spec_of, SIZE)
TIMED = st.builds(lambda size: spec_of("T", size), SIZE)
SEQUENCES = st.builds(spec_of, SIZE, SIZE)
IMAGES = st.builds(spec_of, SIZE, SIZE, SIZE)
ANY = st.one_of(ROWS, TIMED, SEQUENCES, IMAGES, st.just(spec_of()))
SCALAR = TensorSpec(())


def one(strategy: SearchStrategy[TensorSpec], **params: SearchStrategy[Any]) -> SearchStrategy[Drawn]:
    return st.tuples(st.fixed_dictionaries(params), st.fixed_dictionaries({"in": strategy}))


INIT = {
    "bias": st.booleans(),
    "weight_init": st.sampled_from(
        ("default", "xavier_uniform", "kaiming_normal", "orthogonal", "normal", "uniform", "constant", "zeros")
    ),
}


@st.composite
def _per_dim(draw: st.DrawFn, dims: int, low: int, high: int) -> Any:
    size = st.integers(low, high)
    return draw(st.one_of(size, st.lists(size, min_size=dims, max_size=dims)))


def _listed(value: Any, dims: int) -> list[int]:
    return value if isinstance(value, list) else [value] * dims


@st.composite
def convs(draw: st.DrawFn, dims: int, transposed: bool = False) -> Drawn:
    groups = draw(st.integers(1, 2))
    channels, out = (groups * draw(st.integers(1, 2)) for _ in range(2))
    params: Params = {"out_channels": out, "groups": groups, **{name: draw(values) for name, values in INIT.items()}}
    params |= {
        "kernel_size": draw(_per_dim(dims, 1, 4)),
        "stride": draw(_per_dim(dims, 1, 3)),
        "dilation": draw(_per_dim(dims, 1, 2)),
        "padding": draw(_per_dim(dims, 0, 2)),
    }
    kernel, stride, dilation, padding = (
        _listed(params[name], dims) for name in ("kernel_size", "stride", "dilation", "padding")
    )
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if transposed:
        params["output_padding"] = [draw(st.integers(0, step - 1)) for step in stride]
        # The output must keep at least one place after the padding is cut off.
        least = [max(1, -(-(2 * p + 1 - size) // s) + 1) for size, s, p in zip(reach, stride, padding, strict=True)]
    elif draw(st.booleans()):
        params |= {"padding": draw(st.sampled_from(("same", "valid")))}
        if params["padding"] == "same":
            params["stride"] = 1
        least = reach if params["padding"] == "valid" else [1] * dims
    else:
        least = [max(1, size - 2 * pad) for size, pad in zip(reach, padding, strict=True)]
    return params, {"in": spec_of(channels, *(low + draw(st.integers(0, 4)) for low in least))}


@st.composite
def pools(draw: st.DrawFn, dilated: bool) -> Drawn:
    params: Params = {"kernel_size": draw(_per_dim(2, 1, 4)), "stride": draw(st.none() | _per_dim(2, 1, 3))}
    if dilated:
        params["dilation"] = draw(_per_dim(2, 1, 2))
    else:
        params["count_include_pad"] = draw(st.booleans())
    kernel, dilation = _listed(params["kernel_size"], 2), _listed(params.get("dilation", 1), 2)
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    params["padding"] = [draw(st.integers(0, size // 2)) for size in kernel]
    # An image smaller than the dilation could slip between the places of a window.
    least = [max(d, size - 2 * pad) for size, pad, d in zip(reach, params["padding"], dilation, strict=True)]
    return params, {"in": spec_of(draw(st.integers(1, 3)), *(low + draw(st.integers(0, 5)) for low in least))}


@st.composite
def activations(draw: st.DrawFn) -> Drawn:
    params: Params = {"function": draw(st.sampled_from(ACTIVATIONS))}
    spec = draw(ANY)
    if params["function"] in {"softmax", "log_softmax"}:
        spec = draw(st.one_of(ROWS, SEQUENCES, IMAGES))
        params["dim"] = draw(st.integers(1, len(spec.shape) - 1))
    elif params["function"] == "leaky_relu":
        params["negative_slope"] = draw(st.sampled_from((0.01, 0.2)))
    elif params["function"] == "elu":
        params["alpha"] = draw(st.sampled_from((1.0, 0.7)))
    elif params["function"] == "gelu":
        params["approximate"] = draw(st.sampled_from(("none", "tanh")))
    elif params["function"] == "custom":
        params["expression"] = draw(st.sampled_from(TYPED))
    elif params["function"] == "hardtanh":
        params |= {"min_val": draw(st.sampled_from((-1.0, 0.0))), "max_val": draw(st.sampled_from((1.0, 2.0)))}
    return params, {"in": spec}


@st.composite
def several(draw: st.DrawFn, most: int = 4, fixed: int | None = None, stretch: bool = False) -> Drawn:
    count = fixed or draw(st.integers(2, most))
    spec = draw(ANY)
    others = [spec, SCALAR]
    if spec.sample_shape and spec.sample_shape[0] != "T":
        others.append(TensorSpec(spec.sample_shape))
    if stretch and len(spec.shape) == 4:
        others.append(spec_of(spec.shape[1], 1, 1))
    specs = [spec, *(draw(st.sampled_from(others)) for _ in range(count - 1))]
    specs = draw(st.permutations(specs))
    return {} if fixed else {"inputs": count}, {chr(97 + index): one for index, one in enumerate(specs)}


@st.composite
def concats(draw: st.DrawFn) -> Drawn:
    count = draw(st.integers(2, 4))
    shape = list(draw(st.one_of(ROWS, SEQUENCES, IMAGES)).shape)
    dim = draw(st.integers(1, len(shape) - 1))
    specs = {}
    for index in range(count):
        shape[dim] = draw(SIZE)
        specs[chr(97 + index)] = TensorSpec(tuple(shape))
    return {"inputs": count, "dim": dim}, specs


@st.composite
def reshapes(draw: st.DrawFn) -> Drawn:
    sizes = draw(st.lists(SIZE, min_size=0, max_size=3))
    order = draw(st.permutations(sizes))
    shape = [1, *order] if draw(st.booleans()) else [*order]
    leave_open = draw(st.booleans())
    if shape and leave_open:
        shape = [*shape[:-1], -1]
    return {"shape": shape}, {"in": spec_of(*sizes)}


@st.composite
def permutes(draw: st.DrawFn) -> Drawn:
    spec = draw(st.one_of(SEQUENCES, IMAGES, TIMED))
    return {"dims": [0, *draw(st.permutations(range(1, len(spec.shape))))]}, {"in": spec}


@st.composite
def layer_norms(draw: st.DrawFn) -> Drawn:
    sizes = [draw(SIZE) for _ in range(draw(st.integers(0, 2)))] + [draw(st.integers(2, 6))]
    params = {"elementwise_affine": draw(st.booleans()), "bias": draw(st.booleans())}
    return {**params, "dims": draw(st.integers(1, len(sizes)))}, {"in": spec_of(*sizes)}


@st.composite
def group_norms(draw: st.DrawFn) -> Drawn:
    groups, places = draw(st.integers(1, 3)), draw(st.lists(st.integers(1, 4), max_size=2))
    per_group = draw(st.integers(1 if places and max(places) > 1 else 2, 3))
    params = {"num_groups": groups, "affine": draw(st.booleans())}
    return params, {"in": spec_of(groups * per_group, *places)}


@st.composite
def losses(draw: st.DrawFn) -> Drawn:
    function = draw(st.sampled_from((*CLASS_LOSSES, *NUMBER_LOSSES)))
    params: Params = {"function": function, "reduction": draw(st.sampled_from(("mean", "sum")))}
    if function == "huber":
        params["delta"] = draw(st.sampled_from((1.0, 0.6)))
    if function in NUMBER_LOSSES:
        spec = draw(ANY)
        column, yes_no = spec_of(1), labels(classes=2)
        pairs = [
            (spec, spec),
            (column, spec_of()),
            (column, yes_no),
            (column, labels(1, classes=2)),
            (spec_of(), yes_no),
        ]
        prediction, target = draw(st.sampled_from(pairs))
    else:
        classes, rest = draw(st.integers(2, 4)), draw(st.lists(st.integers(1, 3), max_size=2))
        prediction, target = (
            spec_of(classes, *rest),
            labels(*rest, classes=draw(st.sampled_from((classes, classes - 1)))),
        )
        if function == "cross_entropy" and draw(st.booleans()):
            target = prediction
    return params, {"prediction": prediction, "target": target}


@st.composite
def powers(draw: st.DrawFn) -> Drawn:
    if draw(st.booleans()):
        return {"exponent": None}, draw(several(fixed=2, stretch=True))[1]
    return {"exponent": draw(st.sampled_from((2.0, 0.5, -1.0, 3.0, 0.0)))}, {"a": draw(ANY)}


@st.composite
def products(draw: st.DrawFn) -> Drawn:
    m, k, n = (draw(SIZE) for _ in range(3))
    left: TensorSpec = draw(
        st.sampled_from((spec_of(k), spec_of(m, k), spec_of("T", k), TensorSpec((m, k)), TensorSpec((k,))))
    )
    right = [TensorSpec((k, n)), TensorSpec((k,))]
    if len(left.shape) == 3:
        right.append(TensorSpec((BATCH, k, n)))
    return {}, {"a": left, "b": draw(st.sampled_from(right))}


@st.composite
def transposes(draw: st.DrawFn) -> Drawn:
    spec = draw(st.one_of(SEQUENCES, IMAGES, st.builds(lambda m, n: TensorSpec((m, n)), SIZE, SIZE)))
    least, rank = int(spec.batched), len(spec.shape)
    dims = [draw(st.integers(least, rank - 1)) for _ in range(2)]
    shown = [dim - rank if draw(st.booleans()) else dim for dim in dims]
    return {"dim0": shown[0], "dim1": shown[1]}, {"in": spec}


@st.composite
def reductions(draw: st.DrawFn) -> Drawn:
    spec = draw(st.one_of(ANY, st.just(SCALAR)))
    rank = len(spec.shape)
    dims = draw(st.sets(st.integers(1, rank - 1), max_size=rank)) if rank > 1 else set()
    if not dims:
        return {}, {"in": spec}
    return {"dim": sorted(dims), "keepdim": draw(st.booleans())}, {"in": spec}


@st.composite
def numbers(draw: st.DrawFn) -> Drawn:
    shape = draw(st.lists(SIZE, max_size=2))
    return {"value": draw(st.sampled_from((1.0, -0.5))), "trainable": draw(st.booleans()), "shape": shape}, {}
