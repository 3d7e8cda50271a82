"""The whole state of a training: as it is kept, as another trainer goes on from it, or one of the edited project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from engine.training.trainer import Trainer


def state_of(trainer: Trainer) -> dict[str, Any]:
    """Everything a training goes on from to the bit, as `checkpoint.save_state` takes it; tensors may be live."""
    return {
        "steps": trainer.steps,
        "epochs": trainer.epochs,
        "loss_sum": trainer.loss_sum,
        "loss_weight": trainer.loss_weight,
        "last_loss": trainer.last_loss,
        "last_lr": trainer.last_lr,
        "dropout_off": trainer.modes.dropout_off,
        "threads": torch.get_num_threads(),
        "network": dict(trainer.net.state_dict()),
        **trainer.turns.state(),
        "batches": None if trainer.batches is None else trainer.batches.state(),
        "meter": trainer.meter.together(trainer.crew).state(),
        "random": trainer.randomness.state(),
        "scale": trainer.sliced.state(),
        "fast": trainer.fast.state(),
    }


def restore(trainer: Trainer, state: Mapping[str, Any]) -> None:
    """Let a trainer go on from the `state_of` one of the same network and data.

    Raises:
        KeyError, ValueError, TypeError, RuntimeError: it is none.
    """
    with torch.no_grad():
        trainer.net.load_state_dict(state["network"])
    trainer.steps, trainer.epochs = state["steps"], state["epochs"]
    trainer.loss_sum, trainer.loss_weight = state["loss_sum"], state["loss_weight"]
    trainer.last_loss = state.get("last_loss", trainer.last_loss)
    trainer.last_lr = state.get("last_lr", trainer.last_lr)
    trainer.turns.restore(state)
    if trainer.batches is not None:
        trainer.batches.restore(state["batches"])
    if trainer.crew.leads:  # the others bring nothing into the sums that all make together
        trainer.meter.restore(state["meter"])
    trainer.randomness.restore(state["random"])
    trainer.sliced.restore(state.get("scale", {}))
    if trainer.modes.dropout_off != state["dropout_off"]:
        trainer.choice.begin_again()
        trainer.fast.begin_again()
    trainer.fast.restore(state.get("fast", {}))
    trainer.choice.rebind(trainer.turns.all)
    trainer.modes.dropout_off = state["dropout_off"]
    trainer.modes.train()


def take_over(trainer: Trainer, old: Trainer, *, same_data: bool) -> None:
    """Let a trainer of the edited project have the old one's counters, switches, random states and schedules.

    Args:
        trainer: which has made no step yet.
        old: whose place it takes.
        same_data: both are of the same data; then it goes on at the same place in the epoch, too.
    """
    trainer.steps, trainer.epochs = old.steps, old.epochs
    trainer.last_lr, trainer.last_loss, trainer.first_loss = old.last_lr, old.last_loss, old.first_loss
    trainer.modes.dropout_off = old.modes.dropout_off
    trainer.modes.train()
    trainer.choice.begin_again()
    trainer.fast.wanted = old.fast.wanted
    trainer.randomness.restore(old.randomness.state())
    trainer.sliced.restore(old.sliced.state())
    trainer.turns.go_on_from(old.turns)
    if same_data and trainer.batches is not None and old.batches is not None:
        trainer.batches.restore(old.batches.state())
        trainer.loss_sum, trainer.loss_weight = old.loss_sum, old.loss_weight
        if trainer.task == old.task and trainer.meter.names == old.meter.names:
            trainer.meter.restore(old.meter.state())
