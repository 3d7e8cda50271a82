"""Single operators, written by hand: what becomes of them, against PyTorch, and what is refused in which words."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from engine.build import build
from engine.facts import FactsCache
from engine.onnx.importing import import_model
from engine.plan import check
from engine.problem import FileError
from tests.helpers.onnx_bytes import INT64, model, node, outside, tensor


def written(path, nodes, initializers=(), inputs=None, outputs=("y",), **more):
    path.write_bytes(model(nodes, dict(initializers), inputs or {"x": ("N", 6)}, outputs, **more))
    return path


def computed(path, *given):
    """The outputs of the network made of a file."""
    imported = import_model(path)
    result = check(imported.project, FactsCache().lookup)
    assert {problem.code for problem in result.problems} <= {"G01", "G10"}, result.problems
    weights = {
        name: torch.frombuffer(bytearray(value.data), dtype=torch.float32).reshape(value.shape)
        for name, value in imported.weights.items()
    }
    net = build(result, parameters=weights).eval()
    batch = {f"{path}.x": value for path, value in zip(result.inputs, given, strict=True)}
    with torch.no_grad():
        return [net.forward_to([name])(batch)[name] for name in imported.outputs]


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def stored(value):
    return tensor(value.shape, value.flatten().tolist())


X = numbers(3, 6)
IMAGES = numbers(3, 2, 7, 8)

SINGLE = [
    ("Celu", {"alpha": 1.5}, lambda x: F.celu(x, 1.5)),
    ("Selu", {}, F.selu),
    ("Elu", {"alpha": 0.3}, lambda x: F.elu(x, 0.3)),
    ("LeakyRelu", {}, F.leaky_relu),
    ("HardSigmoid", {}, lambda x: (0.2 * x + 0.5).clamp(0, 1)),
    ("HardSwish", {}, F.hardswish),
    ("Gelu", {"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
    ("Mish", {}, F.mish),
    ("Swish", {"alpha": 2.0}, lambda x: x * torch.sigmoid(2 * x)),
    ("Neg", {}, lambda x: -x),
    ("Reciprocal", {}, lambda x: 1 / x),
    ("Sin", {}, torch.sin),
    ("Softmax", {"axis": -1}, lambda x: F.softmax(x, 1)),
    ("LogSoftmax", {}, lambda x: F.log_softmax(x, 1)),
    ("ReduceSum", {"keepdims": 0}, lambda x: x.sum()),
    ("Flatten", {}, lambda x: x),
    ("Identity", {}, lambda x: x),
    ("Dropout", {}, lambda x: x),
]


@pytest.mark.parametrize(("op", "attributes", "expected"), SINGLE, ids=[entry[0] for entry in SINGLE])
def test_functions(tmp_path, op, attributes, expected):
    path = written(tmp_path / "m.onnx", [node(op, ["x"], ["z"], **attributes), node("Add", ["z", "x"], ["y"])])
    torch.testing.assert_close(computed(path, X), [expected(X) + X])


WINDOWS = [
    ("MaxPool", {"kernel_shape": [2, 3], "strides": [2, 1]}, lambda x: F.max_pool2d(x, (2, 3), (2, 1))),
    (
        "MaxPool",
        {"kernel_shape": [3, 3], "dilations": [2, 2], "pads": [1, 1, 1, 1]},
        lambda x: F.max_pool2d(x, 3, 1, 1, 2),
    ),
    ("MaxPool", {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1}, lambda x: F.max_pool2d(x, (3, 2), 2)),
    (
        "AveragePool",
        {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1]},
        lambda x: F.avg_pool2d(x, 2, 1, 1, count_include_pad=False),
    ),
    (
        "AveragePool",
        {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1},
        lambda x: F.avg_pool2d(x, 2, 1, 1),
    ),
    (
        "AveragePool",
        {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"},
        lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False),
    ),
    ("GlobalAveragePool", {}, lambda x: x.mean((2, 3), True)),
    ("GlobalMaxPool", {}, lambda x: x.amax((2, 3), True)),
    ("ReduceMean", {"axes": [2, 3], "keepdims": 0}, lambda x: x.mean((2, 3))),
    ("ReduceMean", {"axes": [-1]}, lambda x: x.mean(3, True)),
    ("Transpose", {"perm": [0, 2, 3, 1]}, lambda x: x.permute(0, 2, 3, 1)),
]


@pytest.mark.parametrize(("op", "attributes", "expected"), WINDOWS)
def test_windows_and_shapes(tmp_path, op, attributes, expected):
    path = written(tmp_path / "m.onnx", [node(op, ["x"], ["y"], **attributes)], inputs={"x": (1, 2, 7, 8)}, opset=13)
    torch.testing.assert_close(computed(path, IMAGES), [expected(IMAGES)])


CONVOLUTIONS = [
    (
        {"strides": [2, 1], "pads": [1, 0, 1, 0], "dilations": [1, 2]},
        {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)},
    ),
    ({"auto_pad": "SAME_UPPER"}, {"before": (1, 1, 0, 1)}),
    ({"pads": [0, 0, 1, 1]}, None),
    ({"auto_pad": "VALID"}, {}),
]


@pytest.mark.parametrize(("attributes", "settings"), CONVOLUTIONS)
def test_convolutions(tmp_path, attributes, settings):
    weight = numbers(4, 2, 2, 3, seed=1)
    nodes = [node("Conv", ["x", "w"], ["y"], **attributes)]
    path = written(tmp_path / "m.onnx", nodes, {"w": stored(weight)}, {"x": ("N", 2, 7, 8)})
    if settings is None:
        with pytest.raises(FileError, match="pads both sides differently"):
            import_model(path)
        return
    padded = F.pad(IMAGES, settings.pop("before", (0, 0, 0, 0)))
    torch.testing.assert_close(computed(path, IMAGES), [F.conv2d(padded, weight, **settings)])


@pytest.mark.parametrize("turned", [0, 1])
def test_a_gemm_with_its_factors(tmp_path, turned):
    weight, bias = numbers(6, 4, seed=1), numbers(4, seed=2)
    nodes = [node("Gemm", ["x", "fc.weight", "b"], ["y"], alpha=0.5, beta=2.0, transB=turned)]
    given = weight.T.contiguous() if turned else weight
    path = written(tmp_path / "m.onnx", nodes, {"fc.weight": stored(given), "b": stored(bias)})
    assert [node.id for node in import_model(path).project.graph.ordered_nodes()] == ["data", "fc"]
    torch.testing.assert_close(computed(path, X), [0.5 * X @ weight + 2 * bias])


def test_a_matmul_with_its_add_is_one_dense_and_alone_too(tmp_path):
    weight, bias = numbers(6, 4, seed=1), numbers(4, seed=2)
    nodes = [node("MatMul", ["x", "w"], ["z"]), node("Add", ["b", "z"], ["y"]), node("MatMul", ["x", "w"], ["u"])]
    path = written(tmp_path / "m.onnx", nodes, {"w": stored(weight), "b": stored(bias)}, outputs=("y", "u"))
    imported = import_model(path)
    assert [node.block for node in imported.project.graph.ordered_nodes()] == ["Input", "Dense", "Dense"]
    assert imported.remarks == ("1 weight of the model served several layers; here each has a copy of its own.",)
    torch.testing.assert_close(computed(path, X), [X @ weight + bias, X @ weight])


def test_a_gelu_by_its_definition(tmp_path):
    nodes = [
        node("Div", ["x", "root"], ["a"]),
        node("Erf", ["a"], ["b"]),
        node("Add", ["b", "one"], ["c"]),
        node("Mul", ["x", "c"], ["d"]),
        node("Mul", ["d", "half"], ["y"]),
    ]
    constants = {"root": tensor((), [2**0.5]), "one": tensor((), [1.0]), "half": tensor((), [0.5])}
    path = written(tmp_path / "m.onnx", nodes, constants)
    assert len(import_model(path).project.graph) == 2
    torch.testing.assert_close(computed(path, X), [F.gelu(X)])


@pytest.mark.parametrize("op", ["Mul", "Sub"])
def test_a_factor_and_a_summand_for_each_channel(tmp_path, op):
    """As Caffe's models have them behind their normalisation; only a product and its sum are one block."""
    scale, shift = numbers(2, seed=1), numbers(2, 1, 1, seed=2)
    nodes = [
        node("Unsqueeze", ["scale"], ["wide"], axes=[1, 2]),
        node(op, ["x", "wide"], ["z"]),
        node("Add", ["shift", "z"], ["y"]),
    ]
    constants = {"scale": stored(scale), "shift": stored(shift)}
    path = written(tmp_path / "m.onnx", nodes, constants, {"x": ("N", 2, 7, 8)}, opset=9)
    kinds = [node.block for node in import_model(path).project.graph.ordered_nodes()]
    assert kinds == (["Input", "Conv2d"] if op == "Mul" else ["Input", "Value", "Subtract", "Value", "Add"])
    column = scale[:, None, None]
    torch.testing.assert_close(computed(path, IMAGES), [(IMAGES * column if op == "Mul" else IMAGES - column) + shift])


