"""Are the gradients right? Central differences against autograd, and against the blocks' own formulas, in float64.

Every draw of the step (dropout masks, noise) is recorded once and held, so that the loss is one and the same function
of the weights throughout. The differences are extrapolated to step size zero (Ridders, 1982; Press et al., Numerical
Recipes, section 5.7), which finds the best step by itself and tells how far to trust the answer, also at kinks.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from engine.backpass import Array, Chain
from engine.build import Net
from engine.netcode import Batch, tensor_home
from engine.replay import undisturbed
from engine.stepevents import EntryCheck, GradientReport, ParameterCheck

TOLERANCE = 1e-6
"""Relative error above which a gradient is wrong, beyond what the differences themselves are unsure of."""

_FIRST_STEPS = (0.1, 1e-3, 1e-5)
"""The longest step, relative to the weight. Across a kink of a ReLU, long steps can agree among themselves on a slope
that is not the one here; a gradient is wrong when shorter ones disagree with it as well."""
_SHRINK = 3.0
_LEVELS = 12
_SURE = 1e-9
"""Relative uncertainty at which no further step size is tried."""

_WORST = 5


@final
class _Draws(TorchDispatchMode):
    """Records what is drawn the first time, and hands out the same ever after."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._drawn: list[Tensor] = []
        self._next = 0
        self.recording = True

    def again(self) -> None:
        """Begin another pass over the draws."""
        self._next = 0

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        if self.recording:
            found = func(*args, **kwargs)
            self._drawn.append(found.detach().clone())
            return found
        drawn = self._drawn[self._next]
        self._next += 1
        if torch.Tag.inplace in func.tags:
            return args[0].copy_(drawn)
        return drawn.to(args[0].dtype) if args and isinstance(args[0], Tensor) else drawn.clone()


