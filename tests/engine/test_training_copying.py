"""Copies of all weights: those of the network, by the same names, and nobody else's afterwards."""

from __future__ import annotations

import torch

from engine.training.copying import Copier
from tests.engine.training_projects import TINY, mlp, run_of


def assert_copies(copier: Copier, net: torch.nn.Module) -> None:
    made, expected = copier.copies(), net.state_dict()
    assert list(made) == list(expected)
    for name, value in expected.items():
        assert torch.equal(made[name], value)
        assert (made[name].shape, made[name].stride(), made[name].dtype) == (value.shape, value.stride(), value.dtype)
        assert not made[name].requires_grad
    before = {name: value.clone() for name, value in made.items()}
    with torch.no_grad():
        for value in expected.values():
            value.add_(1)
    for name, value in made.items():
        assert torch.equal(value, before[name]), "a copy does not follow the network"


def test_weights_packed_packed_anew_and_apart():
    run = run_of(mlp(4, 3, 1, data=TINY, batch_size=6))
    copier = Copier(run.trainer.net)
    assert_copies(copier, run.trainer.net)
    assert copier._wholes
    run.restore(run.state())  # packs them somewhere else
    assert_copies(copier, run.trainer.net)


def test_networks_with_buffers_and_those_that_are_a_part_of_something_large():
    norm = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    copier = Copier(norm)
    assert_copies(copier, norm)
    norm[1].running_mean = torch.full((2,), 7.0)
    assert_copies(copier, norm)
    layer = torch.nn.Linear(3, 2)
    layer.weight.data = torch.arange(600.0)[:6].view(2, 3)
    assert_copies(Copier(layer), layer)