@pytest.mark.parametrize(("groups", "back"), [(2, (0, 4, 5, 2)), (4, (3, 4, 5, 2)), (2, (0, 4, 10, 1))])
def test_a_group_normalisation_spelt_out(tmp_path, groups, back):
    x, scale, shift = numbers(3, 4, 5, 2), numbers(4, 1, 1, seed=1), numbers(4, 1, 1, seed=2)
    nodes = [
        node("Reshape", ["x", "there"], ["a"]),
        node("InstanceNormalization", ["a", "ones", "zeros"], ["b"], epsilon=1e-3),
        node("Reshape", ["b", "back"], ["c"]),
        node("Mul", ["c", "scale"], ["d"]),
        node("Add", ["d", "shift"], ["y"]),
    ]
    constants = {
        "ones": tensor((groups,), [1.0] * groups),
        "zeros": tensor((groups,), [0.0] * groups),
        "scale": stored(scale),
        "shift": stored(shift),
        "there": tensor((3,), [0, groups, -1], INT64),
        "back": tensor((4,), back, INT64),
    }
    path = written(tmp_path / "m.onnx", nodes, constants, {"x": (3, 4, 5, 2)})
    if back[2:] != (5, 2):
        with pytest.raises(FileError, match="in groups of another kind"):
            import_model(path)
        return
    assert [node.block for node in import_model(path).project.graph.ordered_nodes()] == ["Input", "GroupNorm"]
    expected = F.group_norm(x, groups, scale.flatten(), shift.flatten(), 1e-3)
    torch.testing.assert_close(computed(path, x), [expected])


