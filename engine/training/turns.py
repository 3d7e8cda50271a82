"""The phases of a training at work: each with its parameters, optimizer and schedule; and whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor, nn

from engine.build import Net
from engine.netcode import execution
from engine.result import Result
from engine.training.proofs import Proofs
from engine.training.schedules import Schedule
from engine.training.updates import Memory, Updater

_KEPT = ("lr", "momentum", "weight_decay", "clip_norm", "clip_value")


@final
@dataclass(slots=True)
class Turn:
    """One phase.

    Attributes:
        number: of the phase.
        steps: updates in a row.
        updater: its optimizer.
        schedule: of its learning rate.
        inputs: what gradients are wanted for; None, which is faster, where that is every trained parameter.
    """

    number: int
    steps: int
    updater: Updater
    schedule: Schedule
    inputs: tuple[nn.Parameter, ...] | None

    def backward(self, loss: Tensor) -> None:
        """Add to the gradients of what is trained, where there is something and the loss depends on it."""
        if loss.requires_grad and (self.inputs is None or self.inputs):
            torch.autograd.backward(loss, inputs=self.inputs)

    def state(self) -> dict[str, Any]:
        """What a resumed training needs, besides the optimizer's memory."""
        hyper = {name: getattr(self.updater.hyper, name) for name in _KEPT}
        return {"hyper": hyper, "schedule": self.schedule.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.updater.hyper = replace(self.updater.hyper, **state["hyper"])
        self.schedule.restore(state["schedule"])

    def vectors(self) -> list[Tensor]:
        """Weights, gradients, and what the optimizer remembers, as they lie in memory: those of all slots in a row."""
        slots = self.updater.slots
        grads = [slot.grad for slot in slots if slot.grad is not None]
        states = [part for slot in slots for part in slot.state.values()]
        return [*(slot.weight for slot in slots), *grads, *states]

    def layout(self) -> list[list[str]]:
        """The names of parameters that share a slot, slot by slot."""
        return [[name for name, _, _ in slot.members] for slot in self.updater.slots]


@final
class Kept:
    """A copy of what the steps of a phase change: its `vectors`, and how many updates they had."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.vectors = [vector.clone() for vector in turn.vectors()]
        self._counts = [slot.step for slot in turn.updater.slots]

    def put_back(self) -> None:
        """As it was."""
        for vector, kept in zip(self._turn.vectors(), self.vectors, strict=True):
            vector.copy_(kept)
        for slot, count in zip(self._turn.updater.slots, self._counts, strict=True):
            slot.step = count


@final
class Turns:
    """All phases of a training, which take turns.

    Attributes:
        all: the phases, in order.
        now: the one whose update is next.
        stepped: whether the last step was made here, so that the gradients are those of it.
    """

    def __init__(self, net: Net, steps_per_epoch: int, memory: Sequence[Mapping[str, Memory]] = ()) -> None:
        """Parameters that no phase trains need no gradient from now on.

        Args:
        net: whose parameters are trained.
        steps_per_epoch: for schedules.
        memory: for each phase, what an optimizer remembers of some parameters.
        """
        self._net, self._steps_per_epoch = net, steps_per_epoch
        self.all = _made(net, steps_per_epoch, memory)
        self.now = self.all[0]
        self._made_in_turn = 0
        self.stepped = False

    def room(self, most: int) -> int:
        """How many of `most` updates may be made until another phase has its turn."""
        return most if len(self.all) == 1 else min(most, self.now.steps - self._made_in_turn)

    def made(self, steps: int) -> None:
        """So many updates of the phase whose turn it is were made."""
        self.stepped = True
        turns, self._made_in_turn = divmod(self._made_in_turn + steps, self.now.steps)
        if turns:
            self.now = self.all[(self.now.number + turns) % len(self.all)]

    def gradients(self) -> dict[str, Tensor]:
        """Of the last step, by parameter, over all phases; before clipping. None where it was not made here."""
        if not self.stepped:
            return {}
        return {name: grad for turn in self.all for name, grad in turn.updater.gradients().items()}

    def epoch_ended(self, monitored: float) -> bool:
        """An epoch is over; `monitored` is what the plateau watches. Whether a learning rate was reduced."""
        reduced = [turn.schedule.epoch_ended(monitored) for turn in self.all]
        return any(reduced)

    def go_on_from(self, old: Turns) -> None:
        """Take over where the schedules are, phase by phase, as far as they are of the same kind."""
        for turn, before in zip(self.all, old.all, strict=False):
            if turn.schedule.kind == before.schedule.kind:
                turn.schedule.restore(before.schedule.state())

    def state(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {
            "turn": self.now.number,
            "made_in_turn": self._made_in_turn,
            "optimizers": [turn.updater.memory() for turn in self.all],
            "turns": [turn.state() for turn in self.all],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`.

        Raises:
            KeyError, ValueError, TypeError, RuntimeError: it is none.
        """
        self.stepped = False  # the gradients are those of another step
        self.all = _made(self._net, self._steps_per_epoch, state["optimizers"])
        for turn, known in zip(self.all, state["turns"], strict=True):
            turn.restore(known)
        self.now = {turn.number: turn for turn in self.all}[state["turn"]]
        self._made_in_turn = state["made_in_turn"]


def _made(net: Net, steps_per_epoch: int, memory: Sequence[Mapping[str, Memory]]) -> list[Turn]:
    result = net.result
    phases = result.phases
    sets = [trained(result, number) for number in range(len(phases))]
    everything = set().union(*sets)
    apart = sum(len(names) for names in sets) == len(everything)
    proofs = Proofs(net)
    turns = []
    for number, phase in enumerate(phases):
        parameters = {name: net.get_parameter(name) for name in sets[number]}
        known = memory[number] if number < len(memory) else {}
        updater = Updater(parameters, phase.settings, pack=apart, memory=known)
        updater.proofs = proofs
        schedule = Schedule(phase.settings, result.settings["epochs"] * steps_per_epoch, steps_per_epoch)
        inputs = tuple(parameters.values()) if len(phases) > 1 else None
        turns.append(Turn(number, phase.steps, updater, schedule, inputs))
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name in everything)
    return turns


def trained(result: Result, phase: int) -> tuple[str, ...]:
    """Names a phase updates that its objectives depend on, directly or by a Regularizer."""
    order = execution(result, [(term.path, term.port) for term in result.phases[phase].objectives])
    owners: set[str] = set()
    for path in order:
        plan = result.nodes[path]
        borrowed = plan.recipe.borrows if plan.recipe is not None else ()
        owners.update(result.nodes[other].weights_path for other in (path, *borrowed))
    return tuple(name for name in result.phases[phase].update if name.rpartition(".")[0] in owners)
