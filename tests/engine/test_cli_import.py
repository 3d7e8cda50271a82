"""`chainrule import`: files in, files out, and what is said on the way."""

from pathlib import Path

import pytest
import torch

from engine import files, weightfile
from engine.cli import main
from engine.tensorfile import read
from tests.engine.cli_helpers import lines
from tests.helpers.onnx_bytes import model, node, tensor

MODELS = Path(__file__).parent.parent / "golden" / "onnx"


def run(*words):
    return main(["import", *map(str, words)])


def test_a_model_becomes_a_graph_file_that_evaluates(tmp_path, capsys):
    graph = tmp_path / "net.chainrule"
    assert run(MODELS / "mlp.new.onnx", "-o", graph) == 0
    assert capsys.readouterr().out == f"{graph}: 6 blocks, 139 weights\n"
    assert main(["check", str(graph)]) == 0
    project = files.load(graph)
    assert project.weights == ""
    assert len(project.parameters["dense0.weight"]) == 8


def test_many_weights_lie_beside_to_the_bit(tmp_path, capsys):
    weight = torch.randn(70, 80, generator=torch.Generator().manual_seed(0))
    source, graph = tmp_path / "m.onnx", tmp_path / "net.chainrule"
    source.write_bytes(
        model(
            [node("MatMul", ["x", "w"], ["y"])],
            {"w": tensor((70, 80), weight.flatten().tolist())},
            {"x": ("N", 70)},
            ["y"],
        )
    )
    assert run(source, "-o", graph, "--json") == 0
    *progress, last = lines(capsys)
    assert progress[0] == {"done": 0, "total": 1}
    assert last == {"file": str(graph), "blocks": 2, "numbers": 5600, "remarks": []}
    beside = tmp_path / files.load(graph).weights
    assert read(beside)[0]["dense.weight"].shape == (80, 70)
    assert torch.equal(weightfile.read(beside).tensors["dense.weight"], weight.T)


def test_nothing_is_written_where_it_cannot_be_imported(tmp_path, capsys):
    source, graph = tmp_path / "m.onnx", tmp_path / "net.chainrule"
    source.write_bytes(model([node("LSTM", ["x"], ["y"])], {}, {"x": ("N", 5)}, ["y"]))
    assert run(source, "-o", graph) == 1
    said = capsys.readouterr().err
    assert said.startswith('chainrule: "m.onnx" uses operators for which there are no blocks: LSTM (1 node)')
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [(b"no model", 2, "is no ONNX model that can be read"), (None, 2, "There is no file")],
)
def test_what_cannot_be_read_is_told_as_for_graphs(tmp_path, capsys, content, code, words):
    source = tmp_path / "m.onnx"
    if content is not None:
        source.write_bytes(content)
    assert run(source, "-o", tmp_path / "net.chainrule") == code
    assert words in capsys.readouterr().err


def test_numbers_that_are_not_finite_are_the_models_fault(tmp_path, capsys):
    source = tmp_path / "m.onnx"
    initializers = {"w": tensor((5, 1), [float("nan")] * 5)}
    source.write_bytes(model([node("Gemm", ["x", "w"], ["y"])], initializers, {"x": ("N", 5)}, ["y"]))
    assert run(source, "-o", tmp_path / "net.chainrule") == 1
    assert '"m.onnx" cannot be imported: "dense.weight" holds numbers that are not finite' in capsys.readouterr().err


def test_a_model_is_not_written_over(tmp_path, capsys):
    source = tmp_path / "m.onnx"
    source.write_bytes((MODELS / "mlp.new.onnx").read_bytes())
    assert run(source, "-o", source) == 1
    assert "Name a .chainrule file" in capsys.readouterr().err
    assert source.read_bytes() == (MODELS / "mlp.new.onnx").read_bytes()