@final
class GradientCheck:
    """Checks gradients one number at a time, so that it can be watched and given up at any time.

    `advance` until `done`; `report` tells what is known by now.
    """

    def __init__(
        self,
        net: Net,
        batch: Batch,
        *,
        phase: int = 0,
        parameters: Sequence[str] | None = None,
        entries: int | None = 50,
    ) -> None:
        """One step on a batch in training mode, under torch's present random state; changes nothing.

        Args:
            net: a network with objectives; a copy is checked, on the CPU.
            batch: `input.field` -> (batch, …).
            phase: whose objectives.
            parameters: `block.parameter` names; None: every one that the loss depends on.
            entries: so many numbers of each parameter at most, spread evenly; None: all.

        Raises:
            ValueError: there is no such parameter, or the loss does not depend on it.
        """
        twin = copy.deepcopy(net).cpu()
        twin.train()
        self._phase, self._net = phase, twin
        self._draws = _Draws()
        here = {name: value.cpu() for name, value in batch.items()}
        random = any(plan.recipe is not None and plan.recipe.random for plan in net.result.nodes.values())
        with undisturbed(twin), torch.no_grad():
            if random:
                with self._draws:
                    twin.loss(here, phase)
        self._draws.recording = False
        self._random = random
        twin.double()
        self._batch = {name: value.double() if value.is_floating_point() else value for name, value in here.items()}
        self._chain = Chain(twin, net.result.phases[phase].objectives)
        with self._held(), torch.enable_grad():
            self._chain.forward(self._batch)
            backward = self._chain.backward()
        self._autograd = self._gradients()
        self._formulas = self._by_formula(backward)
        self._loss = float(self._chain.loss.detach())
        self._names = self._chosen(parameters)
        self._work = [(name, index) for name in self._names for index in self._spread(name, entries)]
        self._found: dict[str, list[EntryCheck]] = {name: [] for name in self._names}
        self._at = 0

    # -- watching --

    @property
    def total(self) -> int:
        """How many numbers are to be checked."""
        return len(self._work)

    @property
    def checked(self) -> int:
        """How many have been."""
        return self._at

    @property
    def done(self) -> bool:
        """Whether all have been."""
        return self._at >= len(self._work)

    def advance(self, count: int = 1) -> None:
        """Check some more numbers."""
        for name, index in self._work[self._at : self._at + count]:
            self._found[name].append(self._entry(name, index))
            self._at += 1

    def report(self) -> GradientReport:
        """What has been found by now."""
        parts = tuple(self._parameter(name) for name in self._names if self._found[name])
        return GradientReport(parts, self.checked, self.total, self._loss, TOLERANCE)

    # -- what is checked --

    @contextmanager
    def _held(self) -> Iterator[None]:
        """The same draws, and buffers as they were."""
        with undisturbed(self._net):
            if self._random:
                self._draws.again()
                with self._draws:
                    yield
            else:
                yield

    def _value(self) -> float:
        with self._held(), torch.no_grad():
            return float(self._net.loss(self._batch, self._phase))

    def _gradients(self) -> dict[str, Tensor]:
        """Autograd's, of the network's own code."""
        parameters = {name: value.requires_grad_() for name, value in self._net.named_parameters()}
        with self._held(), torch.enable_grad():
            loss = self._net.loss(self._batch, self._phase)
            found: Sequence[Tensor | None] = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
        named = zip(parameters, found, strict=True)
        return {name: grad.detach() for name, grad in named if grad is not None}

    def _by_formula(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
        """By the blocks' own formulas, right or wrong; NaN where they failed."""
        found = {name: np.zeros(tuple(grad.shape)) for name, grad in self._autograd.items()}
        played = {moment.plan.path: moment for moment in self._chain.moments}
        for entry in entries:
            path, told = entry["node"], entry["grad_parameters"]
            for short in played[path].weights:
                home = tensor_home(self._net.result, short if "." in short else f"{path}.{short}")
                if home not in found:
                    continue
                part = told.get(short, np.nan if entry.get("error") else 0.0)
                fits = np.shape(part) in ((), found[home].shape)
                found[home] = found[home] + (part if fits else np.nan)
        return found

    def _chosen(self, parameters: Sequence[str] | None) -> tuple[str, ...]:
        if parameters is None:
            return tuple(self._autograd)
        homes = []
        for name in parameters:
            known = name.rpartition(".")[0] in self._net.result.nodes
            home = tensor_home(self._net.result, name) if known else name
            if home not in self._autograd:
                raise ValueError(f'The loss does not depend on a parameter "{name}".')
            homes.append(home)
        return tuple(dict.fromkeys(homes))

    def _spread(self, name: str, entries: int | None) -> list[int]:
        size = self._autograd[name].numel()
        if entries is None or size <= entries:
            return list(range(size))
        return sorted({int(at) for at in np.linspace(0, size - 1, entries)})

    # -- one number --

    def _entry(self, name: str, at: int) -> EntryCheck:
        weight = self._net.get_parameter(name).data.reshape(-1)
        grad = float(self._autograd[name].reshape(-1)[at])
        formula = float(self._formulas[name].reshape(-1)[at])
        shape = tuple(self._autograd[name].shape)
        index = tuple(int(i) for i in np.unravel_index(at, shape)) if shape else ()
        tried = []
        for first in _FIRST_STEPS:
            entry = EntryCheck(index, *self._difference(weight, at, first), grad, formula, TOLERANCE)
            if not entry.wrong:
                return entry
            tried.append(entry)
        return min(tried, key=lambda entry: entry.error)

    def _difference(self, weight: Tensor, at: int, first: float) -> tuple[float, float]:
        """The derivative by central differences from a first step on, and how far it may be off."""
        before = weight[at].item()
        step = first * max(1.0, abs(before))
        best, error = float("nan"), float("inf")
        rows: list[float] = []
        try:
            for level in range(_LEVELS):
                row = [self._central(weight, at, before, step)]
                rounding = 4 * sys.float_info.epsilon * max(1e-300, abs(self._loss)) / step
                factor = _SHRINK**2
                for order in range(level):
                    row.append((row[order] * factor - rows[order]) / (factor - 1))
                    factor *= _SHRINK**2
                    off = max(abs(row[-1] - row[-2]), abs(row[-1] - rows[order])) + rounding
                    if off < error:
                        best, error = row[-1], off
                if error <= _SURE * abs(best) or (error == rounding and best == 0):
                    break
                rows, step = row, step / _SHRINK
        finally:
            weight[at] = before
        return best, error

    def _central(self, weight: Tensor, at: int, before: float, step: float) -> float:
        weight[at] = before + step
        upper, above = weight[at].item(), self._value()
        weight[at] = before - step
        lower, below = weight[at].item(), self._value()
        return (above - below) / (upper - lower)

    def _parameter(self, name: str) -> ParameterCheck:
        entries = self._found[name]
        worst = sorted(entries, key=lambda entry: -entry.error)[:_WORST]
        return ParameterCheck(
            parameter=name,
            shape=tuple(self._autograd[name].shape),
            checked=len(entries),
            size=self._autograd[name].numel(),
            wrong=sum(bool(entry.wrong) for entry in entries),
            error=max(entry.error for entry in entries),
            worst=tuple(worst),
        )
