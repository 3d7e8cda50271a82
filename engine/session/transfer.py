"""An edited project takes over from the one that runs: what was learned stays wherever name and shape do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.events import Applied
from engine.references import moved
from engine.training.loading import Loaded
from engine.training.run import Post, Run


def edited_run(
    old: Run, loaded: Loaded, renamed: Mapping[str, str], post: Post, *, learned: bool
) -> tuple[Run, Applied]:
    """A run of the edited project; one that has not learned anything yet begins as that project says.

    Raises:
        GraphError: the project cannot be trained; the old run is as it was.
    """
    if learned:
        return take_over(old, loaded, renamed, post)
    run = Run(loaded, post, folder=old.disk.folder)
    return run, Applied(kept=tuple(name for name, _ in run.trainer.net.named_parameters()), drawn=())


def take_over(old: Run, loaded: Loaded, renamed: Mapping[str, str], post: Post) -> tuple[Run, Applied]:
    """A run of the edited project that goes on where the old one is.

    Weights, buffers and, under the same kind of optimizer, its memory are kept where `block.parameter` (renames
    followed) and shape are the same; everything else is drawn anew.

    Raises:
        GraphError: the project cannot be trained; the old run is as it was.
    """
    before = {moved(name, renamed): value for name, value in old.weights().items()}
    memory = _memory(old, loaded, renamed)
    run = Run(loaded, post, seed=old.seed, folder=old.disk.folder, memory=memory)
    kept = _copy(before, run.weights())
    run.go_on_from(old)
    names = [name for name, _ in run.trainer.net.named_parameters()]
    gone = [name for name, _ in old.trainer.net.named_parameters() if moved(name, renamed) not in names]
    return run, Applied(
        kept=tuple(name for name in names if name in kept),
        drawn=tuple(name for name in names if name not in kept),
        gone=tuple(gone),
    )


def _memory(old: Run, loaded: Loaded, renamed: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """What the optimizers remember of parameters that keep their shape, phase by phase."""
    shapes = {
        f"{path}.{tensor.name}": tensor.shape
        for path, plan in loaded.result.nodes.items()
        if plan.recipe is not None
        for tensor in plan.recipe.parameters
    }
    found = []
    for phase, updater in zip(loaded.result.phases, old.trainer.updaters, strict=False):
        kept: dict[str, Any] = {}
        if phase.settings["optimizer"] == updater.kind:
            for name, entry in updater.memory().items():
                new = moved(name, renamed)
                if shapes.get(new) == tuple(updater.parameters[name].shape):
                    kept[new] = entry
        found.append(kept)
    return tuple(found)


@torch.no_grad()
def _copy(before: Mapping[str, Tensor], now: Mapping[str, Tensor]) -> set[str]:
    """Copies what fits; the names."""
    kept = set()
    for name, value in now.items():
        if name in before and before[name].shape == value.shape:
            value.copy_(before[name])
            kept.add(name)
    return kept
