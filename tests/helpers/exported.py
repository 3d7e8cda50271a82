"""Exported code as a module in this process, compared with the app's own to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from engine.build import Net
from engine.export.parts import parts_of
from engine.export.pytorch import exported_names, pytorch_source
from engine.graph import Project
from engine.result import Result

Batch = Mapping[str, torch.Tensor]


def exported(project: Project, result: Result, state: Batch, samples: Batch) -> Any:
    """The exported network with these weights, in their precision."""
    namespace: dict[str, Any] = {"__name__": "exported", "__file__": "net.py"}
    exec(compile(pytorch_source(project, result, samples), "net.py", "exec"), namespace)
    net = namespace["Net"]()
    if any(value.dtype == torch.float64 for value in state.values()):
        net.double()
    net.load_state_dict({name: state[name] for name in exported_names(parts_of(result))})
    return net


def called(net: Any, result: Result, data: Batch) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    """Predictions and loss of an exported network, each under its own random state."""
    parts = parts_of(result)
    first = [data[".".join(source)] for source in parts.forward_fields]
    rest = [data[".".join(source)] for source in parts.loss_fields]
    torch.manual_seed(1)
    outputs = net(*first) if parts.outputs else ()
    torch.manual_seed(2)
    loss = net.loss(*first, *rest)
    return (outputs if isinstance(outputs, tuple) else (outputs,)), loss


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors are equal to the bit; what is no number in both counts as equal."""
    return one.dtype == other.dtype and torch.equal(one.nan_to_num(7.5), other.nan_to_num(7.5))


def assert_same(net: Net, other: Any, data: Batch) -> None:
    """Outputs, loss, gradients and running statistics, in training and in evaluation mode."""
    for training in (True, False):
        net.train(training)
        other.train(training)
        torch.manual_seed(1)
        mine = list(net(data).values())
        torch.manual_seed(2)
        loss = net.loss(data)
        theirs, their_loss = called(other, net.result, data)
        assert len(theirs) >= len(mine)
        assert all(same(a, b) for a, b in zip(mine, theirs, strict=False))
        assert same(loss, their_loss)
        if loss.requires_grad:
            _assert_same_gradients(net, other, loss, their_loss)
        assert loss.requires_grad == their_loss.requires_grad
    state = net.state_dict()
    for name, value in other.state_dict().items():
        assert same(value, state[name]), name


def _assert_same_gradients(net: Net, other: Any, loss: torch.Tensor, their_loss: torch.Tensor) -> None:
    net.zero_grad()
    other.zero_grad()
    loss.backward()
    their_loss.backward()
    found = dict(other.named_parameters())
    for name, parameter in net.named_parameters():
        theirs = found.pop(name, None)
        if theirs is None:
            assert parameter.grad is None
            continue
        assert parameter.requires_grad == theirs.requires_grad
        assert (parameter.grad is None) == (theirs.grad is None)
        assert parameter.grad is None or same(parameter.grad, theirs.grad), name
    assert not found
