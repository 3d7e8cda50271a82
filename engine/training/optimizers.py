"""How a gradient becomes an update: PyTorch's optimizers, written out.

Each rule is, operation by operation, what `torch.optim` does with its default arguments (tests compare them to the
bit), without the bookkeeping that costs `torch.optim` more than the arithmetic of a small network. A rule works on any
tensor: the trainer hands it one vector of all weights, the step-through view one parameter at a time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from engine.settings import EPS, WEIGHT_DECAY

State = dict[str, Tensor]
"""What an optimizer remembers of one tensor, by torch's names: `momentum_buffer`, `exp_avg`, …; each of its shape."""


@final
@dataclass(frozen=True, slots=True)
class Hyper:
    """The numbers of one optimizer, PyTorch's defaults filled in; `clip_…` None is no limit."""

    lr: float
    momentum: float
    nesterov: bool
    beta1: float
    beta2: float
    alpha: float
    rho: float
    eps: float
    weight_decay: float
    clip_norm: float | None
    clip_value: float | None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Hyper:
        """From parsed training settings."""
        kind = settings["optimizer"]
        return cls(**{name: filled_in(kind, name, settings[name]) for name in cls.__dataclass_fields__})


def filled_in(kind: str, name: str, value: Any) -> Any:
    """A setting of an optimizer, with PyTorch's default of that optimizer where it is left empty."""
    if value is not None or name.startswith("clip"):
        return value
    return {"eps": EPS, "weight_decay": WEIGHT_DECAY}[name].get(kind, 0.0)


class Rule(ABC):
    """One kind of optimizer; stateless."""

    names: tuple[str, ...] = ()
    """Of the state tensors it keeps."""

    @final
    def start(self, weight: Tensor) -> State:
        """The state before the first update."""
        return {name: torch.zeros_like(weight) for name in self.names}

    def decayed(self, weight: Tensor, grad: Tensor, hyper: Hyper) -> Tensor:
        """The gradient with the weight decay added (a new tensor when there is one)."""
        return grad.add(weight, alpha=hyper.weight_decay) if hyper.weight_decay else grad

    @final
    def update(self, weight: Tensor, grad: Tensor, state: State, hyper: Hyper, lr: float, step: int) -> None:
        """Change `weight` and `state` in place; `grad` is left as it is.

        Args:
            weight: of any shape, no autograd.
            grad: of its shape, clipped already.
            state: as `start` made it.
            hyper: its `lr` is not looked at.
            lr: learning rate of this step, schedule applied.
            step: number of this update, from 1.
        """
        self.apply(weight, grad, state, hyper, self.numbers(hyper, lr, step))

    @abstractmethod
    def numbers(self, hyper: Hyper, lr: float, step: int) -> tuple[float, ...]:
        """What changes from step to step, as the operations of `apply` take it, none calculating with it before."""

    @abstractmethod
    def apply(self, weight: Tensor, grad: Tensor, state: State, hyper: Hyper, numbers: tuple[float, ...]) -> None:
        """As `update`, with the `numbers` of the step."""


@final
class SGD(Rule):
    """torch.optim.SGD: w ← w − lr·v, v ← momentum·v + g (with Nesterov, g + momentum·v takes the place of v)."""

    names = ("momentum_buffer",)

    def numbers(self, hyper: Hyper, lr: float, step: int) -> tuple[float, ...]:
        return (-lr,)

    def apply(self, weight: Tensor, grad: Tensor, state: State, hyper: Hyper, numbers: tuple[float, ...]) -> None:
        grad = self.decayed(weight, grad, hyper)
        if hyper.momentum:
            buffer = state["momentum_buffer"]
            buffer.mul_(hyper.momentum).add_(grad)
            grad = grad.add(buffer, alpha=hyper.momentum) if hyper.nesterov else buffer
        weight.add_(grad, alpha=numbers[0])


