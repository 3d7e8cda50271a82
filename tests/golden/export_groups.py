"""Residual groups. Exported by Chainrule; needs PyTorch alone."""

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_suffix(".safetensors")


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        conv = self.conv(x)
        act = torch.tanh(conv)
        return act + x


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.res = nn.Sequential(Residual(), Residual())
        self.out = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 4) -> out (N, 2)."""
        res = self.res(x)
        twin = self.res(res)
        return self.out(twin)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """What training makes small."""
        out = self(x)
        return F.mse_loss(out, y)

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
    shuffling = torch.Generator().manual_seed(5238537504847590129)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    net.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(x), generator=shuffling).split(32):
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
