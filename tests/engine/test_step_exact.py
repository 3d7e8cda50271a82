"""A traced step, number by number, against the network's own autograd (1e-10) and against central differences (1e-6).

The trace compares itself with autograd; here nothing of that is believed: gradients come from the straight-line code
that trains, and differences from its loss alone.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine import assets, edits, files
from engine.build import Net, build
from engine.gradcheck import GradientCheck
from engine.moments import Backward
from engine.netcode import tensor_home
from engine.pathfinder import PathFinder
from engine.result import Result
from engine.scalargraph import ScalarGraph
from engine.tracing import Trace, trace_step
from engine.training.loading import load
from engine.training.run import Run
from engine.unfolding import Unfolding
from tests.engine.nets import CNN, RESIDUAL, batch, residual_group, two_losses
from tests.helpers.projects import chain, images, make_project, planned, rows

EXAMPLES = sorted(path.stem for path in (assets.folder() / "examples").glob("*.chainrule"))
EXACT = {torch.float64: 1e-10, torch.float32: 2e-4}
Batch = Mapping[str, Tensor]


def seeded(work: Callable[[], Any]) -> Any:
    """With the same random draws each time."""
    with torch.random.fork_rng():
        torch.manual_seed(17)
        return work()


def by_autograd(net: Net, data: Batch, phase: int) -> tuple[float, dict[str, Tensor], dict[str, Tensor]]:
    """Loss, gradients of what every node gives, and of every parameter, in one run of the generated code."""
    twin = copy.deepcopy(net)
    twin.train()
    leaves = {name: value.clone().requires_grad_(value.is_floating_point()) for name, value in data.items()}
    parameters = dict(twin.named_parameters())
    for value in parameters.values():
        value.requires_grad_()
    loss, shown = seeded(lambda: twin.loss_and(twin.order, phase)(leaves))
    values = {name: value for name, value in {**shown, **leaves}.items() if value.requires_grad}
    asked = [*values.values(), *parameters.values()]
    found = torch.autograd.grad(loss, asked, allow_unused=True)
    pairs: Any = zip(asked, found, strict=True)
    known = [torch.zeros_like(value) if grad is None else grad for value, grad in pairs]
    count = len(values)
    return loss.item(), dict(zip(values, known, strict=False)), dict(zip(parameters, known[count:], strict=True))


def close(one: Any, other: Any, dtype: torch.dtype, what: str, size: float = 0.0) -> None:
    """Equal, relative to the largest number of the tensor, or to the `size` of what was added up to it."""
    one, other = np.asarray(one), np.asarray(other)
    scale = max(float(np.abs(other).max(initial=0.0)), size)
    np.testing.assert_allclose(one, other, rtol=EXACT[dtype], atol=EXACT[dtype] * scale + 1e-300, err_msg=what)


def assert_exact(net: Net, data: Batch, phase: int = 0) -> Trace:
    """Every number of the backward pass, and that those of each output are shared out among its wires."""
    result, dtype = net.result, next(iter(net.parameters())).dtype
    trace: Trace = seeded(lambda: trace_step(net, data, phase=phase))
    assert trace["errors"] == []
    loss, by_output, by_parameter = by_autograd(net, data, phase)
    assert trace["loss"] == pytest.approx(loss, rel=EXACT[dtype])
    arriving: dict[tuple[str, str], list[Any]] = defaultdict(list)
    summed: dict[str, Any] = defaultdict(float)
    sizes: dict[str, float] = defaultdict(float)
    objectives = {(term.path, term.port) for term in result.phases[phase].objectives}
    for entry in trace["backward"]:
        path = entry["node"]
        for port, grad in entry["grad_outputs"].items():
            wanted = by_output.get(f"{path}.{port}")
            if wanted is not None and path not in result.inputs:
                close(grad, wanted, dtype, f"∂L/∂{path}.{port}")
        for port, grad in entry["grad_inputs"].items():
            arriving[result.nodes[path].sources[port]].append(grad)
        for name, grad in entry["grad_parameters"].items():
            home = tensor_home(result, name if "." in name else f"{path}.{name}")
            summed[home] += np.asarray(grad)
            # A bias before a batch normalisation: what arrives at all samples adds up to nothing.
            sizes[home] += max((float(np.abs(value).sum()) for value in entry["grad_outputs"].values()), default=0.0)
    for (path, port), parts in arriving.items():
        wanted = by_output.get(f"{path}.{port}")
        if wanted is not None and (path, port) not in objectives:
            close(sum(parts), wanted, dtype, f"what arrives at {path}.{port}")
    assert set(summed) == {entry["parameter"] for entry in trace["update"]}
    for entry in trace["update"]:
        name = entry["parameter"]
        size = sizes[name] if name.endswith("bias") else 0.0
        close(entry["grad"], by_parameter[name], dtype, name, size)
        close(summed[name], by_parameter[name], dtype, f"formulas of {name}", size)
    return trace


def assert_differences(net: Net, data: Batch, phase: int = 0) -> None:
    """Along one random direction through all weights, the loss changes as the traced gradients say."""
    trace = seeded(lambda: trace_step(net, data, phase=phase))
    grads = {entry["parameter"]: torch.from_numpy(np.asarray(entry["grad"])) for entry in trace["update"]}
    twin = copy.deepcopy(net)
    twin.train()
    start = {name: twin.get_parameter(name).detach().clone() for name in grads}
    generator = torch.Generator().manual_seed(5)
    way = {name: torch.randn(value.shape, generator=generator, dtype=value.dtype) for name, value in start.items()}

    def loss(length: float) -> float:
        with torch.no_grad():
            for name, value in start.items():
                twin.get_parameter(name).copy_(value + length * way[name])
            return float(seeded(lambda: twin.loss(data, phase)))

    expected = sum(float((grads[name] * way[name]).sum()) for name in grads)
    size = sum(float((grads[name] * way[name]).abs().sum()) for name in grads)
    off = []
    for step in (1e-4, 1e-5, 1e-6, 1e-7):  # at kinks the larger ones, by rounding the smaller ones are off
        halves = [(loss(part) - loss(-part)) / (2 * part) for part in (step, step / 2)]
        off.append(abs((4 * halves[1] - halves[0]) / 3 - expected))
    assert min(off) <= 1e-6 * max(size, 1e-12)


# -- every example --


def run_of(example: str, dtype: str) -> Run:
    file = assets.folder() / "examples" / f"{example}.chainrule"
    project, _ = edits.set_training(files.load(file), {"dtype": dtype})
    return Run(load(project, file.parent), lambda _event: None)


def upcoming(run: Run, most: int = 8) -> Batch:
    found = {} if run.trainer.batches is None else run.trainer.batches.upcoming()
    return {name: value[:most] for name, value in found.items()}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_exact_at_the_start_and_later(example):
    run = run_of(example, "float64")
    for steps in (0, 3):
        with run.trainer.drawing():
            while run.trainer.steps < steps:
                run.tick()
        data = upcoming(run)
        trace = assert_exact(run.trainer.net, data)
        assert trace["update"]
        assert_differences(run.trainer.net, data)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_right_in_single_precision(example):
    run = run_of(example, "float32")
    assert_exact(run.trainer.net, upcoming(run))


# -- everything that can be set --


def line(*blocks: tuple[Any, ...], **training: Any) -> Result:
    """Rows of four numbers through some blocks into a loss."""
    names = [block[0] for block in blocks]
    wires = [*chain("data.x", *names), f"{names[-1]} -> loss.prediction", "data.y -> loss.target"]
    return planned(make_project([("data", "Input"), *blocks, ("loss", "Loss")], wires, training), rows(4, 2))


def norm(kind: str, **params: Any) -> Result:
    blocks: list[Any] = [("conv", "Conv2d", {"out_channels": 4, "kernel_size": 3}), ("norm", kind, params)]
    blocks += [("drop", "Dropout2d", {"p": 0.4}), ("pool", "AvgPool2d", {"kernel_size": 2}), ("flat", "Flatten")]
    blocks += [("out", "Dense", {"out_features": 3}), ("loss", "Loss", {"function": "cross_entropy"})]
    wires = [*chain("data.x", "conv", "norm", "drop", "pool", "flat", "out"), "out -> loss.prediction"]
    return planned(make_project([("data", "Input"), *blocks], [*wires, "data.y -> loss.target"]), images(1, 8, 8))


PHASES = [
    {"minimise": [{"from": "near.out"}, {"from": "far.out", "weight": 0.25}], "update": ["one"]},
    {"minimise": [{"from": "near.out"}], "maximise": [{"from": "far.out", "weight": 0.5}], "update": ["other"]},
]
HIDDEN, OUT = ("hidden", "Dense", {"out_features": 5}), ("out", "Dense", {"out_features": 2})
ZOO: dict[str, Callable[[], Result]] = {
    "skip and regularizer": lambda: RESIDUAL,
    "batch normalisation and dropout": lambda: CNN,
    "group, repeated, used twice with the same weights": lambda: planned(residual_group(repeat=3), rows(4, 2)),
    "group, shared across repeats": lambda: planned(residual_group(repeat=3, share_across_repeats=True), rows(4, 2)),
    "several losses": lambda: planned(two_losses(), rows(4, 2)),
    "phases": lambda: planned(two_losses(phases=PHASES), rows(4, 2)),
    "clipped, decayed": lambda: line(HIDDEN, OUT, clip_norm=0.01, weight_decay=0.1, optimizer="adam"),
    "frozen": lambda: line(
        ("hidden", "Dense", {"out_features": 5, "frozen": ["weight", "bias"]}), ("act", "Activation"), OUT
    ),
    "muted": lambda: line(HIDDEN, ("act", "Activation", {"bypass": True}), ("drop", "Dropout", {"bypass": True}), OUT),
    "typed activation": lambda: line(
        HIDDEN, ("act", "Activation", {"function": "custom", "expression": "z * sigmoid(z) + 0.1 * sin(3 * z)"}), OUT
    ),
    "batch normalisation of rows": lambda: line(HIDDEN, ("norm", "BatchNorm1d"), ("act", "Activation"), OUT),
    "layer normalisation": lambda: line(HIDDEN, ("norm", "LayerNorm"), ("noise", "Noise", {"std": 0.3}), OUT),
    "group normalisation": lambda: norm("GroupNorm", num_groups=2),
    "batch normalisation without weights": lambda: norm("BatchNorm2d", affine=False),
}


def built(result: Result, dtype: torch.dtype) -> Net:
    net = build(result, dtype=dtype, seed=3)
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():  # as after some training: no zeros, no ones
        for value in net.parameters():
            value.add_(0.2 * torch.randn(value.shape, generator=generator, dtype=dtype))
    return net


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("what", ZOO)
def test_whatever_is_set_the_step_is_exact(what, dtype):
    result = ZOO[what]()
    net = built(result, dtype)
    for phase in range(len(result.phases)):
        for count in (5, 2):
            data = batch(result, count, dtype=dtype)
            trace = assert_exact(net, data, phase)
            updated = {name for name in net.trainable(phase) if net.get_parameter(name).requires_grad}
            for entry in trace["update"]:
                moved = not np.array_equal(entry["before"], entry["after"])
                assert moved <= (entry["parameter"] in updated)
        if dtype == torch.float64:
            assert_differences(net, data, phase)


@pytest.mark.parametrize("what", ZOO)
def test_check_chains_and_moments_say_the_same(what):
    """The gradient check, the sum over the paths of a weight, and the moments that are walked through."""
    result = ZOO[what]()
    net, data = built(result, torch.float64), batch(result, 3, dtype=torch.float64)
    _, by_output, by_parameter = by_autograd(net, data, 0)
    step = seeded(lambda: Unfolding(net, data))
    for moment in step.step.moments:
        if isinstance(moment, Backward):
            for arriving in moment.upstream:
                close(
                    step.arrays[arriving.total.key],
                    by_output[f"{moment.node}.{arriving.total.name}"],
                    torch.float64,
                    moment.node,
                )
    check = seeded(lambda: GradientCheck(net, data, entries=2))
    while not check.done:
        check.advance()
    assert check.report().wrong == 0
    for part in check.report().parameters:
        for entry in part.worst:
            assert entry.autograd == pytest.approx(
                float(by_parameter[part.parameter][entry.index]), rel=1e-9, abs=1e-14
            )
    finder = seeded(lambda: PathFinder(ScalarGraph(net, data)))
    for name, grad in by_parameter.items():
        if not grad.numel() or name not in {part.parameter for part in check.report().parameters}:
            continue
        index = tuple(size - 1 for size in grad.shape)
        found = finder.chain(name, index, paths=3)
        assert found.gradient == pytest.approx(float(grad[index]), rel=1e-9, abs=1e-13)
        assert sum(path.product for path in found.paths) + found.rest == pytest.approx(
            found.gradient, rel=1e-9, abs=1e-13
        )


# -- numbers that are no numbers, batches of one --


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300, 5e-324])
def test_extreme_weights_raise_no_false_alarm(value):
    net = built(line(HIDDEN, ("act", "Activation", {"function": "tanh"}), OUT), torch.float64)
    with torch.no_grad():
        net.get_parameter("hidden.weight")[0, 0] = value
    data = batch(net.result, 3, dtype=torch.float64)
    trace = trace_step(net, data)
    assert trace["errors"] == []
    assert Unfolding(net, data).step.errors == ()


def test_a_batch_of_one_is_exact():
    for what in ("skip and regularizer", "several losses", "typed activation", "layer normalisation"):
        net = built(ZOO[what](), torch.float64)
        assert_exact(net, batch(net.result, 1, dtype=torch.float64))
