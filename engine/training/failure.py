"""What is told when a step could not be made: what happened, where, and what to try."""

from __future__ import annotations

import math
import traceback

from engine.data.streaming.column import Column
from engine.events import RunFailed
from engine.training.errors import StepError
from engine.training.slicing import batch_norm_of, can_be_cut
from engine.training.trainer import Trainer

_GROWN = 100.0

_LARGEST = {"sgd": 0.1, "adagrad": 0.1, "adadelta": 1.0}
"""A learning rate that many trainings stand, by optimizer; of the others 0.01. A tenth of a huge one is huge still."""

_SMALLEST = 1e-6
"""Below this the learning rate is not what makes a training diverge."""

_WIDE = 20.0
"""Inputs beyond this are not on the scale that networks are made for."""
_LOOKED_AT = 4096
"""Samples that are looked at for it."""


def told(failure: StepError, trainer: Trainer) -> RunFailed:
    """The failure as an event; `trainer` stands where it stood before the step."""
    if failure.code in ("T01", "T02"):
        return _not_finite(failure, trainer)
    where = f'"{failure.node}"' if failure.node else "The training"
    details = "".join(traceback.format_exception(failure.cause)) if failure.cause else ""
    step = trainer.steps + 1
    if failure.code == "T03":
        message = f"{where} ran out of memory at step {step:,}."
        smaller = suggested_micro_batch(trainer)
        hint = "Make the network smaller."
        if smaller is not None:
            hint = (
                f"Set micro_batch to {smaller:,}: passes over fewer samples, whose gradients add up to that of the "
                f"batch; or make the network smaller."
            )
        elif trainer.sliced.whole:
            hint = f'Make the batch or the network smaller; "{trainer.sliced.whole}" needs whole batches.'
        return RunFailed("T03", message, hint, step, failure.node, details=details, suggested_micro_batch=smaller)
    reason = next(iter(str(failure.cause).strip().splitlines()), type(failure.cause).__name__)
    return RunFailed("T04", f"{where} failed at step {step:,}: {reason}", "", step, failure.node, details=details)


def _not_finite(failure: StepError, trainer: Trainer) -> RunFailed:
    step, updater = trainer.steps + 1, trainer.updaters[trainer.turn]
    lr = updater.hyper.lr  # as it is set, before any schedule: that is what can be changed
    word = "NaN" if math.isnan(failure.value) else "infinite"
    what = "Loss became" if failure.code == "T01" else "The gradient became"
    first = f', first in "{failure.node}"' if failure.node else ""
    kept = f"the weights of step {trainer.steps:,} are kept" if trainer.steps else "the start values are kept"
    message = f"{what} {word} at step {step:,}{first}. Training is paused; {kept}."
    if failure.node in trainer.result.inputs:
        return RunFailed(failure.code, message, f'Look at the data of "{failure.node}".', step, failure.node)
    if trainer.sliced.precision.name == "fp16":
        hint = "Numbers of fp16 end at 65,504: set precision to bf16 or full."
        return RunFailed(failure.code, message, hint, step, failure.node, suggested_lr(lr, updater.kind))
    smaller = suggested_lr(lr, updater.kind)
    hint = "Standardize the inputs, or set clip_norm."
    if smaller is not None:
        hint = f"Try learning rate {smaller:g} (now {lr:g})."
        hint += _wide_inputs(trainer)
    grown = trainer.first_loss is not None and abs(trainer.last_loss) > _GROWN * max(abs(trainer.first_loss), 1e-12)
    if grown:
        hint += f" Reset first: the loss had already grown to {trainer.last_loss:.3g}."
    return RunFailed(failure.code, message, hint, step, failure.node, smaller, reset_first=grown)


def _wide_inputs(trainer: Trainer) -> str:
    """A sentence on the first table whose numbers ask for tiny steps as they are; "" where there is none."""
    for name, samples in trainer.batches.data.items() if trainer.batches is not None else ():
        path, _, field = name.rpartition(".")
        if field != "x" or samples.ndim != 2 or isinstance(samples, Column):
            continue
        largest = float(samples[:_LOOKED_AT].abs().max())
        if _WIDE < largest < math.inf and not trainer.result.nodes[path].params["standardize"]:
            return f' The inputs of "{path}" go up to {largest:.3g}: standardize them.'
    return ""


def suggested_lr(lr: float, optimizer: str) -> float | None:
    """A tenth of a learning rate as a round number, and no more than is usual; None when it is very small already."""
    if lr <= _SMALLEST:
        return None
    size = 10.0 ** math.floor(math.log10(lr / 10))
    return min(float(f"{round(lr / 10 / size) * size:.3g}"), _LARGEST.get(optimizer, 0.01))


def suggested_micro_batch(trainer: Trainer) -> int | None:
    """Half of what did not fit, as a power of two; None where it cannot be less."""
    now = trainer.samples_at_once
    least = 2 if batch_norm_of(trainer.result) else 1
    if now <= least or not can_be_cut(trainer.result):
        return None
    return max(least, 1 << ((now - 1).bit_length() - 1))
