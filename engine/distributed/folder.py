"""One run directory for all processes of a training: the leader writes it, and each its part of checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, final

from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.default_planner import DefaultSavePlanner
from torch.distributed.checkpoint.state_dict_saver import save

from engine import checkpoints
from engine.checkpoints import BestEpoch, CheckpointPlan, Standing
from engine.distributed.group import Group
from engine.distributed.sharded import Sharded, whole
from engine.distributed.storage import ShardWriter
from engine.graph import Project
from engine.problem import FileError
from engine.training.run_folder import RunFolder
from engine.training.stateparts import take_apart


@final
class SharedFolder:
    """As `RunFolder`; every process calls the same methods.

    Attributes:
        path: where it is; all processes see it there.
        plan: when checkpoints are wanted, and how many stay.
    """

    def __init__(self, group: Group, folder: RunFolder | None, path: Path, plan: CheckpointPlan) -> None:
        """Args: `folder` is the leader's, which holds it; None in the others."""
        self._group, self._folder, self.path, self.plan = group, folder, path, plan
        self.sharded: Sharded | None = None
        """The network, where it is."""

    def add_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._by_leader(lambda folder: folder.add_records(records))

    def add_change(self, change: Mapping[str, Any]) -> None:
        self._by_leader(lambda folder: folder.add_change(change))

    def cut_records(self, step: int, epochs: int) -> None:
        self._by_leader(lambda folder: folder.cut_records(step, epochs))

    def records(self) -> list[dict[str, Any]]:
        return [] if self._folder is None else self._folder.records()

    def save_weights(self, weights: Mapping[str, Tensor], project: Project) -> None:
        found = self._whole(weights)
        self._by_leader(lambda folder: folder.save_weights(found, project))

    def save_best(self, weights: Mapping[str, Tensor], best: BestEpoch, project: Project) -> None:
        found = self._whole(weights)
        self._by_leader(lambda folder: folder.save_best(found, best, project))

    def save_checkpoint(self, state: Mapping[str, Any], standing: Standing) -> None:
        """Every process writes a part of it, as torch.distributed.checkpoint plans. Raises FileError."""
        if self._folder is not None:
            self._folder.flush_records()
        path = Path(self._group.of_leader(str(checkpoints.next_checkpoint(self.path, checkpoints.SHARDS))))
        plain, tensors = take_apart(state)
        if self.sharded is not None:
            tensors = {name: self.sharded.sharded_as(name, tensor) for name, tensor in tensors.items()}
        planner = DefaultSavePlanner(flatten_state_dict=False, flatten_sharded_tensors=False)
        try:
            save(tensors, storage_writer=ShardWriter(path, plain, asdict(standing)), planner=planner)
        except CheckpointException as error:
            rank, (cause, _) = next(iter(error.failures.items()))
            failure = cause if isinstance(cause, FileError) else None
            if failure is None:
                failure = FileError(f'"{path}" cannot be written by process {rank}: {cause}.', code="F05")
            raise self._group.common(failure) from error
        self._group.together(())  # writing took time, and all have to know how much

    def follow(self, project: Project) -> None:
        self._by_leader(lambda folder: folder.follow(project))

    def prune(self) -> None:
        if self._folder is not None:
            self._folder.prune()

    def release(self) -> None:
        """Let others write into it from now on."""
        if self._folder is not None:
            self._folder.release()

    def _by_leader(self, work: Callable[[RunFolder], None]) -> None:
        """Let the leader do it; where it cannot, all learn so at once. Raises FileError, in all processes."""
        folder = self._folder
        self._group.agreed(lambda: None if folder is None else work(folder))

    def _whole(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The weights with the parts of all processes, in the leader's memory; the others keep none."""
        found = {}
        for name, tensor in weights.items():
            value = whole(tensor)
            if self._folder is not None:
                found[name] = value.detach().cpu()
        return found