@pytest.mark.parametrize("axis", [1, 2])
def test_a_softmax_of_old(tmp_path, axis):
    """Before version 13 all dimensions from the axis on were one; where the others have size 1 that is the same."""
    path = written(tmp_path / "m.onnx", [node("Softmax", ["x"], ["y"], axis=axis)], {}, {"x": ("N", 5, 3, 1)}, opset=9)
    if axis == 1:
        with pytest.raises(FileError, match="sums to 1 over several dimensions"):
            import_model(path)
        return
    x = numbers(3, 5, 3, 1)
    torch.testing.assert_close(computed(path, x), [F.softmax(x, 2)])


def test_numbers_are_stretched_as_numpy_does(tmp_path):
    row, column = numbers(8, seed=1), numbers(2, 1, 1, seed=2)
    nodes = [node("Add", ["x", "row"], ["a"]), node("Sub", ["column", "a"], ["b"]), node("Mul", ["b", "column"], ["y"])]
    path = written(tmp_path / "m.onnx", nodes, {"row": stored(row), "column": stored(column)}, {"x": ("N", 2, 7, 8)})
    torch.testing.assert_close(computed(path, IMAGES), [(column - (IMAGES + row)) * column])


def test_a_power_by_a_tensor_and_by_a_number(tmp_path):
    nodes = [node("Abs", ["x"], ["a"]), node("Pow", ["a", "x"], ["b"]), node("Pow", ["b", "two"], ["y"])]
    path = written(tmp_path / "m.onnx", nodes, {"two": tensor((), [2.0])})
    torch.testing.assert_close(computed(path, X), [(X.abs() ** X) ** 2])


def test_a_reshape_by_the_sizes_of_the_input(tmp_path):
    """What exporters write for x.view(x.size(0), x.size(1), -1)."""
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Slice", ["s", "one_", "two_"], ["c"]),
        node("Unsqueeze", ["n", "zero_"], ["n_"]),
        node("Concat", ["n_", "c", "minus"], ["t"], axis=0),
        node("Reshape", ["x", "t"], ["y"]),
    ]
    lists = {"one_": [1], "two_": [2], "zero_": [0], "minus": [-1]}
    constants = {name: tensor((1,), value, INT64) for name, value in lists.items()}
    constants["zero"] = tensor((), [0], INT64)
    path = written(tmp_path / "m.onnx", nodes, constants, {"x": ("N", 2, 7, 8)})
    torch.testing.assert_close(computed(path, IMAGES), [IMAGES.flatten(2)])


def test_weights_in_a_file_beside(tmp_path):
    weight = numbers(4, 6, seed=1)
    (tmp_path / "m.data").write_bytes(b"\0" * 16 + weight.numpy().tobytes())
    nodes = [node("Gemm", ["x", "w"], ["y"], transB=1)]
    path = written(tmp_path / "m.onnx", nodes, {"w": outside((4, 6), "m.data", 16)})
    torch.testing.assert_close(computed(path, X), [X @ weight.T])


