"""The parameters of one training phase, packed into one vector, and the optimizer's memory of them.

An update of a small network costs calls, not arithmetic. So parameters, gradients and optimizer state lie side by side
in one vector each, every parameter beginning at a cache line as it would by itself, and one call works on all of them.
All optimizers here work number by number, so the result is the same. Large networks stay as they are: there the calls
are nothing, and gathering gradients would cost a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from engine.training.clipping import clipped, total_norm
from engine.training.optimizers import RULES, Hyper, Rule, State
from engine.training.proofs import Proofs

PACKED_NUMBERS = 1 << 20
_LINE_BYTES = 64

Memory = dict[str, Any]
"""Of one parameter: `step`, the number of its updates, and the state tensors, each of its shape."""


@final
@dataclass(slots=True)
class Slot:
    """Parameters that are updated together, with one count of updates.

    Attributes:
        members: (name, parameter, offset in the vectors).
        weight: the vector all members are views of, or the parameter itself.
        grad: the same for the gradients; None: taken from the parameter after each backward pass.
    """

    members: tuple[tuple[str, nn.Parameter, int], ...]
    weight: Tensor
    grad: Tensor | None
    state: State
    step: int = 0

    @property
    def gradient(self) -> Tensor | None:
        """Of the last backward pass; None when that did not reach a parameter that is not packed."""
        return local_part(self.members[0][1].grad) if self.grad is None else self.grad

    def views(self, vector: Tensor) -> dict[str, Tensor]:
        """Name -> the part of a vector of this slot that belongs to the parameter, in its shape."""
        if self.grad is None:
            return {self.members[0][0]: vector}
        return {
            name: vector[offset : offset + parameter.numel()].view(parameter.shape)
            for name, parameter, offset in self.members
        }


@final
class Updater:
    """Turns gradients into updates of some parameters.

    Attributes:
        hyper: may be replaced between updates.
        rule: its kind of optimizer.
        slots: what is updated.
        packed: whether several parameters share a slot.
        total: norm of the whole gradient; of sharded parameters, slots hold the part of this process alone.
        proofs: of gradients that need not be read to know that they are finite; None: all are read.
    """

    def __init__(
        self,
        parameters: Mapping[str, nn.Parameter],
        settings: Mapping[str, Any],
        *,
        pack: bool = True,
        memory: Mapping[str, Memory] | None = None,
    ) -> None:
        """Start afresh, or go on with a memory.

        Args:
        parameters: name -> parameter; when packed, their storage is replaced by views of a vector.
        settings: parsed training settings.
        pack: False when another updater works on some of the same parameters.
        memory: what an earlier updater of the same optimizer remembers (`memory`); others start afresh.
        """
        self.kind: str = settings["optimizer"]
        self.hyper = Hyper.of(settings)
        self.total: Callable[[Sequence[Tensor]], float] = total_norm
        self.proofs: Proofs | None = None
        self.rule: Rule = RULES[self.kind]
        self.parameters = dict(parameters)
        memory = memory or {}
        whole = all(local_part(parameter) is parameter for parameter in parameters.values())
        pack = pack and whole and sum(parameter.numel() for parameter in parameters.values()) <= PACKED_NUMBERS
        alike: dict[Any, list[str]] = {}
        for name in parameters:
            step = memory[name]["step"] if name in memory else 0
            alike.setdefault(step if pack else name, []).append(name)
        self.slots = [self._slot({name: parameters[name] for name in names}, pack=pack) for names in alike.values()]
        self.packed = pack
        self.restore(memory)

    def _slot(self, parameters: Mapping[str, nn.Parameter], *, pack: bool) -> Slot:
        if not pack:
            ((name, parameter),) = parameters.items()
            weight = local_part(parameter.data)
            assert weight is not None
            return Slot(((name, parameter, 0),), weight, None, self.rule.start(weight))
        first = next(iter(parameters.values()))
        line = _LINE_BYTES // first.element_size()
        members, end = [], 0
        for name, parameter in parameters.items():
            members.append((name, parameter, end))
            end += -(-parameter.numel() // line) * line
        weight = torch.zeros(end, dtype=first.dtype, device=first.device)
        slot = Slot(tuple(members), weight, torch.zeros_like(weight), self.rule.start(weight))
        assert slot.grad is not None
        grads = slot.views(slot.grad)
        for name, view in slot.views(weight).items():
            view.copy_(parameters[name].data)
            parameters[name].data = view
            parameters[name].grad = grads[name]
        return slot

    def clear(self) -> None:
        """Zero gradients before a backward pass."""
        if self.proofs is not None:
            self.proofs.clear()
        for slot in self.slots:
            if slot.grad is None:
                slot.members[0][1].grad = None
            else:
                slot.grad.zero_()

    def gradients(self) -> dict[str, Tensor]:
        """Name -> gradient of the last backward pass; a parameter that it did not reach is left out."""
        found: dict[str, Tensor] = {}
        for slot in self.slots:
            for name, parameter, _ in slot.members:
                if parameter.grad is not None:
                    found[name] = parameter.grad
        return found

    def norm(self) -> float:
        """L2 norm of the gradient, before clipping: where nothing is clipped, of what is not known to be finite."""
        proofs, hyper = self.proofs, self.hyper
        if proofs is None or hyper.clip_norm is not None or self.total is not total_norm:
            return self.total(self._grads())
        open_ = (slot for slot in self.slots if slot.grad is not None or not proofs.covers(slot.members[0][1]))
        return self.total([grad for grad in (slot.gradient for slot in open_) if grad is not None])

    def multiply(self, factor: float) -> None:
        """Multiply the whole gradient by a number, in place."""
        grads = self._grads()
        if grads:
            torch._foreach_mul_(list(grads), factor)

    def clipped(self, norm: float) -> dict[str, Tensor]:
        """Name -> gradient as it is applied: clipped by the limits of `hyper`; `norm` is what `norm` told."""
        found: dict[str, Tensor] = {}
        for slot, grad in self._applied(norm):
            found.update(slot.views(grad))
        return found

    def update(self, lr: float, norm: float) -> None:
        """Apply the gradients, clipped, with this learning rate; `norm` is what `norm` told."""
        with torch.no_grad():
            for slot, grad in self._applied(norm):
                slot.step += 1
                self.rule.update(slot.weight, grad, slot.state, self.hyper, lr, slot.step)

    def _applied(self, norm: float) -> Iterable[tuple[Slot, Tensor]]:
        """The slots that the last backward pass reached, with their clipped gradients."""
        hyper = self.hyper
        slots = [slot for slot in self.slots if slot.gradient is not None]
        grads = self._grads()
        if hyper.clip_norm is not None or hyper.clip_value is not None:
            grads = clipped(grads, norm, hyper.clip_norm, hyper.clip_value, self.total)
        return zip(slots, grads, strict=True)

    def _grads(self) -> Sequence[Tensor]:
        grads = (slot.gradient for slot in self.slots)
        return [grad for grad in grads if grad is not None]

    def memory(self) -> dict[str, Memory]:
        """What the optimizer remembers, by parameter; the tensors are copies."""
        found: dict[str, Memory] = {}
        for slot in self.slots:
            parts = {kind: slot.views(vector) for kind, vector in slot.state.items()}
            for name, _, _ in slot.members:
                found[name] = {"step": slot.step, **{kind: views[name].clone() for kind, views in parts.items()}}
        return found

    def restore(self, memory: Mapping[str, Memory]) -> None:
        """Put back what `memory` told; the steps of parameters that share a slot must be equal."""
        for slot in self.slots:
            known = [name for name, _, _ in slot.members if name in memory]
            for kind, vector in slot.state.items():
                views = slot.views(vector)
                for name in known:
                    views[name].copy_(memory[name][kind])
            if known:
                slot.step = int(memory[known[0]]["step"])


def local_part(tensor: Tensor | None) -> Tensor | None:
    """Of a tensor that is sharded over processes (a DTensor) the part of this one; others as they are."""
    local: Callable[[], Tensor] | None = getattr(tensor, "to_local", None)
    return tensor if local is None else local()
