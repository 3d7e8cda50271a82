"""A small CNN. Exported by Chainrule; needs PyTorch alone."""

# Looks for *edges*.
#
# - one
# - two

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_suffix(".safetensors")


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        # Edges
        self.conv1 = nn.Conv2d(1, 6, kernel_size=(3, 4))
        self.bn = nn.BatchNorm2d(6, momentum=0.2)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout2d(0.25)
        self.conv2 = nn.Conv2d(6, 8, kernel_size=3, stride=2, bias=False)
        nn.init.kaiming_normal_(self.conv2.weight, nonlinearity="relu")
        self.norm = nn.LayerNorm(72)
        self.dense = nn.Linear(72, 3)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 1, 14, 14) -> dense (N, 3)."""
        conv1 = self.conv1(F.pad(x, (1, 2, 1, 1)))
        bn = self.bn(conv1)
        act = F.leaky_relu(bn, negative_slope=0.2)
        pool = self.pool(act)
        drop = self.drop(pool)
        conv2 = self.conv2(drop)
        flat = torch.flatten(conv2, 1)
        norm = self.norm(flat)
        return self.dense(norm)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """What training makes small."""
        dense = self(x)
        return F.cross_entropy(dense, y)

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
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    net.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(x), generator=shuffling).split(32):
            if len(rows) == 1:  # nothing to normalise over
                continue
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
