"""Models that PyTorch exported, read again: the blocks compute what PyTorch computed."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine import files
from engine.build import build
from engine.data.filefacts import waiting_lookup
from engine.onnx.importing import import_model
from engine.plan import check
from engine.training.loading import load

FOLDER = Path(__file__).parent.parent / "golden" / "onnx"
MODELS = sorted(path.name for path in FOLDER.glob("*.onnx"))


@pytest.mark.parametrize("name", MODELS)
def test_an_imported_model_computes_what_torch_computed(name, tmp_path):
    imported = import_model(FOLDER / name)
    path = tmp_path / "net.chainrule"
    files.save(imported.project, path, dict(imported.weights))
    project = files.load(path)
    loaded = load(project, tmp_path)
    problems = check(project, waiting_lookup(tmp_path)).problems
    assert {problem.code for problem in problems} <= {"G01"}, problems
    net = build(loaded.result, parameters=loaded.start).eval()
    stored = load_file(FOLDER / f"{name.split('.')[0]}.safetensors")
    given = {f"{path}.x": stored[f"in.{index}"] for index, path in enumerate(loaded.result.inputs)}
    with torch.no_grad():
        found = net.forward_to(imported.outputs)(given)
    assert len(imported.outputs) == sum(key.startswith("out.") for key in stored)
    for index, output in enumerate(imported.outputs):
        torch.testing.assert_close(found[output], stored[f"out.{index}"], rtol=1e-5, atol=1e-6)
