"""A training step as the calls that a kernel is made of: what PyTorch computes, autograd's backward pass included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from engine.fastforward.calls import Call, Ref, Slot, Step
from engine.netcode import Batch
from engine.training.captured import Forward, lasting, update_lines
from engine.training.recording import Line, NotRecordableError, Recorder, needed
from engine.training.turns import Turn

_FLOATS = {torch.float32: 4, torch.float64: 8}


def recorded(net: nn.Module, forward: Forward, turn: Turn, batch: Batch, shown: str | None) -> Step:
    """The step of a phase with batches of this size.

    Args:
        net: whose random states and buffers the step may change.
        forward: computes loss and wanted outputs.
        turn: the phase; its parameters are packed.
        batch: one of that size.
        shown: the wanted output that is no field of the batch.

    Raises:
        NotRecordableError: it draws random numbers, changes buffers, or computes what cannot be written down.
        Other errors of PyTorch.
    """
    slots = turn.updater.slots
    members = [parameter for slot in slots for _, parameter, _ in slot.members]
    if not members or not turn.updater.packed or not batch:
        raise NotRecordableError("parameters that are not packed")
    if members[0].dtype not in _FLOATS or any(parameter.dtype != members[0].dtype for parameter in net.parameters()):
        raise NotRecordableError("numbers of another kind")
    inputs, fields = _inputs(net), _fields(batch)
    recorder = Recorder({**inputs, **fields})
    with torch.enable_grad(), recorder:
        loss, outputs = forward(batch)
        count = len(recorder.lines)
        grads: Sequence[Tensor | None] = torch.autograd.grad(loss, members, allow_unused=True)
    result = None if shown is None else recorder.name_of(outputs[shown])
    value = recorder.name_of(loss)
    sources = [None if grad is None else recorder.name_of(grad) for grad in grads]
    wanted = [name for name in (value, result, *sources) if name is not None]
    ahead = {id(line) for line in recorder.lines[:count]}
    lines = needed(recorder.lines, wanted)
    _refuse(lines, {*inputs, *fields})
    used = _used(lines, wanted)
    names = {id(tensor): name for name, tensor in inputs.items()}
    packed = _slots(turn, names, sources)
    trained = {member[0] for slot in packed for member in slot.members}
    hyper = turn.updater.hyper
    return Step(
        samples=next(iter(batch.values())).size(0),
        fields={name: _field(tensor, members[0]) for name, tensor in fields.items() if name in used},
        given={name: _given(tensor, members[0]) for name, tensor in inputs.items() if name in used - trained},
        ahead=[_call(line) for line in lines if id(line) in ahead],
        back=[_call(line) for line in lines if id(line) not in ahead],
        shapes={name: tuple(shape) for name, shape in recorder.shapes.items()}
        | {name: tuple(shape) for slot in range(len(slots)) for name, shape in _update(turn, slot)[1].items()},
        uniform=_uniform({name: tensor for name, tensor in recorder.constants.items() if name in used}),
        slots=packed,
        loss=value,
        shown=result,
        clip_norm=hyper.clip_norm,
        clip_value=hyper.clip_value,
        bytes=_FLOATS[members[0].dtype],
    )


def recorded_forward(net: nn.Module, forward: Forward, batch: Batch, shown: str | None) -> Step:
    """Loss and wanted output of batches of this size, without a gradient and an update.

    Args:
        net: in the mode in which it is to run.
        forward: computes loss and wanted outputs.
        batch: one of that size.
        shown: the wanted output that is no field of the batch.

    Raises: as `recorded`.
    """
    first = next(net.parameters(), None)
    if first is None or not batch or first.dtype not in _FLOATS:
        raise NotRecordableError("numbers of another kind")
    inputs, fields = _inputs(net), _fields(batch)
    recorder = Recorder({**inputs, **fields})
    with torch.enable_grad(), recorder:  # so that it is the same operations as in a step
        loss, outputs = forward(batch)
    result = None if shown is None else recorder.name_of(outputs[shown])
    wanted = [name for name in (recorder.name_of(loss), result) if name is not None]
    lines = needed(recorder.lines, wanted)
    _refuse(lines, {*inputs, *fields})
    used = _used(lines, wanted)
    return Step(
        samples=next(iter(batch.values())).size(0),
        fields={name: _field(tensor, first) for name, tensor in fields.items() if name in used},
        given={name: _given(tensor, first) for name, tensor in inputs.items() if name in used},
        ahead=[_call(line) for line in lines],
        back=(),
        shapes={name: tuple(shape) for name, shape in recorder.shapes.items()},
        uniform=_uniform({name: tensor for name, tensor in recorder.constants.items() if name in used}),
        slots=(),
        loss=wanted[0],
        shown=result,
        clip_norm=None,
        clip_value=None,
        bytes=_FLOATS[first.dtype],
    )


def _inputs(net: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by the names they have in a step."""
    found: dict[str, Tensor] = {f"p{number}": parameter for number, parameter in enumerate(net.parameters())}
    return found | {f"b{number}": buffer for number, buffer in enumerate(net.buffers())}