@final
class Adam(Rule):
    """torch.optim.Adam, and AdamW, which decays the weights themselves.

    Kingma and Ba, 2015; Loshchilov and Hutter, 2019.
    """

    names = ("exp_avg", "exp_avg_sq")

    def __init__(self, *, decoupled: bool) -> None:
        self.decoupled = decoupled

    def decayed(self, weight: Tensor, grad: Tensor, hyper: Hyper) -> Tensor:
        return grad if self.decoupled else super().decayed(weight, grad, hyper)

    def numbers(self, hyper: Hyper, lr: float, step: int) -> tuple[float, ...]:
        step_size = lr / (1 - hyper.beta1**step)
        return -step_size, (1 - hyper.beta2**step) ** 0.5, 1 - lr * hyper.weight_decay

    def apply(self, weight: Tensor, grad: Tensor, state: State, hyper: Hyper, numbers: tuple[float, ...]) -> None:
        factor, correction, kept = numbers
        if self.decoupled and hyper.weight_decay:
            weight.mul_(kept)
        grad = self.decayed(weight, grad, hyper)
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        mean.lerp_(grad, 1 - hyper.beta1)
        square.mul_(hyper.beta2).addcmul_(grad, grad, value=1 - hyper.beta2)
        divisor = (square.sqrt() / correction).add_(hyper.eps)
        weight.addcdiv_(mean, divisor, value=factor)


@final
class RMSprop(Rule):
    """torch.optim.RMSprop, not centred. Hinton's lecture 6e, 2012."""

    names = ("square_avg", "momentum_buffer")

    def numbers(self, hyper: Hyper, lr: float, step: int) -> tuple[float, ...]:
        return (-lr,)

    def apply(self, weight: Tensor, grad: Tensor, state: State, hyper: Hyper, numbers: tuple[float, ...]) -> None:
        grad = self.decayed(weight, grad, hyper)
        square = state["square_avg"].mul_(hyper.alpha).addcmul_(grad, grad, value=1 - hyper.alpha)
        divisor = square.sqrt().add_(hyper.eps)
        if hyper.momentum:
            buffer = state["momentum_buffer"].mul_(hyper.momentum).addcdiv_(grad, divisor)
            weight.add_(buffer, alpha=numbers[0])
        else:
            weight.addcdiv_(grad, divisor, value=numbers[0])


@final
class Adagrad(Rule):
    """torch.optim.Adagrad without its decay of the learning rate. Duchi et al., 2011."""

    names = ("sum",)

    def numbers(self, hyper: Hyper, lr: float, step: int) -> tuple[float, ...]:
        return (-lr,)

    def apply(self, weight: Tensor, grad: Tensor, state: State, hyper: Hyper, numbers: tuple[float, ...]) -> None:
        grad = self.decayed(weight, grad, hyper)
        divisor = state["sum"].addcmul_(grad, grad, value=1).sqrt().add_(hyper.eps)
        weight.addcdiv_(grad, divisor, value=numbers[0])


@final
class Adadelta(Rule):
    """torch.optim.Adadelta. Zeiler, 2012."""

    names = ("square_avg", "acc_delta")

    def numbers(self, hyper: Hyper, lr: float, step: int) -> tuple[float, ...]:
        return (-lr,)

    def apply(self, weight: Tensor, grad: Tensor, state: State, hyper: Hyper, numbers: tuple[float, ...]) -> None:
        grad = self.decayed(weight, grad, hyper)
        square, travelled = state["square_avg"], state["acc_delta"]
        square.mul_(hyper.rho).addcmul_(grad, grad, value=1 - hyper.rho)
        divisor = square.add(hyper.eps).sqrt_()
        delta = travelled.add(hyper.eps).sqrt_().div_(divisor).mul_(grad)
        travelled.mul_(hyper.rho).addcmul_(delta, delta, value=1 - hyper.rho)
        weight.add_(delta, alpha=numbers[0])


RULES: Mapping[str, Rule] = {
    "sgd": SGD(),
    "adam": Adam(decoupled=False),
    "adamw": Adam(decoupled=True),
    "rmsprop": RMSprop(),
    "adagrad": Adagrad(),
    "adadelta": Adadelta(),
}
"""By the names of `settings.OPTIMIZERS`."""