@pytest.mark.parametrize(
    ("location", "offset", "words"),
    [
        ("../secret", 0, "only one beside the model is read"),
        ("/etc/passwd", 0, "only one beside the model is read"),
        ("..", 0, "only one beside the model is read"),
        ("gone.data", 0, "There is no file"),
        ("m.data", 8, "end at 104"),
        ("m.data", -8, "should have"),
        ("folder", 0, "is a folder"),
    ],
)
def test_weights_elsewhere_are_refused(tmp_path, location, offset, words):
    (tmp_path / "m.data").write_bytes(b"\0" * 96)
    (tmp_path / "folder").mkdir()
    nodes = [node("Gemm", ["x", "w"], ["y"], transB=1)]
    path = written(tmp_path / "m.onnx", nodes, {"w": outside((4, 6), location, offset)})
    with pytest.raises(FileError, match=words):
        import_model(path)


def test_half_precision_becomes_single(tmp_path):
    weight = numbers(4, 6, seed=1)
    for data_type, dtype in ((10, torch.float16), (16, torch.bfloat16)):
        raw = bytes(weight.to(dtype).view(torch.uint8).flatten().tolist())
        nodes = [node("Gemm", ["x", "w"], ["y"], transB=1)]
        path = written(tmp_path / "m.onnx", nodes, {"w": tensor((4, 6), (), data_type, raw)})
        torch.testing.assert_close(computed(path, X), [X @ weight.to(dtype).float().T])


REFUSED = [
    (
        [node("LSTM", ["x"], ["z"]), node("Frob", ["z"], ["y"], domain="ai.other")],
        {},
        r"uses operators for which there are no blocks: LSTM \(1 node\), ai.other::Frob \(1 node\), first at the node "
        r'"my LSTM", in version 17',
    ),
    ([node("<b>" * 1000, ["x"], ["y"])], {}, r'no blocks: "<b><b>.{0,100}… \(1 node\)'),
    ([node("Erf", ["x"], ["y"])], {}, r"no blocks: Erf \(1 node\)"),
    ([node("Reshape", ["x", "s"], ["y"])], {"s": tensor((2,), [2, -1], INT64)}, "would mix the samples of the batch"),
    ([node("Softmax", ["x"], ["y"], axis=0)], {}, "works across the samples of the batch"),
    ([node("Flatten", ["x"], ["y"], axis=0)], {}, "works across the samples"),
    ([node("Gemm", ["x", "x"], ["y"])], {}, "takes its weights from another node"),
    ([node("Gemm", ["x", "w"], ["y"])], {"w": tensor((2, 2), [1.0] * 4)}, "has weights for 2 numbers but gets N × 6"),
    ([node("Gather", ["x", "i"], ["y"])], {"i": tensor((), [0], INT64)}, "looks numbers up by their place"),
    ([node("Relu", [], ["y"])], {}, "lacks its input 1"),
    ([node("LeakyRelu", ["x"], ["y"], alpha="much")], {}, "has an attribute alpha of the wrong kind"),
    ([node("Conv", ["x", "w"], ["y"])], {"w": tensor((1, 1, 1, 1, 1), [1.0])}, "slides over 3 dimensions"),
    ([node("Relu", ["nothing"], ["y"])], {}, 'reads "nothing", which nothing makes before it'),
    ([node("Relu", ["x"], ["z"])], {}, 'nothing makes the output "y"'),
    ([node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"])], {}, "a second time"),
    ([node("Shape", ["x"], ["y"])], {}, "reckons with the sizes of a tensor"),
]


@pytest.mark.parametrize(("nodes", "initializers", "words"), REFUSED)
def test_what_cannot_be_drawn_is_told(tmp_path, nodes, initializers, words):
    path = written(tmp_path / "m.onnx", nodes, initializers)
    with pytest.raises(FileError, match=words) as caught:
        import_model(path)
    assert caught.value.code in ("F01", "F08")
    assert "Nothing was imported." in str(caught.value)
    assert '"m.onnx"' in str(caught.value)


@pytest.mark.parametrize(
    ("inputs", "data_type", "words"),
    [
        ({"x": ("N", "length")}, 1, "of the free size"),
        ({"x": ()}, 1, "without a batch or without a shape"),
        ({"x": ("N",)}, 1, "with one dimension only"),
        ({"x": ("N", 6)}, 7, "which is no tensor of measurements"),
        ({"x": ("N", 0)}, 1, "of the free size"),
        ({"x": ("N", 1 << 40)}, 1, "of the free size"),
    ],
)
def test_inputs_that_no_data_fit(tmp_path, inputs, data_type, words):
    path = written(tmp_path / "m.onnx", [node("Relu", ["x"], ["y"])], inputs=inputs, data_type=data_type)
    with pytest.raises(FileError, match=words):
        import_model(path)
