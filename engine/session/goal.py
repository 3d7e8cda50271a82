"""How far a training is to go."""

from __future__ import annotations

from engine.session.commands import Until
from engine.training.run import Run

WITHOUT_END = 1 << 30
"""Steps that nobody makes."""


def reached(run: Run, goal: Until) -> bool:
    """Whether it is there, and the epoch that its last step completes has ended."""
    if run.over or run.epoch_waits:
        return run.over
    epochs, steps = run.trainer.epochs, run.trainer.steps
    return (goal.epochs is not None and epochs >= goal.epochs) or (goal.steps is not None and steps >= goal.steps)


def steps_ahead(run: Run, goal: Until, *, all_seen: bool) -> int:
    """Steps that may be made at once, at least 1: until the goal or, but for fast-forward, a look at the weights.

    Args:
        run: that is trained.
        goal: of this training.
        all_seen: somebody wants to know the weights after each step.
    """
    trainer = run.trainer
    most = WITHOUT_END if goal.steps is None else goal.steps - trainer.steps
    if goal.epochs is not None:
        most = min(most, (goal.epochs - trainer.epochs) * trainer.steps_per_epoch)
    if not trainer.fast.wanted:
        most = 1 if all_seen else most
        following = None if run.trail is None else run.trail.following
        most = most if following is None else min(most, following - trainer.steps)
    return max(1, most)