def _fields(batch: Batch) -> dict[str, Tensor]:
    return {f"x{number}": tensor for number, tensor in enumerate(batch.values())}


def arrays(net: nn.Module, turn: Turn) -> dict[str, Tensor]:
    """The tensors that a step works on, by its names, those of the batch apart."""
    found = lasting(net)
    for number, slot in enumerate(turn.updater.slots):
        assert slot.grad is not None
        found.update({f"W{number}": slot.weight, f"G{number}": slot.grad})
        found.update({f"s{number}_{index}": vector for index, vector in enumerate(slot.state.values())})
    return found


def labels_below(step: Step) -> dict[str, int]:
    """Fields that are labels -> the number of classes, below which they have to be."""
    found: dict[str, int] = {}
    for call in step.ahead:
        if call.name == "nll_loss_forward":
            labels, scores = call.args[1], call.args[0]
            found[labels.name] = min(step.shapes[scores.name][1], found.get(labels.name, 1 << 62))
    return found


def _refuse(lines: Iterable[Line], given: set[str]) -> None:
    for line in lines:
        call = _call(line)
        if line.pure:
            continue
        first = call.args[0] if call.args else None
        if not call.name.endswith("_") or not isinstance(first, Ref) or first.name in given:
            raise NotRecordableError(f"{call.name}, which changes or draws something")


def _call(line: Line) -> Call:
    if line.call is None:
        raise NotRecordableError(line.name)
    return line.call


def _used(lines: Iterable[Line], wanted: Iterable[str]) -> set[str]:
    return {*wanted, *(name for line in lines for name in line.uses)}


def _field(tensor: Tensor, like: Tensor) -> tuple[tuple[int, ...], bool]:
    if tensor.dtype not in (like.dtype, torch.int64):
        raise NotRecordableError("a field of another kind")
    return tuple(tensor.shape), tensor.dtype == torch.int64


def _given(tensor: Tensor, like: Tensor) -> tuple[int, ...]:
    if tensor.dtype != like.dtype:
        raise NotRecordableError("a buffer of another kind")
    return tuple(tensor.shape)


def _uniform(constants: Mapping[str, Tensor]) -> dict[str, float]:
    found = {}
    for name, tensor in constants.items():
        first = tensor.flatten()[0]
        if not bool((tensor == first).all()):
            raise NotRecordableError("an array that is computed once")
        found[name] = float(first)
    return found


def _slots(turn: Turn, names: Mapping[int, str], sources: Sequence[str | None]) -> tuple[Slot, ...]:
    found, remaining = [], iter(sources)
    for number, slot in enumerate(turn.updater.slots):
        calls, _ = _update(turn, number)
        members = tuple(
            (names[id(parameter)], next(remaining), place, tuple(parameter.shape))
            for _, parameter, place in slot.members
        )
        state = tuple(f"s{number}_{index}" for index in range(len(slot.state)))
        numbers = tuple(f"n{number}_{index}" for index in range(_numbers(turn)))
        found.append(Slot(f"W{number}", f"G{number}", state, members, calls, numbers, slot.weight.numel()))
    return tuple(found)


def _numbers(turn: Turn) -> int:
    updater = turn.updater
    return len(updater.rule.numbers(updater.hyper, updater.hyper.lr, 1))


def _update(turn: Turn, number: int) -> tuple[list[Call], dict[str, tuple[int, ...]]]:
    """The optimizer's calls on a slot, and the shapes of what they make."""
    size = (turn.updater.slots[number].weight.numel(),)
    calls = [_call(line) for line in update_lines(turn, number)]
    return calls, {name: size for call in calls for name in call.made}
