"""Recipes call torch's functions on tensors, its modules and our own; nothing else can be named."""

from __future__ import annotations

import operator
import re
from pathlib import Path

import pytest
import torch

import engine.nn
from engine.targets import TargetError, resolve

ALLOWED = {
    "torch.nn.Linear": torch.nn.Linear,
    "torch.nn.Conv2d": torch.nn.Conv2d,
    "torch.nn.BatchNorm1d": torch.nn.BatchNorm1d,
    "torch.nn.Identity": torch.nn.Identity,
    "torch.nn.functional.pad": torch.nn.functional.pad,
    "torch.nn.functional.hardswish": torch.nn.functional.hardswish,
    "torch.nn.functional.max_pool2d_with_indices": torch.nn.functional.max_pool2d_with_indices,
    "torch.nn.init.xavier_uniform_": torch.nn.init.xavier_uniform_,
    "torch.nn.grad.conv2d_weight": torch.nn.grad.conv2d_weight,
    "torch.relu": torch.relu,
    "torch.einsum": torch.einsum,
    "torch.randn_like": torch.randn_like,
    "torch.Tensor.type_as": torch.Tensor.type_as,
    "operator.matmul": operator.matmul,
    "chainrule.nn.step": engine.nn.step,
    "chainrule.nn.GaussianNoise": engine.nn.GaussianNoise,
    "chainrule.nn.RandomAffine": engine.nn.RandomAffine,
}

REFUSED = [
    # files, code, compilation
    "torch.load",
    "torch.save",
    "torch.from_file",
    "torch.frombuffer",
    "torch.compile",
    "torch.hub.load",
    "torch.jit.load",
    "torch.package.PackageImporter",
    "torch.ops.load_library",
    "torch.classes.load_library",
    "torch.utils.cpp_extension.load",
    "torch.utils.model_zoo.load_url",
    "torch.serialization.load",
    "torch.multiprocessing.spawn",
    "torch.os.system",
    "torch.nn.functional.importlib.import_module",
    "torch.nn.functional.torch.load",
    "torch.sys.exit",
    "os.system",
    "builtins.eval",
    "builtins.exec",
    "subprocess.run",
    "engine.nn.step",
    # private and dunder names
    "torch._C._nn.gelu",
    "torch.__dict__",
    "torch.relu.__globals__",
    "torch.nn.Linear.__init__",
    "torch.nn.functional._threshold",
    "operator.__add__",
    # callables that call something else, or look up names
    "operator.methodcaller",
    "operator.attrgetter",
    "operator.call",
    "operator.setitem",
    "torch.Tensor.apply_",
    "torch.Tensor.map_",
    "torch.Tensor.register_hook",
    "torch.nn.functional.boolean_dispatch",
    "torch.nn.functional.handle_torch_function",
    "torch.autocast",
    "torch.Tensor",
    "torch.set_default_device",
    "torch.manual_seed",
    # changes its argument in place
    "torch.relu_",
    "torch.nn.functional.threshold_",
    "torch.nn.functional.relu_",
    # no plain modules
    "torch.nn.Module",
    "torch.nn.Sequential",
    "torch.nn.ModuleList",
    "torch.nn.LazyLinear",
    "torch.nn.DataParallel",
    "torch.nn.Parameter",
    "torch.nn.Buffer",
    "torch.nn.functional",
    "torch.nn.init.calculate_gain",
    "torch.nn.init._calculate_correct_fan",
    "torch.nn.grad.torch",
    # what engine/nn.py imports is not its own
    "chainrule.nn.torch",
    "chainrule.nn.nn",
    "chainrule.nn.Tensor",
    "chainrule.nn.final",
    "chainrule.nn.__builtins__",
    # no names at all
    "self",
    "",
    "torch",
    "torch.",
    ".relu",
    "torch..relu",
    "torch.relu ",
    "torch.relu\n",
    "torch.relu()",
    "torch.nn.Line\u0430r",
    "torch.no_such_function",
    "torch.nn.functional.no_such_function",
]


@pytest.mark.parametrize("target", ALLOWED)
def test_allowed(target):
    assert resolve(target) is ALLOWED[target]


@pytest.mark.parametrize("target", REFUSED)
def test_refused(target):
    with pytest.raises(TargetError, match="not a call that recipes may make"):
        resolve(target)


def test_every_target_written_in_a_block_is_allowed():
    """Blocks name targets as strings, some put together from a prefix; those are covered by the conformance tests."""
    folder = Path(engine.nn.__file__).parent
    files = [*folder.glob("*.py"), *(folder / "blocks").glob("*.py")]
    place = r'(?:Call\([^"]*"\w+", |call\(|Module\()"((?:torch|operator|chainrule)\.[\w.]+)"'
    named = {name for file in files for name in re.findall(place, file.read_text(encoding="utf-8"))}
    assert len(named) > 20
    for target in named:
        assert callable(resolve(target))
