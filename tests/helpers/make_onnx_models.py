"""Makes the models in tests/golden/onnx with PyTorch's two exporters, and what PyTorch computes with them.

Run once, by hand, where the packages onnx and onnxscript are installed beside PyTorch: `python -m
tests.helpers.make_onnx_models`. The tests need neither. Beside NAME.onnx lies NAME.safetensors with `in.*` and `out.*`
in the order of the model's inputs and outputs, computed in evaluation mode.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

FOLDER = Path(__file__).parent.parent / "golden" / "onnx"


class Residual(nn.Module):
    """Two paths that are added, with normalisation, and a convolution that strides."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.down = nn.Conv2d(4, 6, (3, 2), stride=2, padding=(1, 0), dilation=1, groups=2)
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.stem(x))
        y = torch.relu(self.norm(self.conv(y)) + y)
        return self.head(nn.functional.silu(self.down(y)).mean((2, 3)))


class SeveralPorts(nn.Module):
    """Two inputs, two outputs, a constant, a product of matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 4), nn.Linear(2, 4)
        self.scale = nn.Parameter(torch.tensor([0.5, 1.5, -1.0, 2.0]))

    def forward(self, points: Tensor, marks: Tensor) -> tuple[Tensor, Tensor]:
        a, b = torch.tanh(self.left(points)), torch.sigmoid(self.right(marks))
        joined = torch.cat([a * self.scale, b / 2 + 1], 1)
        return torch.softmax(joined, -1), (a - b) ** 2


class Sequence(nn.Module):
    """Filters and pooling along a sequence, and a row of the batch's own size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm1d(4)
        self.pool = nn.MaxPool1d(2)
        self.up = nn.ConvTranspose1d(4, 3, 2, stride=2)
        self.head = nn.Linear(24, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.up(self.pool(nn.functional.leaky_relu(self.norm(self.conv(x)), 0.2)))
        return self.head(y.reshape(y.size(0), -1))


class Transformer(nn.Module):
    """Attention by hand, with layer normalisation and GELU."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(6)
        self.query, self.key, self.value = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6, bias=False)
        self.mix = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 6))
        self.place = nn.Parameter(torch.randn(1, 5, 6))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x + self.place)
        scores = self.query(y) @ self.key(y).transpose(1, 2) * 6**-0.5
        return x + self.mix(torch.softmax(scores, -1) @ self.value(y))


def _activations() -> nn.Module:
    kinds = (
        *(nn.ReLU(), nn.LeakyReLU(0.3), nn.ELU(0.7), nn.Sigmoid(), nn.Tanh(), nn.GELU(), nn.GELU("tanh")),
        *(nn.Softplus(), nn.Softsign(), nn.Hardsigmoid(), nn.Hardswish(), nn.SiLU(), nn.ReLU6(), nn.SELU()),
        *(nn.Mish(), nn.Hardtanh(-0.5, 2.0), nn.PReLU(), nn.LogSoftmax(1)),
    )

    class Chain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kinds = nn.ModuleList(kinds)

        def forward(self, x: Tensor) -> Tensor:
            total = x
            for kind in self.kinds:
                total = total + kind(x)
            return torch.sqrt(torch.abs(total)) + torch.exp(-torch.abs(x)) + torch.log(x * x + 1)

    return Chain()


def _norms() -> nn.Module:
    return nn.Sequential(
        nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1),
        nn.GroupNorm(2, 4),
        nn.InstanceNorm2d(4, affine=True),
        nn.Dropout(0.3),
        nn.AvgPool2d(2, padding=1, count_include_pad=False),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 2, bias=False),
    )


def _mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3))


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 10)
    )


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[tuple[int, ...], ...]]] = {
    "mlp": (_mlp, ((4,),)),
    "cnn": (_cnn, ((1, 8, 8),)),
    "residual": (Residual, ((3, 8, 8),)),
    "sequence": (Sequence, ((2, 8),)),
    "ports": (SeveralPorts, ((3,), (2,))),
    "attention": (Transformer, ((5, 6),)),
    "activations": (_activations, ((7,),)),
    "norms": (_norms, ((2, 5, 5),)),
}


def _shaken(model: nn.Module) -> nn.Module:
    """Running statistics and scales that are not those of a new network."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm | nn.InstanceNorm2d):
            for tensor in (module.weight, module.bias):
                nn.init.uniform_(tensor, 0.5, 1.5)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    return model.eval()


def _export(model: nn.Module, inputs: tuple[Tensor, ...], path: Path, *, new: bool) -> None:
    """With a free batch by the new exporter, and a batch of one by the old one, as most files in the world have."""
    onnx = import_module("onnx")

    if new:
        batch = torch.export.Dim("batch")
        shapes = tuple({0: batch} for _ in inputs)
        torch.onnx.export(model, inputs, str(path), dynamo=True, external_data=False, dynamic_shapes=shapes)
    else:
        torch.onnx.export(
            model,
            inputs,
            str(path),
            dynamo=False,
            opset_version=17,
            do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
        )
    made = onnx.load(str(path))
    del made.metadata_props[:]
    for part in (*made.graph.node, *made.graph.initializer, *made.graph.value_info, *made.graph.input):
        part.doc_string = ""
        del part.metadata_props[:]
    del made.graph.metadata_props[:]
    onnx.save(made, str(path))


def main() -> None:
    """Write all models."""
    FOLDER.mkdir(exist_ok=True)
    for name, (make, shapes) in MODELS.items():
        torch.manual_seed(sum(map(ord, name)))
        model = _shaken(make())
        several = tuple(torch.randn(3, *shape) for shape in shapes)
        with torch.no_grad():
            found = model(*several)
        outputs = found if isinstance(found, tuple) else (found,)
        stored = {f"in.{index}": tensor for index, tensor in enumerate(several)}
        stored |= {f"out.{index}": tensor.contiguous() for index, tensor in enumerate(outputs)}
        save_file(stored, FOLDER / f"{name}.safetensors")
        _export(model, several, FOLDER / f"{name}.new.onnx", new=True)
        single = tuple(torch.randn(1, *shape) for shape in shapes)
        _export(model, single, FOLDER / f"{name}.old.onnx", new=False)
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
