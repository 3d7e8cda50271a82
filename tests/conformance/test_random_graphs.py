"""Any graph: what `check` accepts builds and trains a step; what it refuses for its shapes torch refuses as well, or
the refusal is on the list of `stricter.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings

from engine.build import build
from engine.plan import check
from engine.result import Result
from engine.tracing import trace_step
from engine.training.updates import Updater
from tests.conformance.graphs import Drawn, graphs
from tests.conformance.inputs import concrete
from tests.conformance.judged import DTYPES, judge
from tests.helpers.exported import assert_same, exported

OUT_OF_RANGE = "between 0 and 1"
"""binary_cross_entropy looks at its numbers; `check` warns where they may lie outside (G13)."""
SHAPE_CODES = {"G03", "G04", "G06", "G08"}


def batch(drawn: Drawn, count: int, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(count)
    found = {}
    for field in drawn.facts.fields:
        shape = concrete(field.spec.shape, count)
        if field.dtype == "int":
            found[f"data.{field.name}"] = torch.randint(len(field.classes), shape, generator=generator)
        else:  # in (0, 1), which every loss can be fed with
            found[f"data.{field.name}"] = torch.rand(shape, generator=generator, dtype=torch.float64).to(dtype)
    return found


@contextmanager
def within_range(result: Result) -> Iterator[None]:
    """Lets a binary cross entropy of other numbers than probabilities fail."""
    try:
        yield
    except RuntimeError as error:
        functions = {result.nodes[path].params.get("function") for path in result.order}
        if OUT_OF_RANGE not in str(error) or "binary_cross_entropy" not in functions:
            raise


def assert_trains(result: Result, drawn: Drawn) -> None:
    """One step, and shapes as planned for batches of two sizes, every node's outputs looked at."""
    net = build(result)
    running = [path for path in result.order if result.nodes[path].recipe is not None and path != "data"]
    for count in (2, 3):
        values = net.forward_to(running)(batch(drawn, count, torch.float32))
        for path in running:
            for port, spec in result.nodes[path].outputs.items():
                assert spec is not None
                value = values[f"{path}.{port}"]
                assert tuple(value.shape) == concrete(spec.shape, count)
                assert value.dtype == DTYPES[spec.dtype]
    if not result.objectives:
        return
    updater = Updater(net.trainable(), result.phases[0].settings)
    updater.clear()
    loss = net.loss(batch(drawn, 3, torch.float32))
    assert loss.shape == ()
    if loss.requires_grad:
        loss.backward()
    updater.update(0.01, updater.norm())


def assert_rightly_refused(result: Result) -> int:
    """Judges each node with a shape problem whose inputs are known; how many there were."""
    count = 0
    for problem in result.errors:
        assert problem.node is not None or problem.code not in SHAPE_CODES
        plan = result.nodes.get(problem.node or "")
        if plan is None or problem.code not in SHAPE_CODES or plan.block == "Regularizer":
            continue
        specs: dict[str, Any] = {port: plan.inputs[port] for port in plan.sources}
        assert None not in specs.values(), "a shape problem where shapes are not known"
        listed = {name: list(value) if isinstance(value, tuple) else value for name, value in plan.params.items()}
        assert judge(plan.block, listed, specs) != "accepted"
        count += 1
    return count


def test_accepted_graphs_train_and_refused_ones_would_not():
    seen: Counter[str] = Counter()

    @settings(max_examples=200, deadline=None)
    @given(graphs())
    def run(drawn: Drawn) -> None:
        result = check(drawn.project, lambda params: drawn.facts)
        if result.errors:
            seen["judged"] += assert_rightly_refused(result)
            seen["refused"] += 1
        else:
            with within_range(result):
                assert_trains(result, drawn)
            seen["trained"] += bool(result.objectives)

    run()
    assert seen["judged"] > 10
    assert seen["trained"] > 10


def test_accepted_graphs_are_traced_and_exported():
    """The trace agrees with autograd, and exported code with the network, for graphs nobody thought of."""
    seen: Counter[str] = Counter()

    @settings(max_examples=80, deadline=None)
    @given(graphs())
    def run(drawn: Drawn) -> None:
        result = check(drawn.project, lambda params: drawn.facts)
        if result.errors or not result.objectives:
            return
        net = build(result, dtype=torch.float64)
        data = batch(drawn, 3, torch.float64)
        with within_range(result):
            torch.manual_seed(5)
            trace = trace_step(net, data)
            assert trace["errors"] == []
            np.testing.assert_equal(trace["loss"], net.loss(data).item())
            assert_same(net, exported(drawn.project, result, net.state_dict(), data), data)
        seen["done"] += 1

    run()
    assert seen["done"] > 5
