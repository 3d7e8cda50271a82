"""The ways there are to make a training step, side by side: a plain loop, ours, and what a C++ compiler makes of it.

Run it with `python -m tests.bench.bench_ways`; letters behind it (`a c mlp cnn`) measure some of the networks. It needs
a C++ compiler: Inductor writes C++. Compiled are a loss, its gradients, their norm, without which a bad step could not
be held back, and the update as one function: forward by the plain modules, gradients by `torch.func`, as one graph of
PyTorch's operations (`make_fx`). It is compiled by `torch.compile`, by the same with mode `reduce-overhead` (which is
about CUDA graphs), with its wrapper in C++ instead of Python, and ahead of time into a package that is loaded
(AOTInductor). `captured` is ours, TorchScript over the same operations; it collects the training metrics, too.
All take turns in one process with one thread, on the same data in batches of the same size; time is the thread's own.
Compile times begin with an empty cache. In float64, all train ten batches from the same weights, and the largest
relative difference of a loss to the plain loop's is told, after one step and after ten.
"""

from __future__ import annotations

import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value
from torch.fx.experimental.proxy_tensor import make_fx

from engine.data.layout import channels_last
from engine.netcode import Batch
from tests.bench.bench_session import Turn, plain_loop
from tests.bench.bench_training import CASES, run_of, steps_of
from tests.bench.rows import Row, keep, row

ROUNDS, TURN_SECONDS = 11, 0.15
STEPS = 10
NETS = {"a": "a  circle", "c": "c  circle", "mlp": "   MLP 784", "cnn": "   CNN"}
BETAS, EPS = (0.9, 0.999), 1e-8

Step = Callable[..., tuple[Tensor, Tensor]]
"""Loss of a batch, and norm of its gradient, of (count of steps as a tensor, x, y, parameters and the optimizer's
vectors), which it changes where both are finite."""


