"""The written-out optimizers against torch.optim, to the bit, on a hand-written loop."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine import settings
from engine.training.clipping import clipped, total_norm
from engine.training.optimizers import RULES, Hyper
from engine.training.updates import Updater

CASES: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {}),
    ("sgd", {"weight_decay": 0.1}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    ("adam", {}),
    ("adam", {"betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.1}),
    ("adamw", {}),
    ("adamw", {"weight_decay": 0.2}),
    ("rmsprop", {}),
    ("rmsprop", {"momentum": 0.9, "alpha": 0.9, "weight_decay": 0.01}),
    ("adagrad", {}),
    ("adagrad", {"eps": 1e-3, "weight_decay": 0.1}),
    ("adadelta", {}),
    ("adadelta", {"rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}),
]
TORCH = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
}


def parsed(**training: Any) -> dict[str, Any]:
    values, errors = settings.parse(training)
    assert not errors
    return values


def network() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3, bias=False), nn.Tanh(), nn.Linear(3, 2))


def batches(dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    return [
        (
            torch.randn(6, 5, generator=generator, dtype=torch.float64).to(dtype),
            torch.randn(6, 2, generator=generator, dtype=torch.float64).to(dtype),
        )
        for _ in range(25)
    ]


def trained_with_torch(dtype: torch.dtype, kind: str, **arguments: Any) -> list[Tensor]:
    net = network().to(dtype)
    optimizer = TORCH[kind](net.parameters(), **arguments)
    for x, y in batches(dtype):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
    return [parameter.detach() for parameter in net.parameters()]


def trained_with_ours(dtype: torch.dtype, *, pack: bool = True, **training: Any) -> list[Tensor]:
    net = network().to(dtype)
    updater = Updater(dict(net.named_parameters()), parsed(**training), pack=pack)
    for x, y in batches(dtype):
        updater.clear()
        nn.functional.mse_loss(net(x), y).backward()
        updater.update(updater.hyper.lr, updater.norm())
    return [parameter.detach() for parameter in net.parameters()]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize(("kind", "training"), CASES)
def test_an_update_is_torchs_to_the_bit(kind: str, training: dict[str, Any], pack: bool, dtype: torch.dtype):
    arguments = dict(training)
    expected = trained_with_torch(dtype, kind, lr=0.03, **arguments)
    ours = trained_with_ours(dtype, pack=pack, optimizer=kind, lr=0.03, **training)
    for mine, theirs in zip(ours, expected, strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("kind", settings.OPTIMIZERS)
def test_what_is_left_empty_is_torchs_default(kind: str):
    hyper = Hyper.of(parsed(optimizer=kind))
    theirs = TORCH[kind](network().parameters()).defaults
    assert hyper.weight_decay == theirs["weight_decay"]
    if "eps" in theirs:
        assert hyper.eps == theirs["eps"]
    if "betas" in theirs:
        assert (hyper.beta1, hyper.beta2) == theirs["betas"]
    for name in ("momentum", "alpha", "rho", "nesterov"):
        if name in theirs:
            assert getattr(hyper, name) == theirs[name]


def test_every_optimizer_of_the_settings_has_a_rule():
    assert set(RULES) == set(settings.OPTIMIZERS)


@pytest.mark.parametrize("kind", settings.OPTIMIZERS)
def test_memory_moves_to_another_updater(kind: str):
    """Twelve updates, the rest by an updater that was given the memory: the same as all by one."""
    training = parsed(optimizer=kind, lr=0.03, momentum=0.5 if kind in ("sgd", "rmsprop") else 0.0)
    results = []
    for change_at in (None, 12):
        net = network()
        named = dict(net.named_parameters())
        updater = Updater(named, training)
        for number, (x, y) in enumerate(batches(torch.float32)):
            if number == change_at:
                memory = updater.memory()
                updater = Updater(named, training, memory=memory)
            updater.clear()
            nn.functional.mse_loss(net(x), y).backward()
            updater.update(0.03, updater.norm())
        results.append([parameter.detach().clone() for parameter in net.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_parameters_that_join_later_count_their_own_updates():
    """Adam corrects its means by the number of updates: a new layer begins at one, an old one goes on."""
    old, new = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    theirs_old, theirs_new = (torch.ones(3, requires_grad=True) for _ in range(2))
    training = parsed(optimizer="adam", lr=0.1)
    first, second = Updater({"old": old}, training), torch.optim.Adam([theirs_old], lr=0.1)
    old.grad.copy_(torch.tensor([1.0, 2.0, 3.0]))  # type: ignore[union-attr]
    theirs_old.grad = torch.tensor([1.0, 2.0, 3.0])
    first.update(0.1, first.norm())
    second.step()
    both = Updater({"new": new, "old": old}, training, memory=first.memory())
    second.add_param_group({"params": [theirs_new]})
    for number in range(3):
        for mine, theirs in ((old, theirs_old), (new, theirs_new)):
            mine.grad.fill_(0.5 + number)  # type: ignore[union-attr]
            theirs.grad = torch.full((3,), 0.5 + number)
        both.update(0.1, both.norm())
        second.step()
    assert torch.equal(old.detach(), theirs_old.detach())
    assert torch.equal(new.detach(), theirs_new.detach())
    assert {name: entry["step"] for name, entry in both.memory().items()} == {"old": 4, "new": 3}


def test_packing_leaves_parameters_as_they_were():
    net, twin = network(), network()
    updater = Updater(dict(net.named_parameters()), parsed())
    x = batches(torch.float32)[0][0]
    assert torch.equal(net(x), twin(x))
    storages = {parameter.untyped_storage().data_ptr() for parameter in net.parameters()}
    assert len(storages) == 1
    assert all(parameter.data_ptr() % 64 == 0 for parameter in net.parameters())
    net(x).sum().backward()
    twin(x).sum().backward()
    for name, grad in updater.gradients().items():
        theirs = twin.get_parameter(name).grad
        assert theirs is not None
        assert torch.equal(grad, theirs)


@pytest.mark.parametrize("norm", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("pack", [True, False])
def test_clipping_by_norm_is_torchs(norm: float, pack: bool):
    net, twin = network().double(), network().double()
    updater = Updater(dict(net.named_parameters()), parsed(lr=0.1, clip_norm=norm, dtype="float64"), pack=pack)
    x, y = batches(torch.float64)[0]
    updater.clear()
    (10 * nn.functional.mse_loss(net(x), y)).backward()
    (10 * nn.functional.mse_loss(twin(x), y)).backward()
    before = float(torch.nn.utils.clip_grad_norm_(twin.parameters(), norm))
    assert updater.norm() == pytest.approx(before, rel=1e-14)
    updater.update(0.1, updater.norm())
    torch.optim.SGD(twin.parameters(), lr=0.1).step()
    for mine, theirs in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-14, atol=1e-16)


def test_clipping_by_value_comes_first():
    ours = torch.tensor([3.0, -4.0, 0.1], dtype=torch.float64)
    theirs = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    theirs.grad = ours.clone()
    torch.nn.utils.clip_grad_value_([theirs], 1.0)
    torch.nn.utils.clip_grad_norm_([theirs], 0.5)
    (ours,) = clipped([ours], total_norm([ours]), 0.5, 1.0)
    torch.testing.assert_close(ours, theirs.grad, rtol=1e-14, atol=0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("pack", [True, False])
def test_one_bad_number_shows_in_the_norm(bad: float, pack: bool):
    net = network()
    updater = Updater(dict(net.named_parameters()), parsed(), pack=pack)
    net(batches(torch.float32)[0][0]).sum().backward()
    assert torch.isfinite(torch.tensor(updater.norm()))
    updater.gradients()["4.bias"][1] = bad
    assert not torch.isfinite(torch.tensor(updater.norm()))
