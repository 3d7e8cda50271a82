"""Nested. Exported by Chainrule; needs PyTorch alone."""

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
        self.stack = nn.ModuleList(nn.Module() for _ in range(2))
        self.stack[0].pair = nn.ModuleList(nn.Module() for _ in range(2))
        self.stack[0].pair[0].dense = nn.Linear(4, 4)
        self.stack[0].pair[1].dense = nn.Linear(4, 4)
        self.stack[0].norm = nn.LayerNorm(4)
        self.stack[1].pair = nn.ModuleList(nn.Module() for _ in range(2))
        self.stack[1].pair[0].dense = nn.Linear(4, 4)
        self.stack[1].pair[1].dense = nn.Linear(4, 4)
        self.stack[1].norm = nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 4) -> stack_1_norm (N, 4)."""
        stack_0_pair_0_dense = self.stack[0].pair[0].dense(x)
        stack_0_pair_0_act = torch.tanh(stack_0_pair_0_dense)
        stack_0_pair_1_dense = self.stack[0].pair[1].dense(stack_0_pair_0_act)
        stack_0_pair_1_act = torch.tanh(stack_0_pair_1_dense)
        stack_0_norm = self.stack[0].norm(stack_0_pair_1_act)
        stack_1_pair_0_dense = self.stack[1].pair[0].dense(stack_0_norm)
        stack_1_pair_0_act = torch.tanh(stack_1_pair_0_dense)
        stack_1_pair_1_dense = self.stack[1].pair[1].dense(stack_1_pair_0_act)
        stack_1_pair_1_act = torch.tanh(stack_1_pair_1_dense)
        return self.stack[1].norm(stack_1_pair_1_act)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """What training makes small."""
        stack_1_norm = self(x)
        return F.mse_loss(stack_1_norm, y)

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
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    net.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(x)).split(32):
            loss = net.loss(x[rows], y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch}: loss {total / len(x):.6g}")


def main() -> None:
    """Print the network and its loss on the samples above; --train trains it first."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--train", action="store_true", help="train the network first")
    arguments = parser.parse_args()
    if not WEIGHTS.exists():
        parser.error(f"{WEIGHTS} is missing")
    net = Net.load()
    if arguments.train:
        parser.error("The training data (Spiral · 500 points) are not in this file.")
    net.eval()
    print(net)
    print(f"{sum(value.numel() for value in net.parameters()):,} parameters")


if __name__ == "__main__":
    main()
