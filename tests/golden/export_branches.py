"""Branches. Exported by Chainrule; needs PyTorch alone."""

import argparse
import json
from pathlib import Path
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_suffix(".safetensors")


@final
class GaussianNoise(nn.Module):
    """Adds normal noise of standard deviation `std` while training; any shape."""

    def __init__(self, std: float = 0.1) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        """The input with noise in training mode, the input itself in evaluation mode."""
        return x + self.std * torch.randn_like(x) if self.training else x

    def extra_repr(self) -> str:
        """Shown when the network is printed."""
        return f"std={self.std}"


def hinge_loss(prediction: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """max(0, 1 − target · prediction) with targets −1 and +1, averaged, added up or neither; equal shapes."""
    losses = torch.relu(1 - target * prediction)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


def step(x: Tensor) -> Tensor:
    """1 where x ≥ 0, else 0; any shape. Its gradient is zero everywhere, so nothing in front of it learns."""
    return torch.clamp(torch.sign(x) + 1, max=1)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.noise = GaussianNoise(0.05)
        self.first = nn.Linear(3, 8)
        self.inner = nn.Linear(8, 8)
        self.last = nn.Linear(16, 2)
        self.double()  # its weights are in double precision

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 3) -> last (N, 2)."""
        noise = self.noise(x)
        first = self.first(noise)
        step_2 = step(first)
        inner = self.inner(step_2)
        act = F.gelu(inner, approximate="tanh")
        add = first + step_2 + act
        both = torch.cat((add, first), dim=1)
        return self.last(both)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """What training makes small."""
        last = self(x)
        loss = hinge_loss(last, y, reduction="sum")
        small = 0.01 * (
            torch.sum(torch.square(self.first.weight))
            + torch.sum(torch.square(self.inner.weight))
            + torch.sum(torch.square(self.last.weight))
        )
        sparse = 0.001 * (
            torch.sum(torch.abs(self.inner.weight))
            + torch.sum(torch.abs(self.inner.bias))
        )
        return loss + small + sparse

    @classmethod
    def load(cls, path: str | Path = WEIGHTS) -> "Net":
        """The network with the weights of a safetensors file."""
        data = bytearray(Path(path).read_bytes())
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        header.pop("__metadata__", None)
        kinds = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}
        state = {}
        for name, entry in header.items():
            begin, end = (start + offset for offset in entry["data_offsets"])
            values = torch.frombuffer(data[begin:end], dtype=kinds[entry["dtype"]])
            state[name] = values.reshape(entry["shape"])
        net = cls()
        net.load_state_dict(state)
        return net


def train(net: Net, x: Tensor, y: Tensor, epochs: int = 10) -> None:
    """Train with the settings of the project."""
    # The random numbers that Chainrule draws for seed 0.
    torch.manual_seed(1653522822398888796)
    shuffling = torch.Generator().manual_seed(5238537504847590129)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    net.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(x), generator=shuffling).split(8):
            loss = net.loss(x[rows], y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch}: loss {total / len(x):.6g}")


def main() -> None:
    """Print the network and its loss; --train trains it first."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--train", action="store_true", help="train the network first")
    arguments = parser.parse_args()
    if not WEIGHTS.exists():
        parser.error(f"{WEIGHTS} is missing")
    net = Net.load()
    if arguments.train:
        parser.error(
            "The training data (Spiral · 500 points) are not in this file: call train() with them.",
        )
    net.eval()
    print(net)
    print(f"{sum(value.numel() for value in net.parameters()):,} parameters")


if __name__ == "__main__":
    main()