def functional(net: nn.Module, loss_of: Callable[[Tensor, Tensor], Tensor], kind: str, lr: float) -> Step:
    """The whole step as a function of tensors that it writes into: SGD, or Adam as PyTorch documents it."""
    names = [name for name, _ in net.named_parameters()]
    count = len(names)

    def loss(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return loss_of(functional_call(net, parameters, (x,)), y)

    def step(made: Tensor, x: Tensor, y: Tensor, *vectors: Tensor) -> tuple[Tensor, Tensor]:
        parameters = dict(zip(names, vectors[:count], strict=True))
        grads, value = grad_and_value(loss)(parameters, x, y)
        norm = sum(grad.square().sum() for grad in grads.values()) ** 0.5
        good = value.isfinite() & norm.isfinite()
        if kind == "sgd":
            for name, parameter in parameters.items():
                parameter.sub_(torch.where(good, grads[name] * lr, 0))
            return value, norm
        made.add_(1)
        first, second = (1 - beta**made for beta in BETAS)
        for name, mean, square in zip(names, vectors[count : 2 * count], vectors[2 * count :], strict=True):
            grad = grads[name]
            mean.copy_(torch.where(good, mean.lerp(grad, 1 - BETAS[0]), mean))
            square.copy_(torch.where(good, square * BETAS[1] + grad * grad * (1 - BETAS[1]), square))
            change = lr / first * mean / ((square / second).sqrt() + EPS)
            parameters[name].sub_(torch.where(good, change, 0))
        return value, norm

    return step


@final
class Functional:
    """A network, its optimizer's memory, and a way to make its steps."""

    def __init__(self, name: str, compiled: Callable[[Step, Sequence[Tensor]], Step], dtype: torch.dtype) -> None:
        make, module, loss_of = CASES[name]
        made = make()
        self.run = run_of(in_dtype(made, dtype), captured=False)
        settings = self.run.loaded.result.settings
        net = module().to(dtype)
        with torch.no_grad():
            for theirs, ours in zip(net.parameters(), self.run.weights().values(), strict=True):
                theirs.copy_(ours)
        weights = [channels_last(parameter.detach().clone()) for parameter in net.parameters()]
        memory = (
            [torch.zeros_like(weight) for weight in (*weights, *weights)] if settings["optimizer"] == "adam" else []
        )
        self.vectors = [torch.zeros((), dtype=dtype), *weights, *memory]
        step = functional(net, loss_of, settings["optimizer"], settings["lr"])
        data, self.size = self.run.loaded.data["data"].train, int(settings["batch_size"])
        self.x, self.y = (plain(data[field]) for field in ("x", "y"))
        kept = [vector.clone() for vector in self.vectors]
        example = [self.vectors[0], self.x[: self.size], self.y[: self.size], *self.vectors[1:]]
        began = time.perf_counter()
        graph = make_fx(step)(*example)
        self.put(kept)
        self.step = compiled(graph, example)
        self(self.x[: self.size], self.y[: self.size])  # compiles what is compiled at the first call
        self.compile_seconds = time.perf_counter() - began
        self.put(kept)

    def put(self, kept: Sequence[Tensor]) -> None:
        """Weights and memory as they were."""
        for vector, before in zip(self.vectors, kept, strict=True):
            vector.copy_(before)

    def __call__(self, x: Tensor, y: Tensor) -> float:
        """A step; its loss."""
        value, norm = self.step(self.vectors[0], x, y, *self.vectors[1:])
        assert float(norm) < math.inf
        return float(value)

    def turn(self, steps: int) -> None:
        """In a new order each epoch, whole batches."""
        made = 0
        while made < steps:
            order = torch.randperm(len(self.x))
            for at in range(0, len(order) - self.size + 1, self.size):
                if made == steps:
                    return
                rows = order[at : at + self.size]
                self(self.x[rows], self.y[rows])
                made += 1


def plain(pictures: Tensor) -> Tensor:
    """Channel after channel in memory; in ours, they lie beside each other, as the kernels here do."""
    return pictures.clone(memory_format=torch.contiguous_format)


def by_dynamo(graph: Step, _example: Sequence[Tensor], **how: Any) -> Step:
    """`torch.compile`."""
    torch._dynamo.reset()
    compiled: Step = torch.compile(graph, dynamic=False, **how)
    return compiled


def by_cpp_wrapper(graph: Step, example: Sequence[Tensor]) -> Step:
    """Inductor alone, what calls its kernels in C++, too."""
    from torch._inductor import config

    with config.patch(cpp_wrapper=True):
        compiled = by_dynamo(graph, example)
        compiled(*[tensor.clone() for tensor in example])
    return compiled


def ahead(graph: Step, example: Sequence[Tensor], folder: Path) -> Step:
    """AOTInductor: a package, loaded again."""
    from torch._inductor import aoti_compile_and_package, aoti_load_package

    program = torch.export.export(_Module(graph), tuple(example))
    path = folder / f"{time.monotonic_ns()}.pt2"
    aoti_compile_and_package(program, package_path=str(path))
    loaded: Step = aoti_load_package(str(path))
    return loaded


@final
class _Module(nn.Module):
    """A function as what is exported."""

    def __init__(self, function: Step) -> None:
        super().__init__()
        self._function = function

    def forward(self, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        return self._function(*tensors)


def in_dtype(made: Any, dtype: torch.dtype) -> Any:
    """A project that computes in it."""
    return replace(made, training=made.training.merged({"dtype": str(dtype).removeprefix("torch.")}))


def ways(folder: Path) -> dict[str, Callable[[Step, Sequence[Tensor]], Step]]:
    """All that compile."""
    return {
        "graph as Python": lambda graph, _: graph,
        "torch.compile": by_dynamo,
        "torch.compile, reduce-overhead": partial(by_dynamo, mode="reduce-overhead"),
        "torch.compile, C++ wrapper": by_cpp_wrapper,
        "AOTInductor": partial(ahead, folder=folder),
    }


def apart(name: str, made: dict[str, Functional]) -> dict[str, tuple[float, float]]:
    """Largest relative difference of the loss to the plain loop's, in float64, after one step and within ten."""
    make, module, loss_of = CASES[name]
    captured = run_of(in_dtype(make(), torch.float64), captured=True)
    net = module().double()
    with torch.no_grad():
        for theirs, weight in zip(net.parameters(), captured.weights().values(), strict=True):
            theirs.copy_(weight)
    settings = captured.loaded.result.settings
    kinds: dict[str, Any] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    optimizer = kinds[settings["optimizer"]](net.parameters(), lr=settings["lr"])
    found: dict[str, list[float]] = {way: [] for way in (*made, "captured")}
    batches = captured.trainer.batches
    assert batches is not None
    for _ in range(STEPS + 1):  # the loss after a step is what the next one begins with
        if batches.at_end or batches.samples - batches.position < settings["batch_size"]:
            captured.trainer.end_epoch(0.0)
        batch: Batch = batches.upcoming()
        optimizer.zero_grad()
        loss = loss_of(net(batch["data.x"]), batch["data.y"])
        loss.backward()
        optimizer.step()
        losses = {way: each(plain(batch["data.x"]), batch["data.y"]) for way, each in made.items()}
        losses["captured"] = captured.trainer.step()
        for way, value in losses.items():
            found[way].append(abs(value - loss.item()) / max(abs(loss.item()), 1e-300))
    return {way: (values[1], max(values)) for way, values in found.items()}


def by_thread(turn: Turn, steps: int) -> float:
    """Seconds a step of the thread's time."""
    began = time.thread_time()
    turn(steps)
    return (time.thread_time() - began) / steps


def measured(name: str, folder: Path) -> tuple[list[Row], dict[str, Any]]:
    """The rows of one network, and all that was found."""
    make, module, loss_of = CASES[name]
    eager, captured = (run_of(make(), captured=way) for way in (False, True))
    turns: dict[str, Turn] = {
        "plain loop": plain_loop(eager, module(), loss_of),
        "eager": steps_of(eager),
        "captured": steps_of(captured),
    }
    compile_seconds, exact, refused = {}, {}, {}
    for way, compiled in ways(folder).items():
        try:
            made = Functional(name, compiled, torch.float32)
            exact[way] = Functional(name, compiled, torch.float64)
        except Exception as error:  # noqa: BLE001 - a way that does not work here is a finding
            refused[way] = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            exact.pop(way, None)
            print(f"  {way} does not work: {refused[way]}", flush=True)
            continue
        turns[way], compile_seconds[way] = made.turn, made.compile_seconds
    differences = apart(name, exact)
    steps = max(10, int(TURN_SECONDS / by_thread(turns["plain loop"], 20)))
    for turn in turns.values():
        by_thread(turn, max(steps // 4, 60))  # warm, and the choice made
    seconds: dict[str, list[float]] = {way: [] for way in turns}
    for number in range(ROUNDS):
        for way in list(turns) if number % 2 == 0 else list(reversed(turns)):
            seconds[way].append(by_thread(turns[way], steps))
    title = " ".join(name.split())
    print(f"\n{title}")
    rows: list[Row] = []
    details: dict[str, Any] = {"refused": refused}
    for way, found in seconds.items():
        ratios = [plain / own for plain, own in zip(seconds["plain loop"], found, strict=True)]
        one, ten = differences.get(way, (None, None))
        details[way] = {
            "us a step": round(statistics.median(found) * 1e6, 1),
            "compile s": round(compile_seconds.get(way, 0.0), 1),
            "loss apart after 1 and 10 steps": [one, ten],
        }
        note = f"{compile_seconds[way]:.1f} s to compile" if way in compile_seconds else ""
        note += (
            f"; the loss differs by {one:.0e} after one step, {ten:.0e} after ten (float64)" if one is not None else ""
        )
        rows.append(row(f"{way} / plain PyTorch loop, {title}", ratios, note=note.removeprefix("; ")))
        print(
            f"  {way:31} {statistics.median(found) * 1e6:>9,.1f} µs × {statistics.median(ratios):.2f}"
            f" ({min(ratios):.2f} to {max(ratios):.2f})  {note}",
            flush=True,
        )
    return [each for each in rows if not each.claim.startswith("plain loop")], details


def main(wanted: Sequence[str]) -> None:
    """Print the table and keep it, if it is the whole one."""
    torch.set_num_threads(1)
    rows: list[Row] = []
    details: dict[str, Any] = {"torch": torch.__version__, "threads": 1}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
        for letter in wanted:
            name = next(name for name in CASES if name.startswith(NETS[letter]))
            found, details[letter] = measured(name, Path(folder))
            rows += found
    if list(wanted) == list(NETS):
        keep("ways", rows, details)


if __name__ == "__main__":
    main([letter for letter in sys.argv[1:] if letter in NETS] or list(NETS))
