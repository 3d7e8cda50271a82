"""Random small trainings: networks of all kinds of blocks, data, settings, and what happens in the middle of them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, final

from rpds import HashTrieMap

from engine.activation_functions import FUNCTIONS
from engine.graph import Group, GroupPort, Project
from engine.settings import OPTIMIZERS
from tests.helpers.projects import NodeLine, make_graph, make_project

ACTIVATIONS = [*(name for name in FUNCTIONS if name != "step"), "custom"]
"""All that hand a gradient on."""

LOSSES = {
    "numbers": ("mse", "l1", "huber", "half_squared_error"),
    "signs": ("mse", "hinge"),
    "classes": ("cross_entropy",),
}
CHANGES: dict[str, tuple[Any, ...]] = {
    "lr": (0.001, 0.05),
    "momentum": (0.0, 0.7),
    "weight_decay": (0.0, 0.01),
    "clip_norm": (None, 0.5),
    "clip_value": (None, 0.1),
    "dropout_off": (True, False),
}

Change = tuple[int, str, Any]
"""The update after which something happens, what, and with which value."""


@final
class Sketch:
    """A network that grows; `end` is what its last block gives, without the batch of shape `shape`."""

    def __init__(self, random: Random, shape: tuple[int, ...]) -> None:
        self.random, self.end, self.shape = random, "data.x", shape
        self.nodes: list[NodeLine] = []
        self.wires: list[str] = []
        self.groups: dict[str, Group] = {}

    def side(self, kind: str, *sources: str, **params: Any) -> str:
        """A block with these inputs; what it gives."""
        name = f"n{len(self.nodes)}"
        self.nodes.append((name, kind, params))
        ports = ("in",) if len(sources) == 1 and kind != "Power" else ("a", "b")
        self.wires += [f"{source} -> {name}.{port}" for source, port in zip(sources, ports, strict=False)]
        return f"{name}.out"

    def put(self, kind: str, *more: str, **params: Any) -> None:
        """A block behind the last one, with more inputs."""
        self.end = self.side(kind, self.end, *more, **params)

    def dense(self, width: int) -> str:
        """A Dense beside the last block."""
        return self.side("Dense", self.end, out_features=width, bias=self.random.random() < 0.8)

    # -- what may come next --

    def layer(self) -> None:
        width = self.random.choice([1, 2, 3, 5, 8, 9])
        self.end, self.shape = self.dense(width), (width,)

    def function(self) -> None:
        name = self.random.choice(ACTIVATIONS)
        self.put("Activation", function=name)

    def residual(self) -> None:
        self.put(self.random.choice(["Add", "Subtract", "Multiply", "Max"]), self.dense(self.shape[0]))

    def beside(self) -> None:
        self.put("Concat", self.dense(2))
        self.shape = (self.shape[0] + 2,)

    def formula(self) -> None:
        self.put("Activation", function="tanh")
        kind = self.random.choice(["Sin", "Cos", "Abs", "Exp", "Power", "Divide"])
        self.put(kind, *((self.side("Exp", self.end),) if kind == "Divide" else ()))

    def scaled(self) -> None:
        shape = self.random.choice([[], [self.shape[0]]])
        self.put("Multiply", self.side("Value", value=0.5, shape=shape, trainable=self.random.random() < 0.8))

    def group(self) -> None:
        name = f"Group{len(self.groups)}"
        inside = make_graph([("d", "Dense", {"out_features": self.shape[0]}), ("a", "Activation")], ["d -> a"])
        self.groups[name] = Group(inside, (GroupPort("in", "d", "in"),), (GroupPort("out", "a", "out"),))
        uses = {"group": name, "repeat": self.random.choice([1, 2]), "share_across_repeats": self.random.random() < 0.5}
        self.put("Group", **uses)
        if self.random.random() < 0.4:
            self.put("Group", **uses, share_with=self.nodes[-1][0])

    def norm(self) -> None:
        kinds = {1: ["BatchNorm1d", "LayerNorm"], 2: ["BatchNorm1d", "LayerNorm"], 3: ["BatchNorm2d", "GroupNorm"]}
        kind = self.random.choice(kinds[len(self.shape)] if self.shape[0] > 1 else ["Dropout"])
        self.put(kind, **({"num_groups": 1} if kind == "GroupNorm" else {}))

    def chance(self) -> None:
        self.put(self.random.choice(["Dropout", "Noise"]))

    def convolution(self) -> None:
        if min(self.shape[1:]) < 3:
            return
        channels = self.random.choice([1, 2, 3])
        self.put(f"Conv{len(self.shape) - 1}d", out_channels=channels, kernel_size=3)
        self.shape = (channels, *(size - 2 for size in self.shape[1:]))

    def pool(self) -> None:
        if min(self.shape[1:]) < 2:
            return
        self.put(self.random.choice(["MaxPool2d", "AvgPool2d"]))
        self.shape = (self.shape[0], *(size // 2 for size in self.shape[1:]))

    def flat(self) -> None:
        """An end to pictures and sequences."""
        size = 1
        for one in self.shape:
            size *= one
        mean = len(self.shape) == 3 and self.random.random() < 0.5
        self.put("GlobalAvgPool" if mean else "Flatten")
        self.shape = (self.shape[0] if mean else size,)


def project(seed: int, *, for_kernels: bool, steps: int) -> tuple[Project, list[Change]]:
    """A training of at most about so many updates, which may have problems, and what happens in it, in order."""
    random = Random(seed)
    shapes: list[tuple[int, ...]] = [(2,), (3,), (1,)] if for_kernels else [(2,), (3,), (2, 6, 5), (1, 5, 5), (2, 6)]
    net = Sketch(random, random.choice(shapes))
    samples, judged = random.choice([1, 3, 6, 11, 20]), random.choice([0, 1, 5])
    target = random.choice(sorted(LOSSES))
    data: dict[str, Any] = {"dataset": "inline", **_data(random, samples, net.shape, target)}
    if judged:
        data |= {f"{name}_val": value for name, value in _data(random, judged, net.shape, target).items()}
    plain: list[Callable[[], None]] = [net.layer, net.function, net.function, net.residual, net.beside, net.formula]
    plain += [net.scaled, net.group, *(() if for_kernels else (net.norm, net.chance))]
    if len(net.shape) > 1:
        for _ in range(random.randrange(1, 4)):
            pool = (net.pool,) if len(net.shape) == 3 else ()
            random.choice([net.convolution, net.norm, net.function, *pool])()
        net.flat()
    for _ in range(random.randrange(1, 5)):
        random.choice(plain)()
    net.end = net.dense({"numbers": 2, "signs": 1, "classes": 3}[target])
    nodes = [("data", "Input", data), *net.nodes]
    nodes.append(("loss", "Loss", {"function": random.choice(LOSSES[target])}))
    wires = [*net.wires, f"{net.end} -> loss.prediction", "data.y -> loss.target"]
    if random.random() < 0.2:
        nodes.append(("decay", "Regularizer", {"penalty": random.choice(["l1", "l2"]), "strength": 0.01}))
    training = _training(random)
    an_epoch = -(-samples // int(training["batch_size"]))
    training["epochs"] = max(4, steps // an_epoch)
    made = make_project(nodes, wires, training, groups=HashTrieMap(net.groups))
    return made, _changes(random, steps)


def _nested(random: Random, shape: tuple[int, ...]) -> Any:
    return [_nested(random, shape[1:]) for _ in range(shape[0])] if shape else round(random.gauss(0, 1), 3)


def _data(random: Random, count: int, shape: tuple[int, ...], target: str) -> dict[str, Any]:
    one: dict[str, Callable[[int], Any]] = {
        "numbers": lambda _: _nested(random, (2,)),
        "signs": lambda _: [random.choice([-1.0, 1.0])],
        "classes": lambda number: number % 3,
    }
    return {"x": _nested(random, (count, *shape)), "y": [one[target](number) for number in range(count)]}


def _training(random: Random) -> dict[str, Any]:
    kind = random.choice(OPTIMIZERS)
    found: dict[str, Any] = {"optimizer": kind, "lr": random.choice([0.001, 0.01, 0.05]), "seed": random.randrange(99)}
    found |= {"batch_size": random.choice([1, 2, 3, 7, 64]), "dtype": random.choice(["float32", "float64"])}
    maybe: dict[str, Any] = {
        "momentum": 0.9 if kind in ("sgd", "rmsprop") else None,
        "betas": [0.5, 0.9] if kind in ("adam", "adamw") else None,
        "weight_decay": 0.01,
        "shuffle": False,
        "metrics": ["accuracy", "mae"],
        "schedule": {"kind": random.choice(["step", "cosine", "one_cycle", "plateau"]), "warmup_steps": 9},
        "clip_norm": 0.5 if random.random() < 0.3 else None,
        "micro_batch": 2 if random.random() < 0.3 else None,
        "early_stopping": {"monitor": "loss", "patience": 3} if random.random() < 0.3 else None,
    }
    return found | {name: value for name, value in maybe.items() if value is not None and random.random() < 0.3}


def _changes(random: Random, steps: int) -> list[Change]:
    found: list[Change] = []
    for _ in range(random.choice([0, 1, 2, 4])):
        name = random.choice([*CHANGES, "trace", "checkpoint", "evaluate", "one sample", "back", "weight"])
        value = random.choice(CHANGES[name]) if name in CHANGES else random.randrange(1, 40)
        found.append((random.randrange(1, steps - 1), name, value))
    return sorted(found, key=lambda change: change[0])
