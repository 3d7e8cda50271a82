"""Initialisations. Exported by Chainrule; needs PyTorch alone."""

import argparse
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_suffix(".safetensors")


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dense1 = nn.Linear(4, 4)
        nn.init.xavier_uniform_(self.dense1.weight, gain=nn.init.calculate_gain("tanh"))
        nn.init.zeros_(self.dense1.bias)
        self.dense2 = nn.Linear(4, 4)
        nn.init.xavier_normal_(self.dense2.weight)
        nn.init.zeros_(self.dense2.bias)
        self.dense2.bias.requires_grad_(False)
        self.dense3 = nn.Linear(4, 4)
        nn.init.kaiming_uniform_(self.dense3.weight, nonlinearity="relu")
        nn.init.zeros_(self.dense3.bias)
        self.dense3.requires_grad_(False)
        self.dense4 = nn.Linear(4, 4)
        nn.init.kaiming_normal_(self.dense4.weight, nonlinearity="relu")
        nn.init.zeros_(self.dense4.bias)
        self.dense5 = nn.Linear(4, 4)
        nn.init.orthogonal_(self.dense5.weight)
        nn.init.zeros_(self.dense5.bias)
        self.dense6 = nn.Linear(4, 4)
        nn.init.normal_(self.dense6.weight, std=0.1)
        nn.init.zeros_(self.dense6.bias)
        self.dense7 = nn.Linear(4, 4)
        nn.init.uniform_(self.dense7.weight, -0.1, 0.1)
        nn.init.zeros_(self.dense7.bias)
        self.dense8 = nn.Linear(4, 4)
        nn.init.constant_(self.dense8.weight, 0.5)
        nn.init.zeros_(self.dense8.bias)
        self.dense9 = nn.Linear(4, 4)
        nn.init.zeros_(self.dense9.weight)
        nn.init.zeros_(self.dense9.bias)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 4) -> dense9 (N, 4)."""
        dense1 = self.dense1(x)
        dense2 = self.dense2(dense1)
        dense3 = self.dense3(dense2)
        dense4 = self.dense4(dense3)
        dense5 = self.dense5(dense4)
        dense6 = self.dense6(dense5)
        dense7 = self.dense7(dense6)
        dense8 = self.dense8(dense7)
        return self.dense9(dense8)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """What training makes small."""
        dense9 = self(x)
        return F.huber_loss(dense9, y, delta=0.5)

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
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.003, betas=(0.8, 0.99))
    steps = math.ceil(len(x) / 32)
    lowest = 0.03333333333333333

    def factor(step: int) -> float:
        """The part of the learning rate that is used after so many updates."""
        done = min(1.0, step / (epochs * steps))
        rise = min(1.0, (step + 1) / 10)
        return rise * (lowest + (1 - lowest) * (1 + math.cos(math.pi * done)) / 2)

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    net.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(x), generator=shuffling).split(32):
            loss = net.loss(x[rows], y[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch}: loss {total / len(x):.6g}")


X = torch.tensor([[0.0, 0.125, 0.25, 0.375], [0.5, 0.625, 0.75, 0.875]])
Y = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])


def main() -> None:
    """Print the network and its loss on the samples above; --train trains it first."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--train", action="store_true", help="train the network first")
    arguments = parser.parse_args()
    if not WEIGHTS.exists():
        parser.error(f"{WEIGHTS} is missing")
    net = Net.load()
    if arguments.train:
        train(net, X, Y)
    net.eval()
    print(net)
    print(f"{sum(value.numel() for value in net.parameters()):,} parameters")
    with torch.no_grad():
        loss = net.loss(X, Y)
    print(f"loss on 2 samples: {loss.item():.6g}")


if __name__ == "__main__":
    main()
